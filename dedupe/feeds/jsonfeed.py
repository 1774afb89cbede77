"""JSON Feed, versions 1.0 and 1.1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from dedupe.errors import SourceUnreadable
from dedupe.feeds.charset import decode_document
from dedupe.feeds.extraction import plain_text
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


def parse_json_feed(body: bytes, url: str, where: str) -> ParsedFeed:
    """The items of a JSON Feed; what is no item among them is passed over, and told."""
    document = _document(body, where)
    items = document.get("items") if isinstance(document, Mapping) else None
    if not isinstance(items, list):
        raise SourceUnreadable(where, "not a feed: JSON without a list of items")
    usable = [item for item in items[:MOST_ITEMS] if isinstance(item, Mapping)]
    broken = None
    if len(items) > MOST_ITEMS:
        broken = f"has more than {MOST_ITEMS} items; the rest was left out"
    elif len(usable) < len(items):
        broken = "some of its items are no objects"
    site = web_address(document.get("home_page_url"), url)
    return ParsedFeed(
        title=one_line(document.get("title")),
        site=site,
        lang=one_line(document.get("language")),
        ttl_minutes=None,
        items=tuple(_item(item, document, url) for item in usable),
        broken=broken,
    )


def _document(body: bytes, where: str) -> Any:
    try:
        return msgspec.json.decode(body)
    except (ValueError, RecursionError):
        try:
            return json.loads(decode_document(body)[0], strict=False)
        except (ValueError, RecursionError) as error:
            raise SourceUnreadable(where, f"not usable as JSON: {error}"[:300]) from error


def _item(item: Mapping[str, Any], feed: Mapping[str, Any], url: str) -> FeedItem:
    link = web_address(item.get("url"), url) or web_address(item.get("external_url"), url)
    said = _extension(item)
    return FeedItem(
        guid=_guid(item.get("id")),
        link=link,
        fields=present(
            {
                "text": _text(item),
                "title": one_line(item.get("title")),
                "url": link,
                "published": one_line(item.get("date_published")),
                "updated": one_line(item.get("date_modified")),
                "lang": one_line(item.get("language")) or one_line(feed.get("language")),
                "author": _authors(item) or _authors(feed),
                "status": wire_status(
                    item.get("pubstatus") or said.get("pubstatus"),
                    item.get("status") or said.get("status"),
                ),
            }
        ),
    )


def _guid(value: object) -> str | None:
    """The id; version 1.0 let it be a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(int(value)) if value == value // 1 else str(value)
    return value if isinstance(value, str) and value.strip() else None


def _text(item: Mapping[str, Any]) -> str | None:
    """The longest of what the item has for a body."""
    html, plain = item.get("content_html"), item.get("content_text")
    texts = [
        plain_text(html) if isinstance(html, str) else "",
        plain if isinstance(plain, str) else "",
    ]
    if not any(text.strip() for text in texts) and isinstance(item.get("summary"), str):
        texts.append(item["summary"])
    return max((running_text(text) for text in texts), key=len)


def _authors(of: Mapping[str, Any]) -> str | None:
    authors = of.get("authors")
    if not isinstance(authors, list):
        authors = [of.get("author")]
    names = [one_line(one.get("name")) for one in authors[:10] if isinstance(one, Mapping)]
    return ", ".join(name for name in names if name) or None


def _extension(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first extension that says something of the item's status."""
    for name, value in item.items():
        if (
            name.startswith("_")
            and isinstance(value, Mapping)
            and {"pubstatus", "status"} & set(value)
        ):
            return value
    return {}
