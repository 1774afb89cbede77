"""Lists of feeds: OPML, TOML, or a URL a line."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct

from dedupe.errors import SourceUnreadable
from dedupe.feeds.charset import decode_document
from dedupe.feeds.compressed import Source, shown
from dedupe.feeds.extras import load
from dedupe.feeds.items import one_line
from dedupe.feeds.prolog import bare_xml
from dedupe.models import Rejection

ListFormat = Literal["opml", "toml", "plain"]

_SUFFIXES: dict[str, ListFormat] = {
    ".opml": "opml", ".xml": "opml", ".toml": "toml", ".txt": "plain", ".list": "plain",
}  # fmt: skip
_MOST_BYTES = 32 << 20
_LONGEST_URL = 2_000
_KEYS = {"url", "title", "source", "interval", "fetch_pages"}
_HEADER = re.compile(r"^\s*\[\[\s*feed\s*\]\]", re.M)
_BREAK = re.compile(r"\r\n|\r|\n")
_COMMENT = re.compile(r"(?:^|\s)#.*$")
_AMPERSAND = re.compile(r"&(?!#\d+;|#[xX][0-9a-fA-F]+;|\w+;)")  # as many write it in addresses
_MOST_MINUTES = 60 * 24 * 366
_TRUE = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Subscription(Struct, frozen=True):
    """One feed of a list."""

    url: str
    source: str | None = None  # who publishes it, where the list says so
    interval_minutes: float | None = None  # between two requests, where the list says so
    fetch_pages: bool | None = None  # whether to read the pages of its items, likewise


class Listed(NamedTuple):
    """A feed and the line that it stands in."""

    line: int
    feed: Subscription


class Subscriptions(Struct, frozen=True):
    """What a list holds."""

    feeds: tuple[Subscription, ...]  # each address once, in the order of the list
    problems: tuple[Rejection, ...]  # lines that were left out, and why
    whole: bool = True  # False where the file is damaged: feeds may stand in what could not be read


class _Wrong(ValueError):
    """Why an entry of a list cannot be used."""


class _Damage(str):
    """What is wrong with the file itself, not with one of its entries."""


def read_subscriptions(path: str) -> Subscriptions:
    """The feeds of a list, by its suffix (.opml, .xml, .toml, .txt, .list), else by its content.

    Entries that cannot be used, and those that come again, are left out and told. Raises
    SourceUnreadable where nothing can be read, MissingExtra for OPML without the extra `feeds`.
    """
    name = shown(path)
    with Source.open(path) as source:
        data = source.document(_MOST_BYTES)
    feeds: dict[str, Listed] = {}
    problems: list[Rejection] = []
    whole = True
    for line, entry in entries(data, list_format(path, data), name):
        where = f"{name}:{line}"
        if isinstance(entry, str):
            whole = whole and not isinstance(entry, _Damage)
            problems.append(Rejection(where=where, reason=entry))
            continue
        first = feeds.setdefault(same_feed(entry.url), Listed(line, entry))
        if first.feed is not entry:
            reason = f"the feed stands in line {first.line} already: {entry.url}"
            problems.append(Rejection(where=where, reason=reason))
    return Subscriptions(tuple(listed.feed for listed in feeds.values()), tuple(problems), whole)


def list_format(path: str, data: bytes) -> ListFormat:
    """The format of a list of feeds."""
    format = _SUFFIXES.get(os.path.splitext(path.lower())[1])
    if format is not None:
        return format
    text = decode_document(data)[0].lstrip()
    if text.startswith("<"):
        return "opml"
    return "toml" if _HEADER.search(text) else "plain"


def entries(data: bytes, format: ListFormat, name: str) -> Iterator[tuple[int, Subscription | str]]:
    """Every entry of a list with its line: a feed, or what is wrong with it."""
    readers = {"opml": _opml, "toml": _toml, "plain": _plain}
    for line, fields in readers[format](data, name):
        if isinstance(fields, str):
            yield line, fields
            continue
        try:
            yield line, _subscription(fields)
        except _Wrong as wrong:
            yield line, str(wrong)


def feed_url(given: str) -> str:
    """An address that a feed may have; raises ValueError with the reason in plain words."""
    url = re.sub(r"^feed:(//)?(?=https?:)", "", given.strip(), flags=re.I)
    url = re.sub(r"^feed://", "https://", url, flags=re.I)
    try:
        parts = urlsplit(url)
        host, user, _ = parts.hostname, parts.username, parts.port
    except ValueError:
        raise _Wrong(f"not an address: {_shortly(url.rpartition('@')[2])}") from None
    if user is not None:
        raise _Wrong(f"has a user name in it, which is refused: {_shortly(host or '')}")
    if parts.scheme not in ("http", "https") or not host:
        raise _Wrong(f"not an http or https address: {_shortly(url)}")
    if len(url) > _LONGEST_URL or not url.isprintable() or re.search(r"[\s\\<>\"]", url):
        raise _Wrong(f"not an address: {_shortly(url)}")
    return url


def _subscription(fields: dict[str, Any]) -> Subscription:
    unknown = sorted(set(fields) - _KEYS)
    if unknown:
        raise _Wrong(
            f"unknown: {_shortly(', '.join(unknown))}; known are {', '.join(sorted(_KEYS))}"
        )
    url = fields.get("url")
    if not isinstance(url, str) or not url.strip():
        raise _Wrong("no url")
    names = [fields.get(name) for name in ("source", "title")]
    if any(name is not None and not isinstance(name, str) for name in names):
        raise _Wrong("title and source are strings")
    return Subscription(
        url=feed_url(url),
        source=next((line for name in names if (line := one_line(name))), None),
        interval_minutes=_minutes(fields.get("interval")),
        fetch_pages=_truth(fields.get("fetch_pages")),
    )


def _minutes(value: object) -> float | None:
    if value is None:
        return None
    try:
        minutes = float(value) if isinstance(value, int | float | str) else 0.0
    except ValueError:
        minutes = 0.0
    if isinstance(value, bool) or not 0 < minutes <= _MOST_MINUTES:
        raise _Wrong(f"interval is a number of minutes, not {_shortly(str(value))}")
    return minutes


def _truth(value: object) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _TRUE:
        return _TRUE[value.strip().lower()]
    raise _Wrong(f"fetch_pages is true or false, not {_shortly(str(value))}")


def same_feed(url: str) -> str:
    """What two spellings of one feed's address have in common."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = "" if parts.port in (None, 80, 443) else f":{parts.port}"
    return f"{host}{port}{parts.path or '/'}?{parts.query}"


def _shortly(text: str) -> str:
    text = shown(one_line(text) or "nothing")
    return text if len(text) <= 100 else text[:100] + "…"


# ---- formats -------------------------------------------------------------------------------------


def _plain(data: bytes, name: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for number, line in enumerate(_BREAK.split(decode_document(data)[0]), 1):
        line = _COMMENT.sub("", line).strip()
        if line:
            yield number, {"url": line}


def _toml(data: bytes, name: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    text = decode_document(data)[0]
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SourceUnreadable(name, f"not TOML: {error}"[:300]) from error
    feeds = document.get("feed", [])
    if not isinstance(feeds, list):
        raise SourceUnreadable(name, "feed is no list of tables; write [[feed]] above each")
    lines = [text.count("\n", 0, match.end()) + 1 for match in _HEADER.finditer(text)]
    for number, fields in enumerate(feeds):
        line = lines[number] if len(lines) == len(feeds) else 1
        yield line, fields if isinstance(fields, dict) else "not a table of values"


def _opml(data: bytes, name: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Every outline that names a feed, however deep; markup that is broken costs what is in it."""
    etree = load("lxml.etree", "reading OPML", "feeds")
    text = _AMPERSAND.sub("&amp;", bare_xml(data, name))
    above = len(text) - len(text.lstrip("\n"))  # lxml wants no lines before the root element
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(text.strip().encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SourceUnreadable(name, f"not OPML: {error}"[:300]) from error
    if root is None or etree.QName(root).localname.lower() != "opml":
        raise SourceUnreadable(name, "not OPML")
    for fault in parser.error_log.filter_from_errors()[:10]:
        yield above + fault.line, _Damage(f"not well-formed: {one_line(fault.message)}")
    for outline in root.iter("{*}outline"):
        given = {key.lower(): value for key, value in outline.attrib.items()}
        line = above + (outline.sourceline or 1)
        url = given.get("xmlurl")
        if url is None:
            if given.get("type", "").lower() in ("rss", "atom"):
                yield line, "an outline of a feed without xmlUrl"
            continue
        titles = (one_line(given.get("title")), one_line(given.get("text")))
        fields = {
            "url": url,
            "title": next((title for title in titles if title and title != url.strip()), None),
            "source": given.get("source"),
            "interval": given.get("interval"),
            "fetch_pages": given.get("fetch_pages") or given.get("fetchpages"),
        }
        yield line, {key: value for key, value in fields.items() if value is not None}
