"""Every format gives the same articles, however it is named, packed and handed over."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.errors import MissingExtra, UsageError
from dedupe.feeds import FORMATS, read_articles
from dedupe.models import Rejection

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
STORIES = [
    {
        "id": "n-1",
        "title": "Ferry aground off Norrholm",
        "text": 'The ferry "Alba", with 212 people on board, ran aground.\nNobody was hurt.',
        "url": "https://harbour.example/ferry",
        "source": "Harbour Post",
        "published": "2024-03-01T09:30:00+00:00",
        "lang": "en",
        "author": "A Writer",
    },
    {
        "id": "n-2",
        "title": "Мост через Белицу закрыт",
        "text": "Мост через реку Белицу закрыт до июня; объезд по старой дороге.",
        "url": "https://bereg.example/most",
        "source": "Берег",
        "published": "2024-03-02T08:00:00+00:00",
        "lang": "ru",
        "author": None,
    },
]


def as_jsonl(stories: list[dict[str, Any]]) -> bytes:
    return "\n".join(json.dumps(story) for story in stories).encode()


def as_json(stories: list[dict[str, Any]]) -> bytes:
    return json.dumps({"status": "ok", "tags": ["a"], "articles": stories}, indent=2).encode()


def as_csv(stories: list[dict[str, Any]]) -> bytes:
    out = io.StringIO(newline="")
    rows = csv.DictWriter(out, list(STORIES[0]))
    rows.writeheader()
    rows.writerows(stories)
    return out.getvalue().encode()


def as_parquet(stories: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(stories), out, row_group_size=1)
    return out.getvalue()


def as_feed(stories: list[dict[str, Any]]) -> bytes:
    entries = "".join(
        f"<entry><id>urn:{s['id']}</id><title>{s['title']}</title><link href='{s['url']}'/>"
        f"<published>{s['published']}</published><summary>In short.</summary>"
        f"<content type='html'>&lt;p&gt;{s['text']}&lt;/p&gt;</content></entry>"
        for s in stories
    )
    head = "<title>Harbour Post</title><link href='https://harbour.example/'/>"
    atom = f"<feed xmlns='http://www.w3.org/2005/Atom'>{head}{entries}</feed>"
    return f"<?xml version='1.0'?>{atom}".encode()


def page(story: dict[str, Any]) -> str:
    return (
        f"<!DOCTYPE html><html><head><title>{story['title']}</title><meta charset='utf-8'>"
        f"<meta property='og:site_name' content='{story['source']}'>"
        f"<link rel='canonical' href='{story['url']}'>"
        f"<meta property='article:published_time' content='{story['published']}'></head>"
        f"<body><nav>Home</nav><article><h1>{story['title']}</h1><p>{story['text']}</p>"
        f"<p>{story['text']} A second paragraph adds what a reader would want to know.</p>"
        "</article><footer>Imprint</footer></body></html>"
    )


def as_warc(
    stories: list[dict[str, Any]],
    header: str = "X-Crawl: 1",
    pack: Callable[[bytes], bytes] = bytes,
) -> bytes:
    out = b""
    for story in stories:
        body = page(story).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n{header}\r\n\r\n"
        http = head.encode() + pack(body)
        out += (
            (
                f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: {story['url']}\r\n"
                "WARC-Date: 2024-03-05T00:00:00Z\r\n"
                f"WARC-Record-ID: <urn:uuid:{story['id']}>\r\n"
                "Content-Type: application/http; msgtype=response\r\n"
                f"Content-Length: {len(http)}\r\n\r\n"
            ).encode()
            + http
            + b"\r\n\r\n"
        )
    return out


TABLES: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "jsonl": as_jsonl,
    "json": as_json,
    "csv": as_csv,
    "parquet": as_parquet,
}
ALL = TABLES | {
    "feed": as_feed,
    "warc": as_warc,
    "txt": lambda stories: stories[0]["text"].encode(),
    "html": lambda stories: page(stories[0]).encode(),
}
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("format", TABLES)
def test_a_table_of_articles_round_trips(
    read: Any, tmp_path: Path, format: str, packing: str
) -> None:
    path = tmp_path / f"stories.{format}{packing}"
    path.write_bytes(PACKED[packing](TABLES[format](STORIES)))
    seen = read(path)
    assert not seen.rejections
    assert not seen.repairs
    expected = [s | {"published": datetime.fromisoformat(s["published"])} for s in STORIES]
    assert [{name: getattr(a, name) for name in STORIES[0]} for a in seen.articles] == expected
    assert seen.stored == path.stat().st_size


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("format", ALL)
def test_name_bytes_and_stdin_give_the_same(
    read: Any, tmp_path: Path, format: str, packing: str
) -> None:
    data = PACKED[packing](ALL[format](STORIES))
    named = tmp_path / f"stories.{format}{packing}"
    named.write_bytes(data)
    unnamed = tmp_path / "stories"
    unnamed.write_bytes(data)
    by_name = read(named)
    assert by_name.texts
    assert not by_name.rejections
    assert read(unnamed, format=format).texts == by_name.texts
    assert read(data, format=format).texts == by_name.texts
    if format not in ("csv", "txt"):  # these have no first bytes of their own
        assert read(unnamed).texts == by_name.texts
        assert read(data).texts == by_name.texts


@pytest.mark.parametrize("format", ALL)
@settings(deadline=None)
@given(cut=st.floats(0, 1), size=st.integers(0, 60), patch=st.binary(max_size=60))
def test_a_file_damaged_anywhere_is_reported_and_never_fatal(
    format: str, cut: float, size: int, patch: bytes
) -> None:
    data = ALL[format](STORIES)
    at = int(len(data) * cut)
    damaged = data[:at] + patch + data[at + size :] if size else data[:at] + patch
    rejections: list[Rejection] = []
    for article in read_articles(
        ["-"], format=format, now=NOW, on_reject=rejections.append, stdin=io.BytesIO(damaged)
    ):
        article.text.encode()
    for rejection in rejections:
        rejection.reason.encode()


@pytest.mark.parametrize("format", ALL)
@settings(deadline=None)
@given(data=st.binary(max_size=200))
def test_no_bytes_are_fatal_in_any_format(format: str, data: bytes) -> None:
    rejections: list[Rejection] = []
    articles = read_articles(
        ["-"], format=format, now=NOW, on_reject=rejections.append, stdin=io.BytesIO(data)
    )
    assert all(article.id for article in articles)


def test_all_formats_are_tried_here() -> None:
    assert set(ALL) == set(FORMATS)


def test_a_json_array_and_a_single_json_record(read: Any) -> None:
    assert read(json.dumps(STORIES).encode()).ids == ["n-1", "n-2"]
    assert read(json.dumps(STORIES[0], indent=1).encode()).ids == ["n-1"]
    assert read(json.dumps(STORIES[0] | {"related": [{"a": 1}]}).encode()).ids == ["n-1"]


def test_json_lines_under_the_name_of_json(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "stories.json"
    path.write_bytes(as_jsonl(STORIES) + b"\nbroken")
    seen = read(path)
    assert seen.ids == ["n-1", "n-2"]
    assert [r.where for r in seen.rejections] == [f"{path}:3"]


def test_a_broken_record_in_a_json_array_leaves_the_others(read: Any) -> None:
    seen = read(json.dumps([STORIES[0], 7, {"id": "x", "text": 1}, STORIES[1]]).encode())
    assert seen.ids == ["n-1", "n-2"]
    assert [r.where for r in seen.rejections] == ["<stdin>#2", "<stdin>#3"]


def test_a_json_document_that_is_not_strict_json(read: Any) -> None:
    data = b'[{"id": "a", "text": "x \\ud800", "score": NaN}, {"id": "b", "text": "caf\xe9"}]'
    assert read(data).texts == ["x \ufffd", "caf\xe9"]


def test_a_text_file_is_one_article_named_by_its_path(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "mill.txt"
    path.write_text("A mill burned.\n", "utf-8")
    (article,) = read(path).articles
    assert (article.id, article.text, article.title) == (str(path), "A mill burned.\n", None)


def test_a_text_file_in_an_older_encoding_is_read(read: Any, tmp_path: Path) -> None:
    text = "Müller bestätigt: Brücke über die Lüre wird für Fußgänger geöffnet. " * 8
    path = tmp_path / "bruecke.txt"
    path.write_bytes(text.encode("cp1252"))
    seen = read(path)
    assert seen.texts == [text]
    assert seen.repairs == [(str(path), "not UTF-8")]


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


def test_columns_may_be_parted_by_tab_or_semicolon(read: Any, tmp_path: Path) -> None:
    for name, mark in (("a.tsv", "\t"), ("b.csv", ";"), ("c.csv", "|")):
        path = tmp_path / name
        path.write_text(f"id{mark}text{mark}lang\n1{mark}One, two.{mark}en\n", "utf-8")
        assert read(path).texts == ["One, two."]


def test_a_long_article_with_line_breaks_fits_a_csv_field(read: Any) -> None:
    text = "A line of the report.\r\n" * 20_000
    data = as_csv([STORIES[0] | {"text": text}, STORIES[1]])
    assert read(data, format="csv").texts == [text, STORIES[1]["text"]]


def test_a_csv_row_that_does_not_fit_is_rejected_where_it_begins(read: Any) -> None:
    data = b'id,text\n1,"two\nlines"\n2,too,many\n\n3,three\n4\n'
    seen = read(data, format="csv")
    assert seen.texts == ["two\nlines", "three"]
    assert [r.where for r in seen.rejections] == ["<stdin>:4", "<stdin>:7"]


def test_csv_in_an_older_encoding_is_read(read: Any) -> None:
    seen = read("id,text\n1,Café zu\n2,plain\n".encode("cp1252"), format="csv")
    assert seen.texts == ["Café zu", "plain"]
    assert seen.repairs == [("<stdin>:2", "not UTF-8")]


def test_a_table_without_a_column_of_use_says_what_it_has(read: Any) -> None:
    (reason,) = read(b"name,body\n1,2\n", format="csv").reasons
    assert "name, body" in reason


def test_parquet_types_are_taken_as_they_come(read: Any, tmp_path: Path) -> None:
    nanoseconds = pyarrow.array([1709285400_000000001, None], pyarrow.timestamp("ns", "UTC"))
    table = pyarrow.table(
        {
            "id": pyarrow.array([1, 2], pyarrow.int32()),
            "text": pyarrow.array([b"Caf\xe9", "Łódź".encode()], pyarrow.binary()),
            "source": pyarrow.array(["Echo", None]).dictionary_encode(),
            "published": nanoseconds,
            "other": [[1], [2]],
        }
    )
    path = tmp_path / "typed.parquet"
    pyarrow.parquet.write_table(table, path)
    first, second = read(path).articles
    assert (first.id, first.text, first.source) == ("1", "Café", "Echo")
    assert first.published == datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
    assert (second.text, second.source, second.published) == ("Łódź", None, None)


def test_a_moment_beyond_all_calendars_is_left_out(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "far.parquet"
    moments = pyarrow.array([0, 2**61], pyarrow.timestamp("ms"))
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a", "b"], "published": moments}), path)
    seen = read(path)
    assert [a.published for a in seen.articles] == [datetime(1970, 1, 1, tzinfo=UTC), None]
    assert len(seen.repairs) == 1


def test_an_unreadable_string_in_parquet_costs_only_itself(read: Any, tmp_path: Path) -> None:
    raw = pyarrow.array([b"good", b"caf\xe9"], pyarrow.binary())
    strings = pyarrow.StringArray.from_buffers(2, raw.buffers()[1], raw.buffers()[2])
    path = tmp_path / "raw.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": strings}), path)
    assert read(path).texts == ["good", "café"]


def test_a_folder_is_read_whole_and_in_order(read: Any, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("z.txt", "a.txt", "b/m.txt", "notes.md", ".secret.txt", ".hidden/x.txt"):
        (tmp_path / name).write_text(name, "utf-8")
    assert read(tmp_path).texts == ["a.txt", "z.txt", "b/m.txt"]
    everything = read(tmp_path, format="txt")
    assert everything.texts == ["a.txt", "notes.md", "z.txt", "b/m.txt"]


def test_inputs_are_read_in_the_order_they_are_given(read: Any, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name, "utf-8")
    inputs = (tmp_path / "b.txt", b'{"text": "stdin"}', tmp_path / "a.txt")
    assert read(*inputs).texts == ["b.txt", "stdin", "a.txt"]


EXTRAS = {
    "parquet": "pyarrow.parquet",
    "feeds": "trafilatura",
    "warc": "fastwarc.warc",
    "zst": "zstandard",
}


@pytest.mark.parametrize("extra", [e for e in EXTRAS if e != "zst" or sys.version_info < (3, 14)])
def test_a_missing_extra_is_named_before_anything_starts(
    read: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, EXTRAS[extra], None)  # as if it were not installed
    (tmp_path / "good.jsonl").write_bytes(as_jsonl(STORIES))
    name = {"feeds": "x.html", "zst": "x.jsonl.zst"}.get(extra, f"x.{extra}")
    (tmp_path / name).write_bytes(PACKED[".zst"](as_jsonl(STORIES)) if extra == "zst" else b"x")
    with pytest.raises(MissingExtra, match=rf"newsdedupe\[{extra}\]"):
        read(tmp_path / "good.jsonl", tmp_path / name)
    in_folder = read(tmp_path)
    assert in_folder.ids == ["n-1", "n-2"]
    assert [f"newsdedupe[{extra}]" in reason for reason in in_folder.reasons] == [True]


def test_an_unknown_format_is_a_usage_error(read: Any) -> None:
    with pytest.raises(UsageError, match="jsonl, json, csv, parquet, txt, html, feed, warc"):
        read(b"", format="yaml")


def test_nothing_optional_is_imported_before_it_is_needed() -> None:
    optional = "pyarrow trafilatura feedparser fastwarc zstandard lxml charset_normalizer numpy"
    code = f"import sys, dedupe.feeds; print(*(set({optional.split()}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
