"""Articles out of pages, archives of pages, and feeds that were saved."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard
from newsfiles import STORIES, as_warc, page


def test_a_page_gives_text_and_metadata(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "most.html"
    path.write_text(page(STORIES[1]), "utf-8")
    (article,) = read(path).articles
    assert article.id == str(path)
    assert STORIES[1]["text"] in article.text
    assert "Imprint" not in article.text
    assert article.title == STORIES[1]["title"]
    assert article.url == STORIES[1]["url"]
    assert article.source == STORIES[1]["source"]
    assert article.published == datetime(2024, 3, 2, tzinfo=UTC)
    assert article.html == page(STORIES[1])


def test_a_page_is_decoded_as_it_says(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "most.html"
    path.write_bytes(page(STORIES[1]).replace("utf-8", "koi8-r").encode("koi8-r"))
    assert STORIES[1]["text"] in read(path).texts[0]


def test_archived_pages_are_named_by_moment_and_address(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "crawl.warc"
    path.write_bytes(as_warc(STORIES).replace(b"200 OK", b"404 No", 1))
    (article,) = read(path).articles
    assert article.id == "20240305T000000Z/https://bereg.example/most"
    assert article.url == "https://bereg.example/most"
    assert STORIES[1]["text"] in article.text


@pytest.mark.parametrize(
    ("headers", "pack"),
    [
        ("Content-Encoding: gzip", gzip.compress),
        ("Content-Encoding: deflate", zlib.compress),
        ("Content-Encoding: zstd", zstandard.ZstdCompressor().compress),
        ("Transfer-Encoding: chunked", lambda body: b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)),
        ("Content-Encoding: gzip", bytes),
        ("Transfer-Encoding: chunked", bytes),
    ],
    ids=["gzip", "deflate", "zstd", "chunked", "not gzip", "not chunked"],
)
def test_archived_pages_are_unpacked_where_they_are_packed(
    read: Any, headers: str, pack: Callable[[bytes], bytes]
) -> None:
    seen = read(as_warc(STORIES[:1], headers, pack) + as_warc(STORIES[1:]))
    assert [article.url for article in seen.articles] == [story["url"] for story in STORIES]
    assert STORIES[0]["text"].replace("\n", " ") in seen.texts[0].replace("\n", " ")
    assert not seen.rejections


def test_an_archive_that_stops_in_a_page_keeps_what_came_before(read: Any) -> None:
    seen = read(as_warc(STORIES)[:-300])
    assert [article.url for article in seen.articles] == [STORIES[0]["url"]]
    assert seen.reasons == ["the archive stops in the middle of a page"]


def test_a_gzip_member_for_each_archived_page(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "crawl.warc.gz"
    path.write_bytes(b"".join(gzip.compress(as_warc([story])) for story in STORIES))
    assert len(read(path).articles) == 2


RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>Hill Echo</title><link>https://hill.example/</link>
<language>en-GB</language>
<item><title>Mill &amp;amp; barn burn</title><guid isPermaLink="false">17</guid>
<link>https://hill.example/17</link><pubDate>Fri, 01 Mar 2024 09:30:00 GMT</pubDate>
<author>A Writer</author>
<description>&lt;p&gt;The mill burned&amp;nbsp;down.&lt;/p&gt;&lt;script&gt;x()&lt;/script&gt;
&lt;p&gt;The &lt;b&gt;barn&lt;/b&gt; too.&lt;/p&gt;</description></item>
<item><title>Only a headline</title><link>https://hill.example/18</link></item>
</channel></rss>"""


def test_a_feed_gives_plain_text_and_ids_of_its_own(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "hill.xml"
    path.write_text(RSS, "utf-8")
    first, second = read(path).articles
    assert first.text == "The mill burned down.\nThe barn too."
    assert first.title == "Mill & barn burn"
    assert first.id == "https://hill.example/#17"
    assert first.published == datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
    assert (first.source, first.lang) == ("https://hill.example/", "en-GB")
    assert (second.id, second.text) == ("https://hill.example/18", "")


def test_a_feed_that_is_cut_short_gives_what_came_before(read: Any) -> None:
    seen = read(RSS[: RSS.index("Only a")].encode())
    assert seen.texts[0] == "The mill burned down.\nThe barn too."
    assert seen.rejections[-1].where == "<stdin>"
    assert "the feed is cut short" in seen.reasons[-1]


def test_a_feed_that_is_not_well_formed_is_read_all_the_same(read: Any) -> None:
    seen = read(RSS.replace("Only a headline", "Bread & butter <br>").encode())
    assert [article.title for article in seen.articles] == ["Mill & barn burn", "Bread & butter"]
    assert seen.repairs == [("<stdin>", "not well-formed XML")]
    assert not seen.rejections


def test_a_feed_is_never_fetched(read: Any) -> None:
    assert read(b"http://127.0.0.1:9/feed.xml", format="feed").reasons == ["not a feed"]
