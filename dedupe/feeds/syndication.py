"""RSS, RDF and Atom: feeds kept as files, and feeds as a server gives them; JSON Feed too."""

from __future__ import annotations

import math
import re
from calendar import timegm
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from dedupe.errors import MissingExtra, SourceUnreadable
from dedupe.feeds.charset import as_utf8
from dedupe.feeds.compressed import Source, shown
from dedupe.feeds.extraction import plain_text
from dedupe.feeds.guarded import Bounds, FeedTree, parse_xml
from dedupe.feeds.items import (
    MOST_ITEMS,
    FeedItem,
    ParsedFeed,
    one_line,
    present,
    running_text,
    web_address,
    wire_status,
)
from dedupe.feeds.jsonfeed import parse_json_feed
from dedupe.feeds.limits import MAX_DOCUMENT_BYTES
from dedupe.feeds.prolog import bare_xml
from dedupe.feeds.records import Intake
from dedupe.models import Article

__all__ = ["FeedItem", "ParsedFeed", "parse_feed", "read_feed"]

_ROOT_END = re.compile(r"</(\w+:)?(rss|feed|RDF)\s*>")

_BOUNDS = Bounds(items=MOST_ITEMS, elements=100_000, broken=4 << 20)
_PERIODS = {"hourly": 60, "daily": 1440, "weekly": 10080, "monthly": 43200, "yearly": 525600}
_LONGEST_DATE = 100  # characters


def read_feed(source: Source, intake: Intake) -> Iterator[Article]:
    """The entries of one feed; a feed cut short gives the entries before the cut."""
    document = source.document(MAX_DOCUMENT_BYTES)
    text = bare_xml(document, source.name)
    tree = _tree(text, source.name)
    for number, entry in enumerate(tree.entries, 1):
        where = f"{source.name}#{number}"
        article = intake.fields(_entry_fields(entry, tree.channel, source.name), where)
        if article is not None:
            yield article
    if not tree.well_formed:
        if _ROOT_END.search(text, max(0, len(text) - 1024)):
            intake.repaired(source.name, "not well-formed XML")
        else:
            intake.reject(source.name, "the feed is cut short; its entries up to there were read")


def _tree(text: str, where: str, bounds: Bounds | None = None) -> FeedTree:
    try:
        tree = parse_xml(text, bounds)
    except MissingExtra:
        raise
    except Exception as error:  # the date and SGML parsers below it have errors of their own
        raise SourceUnreadable(where, f"not a feed: {error}"[:300]) from error
    if not tree.version and not tree.entries:
        raise SourceUnreadable(where, "not a feed")
    return tree


def _entry_fields(entry: Any, channel: Any, name: str) -> dict[str, object]:
    parts = [part for part in (*entry.get("content", ()), entry.get("summary_detail")) if part]
    texts = [_text(part) for part in parts]
    source = channel.get("link") or channel.get("title")
    if origin := entry.get("source"):
        source = origin.get("href") or origin.get("title") or source
    return {
        "id": _entry_id(entry, source or name),
        "text": max(texts, key=len, default=None),  # the body; a summary is shorter
        "title": plain_text(entry.get("title", "")),
        "url": entry.get("link"),
        "source": source,
        "published": _published(entry),
        "lang": channel.get("language"),
        "author": entry.get("author"),
    }


def _text(part: Any) -> str:
    value: str = part.get("value") or ""
    return value.strip() if part.get("type") == "text/plain" else plain_text(value)


def _entry_id(entry: Any, feed: str) -> str | None:
    """The entry's own id where it is an address; a bare number is only unique in its feed."""
    id = entry.get("id")
    if not id:
        link = entry.get("link")
        return None if not link else str(link)
    return str(id) if ":" in id else f"{feed}#{id}"


def _published(entry: Any) -> object:
    for name in ("published", "updated"):
        if not entry.get(name):
            continue
        moment = entry.get(f"{name}_parsed")
        try:
            return datetime.fromtimestamp(timegm(moment), UTC) if moment else entry[name]
        except (ValueError, OverflowError):
            return entry[name]
    return None


# ---- as a server gives them ----------------------------------------------------------------------


def parse_feed(body: bytes, *, url: str, content_type: str | None = None) -> ParsedFeed:
    """What a server gave for the feed at `url`: RSS 0.9x to 2.0, RDF, Atom, JSON Feed.

    Nothing is fetched, no entity is expanded. Of a broken feed the items before the break are
    given, and `broken` says so. Raises SourceUnreadable for what is no feed. Takes up to a second
    for each MiB; call it in a thread.
    """
    where = shown(url)
    head = b"".join(as_utf8([body[:1024]])).lstrip()
    if head[:1] in (b"{", b"["):
        return parse_json_feed(b"".join(as_utf8([body])), url, where)
    text = bare_xml(body, where, content_type)
    tree = _tree(text, where, _BOUNDS)
    broken = None
    if tree.crowded:
        broken = "has more items than are read; the rest was left out"
    elif not tree.well_formed:
        whole = _ROOT_END.search(text, max(0, len(text) - 1024))
        broken = "not well-formed XML" if whole else "cut short; its items up to there were read"
    channel = tree.channel
    is_atom = tree.version.startswith("atom")
    lang = one_line(channel.get("language"))
    return ParsedFeed(
        title=one_line(plain_text(channel.get("title") or "")),
        site=web_address(channel.get("link"), url),
        lang=lang,
        ttl_minutes=_ttl(channel),
        items=tuple(_item(entry, lang, url, is_atom) for entry in tree.entries),
        broken=broken,
    )


def _item(entry: Any, lang: str | None, base: str, is_atom: bool) -> FeedItem:
    guid = entry.get("id")
    link = entry.get("link")
    if link == guid and ":" not in (link or ""):
        link = None  # RSS: a guid that is not said to be no address counts as one
    link = web_address(link, base)
    parts = [part for part in (*entry.get("content", ()), entry.get("summary_detail")) if part]
    published, updated = (_moment(entry, name) for name in ("published", "updated"))
    if not published and not is_atom:
        published, updated = updated, None  # dc:date, of which feedparser makes `updated`
    said = next((part["language"] for part in parts if part.get("language")), None)
    return FeedItem(
        guid=guid if isinstance(guid, str) and guid.strip() else None,
        link=link,
        fields=present(
            {
                "text": max((running_text(_text(part)) for part in parts), key=len, default=None),
                "title": one_line(plain_text(entry.get("title") or "")),
                "url": link,
                "published": published,
                "updated": updated,
                "lang": one_line(entry.get("language")) or one_line(said) or lang,
                "author": one_line(entry.get("author")),
                "status": _status(entry),
            }
        ),
    )


def _moment(entry: Any, name: str) -> str | None:
    """A date as ISO 8601, else as it stands in the feed."""
    if name not in entry:  # `get` would give `published` for `updated`
        return None
    try:
        return datetime.fromtimestamp(timegm(entry[f"{name}_parsed"]), UTC).isoformat()
    except (KeyError, TypeError, ValueError, OverflowError):
        return (one_line(entry[name]) or "")[:_LONGEST_DATE] or None


def _status(entry: Any) -> str | None:
    """What a wire says in `pubstatus`, as text or as NewsML's qcode; with any prefix, or none."""
    said: dict[str, object] = {}
    for name, value in entry.items():
        name = name.rpartition("_")[2]
        if name in ("pubstatus", "status"):
            said.setdefault(name, value.get("qcode") if isinstance(value, dict) else value)
    return wire_status(said.get("pubstatus"), said.get("status"))


def _ttl(channel: Any) -> float | None:
    """Minutes: RSS's ttl, else the syndication module's period."""
    ttl = _number(channel.get("ttl"))
    if ttl is not None:
        return ttl
    period = _PERIODS.get(str(channel.get("sy_updateperiod", "")).strip().lower())
    if period is None:
        return None
    return period / (_number(channel.get("sy_updatefrequency")) or 1.0)


def _number(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, str) else math.nan
    except ValueError:
        return None
    return number if 0 < number < math.inf else None
