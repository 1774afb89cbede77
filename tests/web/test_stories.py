"""Stories over HTTP: listed in pages, shown, compared; and what happened to them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dedupe.deduper import Evidence, StoryView
from dedupe.index.opening import open_index
from dedupe.maintenance.listing import Happened, Page, happened, listed


def _all(filled: Any, **query: Any) -> list[str]:
    found: list[str] = []
    while True:
        answer = filled.client.get("/v1/stories", params=query)
        page = msgspec.json.decode(answer.content, type=Page)
        found += [story.id for story in page.stories]
        if page.next is None:
            assert len(found) == page.total
            return found
        query["after"] = page.next


@pytest.mark.parametrize("sort", ["size", "newest"])
@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_pages_together_are_the_list_of_the_command(filled: Any, sort: Any, limit: int) -> None:
    index = open_index(filled.index)
    expected = listed(index, order=sort).stories
    index.close()
    assert _all(filled, sort=sort, limit=limit, min_size=1) == [story.id for story in expected]


def test_stories_are_chosen_by_size_time_and_source(filled: Any) -> None:
    everything = set(_all(filled, min_size=1))
    large = set(_all(filled, min_size=5))
    assert set() < large < everything
    (one,) = filled.client.get("/v1/stories", params={"limit": 1, "min_size": 5}).json()["stories"]
    assert one["id"] in _all(filled, by=one["source"].upper())
    assert one["id"] not in _all(filled, by="nobody.example")
    assert one["id"] in _all(filled, since=one["last"])
    assert one["id"] not in _all(filled, until=one["first"])
    assert _all(filled, since="2025-03-04") == _all(filled, since="2025-03-04T00:00+00:00")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"), ("limit", "1001"), ("limit", "x"), ("limit", "9" * 5000),
        ("min_size", "-1"), ("since", "yesterday"), ("until", "99999-01-01"), ("sort", "colour"),
        ("after", "x"), ("after", "é"), ("after", "W10"), ("after", "bnVsbA=="),
    ],
)  # fmt: skip
def test_what_a_query_cannot_mean_is_said(filled: Any, name: str, value: str) -> None:
    answer = filled.client.get("/v1/stories", params={name: value})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert name in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("limit=99999", "limit: give a whole number of at most 1000"),
        ("limit=0", "limit: give a whole number of at least 1"),
        ("limit=x", "limit: give a whole number, got text"),
        ("sort=colour", "sort: there is no 'colour'"),
    ],
)
def test_it_is_said_in_plain_words(filled: Any, query: str, told: str) -> None:
    assert filled.client.get(f"/v1/stories?{query}").json()["detail"] == told


def test_a_cursor_of_another_order_is_refused(filled: Any) -> None:
    page = filled.client.get("/v1/stories", params={"limit": 1}).json()
    answer = filled.client.get("/v1/stories", params={"after": page["next"], "sort": "newest"})
    assert answer.status_code == 400


def test_a_story_is_shown_by_its_id_and_by_that_of_an_article(filled: Any) -> None:
    answer = filled.client.get("/v1/stories/airline-merger-courier")
    story = msgspec.json.decode(answer.content, type=StoryView)
    assert story.canonical_id == "airline-merger-reuters"
    assert filled.client.get(f"/v1/stories/{story.id}").json() == answer.json()
    assert filled.client.get("/v1/story", params={"id": story.id}).json() == answer.json()
    missing = filled.client.get("/v1/stories/nothing")
    assert missing.status_code == 404


def test_evidence_is_what_two_articles_share(filled: Any) -> None:
    one, other = "airline-merger-reuters", "airline-merger-courier"
    answer = filled.client.get(f"/v1/articles/{one}/evidence/{other}")
    evidence = msgspec.json.decode(answer.content, type=Evidence)
    assert evidence.passages
    assert (evidence.article.id, evidence.other.id) == (one, other)
    by_query = filled.client.get("/v1/evidence", params={"id": one, "other": other})
    assert by_query.json() == answer.json()
    assert filled.client.get(f"/v1/articles/{one}/evidence/nothing").status_code == 404


def test_events_can_be_followed_to_the_last(filled: Any) -> None:
    index = open_index(filled.index)
    expected = [happened(event) for event in index.events(0, 1_000_000)]
    index.close()
    found: list[Happened] = []
    after = 0
    while True:
        told = filled.client.get("/v1/events", params={"after": after, "limit": 7}).json()
        if not told["events"]:
            assert told["last"] == after
            break
        found += msgspec.convert(told["events"], list[Happened])
        after = told["last"]
    assert found == expected


def test_events_before_the_first_are_refused(filled: Any) -> None:
    assert filled.client.get("/v1/events", params={"after": -1}).status_code == 400
