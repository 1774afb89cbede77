"""Two articles in a file of every format."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow
import pyarrow.parquet
import zstandard

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
