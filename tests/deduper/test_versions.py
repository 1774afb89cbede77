"""An article that its source changes, corrects or kills stays one article of one story.

DEDUPE_STRIDE=1 cuts at every command to Redis, not only at every fourth.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from streams import (
    LATER,
    all_events,
    assert_sound,
    copy,
    filled,
    fresh,
    partition,
    story,
    with_copies,
)

from dedupe.deduper import Deduper
from dedupe.errors import RecordRejected
from dedupe.index.base import Index
from dedupe.index.manifest import manifest_of
from dedupe.index.memory import MemoryIndex
from dedupe.index.opening import open_index
from dedupe.index.records import Record, decode_article, decode_record
from dedupe.maintenance.verifying import verify
from dedupe.models import Article, Decision

DAM = story("dam-repair")
FERRY = story("ferry-fire")
STRIDE = int(os.environ.get("DEDUPE_STRIDE", "4"))
FIRST = DAM[0]
STORY = frozenset(article.id for article in DAM)
MORE = "The engineers said on Friday that the second gate would be opened by the end of the month."


def version(number: int, article: Article = FIRST, **given: Any) -> Article:
    """The article as changed some hours later, a sentence longer each time."""
    assert article.published is not None
    more = "\n\n".join(MORE.replace("Friday", f"day {n}") for n in range(1, number))
    given.setdefault("updated", article.published + timedelta(hours=number))
    return replace(article, text=f"{article.text}\n\n{more}".strip(), **given)


def record(deduper: Deduper, id: str = FIRST.id) -> Record:
    (place,) = deduper.index.places([id])
    assert place is not None
    (stored,) = deduper.index.records([place])
    assert stored is not None
    return decode_record(stored, "")


def text(deduper: Deduper, id: str = FIRST.id) -> str:
    (place,) = deduper.index.places([id])
    assert place is not None
    (stored,) = deduper.index.texts([place])
    assert stored is not None
    return decode_article(stored, "").text


def decided(deduper: Deduper, id: str = FIRST.id) -> Decision:
    decision = deduper.decision(id)
    assert decision is not None
    return decision


def kinds(index: Index, *, after: int = 0) -> list[str]:
    return [event.kind for event in all_events(index) if event.position > after]


def assert_whole(deduper: Deduper) -> None:
    """Nothing is left of what was superseded."""
    assert list(verify(deduper.index)) == []
    assert_sound(deduper.index)


@pytest.fixture(params=["memory", "sqlite", "redis", "cluster"])
def index(request: pytest.FixtureRequest) -> Iterator[Index]:
    """Of each backend."""
    kind = request.param
    url = "memory:" if kind == "memory" else request.getfixturevalue(f"{kind}_urls")()
    opened = open_index(url)
    yield opened
    opened.close()


# ---- versions ------------------------------------------------------------------------------------


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


# ---- kills and corrections -----------------------------------------------------------------------


KILL = replace(FIRST, text="Editors: please kill this story. It is wrong.", updated=LATER)


@pytest.mark.parametrize(
    "kill",
    [KILL, replace(FIRST, status="canceled"), replace(FIRST, title=f"KILL: {FIRST.title}")],
    ids=["text", "status", "title"],
)
def test_a_kill_marks_the_article_and_names_who_republished_it(kill: Article) -> None:
    deduper = filled(fresh(), [*DAM, copy(FIRST, "again"), copy(FIRST, "cut", cut=1)])
    told = deduper.add(kill)
    assert (told.notice, told.is_canonical, told.cluster_size) == ("killed", False, len(DAM) + 2)
    assert (record(deduper).title, text(deduper)) == (FIRST.title, FIRST.text)
    (event,) = (event for event in all_events(deduper.index) if event.kind == "killed")
    assert event.cluster == told.cluster_id
    assert event.articles[0] == FIRST.id
    assert {"again", "cut", DAM[1].id} <= set(event.articles[1:])
    assert len(set(event.articles)) == len(event.articles)
    before = all_events(deduper.index)
    for again in (kill, FIRST, kill, DAM[1]):
        deduper.add(again)
    assert all_events(deduper.index) == before
    assert decided(deduper).notice == "killed"
    assert_whole(deduper)


def test_who_tells_the_story_independently_has_not_republished_it() -> None:
    deduper = filled(fresh(), [*DAM, *FERRY])
    deduper.merge(FIRST.id, FERRY[0].id)
    told = deduper.add(replace(FIRST, status="canceled"))
    (event,) = (event for event in all_events(deduper.index) if event.kind == "killed")
    assert set(event.articles) == STORY
    assert told.cluster_size == len(DAM) + len(FERRY)


def test_a_killed_article_is_canonical_only_where_nothing_else_stands() -> None:
    deduper = filled(fresh(), [FIRST, replace(FIRST, status="canceled")])
    assert decided(deduper).is_canonical
    told = deduper.add(copy(FIRST, "again"))
    assert (told.is_canonical, told.canonical_reason) == (
        True, "the only version that was not killed",
    )  # fmt: skip


def test_a_killed_article_stays_so_until_its_source_says_that_it_may_be_used() -> None:
    deduper = filled(fresh(), [*DAM, replace(FIRST, status="canceled")])
    told = deduper.add(version(2))
    assert (told.version, told.notice) == (3, "killed")
    told = deduper.add(version(3, status="usable"))
    assert (told.version, told.notice, told.is_canonical) == (4, None, True)
    assert_whole(deduper)


def test_a_correction_is_a_version_and_an_event() -> None:
    deduper = filled(fresh(), [*DAM, copy(FIRST, "again")])
    told = deduper.add(version(2, title=f"CORRECTED: {FIRST.title}"))
    assert (told.version, told.notice) == (2, "corrected")
    assert text(deduper) == version(2).text
    (event,) = (event for event in all_events(deduper.index) if event.kind == "corrected")
    assert event.articles[0] == FIRST.id
    assert "again" in event.articles
    assert deduper.add(version(3)).notice is None
    assert kinds(deduper.index).count("corrected") == 1
    assert_whole(deduper)


@pytest.mark.parametrize(("title", "kind"), [("KILL: {}", "killed"), ("CORRECTED-{}", "corrected")])
def test_a_notice_under_an_id_of_its_own_marks_what_it_refers_to(
    title: str, kind: str, index: Index
) -> None:
    deduper = filled(Deduper(index), [*DAM, *FERRY, copy(FIRST, "again")])
    notice = replace(
        version(2), id="notice", url=None, title=title.format(FIRST.title), updated=None
    )
    told = deduper.add(notice)
    assert told.notice == kind
    assert (decided(deduper).notice, decided(deduper).version) == (kind, 2)
    assert record(deduper).versions[-1].by == "notice"
    assert text(deduper) == FIRST.text
    (event,) = (event for event in all_events(index) if event.kind == kind)
    assert event.articles[0] == FIRST.id
    assert "again" in event.articles
    assert "notice" not in event.articles
    before = all_events(index)
    for again in (notice, FIRST):
        Deduper(index).add(again)
    assert all_events(index) == before
    assert_whole(deduper)


def test_a_notice_that_refers_to_nothing_is_an_article() -> None:
    deduper = filled(fresh(), DAM)
    told = deduper.add(replace(FERRY[0], title=f"KILL: {FERRY[0].title}"))
    assert (told.notice, told.cluster_size) == ("killed", 1)
    elsewhere = replace(version(2), id="other", source="elsewhere.example", url=None)
    deduper.add(replace(elsewhere, title=f"KILL: {FIRST.title}"))
    assert decided(deduper).notice is None
    assert not {"killed", "corrected"} & set(kinds(deduper.index))
    assert_whole(deduper)


# ---- any order, any interruption -----------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_whatever_the_order_the_newest_version_is_left_once(data: st.DataObject) -> None:
    others = [*DAM[1:], *FERRY[:2]]
    versions = [version(n) for n in range(1, 5)]
    pool = [*others, *versions, *versions]
    stream = [pool[i] for i in data.draw(st.permutations(range(len(pool))))]
    deduper = fresh()
    while stream:
        size = data.draw(st.integers(1, 6))
        for outcome in deduper.add_batch(stream[:size]):
            assert isinstance(outcome, Decision)
        del stream[:size]
    assert text(deduper) == versions[-1].text
    assert len(list(deduper.index.scan(deduper.index.slices()[0]))) == len(others) + 1
    assert_whole(deduper)


class Cut(Exception):
    """The process ends here."""


class CutShort(MemoryIndex):
    """An index whose user is killed right before, or right after, some step."""

    left = -1  # steps until then; below 0 nobody is killed

    def _step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Cut

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in ("add", "link", "remove"):
            return found

        def call(*given: Any) -> Any:
            self._step()
            done = found(*given)
            self._step()
            return done

        return call


STREAMS = {
    "version": [version(2)],
    "title": [replace(FIRST, title="Another", updated=LATER)],
    "versions": [version(2), version(3), version(4)],
    "moved": [replace(FERRY[1], id=FIRST.id, published=FIRST.published, updated=LATER)],
    "kill": [version(2), replace(FIRST, status="canceled", updated=LATER)],
    "notice": [replace(version(2), id="notice", url=None, title=f"KILL: {FIRST.title}")],
}


@pytest.mark.parametrize("name", STREAMS)
def test_what_was_cut_short_anywhere_is_finished_when_it_comes_again(name: str) -> None:
    stream, base = STREAMS[name], [*DAM, *FERRY, copy(FIRST, "again")]
    whole = filled(fresh(), base)
    whole.add_batch(stream)
    for step in range(1, 100):
        index = CutShort()
        filled(Deduper(index), base)
        index.left = step
        try:
            Deduper(index).add_batch(stream)
            break
        except Cut:
            pass
        Deduper(index).add(copy(FIRST, "meanwhile", 3.0))  # by another, who meets what is there
        index.left = -1
        second = Deduper(index)
        second.add_batch(stream)
        expected = {frozenset(group) for group in partition(whole.index)}
        found = {group - {"meanwhile"} for group in partition(index)}
        assert found == expected, step
        assert text(second) == text(whole)
        assert replace(record(second), before=-1) == replace(record(whole), before=-1)
        for kind in ("killed", "corrected"):
            assert kinds(index).count(kind) == kinds(whole.index).count(kind), step
        assert_whole(second)
    assert step > 5


@pytest.mark.parametrize("id", ["malaria-trial-dispatch", "malaria-trial-radio"])
def test_what_was_cut_short_finds_its_story_though_a_copy_of_it_came_first(id: str) -> None:
    *others, last = sorted(story("malaria-trial"), key=lambda article: article.id == id)
    near = copy(last, "near")
    whole = filled(fresh(), [*with_copies(others), last, near])
    index = CutShort()
    filled(Deduper(index), with_copies(others))
    index.left = 2  # it is in the index, and in no story
    with pytest.raises(Cut):
        Deduper(index).add(last)
    index.left = -1
    filled(Deduper(index), [near, last])
    assert partition(index) == partition(whole.index)
    assert_sound(index)


class Crossed(MemoryIndex):
    """An index in which something else happens right before a change of clusters is applied."""

    before: Callable[[], object] | None = None

    def link(self, change: object) -> bool:
        if (meanwhile := self.before) is not None:
            self.before = None
            meanwhile()
        return super().link(change)  # type: ignore[arg-type]


def test_a_version_that_another_supersedes_meanwhile_gives_the_decision_of_that() -> None:
    for theirs, left in ((version(3), 3), (version(2), 2), (replace(FIRST, status="canceled"), 3)):
        index = Crossed()
        ours, other = Deduper(index), Deduper(index)
        filled(ours, DAM)
        index.before = lambda other=other, theirs=theirs: other.add(theirs)  # type: ignore[misc]
        told = ours.add(version(2))
        assert told.version == left
        assert told == decided(ours)
        assert_whole(ours)


def test_an_article_that_becomes_a_version_while_another_joins_it_is_joined() -> None:
    for new in (version(2), replace(FIRST, title="Another", updated=LATER)):
        index = Crossed()
        ours, other = Deduper(index), Deduper(index)
        ours.add(FIRST)
        index.before = lambda other=other, new=new: other.add(new)  # type: ignore[misc]
        assert ours.add(DAM[1]).cluster_size == 2
        assert_whole(ours)


@pytest.mark.parametrize("name", ["versions", "title", "kill", "notice"])
@pytest.mark.parametrize("between", [False, True], ids=["alone", "meanwhile"])
def test_what_was_cut_short_at_any_command_to_redis_is_finished(
    name: str, between: bool, redis_urls: Callable[[], str]
) -> None:
    stream, base = STREAMS[name], [*DAM[:2], copy(FIRST, "again")]
    whole = filled(fresh(), base)
    whole.add_batch(stream)
    for step in range(1 + len(name) % STRIDE, 500, STRIDE):
        url = redis_urls()
        index, other = open_index(url), open_index(url)
        Deduper(index).add_batch(base)
        _cut_at(index, step)
        try:
            Deduper(index).add_batch(stream)
            break
        except Cut:
            if between:  # by another, who has the next version
                Deduper(other).add(version(9, title="Ninth"))
        second = Deduper(other)
        second.add_batch(stream)
        if not between:
            assert text(second) == text(whole)
            assert record(second).versions[1:] == record(whole).versions[1:], step
        for kind in ("killed", "corrected"):
            assert between or kinds(other).count(kind) == kinds(whole.index).count(kind), step
        assert len(partition(other)) == 1, step
        assert_whole(second)
        index.close()
        other.close()
    assert step > 20
    index.close()
    other.close()


def _cut_at(index: Any, step: int) -> None:
    """Have whatever uses an index end after so many commands that change something."""
    store, done = index._store, 0

    def cutting(ask: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*given: Any) -> Any:
            nonlocal done
            done += 1
            if done == step:
                raise Cut
            return ask(*given)

        return asked

    store.ask, store.ask_all = cutting(store.ask), cutting(store.ask_all)
