"""Stories are made anew beside a worker that decides: nothing is lost, and all is sound."""

from __future__ import annotations

import threading
from functools import partial

from msgspec.structs import replace
from servers import until
from streams import LATER, assert_sound, clear_cut, partition, runs, shuffled
from working import decided, encoded, index_of, is_done, messages, of_type, queue_of, working

from dedupe.batch.recluster import recluster
from dedupe.daemon.reclusterer import Request, reclustered
from dedupe.deduper import Deduper
from dedupe.models import Article, Decision
from dedupe.params import ScanParams


def stream() -> list[Article]:
    """Stories in any order, later versions of some articles, and one that is killed."""
    newer = [
        replace(a, text=f"{a.text}\n\nThe mayor will speak on Thursday.")
        for a in clear_cut()[:60:6]
    ]
    killed = replace(clear_cut()[1], status="canceled")
    first = shuffled([*clear_cut(), *runs()], 3)
    return [*first, *shuffled(newer, 3), killed]


def test_a_worker_decides_while_all_is_made_anew_again_and_again(url: str) -> None:
    articles = stream()
    request = Request(url, ScanParams(), 0, LATER.timestamp())
    changed: list[int] = []
    over = threading.Event()

    def again_and_again() -> None:
        while not over.is_set():
            answer = reclustered(request)
            assert answer.error is None
            changed.append(answer.changed)

    decided(url, articles[:1])
    beside = threading.Thread(target=again_and_again)
    with queue_of(url) as queue:
        beside.start()
        try:
            for at in range(1, len(articles), 20):
                queue.put(encoded(articles[at : at + 20]))
                with working(url, batch=5):
                    until(partial(is_done, queue), "the articles are decided")
        finally:
            over.set()
            beside.join()
        told = messages(queue)
        assert queue.dead() == []
    assert sum(changed) > 0
    assert {d["id"] for d in of_type(told, "decision")} == {a.id for a in articles}
    assert len(of_type(told, "decision")) == len(articles)
    with index_of(url) as index:
        assert_sound(index)
        deduper = Deduper(index)
        assert recluster(deduper, LATER).missed == 0
        assert recluster(deduper, LATER).changed == 0
        last = {a.id: a for a in articles}
        assert {i for s in partition(index) for i in s} == set(last)
        for id in last:
            assert isinstance(deduper.decision(id), Decision)
