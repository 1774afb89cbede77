"""Articles from the queue are decided once each, whatever happens to workers and store."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest
from servers import until
from streams import all_events, assert_sound, clear_cut, examples, partition

from working import encoded, is_done, messages, of_type, opened, queue_of, working
from dedupe.deduper import Deduper
from dedupe.index.memory import MemoryIndex
from dedupe.index.opening import open_index


def test_every_article_is_decided_once_as_if_it_were_added(url: str) -> None:
    direct = Deduper(MemoryIndex())
    expected = direct.add_batch(examples())
    with queue_of(url) as queue:
        queue.put(encoded(examples()))
        with working(url):
            until(lambda: is_done(queue), "the articles are decided")
        told = messages(queue)
    decisions = of_type(told, "decision")
    assert [d["id"] for d in decisions] == [article.id for article in examples()]
    named = [msgspec.to_builtins(decision) for decision in expected]
    assert [{**d, "cluster_id": ""} for d in decisions] == [
        {"v": 1, "type": "decision", **d, "cluster_id": ""} for d in named
    ]
    index = open_index(url)
    assert partition(index) == partition(direct.index)
    assert_sound(index)
    events = of_type(told, "event")
    assert [e["position"] for e in events] == [e.position for e in all_events(index)]
    assert [e["kind"] for e in events] == [e.kind for e in all_events(index)]
    index.close()
