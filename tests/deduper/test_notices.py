"""Kills and corrections mark an article, and tell who republished it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from streams import LATER, all_events, copy, filled, fresh
from versions import DAM, FERRY, FIRST, STORY, assert_whole, decided, kinds, record, text, version

from dedupe.deduper import Deduper
from dedupe.index.base import Index
from dedupe.models import Article

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
