"""An article that its source changes stays one article of one story."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from streams import LATER, all_events, copy, filled, fresh, partition
from versions import (
    DAM,
    FERRY,
    FIRST,
    MORE,
    STORY,
    assert_whole,
    decided,
    kinds,
    record,
    text,
    version,
)

from dedupe.deduper import Deduper
from dedupe.errors import RecordRejected
from dedupe.index.base import Index
from dedupe.index.manifest import manifest_of
from dedupe.index.memory import MemoryIndex
from dedupe.models import Decision


def test_a_new_version_takes_the_seat_of_the_one_before(index: Index) -> None:
    deduper = filled(Deduper(index), DAM)
    before, last = decided(deduper), all_events(index)[-1].position
    told = deduper.add(version(2), LATER)
    assert (told.version, told.cluster_id, told.cluster_size) == (2, before.cluster_id, len(DAM))
    assert told.nearest_id != FIRST.id
    assert told == decided(deduper)
    assert kinds(index, after=last) == ["updated"]
    assert all_events(index)[-1].articles == (FIRST.id,)
    assert partition(index) == {STORY}
    assert text(deduper) == version(2).text
    assert_whole(deduper)


def test_adding_a_version_again_changes_nothing(index: Index) -> None:
    deduper = filled(Deduper(index), [*DAM, version(2)])
    (place,), events = index.places([FIRST.id]), all_events(index)
    for facade in (deduper, Deduper(index)):
        assert facade.add(version(2)).version == 2
    assert index.places([FIRST.id]) == [place]
    assert all_events(index) == events
    assert_whole(deduper)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_versions_in_one_batch_are_applied_in_their_order(size: int) -> None:
    deduper = fresh()
    stream = [*DAM[:2], version(2), *DAM[2:], version(3), version(2), version(3), FIRST]
    told = []
    for at in range(0, len(stream), size):
        told += deduper.add_batch(stream[at : at + size])
    assert [t.version for t in told if isinstance(t, Decision) and t.id == FIRST.id] == [
        1, 2, 3, 3, 3, 3,
    ]  # fmt: skip
    assert partition(deduper.index) == {STORY}
    assert_whole(deduper)


def test_what_changed_is_told() -> None:
    deduper = filled(fresh(), DAM)
    deduper.add(version(2, title="Gate opens"), LATER)
    deduper.add(replace(version(3, title="Gate opens"), text=version(2).text[400:]), LATER)
    first, second, third = record(deduper).versions
    assert (first.number, first.published, first.changed) == (1, FIRST.published, None)
    assert (second.number, second.came, second.titles) == (2, LATER, (FIRST.title, "Gate opens"))
    assert second.added == (MORE.replace("Friday", "day 1"),)
    assert second.removed == ()
    assert second.changed is not None
    assert 0 < second.changed < 0.25
    assert (third.titles, bool(third.removed)) == (None, True)
    view = deduper.story(FIRST.id)
    assert view is not None
    (member,) = (member for member in view.members if member.id == FIRST.id)
    assert (member.version, member.versions) == (3, (first, second, third))


def test_what_is_told_is_bounded() -> None:
    deduper = filled(fresh(), [FIRST])
    for number in range(2, 40):
        deduper.add(version(number))
    long = " ".join(f"Word {i} and some more of it" for i in range(200))
    deduper.add(
        version(41, replace(FIRST, text="\n".join([long] * 2 + [f"S{i}" for i in range(20)])))
    )
    versions = record(deduper).versions
    assert [v.number for v in versions] == list(range(21, 41))
    assert len(versions[-1].added) == 8
    assert max(map(len, versions[-1].added)) == 240
    assert_whole(deduper)


def test_an_older_version_that_comes_late_changes_nothing() -> None:
    deduper = filled(fresh(), [version(3), *DAM[1:]])
    events = all_events(deduper.index)
    for late in (version(2), FIRST, replace(FIRST, text="Dam\n\n" + FIRST.text, updated=None)):
        told = deduper.add(late)
        assert (told.version, deduper.check_batch([late])[0]) == (1, told)
    assert text(deduper) == version(3).text
    assert all_events(deduper.index) == events


def test_a_text_that_was_there_before_comes_back_only_if_it_was_changed_since() -> None:
    deduper = filled(fresh(), [replace(version(n), updated=None) for n in (1, 2)])
    assert deduper.add(replace(version(1), updated=None)).version == 2
    assert deduper.add(replace(version(1), updated=version(9).updated)).version == 3
    assert text(deduper) == FIRST.text
    assert_whole(deduper)


def test_an_article_keeps_the_time_of_its_first_version() -> None:
    deduper = filled(fresh(), DAM[:2])
    assert FIRST.published is not None
    late = FIRST.published + timedelta(hours=30)
    deduper.add(version(2, published=late, updated=None), LATER)
    assert record(deduper).published == FIRST.published
    assert record(deduper).versions[-1].published == late
    undated = replace(DAM[2], published=None)
    deduper.add(undated, late)
    deduper.add(replace(version(2, DAM[2]), published=None, updated=None), LATER)
    assert record(deduper, undated.id).hours == pytest.approx(late.timestamp() / 3600.0)
    assert_whole(deduper)


def test_what_was_first_seen_counts_where_there_is_no_date() -> None:
    deduper = fresh()
    seen = replace(FIRST, published=None, first_seen=FIRST.published)
    deduper.add(seen, LATER)
    assert FIRST.published is not None
    assert record(deduper).hours == FIRST.published.timestamp() / 3600.0


def test_a_version_of_a_story_of_one_keeps_its_story() -> None:
    deduper = filled(fresh(), [FIRST])
    id = decided(deduper).cluster_id
    told = deduper.add(replace(FERRY[0], id=FIRST.id, published=FIRST.published, updated=LATER))
    assert (told.cluster_id, told.cluster_size, told.version) == (id, 1, 2)
    assert kinds(deduper.index) == ["created", "updated"]
    assert_whole(deduper)


def test_a_text_that_no_longer_belongs_there_leaves_the_story(index: Index) -> None:
    deduper = filled(Deduper(index), [*DAM, *FERRY[1:]])
    other = decided(deduper, FERRY[1].id).cluster_id
    moved = replace(
        FERRY[0], id=FIRST.id, source=FIRST.source, url=FIRST.url, published=FIRST.published,
        updated=LATER,
    )  # fmt: skip
    (checked,) = deduper.check_batch([moved])
    told = deduper.add(moved)
    assert (told.cluster_id, told.cluster_size) == (other, len(FERRY))
    assert isinstance(checked, Decision)
    assert (checked.cluster_id, checked.version) == (other, 2)
    ferry = frozenset({FIRST.id, *(a.id for a in FERRY[1:])})
    assert partition(index) == {STORY - {FIRST.id}, ferry}
    assert_whole(deduper)


def test_copies_of_the_text_before_are_still_found() -> None:
    late = [copy(FIRST, "again", 4.0), copy(FIRST, "cut", 5.0, cut=1)]
    for there in ([], [copy(FIRST, "copy", 2.0)]):
        for new in (version(2), replace(FIRST, title="Another title", updated=LATER)):
            deduper = filled(fresh(), [FIRST, *there, new, *late])
            assert len(partition(deduper.index)) == 1
            assert_whole(deduper)


def test_a_changed_title_alone_is_a_version() -> None:
    deduper = filled(fresh(), [*DAM, replace(FIRST, title="Another", updated=LATER)])
    assert (record(deduper).title, record(deduper).versions[-1].changed) == ("Another", 0.0)
    assert deduper.add(copy(FIRST, "again", 4.0)).relation == "exact"
    assert_whole(deduper)


def test_checking_a_version_says_what_adding_it_would_and_stores_nothing(index: Index) -> None:
    deduper = filled(Deduper(index), DAM)
    events, (place,) = all_events(index), index.places([FIRST.id])
    (checked,) = deduper.check_batch([version(2)])
    assert (all_events(index), index.places([FIRST.id])) == (events, [place])
    assert checked == deduper.add(version(2))


def test_without_texts_there_are_versions_too(tmp_path: Any) -> None:
    deduper = Deduper(MemoryIndex(manifest_of(texts=False)))
    filled(deduper, [*DAM, version(2), version(3)])
    last = record(deduper).versions[-1]
    assert (last.number, last.added, last.changed) == (3, (), None)
    assert partition(deduper.index) == {STORY}
    assert_whole(deduper)


def test_a_version_does_not_make_a_series_of_an_article() -> None:
    deduper = fresh()
    for number in range(1, 12):
        deduper.add(version(number))
    assert decided(deduper).kind == "article"


def test_hands_hold_for_later_versions() -> None:
    deduper = filled(fresh(), DAM)
    deduper.pin(DAM[3].id)
    deduper.split(FIRST.id, [FIRST.id])
    deduper.add(version(2))
    deduper.add(version(2, DAM[3]))
    assert partition(deduper.index) == {frozenset({FIRST.id}), STORY - {FIRST.id}}
    assert decided(deduper, DAM[1].id).canonical_id == DAM[3].id
    assert_whole(deduper)


def test_taking_down_takes_every_version() -> None:
    deduper = filled(fresh(), [*DAM, version(2)])
    deduper.remove(FIRST.id, "asked to", LATER)
    with pytest.raises(RecordRejected, match="taken down"):
        deduper.add(version(3))
    assert_whole(deduper)
