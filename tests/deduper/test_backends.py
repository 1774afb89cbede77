"""One stream, one set of decisions, whatever the index is kept in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from streams import LATER, all_events, assert_sound, batches, copy, examples, partition, shuffled

from dedupe.deduper import Deduper
from dedupe.index.opening import open_index
from dedupe.models import Decision

SIZES = [1, 7, 60]


def lived(url: str) -> tuple[object, ...]:
    """All that an index says in the course of a stream with hands, a takedown and an expiry."""
    index = open_index(url)
    deduper = Deduper(index)
    said: list[object] = []
    for size, stream in zip(SIZES, (examples()[::3], examples()[1::3], examples()[2::3]),
                            strict=True):  # fmt: skip
        for batch in batches(shuffled(stream, size), size):
            said += deduper.check_batch(batch)
            said += deduper.add_batch(batch)
    story = deduper.story("dam-repair-reuters")
    assert story is not None
    said.append(deduper.split(story.id, ["dam-repair-meridian"], LATER))
    said.append(deduper.merge("dam-repair-reuters", "ferry-fire-ap"))
    deduper.pin("ferry-fire-globe")
    said.append(deduper.remove("dam-repair-reuters", "asked to", LATER))
    for article in examples()[::5]:
        if article.id != "dam-repair-reuters":
            said.append(deduper.add(copy(article, f"{article.id}-late", 5.0)))
    assert_sound(index)
    said += [deduper.decision(article.id) for article in examples()]
    said += [partition(index), all_events(index), index.hands(), list(index.receipts())]
    said += [sorted(index.redirects()), sorted(index.stories(), key=lambda c: c.id)]
    stats = index.stats()
    said += [stats.articles, stats.clusters, stats.slices, stats.capped]
    middle: datetime | None = examples()[-1].published
    assert middle is not None
    said += [deduper.expire(middle), partition(index), index.slices()]
    index.close()
    return tuple(said)


@pytest.fixture(scope="module")
def expected() -> tuple[object, ...]:
    return lived("memory:")


@pytest.mark.parametrize("backend", ["memory", "sqlite", "redis", "cluster"])
def test_every_backend_says_the_same(
    backend: str, request: pytest.FixtureRequest, expected: tuple[object, ...]
) -> None:
    url = "memory:" if backend == "memory" else request.getfixturevalue(f"{backend}_urls")()
    for i, (one, other) in enumerate(zip(lived(url), expected, strict=True)):
        assert one == other, i


def test_what_was_added_is_there_when_it_is_opened_again(lasting_urls: Callable[[], str]) -> None:
    url = lasting_urls()
    index = open_index(url)
    told = [d.cluster_id for d in Deduper(index).add_batch(examples()) if isinstance(d, Decision)]
    before = partition(index), all_events(index)
    index.close()
    index = open_index(url)
    deduper = Deduper(index)
    now = [deduper.decision(article.id) for article in examples()]
    again = deduper.add_batch(examples())
    for decisions in (now, again):
        assert [d.cluster_id for d in decisions if isinstance(d, Decision)] == told
    assert (partition(index), all_events(index)) == before
    index.close()
