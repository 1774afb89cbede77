"""What is looked up while other articles are decided, and rows that are kept at hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from servers import running
from streams import LATER, assert_sound, clear_cut, examples, partition, shuffled

from dedupe.deduper import Deduper, cache
from dedupe.index.opening import open_index
from dedupe.models import Article

Urls = Callable[[], str]


def in_tens(articles: list[Article]) -> list[list[Article]]:
    return [articles[low : low + 10] for low in range(0, len(articles), 10)]


def test_a_batch_that_was_announced_is_decided_as_one_that_was_not(redis_urls: Urls) -> None:
    said = []
    for announcing in (False, True):
        deduper = Deduper(open_index(redis_urls()))
        batches = in_tens(list(clear_cut()))
        said.append([
            deduper.add_batch(batch, LATER, then=then if announcing else ())
            for batch, then in zip(batches, [*batches[1:], []], strict=True)
        ])  # fmt: skip
        assert_sound(deduper.index)
        deduper.index.close()
    stories = [{d.id: d.cluster_id for batch in each for d in batch} for each in said]
    assert stories[0] == stories[1]


def test_announced_batches_that_never_come_are_linked_when_they_are_added(
    redis_urls: Urls,
) -> None:
    articles = list(clear_cut())
    one, other, third = articles[:10], articles[10:20], articles[20:30]
    deduper = Deduper(open_index(redis_urls()))
    deduper.add_batch(one, LATER, then=other)
    deduper.add_batch(third, LATER)
    deduper.add_batch(other, LATER)
    told = {deduper.decision(article.id).id for article in articles[:30]}
    assert told == {article.id for article in articles[:30]}
    assert_sound(deduper.index)
    deduper.index.close()


def test_stories_do_not_depend_on_how_many_articles_are_kept_at_hand(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    partitions = []
    for rows in (cache.ROWS, 40):
        monkeypatch.setattr(cache, "ROWS", rows)
        deduper = Deduper(open_index("memory:"))
        for batch in in_tens(shuffled(examples(), 3)):
            deduper.add_batch(batch, LATER)
        partitions.append(partition(deduper.index))
    assert partitions[0] == partitions[1]
    assert deduper.window.cache.n < len(examples())


def test_what_is_at_hand_is_forgotten_when_the_server_was_started_again(tmp_path: Path) -> None:
    one, other, third = clear_cut()[:3]
    with running(tmp_path, "--appendonly", "yes") as server:
        deduper = Deduper(open_index(server.url))
        deduper.add(one, LATER)
        kept = tmp_path / "kept"
        with server.client() as client:
            client.config_set("appendfsync", "always")
        shutil.copytree(tmp_path / "appendonlydir", kept)
        deduper.add(other, LATER)
        server.kill()
        shutil.rmtree(tmp_path / "appendonlydir")
        kept.rename(tmp_path / "appendonlydir")  # its last writes are lost, as in a power cut
        server.start()
        assert deduper.add(third, LATER).id == third.id
        assert deduper.decision(other.id) is None
        assert deduper.add(other, LATER).id == other.id
        assert_sound(deduper.index)
        deduper.index.close()
