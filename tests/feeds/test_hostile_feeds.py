"""Feeds that attack whoever reads them."""

from __future__ import annotations

import asyncio
import json
import tracemalloc
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from answering import answering, http
from syndicated import items, parsed

from dedupe.feeds.items import MOST_ITEMS

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
