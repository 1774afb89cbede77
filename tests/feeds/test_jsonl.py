"""JSON Lines: what a record may be, what is mended, what is refused."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.feeds import MAX_RECORD_BYTES, read_articles
from dedupe.models import Article, Rejection

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


def lines(*records: Any) -> bytes:
    return b"".join(
        record + b"\n" if isinstance(record, bytes) else json.dumps(record).encode() + b"\n"
        for record in records
    )


def test_every_field_arrives(read: Any) -> None:
    record = {
        "id": "a-1",
        "text": "The ferry to Norrholm sank.",
        "title": "Ferry sinks",
        "url": "https://harbour.example/ferry",
        "source": "Harbour Post",
        "published": "2024-03-01T10:00:00+01:00",
        "lang": "en",
        "author": "A Writer",
        "html": "<p>The ferry</p>",
        "unknown": [1, {"deep": None}],
    }
    (article,) = read(lines(record)).articles
    assert article == Article(
        id="a-1",
        text="The ferry to Norrholm sank.",
        title="Ferry sinks",
        url="https://harbour.example/ferry",
        source="Harbour Post",
        published=datetime(2024, 3, 1, 9, tzinfo=UTC),
        lang="en",
        author="A Writer",
        html="<p>The ferry</p>",
    )


def test_null_is_the_same_as_absent(read: Any) -> None:
    null = dict.fromkeys(("title", "url", "source", "published", "lang", "author", "html"))
    seen = read(lines({"id": "a", "text": "A mill burned."} | null))
    assert seen.articles == [Article(id="a", text="A mill burned.")]
    assert not seen.repairs


@pytest.mark.parametrize(("given_id", "id"), [(17, "17"), (17.0, "17"), (10**30, "1" + "0" * 30)])
def test_a_number_as_id_becomes_a_string(read: Any, given_id: float, id: str) -> None:
    assert read(lines({"id": given_id, "text": "t"})).ids == [id]


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_without_id_the_content_names_the_article(read: Any, blank: str | None) -> None:
    record = {"text": "A mill burned.", "title": "Mill", "source": "Hill Echo", "id": blank}
    first = read(lines(record)).ids
    assert first == read(lines(record)).ids
    assert len(first[0]) == 17
    assert first[0].startswith("x")
    others = [record | {name: "other"} for name in ("text", "title", "source", "url")]
    others.append(record | {"published": "2024-01-01"})
    assert len({*read(lines(record, *others)).ids}) == 6


def test_a_headline_alone_is_an_article(read: Any) -> None:
    assert read(lines({"id": "a", "title": "Mill burns", "text": " \n"})).texts == [""]


@pytest.mark.parametrize("record", [{"id": "a"}, {"id": "a", "text": "", "title": " "}])
def test_without_text_and_title_a_record_is_rejected(read: Any, record: Any) -> None:
    assert read(lines(record)).rejections == [
        Rejection(where="<stdin>:1", reason="no text", id="a")
    ]


def test_a_text_is_taken_from_the_page_where_only_that_is_given(read: Any) -> None:
    story = "The old mill above the village burned down on Monday night, the fire brigade said."
    page = f"<html><head><title>Mill</title></head><body><article><p>{story}</p><p>{story}</p>"
    (article,) = read(lines({"id": "a", "html": page})).articles
    assert story in article.text
    assert article.title == "Mill"
    assert article.html == page


@pytest.mark.parametrize("field", ["text", "title", "url", "source", "lang", "author", "html"])
@pytest.mark.parametrize("value", [7, True, ["x"], {"a": 1}])
def test_a_field_of_the_wrong_type_is_named(read: Any, field: str, value: Any) -> None:
    seen = read(lines({"id": "a", "text": "t", "title": "t"} | {field: value}))
    assert [r.id for r in seen.rejections] == ["a"]
    assert seen.reasons[0].startswith(f"{field} is not a string but ")


@pytest.mark.parametrize("id", [True, ["a"], {"a": 1}])
def test_an_id_that_is_no_string_or_number_is_rejected(read: Any, id: Any) -> None:
    assert read(lines({"id": id, "text": "t"})).reasons[0].startswith("id is not a string")


@pytest.mark.parametrize("id", ["a\nb", "a\0", "\x1b[2J", "a\x85b"])
def test_control_characters_in_an_id_are_rejected(read: Any, id: str) -> None:
    seen = read(lines({"id": id, "text": "t"}))
    assert seen.reasons == ["id has control characters in it"]


def test_control_characters_in_a_text_are_kept(read: Any) -> None:
    seen = read(lines({"id": "a", "text": "one\0two\x07"}, b'{"id": "b", "text": "tab\there"}'))
    assert seen.texts == ["one\0two\x07", "tab\there"]


BROKEN = [
    b"{",
    b'{"id": "x", "text": "cut of',
    b"not json",
    b"[1, 2]",
    b'"text"',
    b"17",
    b"null",
    b'{"id": "x"} trailing',
    b'{"text": ' + b"[" * 100_000,
    b'{"id": ' + b"9" * 10_000 + b"}",
    b"\0\0\0\0",
    b"\x81\x8d\xff",
]


@pytest.mark.parametrize("broken", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_line_is_rejected_and_the_rest_is_kept(read: Any, broken: bytes) -> None:
    data = lines({"id": "a", "text": "one"}, broken, {"id": "b", "text": "two"})
    seen = read(data, format="jsonl")
    assert seen.ids == ["a", "b"]
    assert [r.where for r in seen.rejections] == ["<stdin>:2"]


def test_blank_lines_crlf_and_a_missing_last_newline_do_no_harm(read: Any) -> None:
    data = b'\n{"id": "a", "text": "one"}\r\n  \t\n\r\n{"id": "b", "text": "two"}'
    seen = read(data)
    assert seen.ids == ["a", "b"]
    assert not seen.rejections


def test_a_line_in_cp1252_is_mended(read: Any) -> None:
    data = '{"id": "a", "text": "Caf\u00e9 \u201czu\u201d, 5 \u20ac"}'.encode("cp1252")
    seen = read(data)
    assert seen.texts == ["Caf\u00e9 \u201czu\u201d, 5 \u20ac"]
    assert seen.repairs == [("<stdin>:1", "not UTF-8")]


def test_one_damaged_byte_does_not_spoil_a_line_of_utf8(read: Any) -> None:
    data = '{"id": "a", "text": "Мост закрыт"}'.encode().replace("ы".encode(), b"\xd1")
    assert read(data).texts == ["Мост закр\ufffdт"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_tells_the_encoding(read: Any, encoding: str) -> None:
    data = '{"id": "a", "text": "Zürich"}\n{"id": "b", "text": "Łódź"}\n'.encode(encoding)
    seen = read(data, format="jsonl")
    assert seen.texts == ["Zürich", "Łódź"]
    assert not seen.rejections
    assert read(data).texts == seen.texts


def test_a_lone_surrogate_is_replaced(read: Any) -> None:
    seen = read(b'{"id": "a\\udc80", "text": "x \\ud83d\\ude00 \\ud83d y"}')
    assert seen.texts == ["x \U0001f600 \ufffd y"]
    assert seen.ids == ["a\ufffd"]
    assert {what for _, what in seen.repairs} == {"lone surrogate"}


def test_not_a_number_is_absent(read: Any) -> None:
    seen = read(b'{"id": "a", "text": "t", "title": NaN, "published": NaN}')
    assert seen.articles == [Article(id="a", text="t")]


def test_an_id_that_comes_again_with_its_text_is_the_same_article(read: Any) -> None:
    seen = read(lines({"id": "a", "text": "t"}, {"id": "a", "text": "t", "title": "later"}))
    assert seen.ids == ["a"]
    assert seen.repairs == [("<stdin>:2", "repeated id, same text")]
    assert not seen.rejections


def test_an_id_that_comes_again_with_another_text_is_rejected(read: Any) -> None:
    seen = read(lines({"id": 1, "text": "t"}, {"id": "1", "text": "u"}, {"id": 2, "text": "v"}))
    assert seen.ids == ["1", "2"]
    reason = "id already used with a different text"
    assert seen.rejections == [Rejection(where="<stdin>:2", reason=reason, id="1")]


def test_a_line_over_the_limit_is_rejected_and_the_rest_is_kept(read: Any) -> None:
    long = b'{"id": "long", "text": "' + b"x" * MAX_RECORD_BYTES + b'"}'
    seen = read(lines({"id": "a", "text": "one"}, long, {"id": "b", "text": "two"}))
    assert seen.ids == ["a", "b"]
    assert seen.reasons == ["line is longer than 32 MiB"]


def test_the_place_of_a_record_is_path_and_line(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "feed.jsonl"
    path.write_bytes(lines({"text": "one"}, b"broken"))
    assert [r.where for r in read(path).rejections] == [f"{path}:2"]


GOOD = [b'{"id": "g%d", "text": "good"}' % n for n in range(3)]
RUBBISH = st.lists(st.binary(max_size=60).map(lambda b: b.replace(b"\n", b" ")), max_size=4)
NEARLY_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
FIELD_NAMES = st.sampled_from(["id", "text", "title", "published", "html", "url", "source", "x"])


def read_bytes(data: bytes) -> tuple[list[str], list[Rejection]]:
    rejections: list[Rejection] = []
    articles = read_articles(
        ["-"], format="jsonl", now=NOW, on_reject=rejections.append, stdin=io.BytesIO(data)
    )
    return [article.id for article in articles], rejections


@settings(deadline=None)
@given(RUBBISH, RUBBISH)
def test_good_lines_survive_whatever_stands_around_them(
    before: list[bytes], after: list[bytes]
) -> None:
    # The first line is good, so that no rubbish can pose as a byte order mark or as gzip.
    ids, _ = read_bytes(b"\n".join([GOOD[0], *before, GOOD[1], *after, GOOD[2]]))
    assert [id for id in ids if id.startswith("g")] == ["g0", "g1", "g2"]


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_stop_the_reader(data: bytes) -> None:
    ids, rejections = read_bytes(data)
    assert len(ids) + len(rejections) <= data.count(b"\n") + 2


@settings(deadline=None)
@given(st.dictionaries(FIELD_NAMES, NEARLY_JSON, min_size=1))
def test_every_object_is_an_article_or_a_rejection(record: dict[str, Any]) -> None:
    ids, rejections = read_bytes(json.dumps(record).encode())
    assert len(ids) + len(rejections) == 1
    for text in (*ids, *(r.reason for r in rejections)):
        text.encode()
