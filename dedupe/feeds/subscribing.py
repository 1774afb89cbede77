"""Add feeds to a list and remove them; the rest of the file stays as it is, byte for byte."""

from __future__ import annotations

import json
import os
import re
import stat
from typing import Any, NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from dedupe.errors import SourceUnreadable, UsageError
from dedupe.feeds.compressed import shown
from dedupe.feeds.subscriptions import (
    ListFormat,
    Subscription,
    entries,
    feed_url,
    list_format,
    same_feed,
)
from dedupe.feeds.writing import new_file

_EMPTY_OPML = b"""<?xml version="1.0" encoding="UTF-8"?>
<opml version="2.0">
  <head><title>Feeds</title></head>
  <body>
  </body>
</opml>
"""
_TABLE = re.compile(rb"^[ \t]*\[", re.M)
_FEED_TABLE = re.compile(rb"^[ \t]*\[\[\s*feed\s*\]\]", re.M)
_IDLE_LINES = re.compile(rb"(?:^[ \t]*(?:#[^\n]*)?\r?\n)*\Z", re.M)  # blank lines and comments


def add_feed(path: str, feed: Subscription) -> bool:
    """Add a feed at the end of a list; False where it stands there. Makes a file that is not there.

    Raises UsageError where the list cannot be read or changed, or cannot hold what is given.
    """
    try:
        url = feed_url(feed.url)
    except ValueError as wrong:
        raise UsageError(str(wrong)) from wrong
    feed = Subscription(url, feed.source, feed.interval_minutes, feed.fetch_pages)
    before = _read(path) if os.path.lexists(path) else b""
    format = list_format(path, before)
    if not before.strip() and format == "opml":
        before = _EMPTY_OPML
    held = [] if not before.strip() else _entries(before, format, path)
    if any(isinstance(e, Subscription) and same_feed(e.url) == same_feed(url) for e in held):
        return False
    add = {"opml": _add_to_opml, "toml": _add_to_toml, "plain": _add_to_plain}
    after = add[format](before, feed, path)
    if sorted(map(repr, _entries(after, format, path))) != sorted(map(repr, [*held, feed])):
        raise _by_hand(path, "the feed does not fit in")
    _write(path, after)
    return True


def remove_feed(path: str, url: str) -> bool:
    """Remove a feed from a list, wherever it stands in it; False where it does not.

    Raises UsageError where the list cannot be read or changed.
    """
    before = _read(path)
    format = list_format(path, before)
    held = _entries(before, format, path)
    gone = [isinstance(e, Subscription) and same_feed(e.url) == same_feed(url) for e in held]
    if not any(gone):
        return False
    spans = {"opml": _opml_spans, "toml": _toml_spans, "plain": _plain_spans}[format](before, path)
    if len(spans) != len(held):
        raise _by_hand(path, "its entries cannot be told apart")
    after = before
    for (start, end), is_gone in reversed(list(zip(spans, gone, strict=True))):
        if is_gone:
            after = after[:start] + after[end:]
    kept = [entry for entry, is_gone in zip(held, gone, strict=True) if not is_gone]
    if after.strip() and _entries(after, format, path) != kept:
        raise _by_hand(path, "other feeds would go with it")
    _write(path, after)
    return True


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        raise UsageError(f"{shown(path)}: cannot be read: {error.strerror}") from error
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise _by_hand(path, "it is not UTF-8") from error
    return data


def _entries(data: bytes, format: ListFormat, path: str) -> list[Subscription | str]:
    try:
        return [entry for _, entry in entries(data, format, shown(path))]
    except SourceUnreadable as error:
        raise UsageError(str(error)) from error


def _write(path: str, data: bytes) -> None:
    with new_file(path) as file:
        if os.path.exists(path):
            os.fchmod(file.fileno(), stat.S_IMODE(os.stat(path).st_mode))
        file.write(data)


def _by_hand(path: str, why: str) -> UsageError:
    return UsageError(f"{shown(path)}: cannot be changed here: {why}; edit it by hand")


def _ended(data: bytes) -> bytes:
    """The file with a line break at its end."""
    return data if not data or data.endswith(b"\n") else data + b"\n"


# ---- a URL a line --------------------------------------------------------------------------------


def _add_to_plain(data: bytes, feed: Subscription, path: str) -> bytes:
    if feed != Subscription(feed.url):
        raise UsageError(
            f"{shown(path)}: a plain list holds addresses alone, no outlet, no interval and no"
            " pages; name a list that ends in .toml or .opml"
        )
    return _ended(data) + feed.url.encode() + b"\n"


def _plain_spans(data: bytes, path: str) -> list[tuple[int, int]]:
    spans, at = [], 0
    for line in data.splitlines(keepends=True):
        if re.sub(
            rb"(?:^|\s)#.*$", b"", line.removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")
        ).strip():
            spans.append((at, at + len(line)))
        at += len(line)
    return spans


# ---- TOML ----------------------------------------------------------------------------------------


def _add_to_toml(data: bytes, feed: Subscription, path: str) -> bytes:
    values: dict[str, Any] = {
        "url": feed.url,
        "source": feed.source,
        "interval": feed.interval_minutes,
        "fetch_pages": feed.fetch_pages,
    }
    lines = [
        f"{key} = {json.dumps(value, ensure_ascii=False)}"
        for key, value in values.items()
        if value is not None
    ]
    return (_ended(data) + b"\n" if data.strip() else b"") + "\n".join(
        ["[[feed]]", *lines, ""]
    ).encode()


def _toml_spans(data: bytes, path: str) -> list[tuple[int, int]]:
    spans = []
    for header in _FEED_TABLE.finditer(data):
        following = _TABLE.search(data, header.end())
        end = following.start() if following else len(data)
        idle = _IDLE_LINES.search(data[:end], header.end())
        spans.append((header.start(), idle.start() if idle and following else end))
    return spans


# ---- OPML ----------------------------------------------------------------------------------------


class _Outline(NamedTuple):
    """Where an element stands, in bytes."""

    name: str
    depth: int
    is_entry: bool  # whether the list's reader makes an entry of it
    start: int
    end: int
    inner_end: int  # where what is in it ends; -1 for <body/>


def _outlines(data: bytes, path: str) -> list[_Outline]:
    """All elements, by their beginnings. Raises UsageError for what is not well-formed."""
    parser = expat.ParserCreate()
    found: list[_Outline] = []
    open_: list[tuple[str, dict[str, str], int, int]] = []
    events = 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal events
        events += 1
        open_.append((name, attributes, parser.CurrentByteIndex, events))

    def end(_: str) -> None:
        nonlocal events
        name, given, begin, event = open_.pop()
        at = parser.CurrentByteIndex
        is_empty = event == events and data[at - 2 : at] == b"/>"
        events += 1
        keys = {key.lower() for key in given}
        kind = next((v.lower() for k, v in given.items() if k.lower() == "type"), "")
        is_entry = name.rpartition(":")[2] == "outline" and (
            "xmlurl" in keys or kind in ("rss", "atom")
        )
        after = at if is_empty else data.index(b">", at) + 1
        found.append(_Outline(name, len(open_), is_entry, begin, after, -1 if is_empty else at))

    def refuse(*_: object) -> None:
        raise _by_hand(path, "it declares entities")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as error:
        raise _by_hand(path, f"it is not well-formed: {error}") from error
    return sorted(found, key=lambda outline: outline.start)


def _opml_spans(data: bytes, path: str) -> list[tuple[int, int]]:
    spans = []
    for outline in _outlines(data, path):
        if outline.is_entry:
            line = data.rfind(b"\n", 0, outline.start) + 1
            rest = re.compile(rb"[ \t]*\r?\n").match(data, outline.end)
            alone = rest is not None and not data[line : outline.start].strip()
            spans.append((line, rest.end()) if alone and rest else (outline.start, outline.end))
    return spans


def _add_to_opml(data: bytes, feed: Subscription, path: str) -> bytes:
    values = {
        "type": "rss",
        "text": feed.source or feed.url,
        "xmlUrl": feed.url,
        "interval": None if feed.interval_minutes is None else f"{feed.interval_minutes:g}",
        "fetch_pages": None if feed.fetch_pages is None else str(feed.fetch_pages).lower(),
    }
    given = " ".join(f"{key}={quoteattr(value)}" for key, value in values.items() if value)
    tag = f"<outline {given}/>".encode("ascii", "xmlcharrefreplace")
    found = _outlines(data, path)
    body = next((one for one in found if one.depth == 1 and one.name.lower() == "body"), None)
    if body is None:
        raise _by_hand(path, "it has no body")
    if body.inner_end < 0:
        return data[: body.start] + b"<body>\n" + tag + b"\n</body>" + data[body.end :]
    inside = [one.start for one in found if one.depth == 2 and body.start < one.start < body.end]
    margin = _margin(data, inside[-1]) if inside else _margin(data, body.start) + b"  "
    line = data.rfind(b"\n", 0, body.inner_end) + 1
    at = line if not data[line : body.inner_end].strip() else body.inner_end
    before = b"" if at == line else b"\n"
    return data[:at] + before + margin + tag + b"\n" + data[at:]


def _margin(data: bytes, at: int) -> bytes:
    """The blanks before a tag that stands first in its line."""
    line = data.rfind(b"\n", 0, at) + 1
    return data[line:at] if not data[line:at].strip() else b""
