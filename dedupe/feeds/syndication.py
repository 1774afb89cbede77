"""RSS, RDF and Atom feeds kept as files."""

from __future__ import annotations

import io
import re
from calendar import timegm
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from xml.sax import SAXException

from dedupe.errors import SourceUnreadable
from dedupe.feeds.compressed import Source
from dedupe.feeds.extraction import plain_text
from dedupe.feeds.extras import load
from dedupe.feeds.limits import MAX_DOCUMENT_BYTES
from dedupe.feeds.records import Intake
from dedupe.models import Article

_ROOT_END = re.compile(rb"</(rss|feed|rdf:RDF)\s*>")


def read_feed(source: Source, intake: Intake) -> Iterator[Article]:
    """The entries of one feed; a feed cut short gives the entries before the cut."""
    feedparser = load("feedparser", "reading feeds", "feeds")
    # As a stream: given bytes, feedparser might take them for an address and fetch it.
    document = io.BytesIO(source.document(MAX_DOCUMENT_BYTES))
    try:
        parsed = feedparser.parse(document)
    except Exception as error:  # the XML and date parsers below it have errors of their own
        raise SourceUnreadable(source.name, f"not a feed: {error}") from error
    if not parsed.get("version") and not parsed.entries:
        raise SourceUnreadable(source.name, "not a feed")
    channel = parsed.feed
    for number, entry in enumerate(parsed.entries, 1):
        where = f"{source.name}#{number}"
        article = intake.fields(_entry_fields(entry, channel, source.name), where)
        if article is not None:
            yield article
    # feedparser has read broken XML leniently, and complains of trifles too
    if isinstance(parsed.get("bozo_exception"), SAXException):
        if _ROOT_END.search(document.getvalue()[-1024:]):
            intake.repaired(source.name, "not well-formed XML")
        else:
            intake.reject(source.name, "the feed is cut short; its entries up to there were read")


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
