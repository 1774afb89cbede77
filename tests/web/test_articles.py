"""Articles over HTTP: decided on, put into the queue, shown, taken down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from dedupe.deduper import Deduper
from dedupe.index.opening import open_index
from dedupe.models import Article, Decision
from dedupe.queues.opening import open_queue

JSON = {"Content-Type": "application/json"}
LINES = {"Content-Type": "application/x-ndjson"}
TIDE = (
    "The spring tide broke through the old sluice at Marrow Haven before dawn on Sunday and put"
    " forty cellars of the lower town under water. Firemen from Kettleby pumped until the evening;"
    " the harbour master, Odile Fenn, blamed a gate that had been reported as rusted through in"
    " January, and said that the council would be asked on Monday for nine hundred thousand euros."
)


def article(id: str, **more: Any) -> dict[str, Any]:
    """A report of its own story."""
    return {"id": id, "text": TIDE, "title": "Cellars flooded", "source": "Kite", **more}


def line(*records: Any) -> bytes:
    """Records on a line each; bytes as they are."""
    made = (r if isinstance(r, bytes) else json.dumps(r).encode() for r in records)
    return b"".join(each + b"\n" for each in made)


def test_the_decisions_are_those_of_the_library(filled: Any, root: Path) -> None:
    examples = root / "examples" / "stories.jsonl"
    answer = filled.client.post("/v1/articles", content=examples.read_bytes(), headers=LINES)
    assert answer.headers["content-type"] == LINES["Content-Type"]
    told = [msgspec.json.decode(each, type=Decision) for each in answer.text.splitlines()]
    index = open_index(filled.index)
    deduper = Deduper(index)
    assert told == [deduper.decision(each["id"]) for each in _records(examples)]
    index.close()


def _records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(each) for each in path.read_text("utf-8").splitlines()]


def test_one_article_is_answered_with_one_decision(filled: Any) -> None:
    answer = filled.client.post("/v1/articles", json=article("one/tide"))
    assert answer.status_code == 200
    assert msgspec.json.decode(answer.content, type=Decision).id == "one/tide"
    again = filled.client.post("/v1/articles", json=article("one/tide"))
    assert again.json() == answer.json()


def test_a_refused_record_has_a_problem_in_its_place(filled: Any) -> None:
    body = line(article("place-1"), b"{broken", b"", {"id": "place-2"}, article("place-3"))
    answer = filled.client.post("/v1/articles", content=body, headers=LINES)
    first, broken, empty, last = (json.loads(each) for each in answer.text.splitlines())
    assert answer.status_code == 200
    assert [first["id"], last["id"]] == ["place-1", "place-3"]
    assert (broken["status"], broken["line"]) == (422, 2)
    assert (empty["status"], empty["line"], empty["id"]) == (422, 4, "place-2")


def test_checking_says_what_adding_would_and_stores_nothing(filled: Any) -> None:
    before = filled.client.get("/v1/stories", params={"limit": 1}).json()["total"]
    checked = filled.client.post("/v1/check", json=article("checked", text=TIDE[::-1])).json()
    assert filled.client.get("/v1/articles/checked").status_code == 404
    assert filled.client.get("/v1/stories", params={"limit": 1}).json()["total"] == before
    assert filled.client.post("/v1/articles", json=article("checked", text=TIDE[::-1])).json() == (
        checked
    )


def test_what_is_not_waited_for_stands_in_the_queue_as_it_came(filled: Any) -> None:
    one, two = article("queued-1", published="2025-03-04T12:00:00Z"), article("queued-2")
    first = filled.client.post("/v1/articles", params={"wait": 0}, json=one)
    second = filled.client.post(
        "/v1/articles", params={"wait": 0}, content=line(two, b"[]"), headers=LINES
    )
    assert (first.status_code, second.status_code) == (202, 202)
    told, refused = (json.loads(each) for each in second.text.splitlines())
    assert (refused["status"], refused["line"]) == (422, 2)
    queue = open_queue(filled.index)
    try:
        entries = {entry.id: entry for entry in queue.take("test", 100, 0)}
    finally:
        queue.close()
    assert json.loads(entries[first.json()["entry"]].body) == one
    assert json.loads(entries[told["entry"]].body) == two
    assert filled.client.get("/v1/articles/queued-1").status_code == 404


@pytest.mark.parametrize(
    "id",
    ["https://kite.example/a//b?c=d&e=%2F#f", "../up", "a b", "ünïcode/日本", "%41", ".", "x;y,z"],
)
def test_every_id_can_be_asked_for_in_a_path_and_in_a_query(filled: Any, id: str) -> None:
    filled.add(article(id))
    in_query = filled.client.get("/v1/article", params={"id": id})
    assert in_query.json()["article"]["id"] == in_query.json()["decision"]["id"] == id
    if id != ".":  # a client takes that out of a path by itself
        path = filled.client.get(f"/v1/articles/{quote(id, safe='')}")
        assert path.json() == in_query.json()
    story = filled.client.get("/v1/story", params={"id": id}).json()
    assert id in {member["id"] for member in story["members"]}


def test_an_article_comes_back_as_it_was_given(filled: Any) -> None:
    given = article("given", url="https://kite.example/tide", author="Odile Fenn", lang="en")
    filled.add(given)
    told = filled.client.get("/v1/articles/given").json()["article"]
    assert told == given
    assert msgspec.convert(told, Article).id == "given"


def test_what_was_taken_down_is_gone_and_stays_away(filled: Any) -> None:
    filled.add(article("gone"))
    assert filled.client.delete("/v1/articles/gone").status_code == 400
    assert filled.client.get("/v1/articles/gone").status_code == 200
    removed = filled.client.delete("/v1/articles/gone", params={"reason": "court order"})
    assert removed.status_code == 200
    assert (removed.json()["id"], removed.json()["reason"]) == ("gone", "court order")
    again = filled.client.delete("/v1/article", params={"id": "gone", "reason": "again"})
    assert again.json() == removed.json()
    shown = filled.client.get("/v1/articles/gone")
    assert shown.status_code == 410
    assert "court order" in shown.json()["detail"]
    assert filled.client.get("/v1/story", params={"id": "gone"}).status_code == 404
    refused = filled.client.post("/v1/articles", json=article("gone"))
    assert refused.status_code == 422
    assert refused.json()["id"] == "gone"


def test_an_article_that_never_was_cannot_be_taken_down(filled: Any) -> None:
    answer = filled.client.delete("/v1/articles/never", params={"reason": "x"})
    assert answer.status_code == 404


def test_more_articles_than_are_decided_at_once_are_answered_in_order(filled: Any) -> None:
    many = [article(f"many-{n}") for n in range(300)]
    assert [each["id"] for each in filled.add(*many)] == [each["id"] for each in many]


def test_a_body_of_too_many_lines_is_refused_whole(filled: Any) -> None:
    answer = filled.client.post("/v1/check", content=b"{}\n" * 10_001, headers=LINES)
    assert answer.status_code == 413
    assert "10,000" in answer.json()["detail"]


def test_an_empty_body_of_lines_is_answered_with_no_lines(filled: Any) -> None:
    answer: httpx.Response = filled.client.post("/v1/articles", content=b"\n\n", headers=LINES)
    assert (answer.status_code, answer.content) == (200, b"")
