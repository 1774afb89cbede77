"""Feeds as servers give them."""

from __future__ import annotations

import asyncio
import json
import re
import tracemalloc
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pytest
from answering import answering, http
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.errors import SourceUnreadable
from dedupe.feeds.items import MOST_ITEMS
from dedupe.feeds.syndication import FeedItem, ParsedFeed, parse_feed

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
URL = "https://news.example/feeds/all.xml"

RSS_2 = b"""<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
     xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">
<channel><title>Example &amp; News</title><link>https://www.news.example/</link>
<language>en-GB</language><ttl>15</ttl>
<item><title>Ferry runs &lt;i&gt;aground&lt;/i&gt;</title><link>/2024/ferry</link>
<guid isPermaLink="false">item-17</guid><pubDate>Mon, 06 May 2024 10:00:00 +0200</pubDate>
<dc:creator>Jane Roe</dc:creator><description>Short.</description>
<content:encoded><![CDATA[<p>A ferry ran aground.</p><script>steal()</script><p>All are safe.</p>]]>
</content:encoded></item>
<item><guid>https://news.example/2024/gale</guid><title>Gale</title></item>
</channel></rss>"""

RSS_091 = b"""<?xml version="1.0"?>
<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
 "http://my.netscape.example/publish/formats/rss-0.91.dtd">
<rss version="0.91"><channel><title>Old</title><link>http://news.example/</link>
<item><title>One</title><link>http://news.example/1</link><description>Text</description></item>
</channel></rss>"""

RDF = b"""<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="https://news.example/"><title>R</title><link>https://news.example/</link>
</channel>
<item rdf:about="https://news.example/1"><title>One</title><link>https://news.example/1</link>
<dc:date>2024-05-06T08:00:00Z</dc:date></item></rdf:RDF>"""

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>A</title>
<link href="https://news.example/"/><link rel="self" href="https://news.example/atom"/>
<entry><id>tag:news.example,2024:1</id><title type="html">Eins &amp;amp; zwei</title>
<link href="/1"/><updated>2024-05-06T09:00:00Z</updated><author><name>J. R.</name></author>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Ein Text.</p></div></content>
</entry>
<entry><id>2</id><published>2024-05-06T08:00:00Z</published><updated>2024-05-06T09:00:00Z</updated>
<link rel="alternate" href="https://news.example/2"/><summary>Kurz</summary></entry></feed>"""

JSON = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1", "title": "J", "language": "en",
        "home_page_url": "https://news.example/",
        "items": [
            {"id": "1", "url": "/1", "title": "One", "content_html": "<p>A</p><p>B</p>",
             "summary": "A",
             "date_published": "2024-05-06T08:00:00Z", "date_modified": "2024-05-06T09:00:00Z",
             "authors": [{"name": "Jane Roe"}, {"name": "John Roe"}],
             "_wire": {"pubstatus": "canceled"}},
            {"id": 17, "content_text": "Plain < text", "author": {"name": "J"}},
            "no item",
        ],
    }
).encode()  # fmt: skip


def parsed(body: bytes, content_type: str | None = None) -> ParsedFeed:
    return parse_feed(body, url=URL, content_type=content_type)


def items(xml: str) -> tuple[FeedItem, ...]:
    """The items of an RSS feed with this in its channel."""
    return parsed(f"<rss version='2.0'><channel>{xml}</channel></rss>".encode()).items


# ---- what is understood --------------------------------------------------------------------------


def test_rss_2_gives_its_items_with_the_fuller_text_and_links_resolved() -> None:
    feed = parsed(RSS_2)
    assert (feed.title, feed.site, feed.lang) == (
        "Example & News",
        "https://www.news.example/",
        "en-GB",
    )
    assert (feed.ttl_minutes, feed.broken) == (15.0, None)
    first, second = feed.items
    assert (first.guid, first.link) == ("item-17", "https://news.example/2024/ferry")
    assert first.fields == {
        "text": "A ferry ran aground.\nAll are safe.",
        "title": "Ferry runs aground",
        "url": "https://news.example/2024/ferry",
        "published": "2024-05-06T08:00:00+00:00",
        "lang": "en-GB",
        "author": "Jane Roe",
    }
    assert (second.guid, second.link) == ("https://news.example/2024/gale",) * 2


def test_rss_091_is_read_and_its_dtd_is_not() -> None:
    (item,) = parsed(RSS_091).items
    assert item.fields == {"text": "Text", "title": "One", "url": "http://news.example/1"}


def test_the_date_of_an_item_of_rdf_is_when_it_was_published() -> None:
    (item,) = parsed(RDF).items
    assert item.guid == "https://news.example/1"
    assert item.fields["published"] == "2024-05-06T08:00:00+00:00"
    assert "updated" not in item.fields


def test_atom_keeps_published_and_updated_apart() -> None:
    feed = parsed(ATOM)
    assert (feed.site, feed.lang) == ("https://news.example/", "de")
    one, two = (item.fields for item in feed.items)
    assert [item.guid for item in feed.items] == ["tag:news.example,2024:1", "2"]
    assert (one["text"], one["title"], one["author"]) == ("Ein Text.", "Eins & zwei", "J. R.")
    assert one["url"] == "https://news.example/1"
    assert (one.get("published"), one["updated"]) == (None, "2024-05-06T09:00:00+00:00")
    assert (two["published"], two["updated"]) == (
        "2024-05-06T08:00:00+00:00", "2024-05-06T09:00:00+00:00",
    )  # fmt: skip


def test_json_feed_is_read_with_what_its_extensions_say() -> None:
    feed = parsed(JSON, "application/feed+json")
    assert (feed.title, feed.site, feed.lang) == ("J", "https://news.example/", "en")
    assert feed.broken == "some of its items are no objects"
    one, two = feed.items
    assert one == FeedItem(
        guid="1",
        link="https://news.example/1",
        fields={
            "text": "A\nB", "title": "One", "url": "https://news.example/1",
            "published": "2024-05-06T08:00:00Z", "updated": "2024-05-06T09:00:00Z", "lang": "en",
            "author": "Jane Roe, John Roe", "status": "canceled",
        },
    )  # fmt: skip
    assert (two.guid, two.link) == ("17", None)
    assert two.fields == {"text": "Plain < text", "lang": "en", "author": "J"}


@pytest.mark.parametrize("body", [RSS_2, RSS_091, RDF, ATOM, JSON])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_feed_is_read_in_any_unicode(body: bytes, encoding: str) -> None:
    assert parsed(body.decode().encode(encoding)).items == parsed(body).items


@pytest.mark.parametrize(
    ("encoding", "header", "declared"),
    [
        ("iso-8859-1", "text/xml; charset=ISO-8859-1", None),
        ("iso-8859-1", "text/xml", "iso-8859-1"),
        ("utf-8", "text/xml; charset=us-ascii", "iso-8859-1"),
        ("utf-16-le", None, None),
        ("utf-16-be", None, "utf-16"),
    ],
)
def test_the_encoding_is_the_headers_or_the_documents(
    encoding: str, header: str | None, declared: str | None
) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
    entry = "<item><title>Fähre in Nöten</title></item>"
    xml = f"{declaration}<rss version='2.0'><channel>{entry}</channel></rss>"
    (item,) = parsed(xml.encode(encoding), header).items
    assert item.fields["title"] == "Fähre in Nöten"


@pytest.mark.parametrize(
    ("xml", "minutes"),
    [
        ("<ttl>60</ttl>", 60.0), ("<ttl>0</ttl>", None), ("<ttl>x</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("<ttl>nan</ttl>", None), ("<ttl>1e999</ttl>", None), ("", None),
    ],
)  # fmt: skip
def test_how_long_a_feed_stays_as_it_is(xml: str, minutes: float | None) -> None:
    body = f"<rss version='2.0'><channel>{xml}<item/></channel></rss>"
    assert parsed(body.encode()).ttl_minutes == minutes


def test_the_period_of_the_syndication_module_says_it_too() -> None:
    sy = "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'"
    xml = "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>"
    body = f"<rss version='2.0' {sy}><channel>{xml}<item/></channel></rss>"
    assert parsed(body.encode()).ttl_minutes == 15.0


@pytest.mark.parametrize(
    ("xml", "status"),
    [
        ("<pubstatus>Canceled</pubstatus>", "canceled"),
        ("<x:pubStatus xmlns:x='u' qcode='stat:withheld'/>", "withheld"),
        ("<status>withdrawn</status>", "withdrawn"),
        ("<status>200</status>", None),
        ("<status>live</status>", None),
        ("<pubstatus>a long story of its own, with spaces</pubstatus>", None),
    ],
)
def test_what_a_wire_says_of_an_item_is_its_status(xml: str, status: str | None) -> None:
    (item,) = items(f"<item><title>T</title>{xml}</item>")
    assert item.fields.get("status") == status


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "http://[",
        "mailto:a@b.example",
        " ",
    ],
)
def test_a_link_that_is_no_web_address_is_none(link: str) -> None:
    (item,) = items(f"<item><title>T</title><link>{link}</link></item>")
    assert item.link is None
    assert "url" not in item.fields


def test_an_items_own_guid_is_not_taken_for_a_link() -> None:
    (item,) = items("<item><guid>17</guid><title>T</title></item>")
    assert (item.guid, item.link) == ("17", None)


def test_control_characters_do_not_come_through() -> None:
    (item,) = items(
        "<item><title>Red&#x1b;[31m\x07 alert&#8232;now</title><author>a\nb&#x7f;</author></item>"
    )
    assert item.fields["title"] == "Red [31m alert now"
    assert item.fields["author"] == "a b"


# ---- broken --------------------------------------------------------------------------------------


def test_a_feed_that_is_cut_short_gives_the_items_before_the_cut_and_says_so() -> None:
    feed = parsed(RSS_2[: RSS_2.index(b"<item><guid>")])
    assert len(feed.items) == 1
    assert feed.broken == "cut short; its items up to there were read"


@pytest.mark.parametrize("feed", [RSS_2, ATOM, RDF], ids=["rss", "atom", "rdf"])
def test_wherever_a_feed_is_cut_no_item_is_half_of_one(feed: bytes) -> None:
    whole = [item.fields for item in parsed(feed).items]
    for end in range(feed.index(b">") + 1, len(feed), 3):
        try:
            got = [item.fields for item in parsed(feed[:end]).items]
        except SourceUnreadable:
            continue
        assert got == whole[: len(got)], feed[end - 20 : end]


@pytest.mark.parametrize("flaw", ["a & b", "&nbsp;", "<br>", "\x0b\x00", "<b><i></b>", "&#0;"])
def test_a_feed_that_is_not_well_formed_gives_all_items(flaw: str) -> None:
    item = f"<item><title>T</title><description>{flaw}</description></item>"
    body = f"<rss version='2.0'><channel>{item}{item}</channel></rss>".encode()
    feed = parsed(body)
    assert [one.fields["title"] for one in feed.items] == ["T", "T"]
    assert feed.broken in ("not well-formed XML", None)


@pytest.mark.parametrize(
    "body",
    [
        b"", b" ", b"\0", b"no feed", b"<html><body>Not found</body></html>", b"<", b"<!--",
        b"<!DOCTYPE html",
        b"<!DOCTYPE rss [", b"{}", b"[]", b"{", b'{"items": 1}', b"[" * 100_000, b'{"a":' * 100_000,
        b"https://127.0.0.1:9/feed", b"/etc/passwd", b"\xff\xfe", b"<svg/>",
        b"<?xml version='1.0'?>",
    ],
)  # fmt: skip
def test_what_is_no_feed_is_told(body: bytes) -> None:
    with pytest.raises(
        SourceUnreadable, match=r"^https://news\.example/feeds/all\.xml: not (a feed|usable)"
    ):
        parsed(body)


# ---- hostile -------------------------------------------------------------------------------------

LAUGHS = "".join(
    f'<!ENTITY l{i} "{"".join([f"&l{i - 1};"] * 10) if i else "ha"}">' for i in range(12)
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be"])
@pytest.mark.parametrize(
    "prolog",
    [
        "<?xml version='1.0'?><!DOCTYPE rss [%s]>",
        "<!doctype rss [<!-- ]> --> %s <!ENTITY x ']>'>]>",
        "<!-- <rss> --><!DOCTYPE a [<?x ]> ?>%s]>",
        'rubbish <!DOCTYPE rss SYSTEM "a>b" [%s]>',
        "<\u00e9><!DOCTYPE rss [%s]>",
    ],
)
def test_a_billion_laughs_are_not_laughed(prolog: str, encoding: str) -> None:
    item = "<item><title>&l11;</title><description>&l11;&l11;</description></item>"
    body = (prolog % LAUGHS) + f"<rss version='2.0'><channel>{item}</channel></rss>"
    tracemalloc.start()
    try:
        feed = parsed(body.encode(encoding))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "haha" not in str(feed)
    assert peak < 16 << 20


def test_a_long_entity_that_is_named_often_does_not_expand() -> None:
    body = b"<!DOCTYPE rss [<!ENTITY a '%s'>]><rss version='2.0'><channel>"
    body += b"<item><title>%s</title></item>"
    feed = parsed(body % (b"x" * 100_000, b"&a;" * 1000))
    assert "xxx" not in str(feed)


@pytest.mark.parametrize(
    "html",
    [
        "<script>steal()</script>", "<img src=x onerror=steal()>", "<svg onload=steal()>",
        "<iframe srcdoc='<script>steal()</script>'></iframe>", "<a href='javascript:steal()'>.</a>",
        "<style>@import 'steal()'</style>", "<object data='data:text/html,steal()'></object>",
    ],
)  # fmt: skip
def test_nothing_of_an_item_that_could_be_run_is_in_its_text(html: str) -> None:
    said = f"<title>A gate</title><description>{escape(html)}It was rusted.</description>"
    [item] = items(f"<item>{said}</item>")
    assert item.fields["text"].removeprefix(".").strip() == "It was rusted."


def test_no_file_and_no_server_is_asked_for_a_dtd_or_an_entity(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")

    async def run() -> tuple[list[str], list[str]]:
        async with answering({"/dtd": http(200, b"<!ENTITY e 'the secret'>")}) as site:
            bodies = [
                f'<!DOCTYPE rss SYSTEM "{site.url}/dtd"><rss version="2.0">',
                f'<!DOCTYPE rss PUBLIC "-//N//DTD RSS//EN" "{site.url}/dtd"><rss version="0.91">',
                f'<!DOCTYPE rss [<!ENTITY e SYSTEM "{site.url}/dtd">]><rss version="2.0">',
                f'<!DOCTYPE rss [<!ENTITY e SYSTEM "{secret.as_uri()}">]><rss version="2.0">',
                f'<!DOCTYPE rss [<!ENTITY % p SYSTEM "{site.url}/dtd"> %p;]><rss version="2.0">',
                f'<?xml-stylesheet href="{site.url}/dtd"?><rss version="2.0" xmlns:xi="http://www.w3.org/2001/XInclude">'
                f'<xi:include href="{site.url}/dtd"/>',
            ]
            texts = []
            for body in bodies:
                whole = f"{body}<channel><item><title>T &e;</title></item></channel></rss>".encode()
                feed = await asyncio.to_thread(parsed, whole)
                texts.append(str(feed))
                assert len(feed.items) == 1
            return site.paths, texts

    asked, texts = asyncio.run(run())
    assert asked == []
    assert not any("secret" in text for text in texts)


@pytest.mark.parametrize(
    "inside",
    [
        "<item><author>{}</author></item>".format("a" * 200_000),
        "<item>" + "".join(f"<category>c{i}</category>" for i in range(20_000)) + "</item>",
        "".join(f"<p{i}:a xmlns:p{i}='u{i}'/>" for i in range(10_000)),
        "<a {}/>".format(" ".join(f"a{i}=''" for i in range(20_000))),
        "<a {}/>".format(" ".join(f"a{i}='>'" for i in range(20_000))),
        "<a xml:base='https://news.example/{}'>".format("a/" * 20_000) + "<link href='b'/>" * 3000,
        "<item/>" * 20_000,
        "<a>" * 120_000,
        "<" * 300_000,
        "&" * 300_000,
        "<item><pubDate>{}</pubDate></item>".format("1:" * 100_000),
    ],
    ids="author categories namespaces attributes quoted base items depth lt amp date".split(),
)
def test_a_feed_that_would_take_forever_is_read_in_bounds(inside: str) -> None:
    feed = parsed(f"<rss version='2.0'><channel>{inside}</channel></rss>".encode())
    assert len(feed.items) <= MOST_ITEMS


def test_of_too_many_items_the_first_are_read_and_the_rest_is_told() -> None:
    item = "<item><title>T</title></item>"
    for body in (
        f"<rss version='2.0'><channel>{item * (MOST_ITEMS + 5)}</channel></rss>".encode(),
        json.dumps({"items": [{"title": "T"}] * (MOST_ITEMS + 5)}).encode(),
    ):
        feed = parsed(body)
        assert len(feed.items) == MOST_ITEMS
        assert feed.broken is not None
        assert "the rest was left out" in feed.broken


@pytest.mark.parametrize(
    "name", ["punycode", "idna", "utf-7", "unicode_escape", "rot13", "zlib", "\u0130", "x" * 90]
)
def test_an_encoding_that_is_no_documents_is_not_used(name: str) -> None:
    body = f"<?xml version='1.0' encoding='{name}'?><rss version='2.0'><channel><item>".encode()
    body += b"<title>\xe4" + b"a-" * 100_000 + b"+ADw-b+AD4-</title></item></channel></rss>"
    (item,) = parsed(body, f"text/xml; charset={name}").items
    assert item.fields["title"].startswith("\u00e4a-a-")


# ---- anything ------------------------------------------------------------------------------------


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
