"""Versions in any order, cut short anywhere, or by several at once, come to the same.

DEDUPE_STRIDE=1 cuts at every command to Redis, not only at every fourth.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from streams import LATER, assert_sound, copy, filled, fresh, partition, story, with_copies
from versions import DAM, FERRY, FIRST, assert_whole, decided, kinds, record, text, version

from dedupe.deduper import Deduper
from dedupe.index.memory import MemoryIndex
from dedupe.index.opening import open_index
from dedupe.models import Decision

STRIDE = int(os.environ.get("DEDUPE_STRIDE", "4"))


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
