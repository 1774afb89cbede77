"""Which format a file has: by its name, else by its first bytes."""

from __future__ import annotations

import os
import re
from typing import Literal, get_args

from dedupe.feeds.charset import as_utf8

Format = Literal["jsonl", "json", "csv", "parquet", "txt", "html", "feed", "warc"]
FORMATS: tuple[Format, ...] = get_args(Format)

_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".txt": "txt",
    ".html": "html",
    ".htm": "html",
    ".feed": "feed",
    ".rss": "feed",
    ".xml": "feed",
    ".atom": "feed",
    ".warc": "warc",
}
_COMPRESSED = (".gz", ".zst")
_MAGIC: tuple[tuple[bytes, Format], ...] = ((b"PAR1", "parquet"), (b"WARC/", "warc"))
_FEED_ROOT = re.compile(rb"<(rss|feed|rdf:RDF)\b")
_HTML_ROOT = re.compile(rb"<html\b", re.I)


def format_of_name(path: str) -> Format | None:
    """The format that a file's suffix stands for, whether or not `.gz` or `.zst` follows it."""
    stem, suffix = os.path.splitext(path.lower())
    if suffix in _COMPRESSED:
        suffix = os.path.splitext(stem)[1]
    return _SUFFIXES.get(suffix)


def format_of_bytes(head: bytes) -> Format | None:
    """The format that a file's first (decompressed) bytes show; an empty file is JSON Lines."""
    head = b"".join(as_utf8([head[:4096]])).lstrip()
    for magic, format in _MAGIC:
        if head.startswith(magic):
            return format
    match head[:1]:
        case b"":
            return "jsonl"
        case b"{":
            # A brace alone on its line opens an indented document.
            return "json" if not head[1:].partition(b"\n")[0].strip() else "jsonl"
        case b"[":
            return "json"
        case b"<":
            if _HTML_ROOT.search(head):
                return "html"
            return "feed" if head.startswith(b"<?xml") or _FEED_ROOT.search(head) else "html"
    return None
