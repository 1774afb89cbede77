"""Made anew, the stories of an index are those of one scan; what people decided stays."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from msgspec.structs import replace
from streams import (
    LATER,
    Partition,
    all_events,
    assert_sound,
    batches,
    clear_cut,
    copy,
    examples,
    partition,
    shuffled,
    story,
)

from dedupe.batch.recluster import recluster
from dedupe.batch.scan import scan
from dedupe.deduper import Deduper
from dedupe.index.memory import MemoryIndex
from dedupe.models import Article

DAM = story("dam-repair")
IDS = [article.id for article in DAM]


def scanned(articles: list[Article]) -> Partition:
    stories: dict[str, set[str]] = {}
    for decision in scan(articles):
        stories.setdefault(decision.cluster_id, set()).add(decision.id)
    return {frozenset(story) for story in stories.values()}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_stories_are_those_of_one_scan_and_nothing_changes_the_second_time(seed: int) -> None:
    deduper = Deduper(MemoryIndex())
    later = [copy(a, f"{a.id}-later", 24.0 * 20) for a in examples()[::3]]
    stream = shuffled([*examples(), *later], seed)
    for batch in batches(stream, 9):
        deduper.add_batch(batch)
    told = recluster(deduper, LATER)
    assert partition(deduper.index) == scanned(stream)
    assert_sound(deduper.index)
    assert (told.articles, told.missed) == (len(stream), 0)
    assert told.stories == deduper.index.stats().clusters
    before = all_events(deduper.index)
    assert recluster(deduper, LATER)._replace(stories=0) == (len(stream), 0, 0, 0)
    assert all_events(deduper.index) == before


def test_what_was_torn_apart_is_made_one_again_and_the_larger_part_keeps_the_name() -> None:
    deduper = Deduper(MemoryIndex())
    deduper.add_batch(clear_cut())
    whole = partition(deduper.index)
    was = deduper.story(IDS[0])
    assert was is not None
    hands = deduper.index.hands()
    new = deduper.split(was.id, IDS[:2])
    assert deduper.index.lay(replace(hands, version=deduper.index.hands().version + 1))
    told = recluster(deduper)
    assert told.changed == 1
    assert partition(deduper.index) == whole
    assert deduper.story(new) == deduper.story(was.id)
    assert deduper.story(IDS[0]).id == was.id  # type: ignore[union-attr]


def test_an_index_without_articles_has_no_stories() -> None:
    assert recluster(Deduper(MemoryIndex())) == (0, 0, 0, 0)


def test_articles_that_were_never_linked_get_their_stories() -> None:
    index = MemoryIndex()
    deduper = Deduper(index)
    index.add([each.filed for each in deduper._filing.ready(clear_cut(), None)], 1)
    recluster(deduper)
    expected = Deduper(MemoryIndex())
    expected.add_batch(clear_cut())
    assert partition(index) == partition(expected.index)
    assert_sound(index)


def test_who_joins_while_it_runs_stays_in_the_story() -> None:
    deduper = Deduper(MemoryIndex())
    deduper.add_batch(DAM)
    deduper.split(IDS[0], [IDS[2], IDS[3]])
    hands = deduper.index.hands()
    assert deduper.index.lay(replace(hands, apart=(), version=hands.version + 1))
    other = Deduper(deduper.index)

    def meanwhile(stage: str, done: int, total: int) -> None:
        if stage == "clustering":
            other.add(copy(DAM[0], "meanwhile"))

    recluster(deduper, progress=meanwhile)
    assert partition(deduper.index) == {frozenset({*IDS, "meanwhile"})}
    assert_sound(deduper.index)


@pytest.mark.parametrize("stage", ["reading", "clustering", "changing"])
@pytest.mark.parametrize("what", ["version", "takedown", "expiry"])
def test_what_goes_while_it_runs_is_left_out(stage: str, what: str) -> None:
    runs = [copy(a, f"{a.id}-{hours:.0f}", hours) for hours in (200.0, 100.0, 0.0) for a in DAM]
    other = Deduper(MemoryIndex())
    other.add_batch(runs)
    deduper = Deduper(other.index)
    left = [what]

    def meanwhile(at: str, done: int, total: int) -> None:
        if at != stage or not left:
            return
        match left.pop():
            case "version":
                for article in runs[::3]:
                    other.add(replace(article, text=f"{article.text}\n\nThe mayor spoke."))
            case "takedown":
                for article in runs[::3]:
                    other.remove(article.id, "by court order", LATER)
            case "expiry":
                assert runs[0].published is not None
                assert other.expire(runs[0].published + timedelta(days=4)) > 0

    told = recluster(deduper, progress=meanwhile)
    assert left == []
    assert (told.articles, told.missed) == (len(runs), 0)
    if what != "expiry":  # of which nothing is told
        assert_sound(deduper.index)
    told = recluster(deduper)
    assert told.missed == 0
    assert told.articles == deduper.index.stats().articles
    assert told.articles == len(runs) if what == "version" else told.articles < len(runs)
    assert recluster(deduper).changed == 0
    names = [name for story in partition(deduper.index) for name in story]
    assert len(names) == len(set(names)) == told.articles


def test_a_hand_that_is_laid_while_it_runs_holds() -> None:
    deduper = Deduper(MemoryIndex())
    deduper.add_batch(DAM)
    other = Deduper(deduper.index)

    def meanwhile(stage: str, done: int, total: int) -> None:
        if stage == "clustering":
            other.keep_apart(IDS[:2], IDS[2:])

    told = recluster(deduper, progress=meanwhile)
    assert told.missed == 1
    assert not any(
        {a, b} <= s for s in partition(deduper.index) for a, b in product(IDS[:2], IDS[2:])
    )
    assert recluster(deduper).missed == 0
    assert not any(
        {a, b} <= s for s in partition(deduper.index) for a, b in product(IDS[:2], IDS[2:])
    )
    assert_sound(deduper.index)
