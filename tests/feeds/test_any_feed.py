"""Whatever a server gives is a feed, or is refused in plain words."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from syndicated import ATOM, CONTROL, JSON, RDF, RSS_091, RSS_2, parsed

from dedupe.errors import SourceUnreadable


def checked(body: bytes, content_type: str | None) -> None:
    """Whatever a server gives, a feed or SourceUnreadable comes of it, and it can be stored."""
    try:
        feed = parsed(body, content_type)
    except SourceUnreadable as unreadable:
        told = str(unreadable)
        assert told.isprintable()
        return
    for text in (feed.title, feed.site, feed.lang, feed.broken):
        assert text is None or not CONTROL.search(text)
    for item in feed.items:
        for value in (item.guid, item.link):
            assert value is None or value.strip()
        for name, value in item.fields.items():
            assert name in (
                "text",
                "title",
                "url",
                "published",
                "updated",
                "lang",
                "author",
                "status",
            )
            assert value
            assert not CONTROL.search(value.replace("\n", ""))
        json.dumps(item.fields, ensure_ascii=False).encode()


@given(st.binary(max_size=400), st.none() | st.text(max_size=40))
def test_no_bytes_raise_anything_but_source_unreadable(
    body: bytes, content_type: str | None
) -> None:
    checked(body, content_type)


BITS = st.one_of(
    st.sampled_from(
        [b"<", b">", b"&", b"]]>", b"<![CDATA[", b"<!--", b"-->", b"<!DOCTYPE a [", b"]>", b"<?",
         b"\0", b"&#x0;",
         b"&lt;", b"<item>", b"</item>", b"<entry", b"xmlns:a='", b"xml:base='//",
         b"\xff\xfe", b"\x1b", b"\xed\xa0\x80", b"null", b"[", b"{", b"1e999", b'"\\ud800"',
         b"<pubDate>9999999999</pubDate>",
         b"&#1114112;", b"https://["]
    ),
    st.binary(max_size=6),
)  # fmt: skip


@st.composite
def mutated(draw: Any) -> bytes:
    """A feed with pieces cut out, doubled and put in."""
    body = draw(st.sampled_from([RSS_2, RSS_091, RDF, ATOM, JSON]))
    for _ in range(draw(st.integers(1, 5))):
        at, end = sorted(draw(st.tuples(*[st.integers(0, len(body))] * 2)))
        middle = draw(st.one_of(BITS, st.just(b""), st.just(body[at:end][:200] * 2)))
        body = body[:at] + middle + body[min(end, at + draw(st.integers(0, 80))) :]
    return body


@settings(max_examples=400)
@given(
    mutated(), st.sampled_from([None, "text/xml", "application/json", "text/xml; charset=utf-16"])
)
def test_no_mutation_of_a_feed_raises_anything_but_source_unreadable(
    body: bytes, content_type: str | None
) -> None:
    checked(body, content_type)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                "id url title content_html summary date_published authors name author _x "
                "pubstatus status".split()
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.lists(JSON_VALUES, max_size=4), JSON_VALUES)
def test_no_json_raises_anything_but_source_unreadable(values: list[Any], title: Any) -> None:
    checked(json.dumps({"items": values, "title": title, "language": title}).encode(), None)
