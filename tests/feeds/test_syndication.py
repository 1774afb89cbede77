"""Feeds as servers give them."""

from __future__ import annotations

import pytest
from syndicated import ATOM, JSON, RDF, RSS_091, RSS_2, items, parsed

from dedupe.errors import SourceUnreadable
from dedupe.feeds.syndication import FeedItem

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
