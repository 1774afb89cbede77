"""What is in the body of a feed: its entries, with the ids of their articles.

`python -m dedupe.daemon.parsing` does it for another process (dedupe.daemon.parsers): requests come
on standard input, answers go to standard output, each with four bytes of length in front.
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

import msgspec
import xxhash
from msgspec import Struct

from dedupe.daemon.feedstate import Item, Reading
from dedupe.feeds.identity import article_id
from dedupe.feeds.syndication import FeedItem, parse_feed

MOST = 5_000  # entries that are read of one body
_MEMORY = 2 << 30  # bytes of address space that reading may take
_SAID = ("title", "text", "status")  # fields in which a change is a new version


class Body(Struct, frozen=True, array_like=True):
    """What came from a server."""

    body: bytes
    url: str  # where it came from
    content_type: str | None
    key: str  # of the feed


def parse(body: Body) -> Reading:
    """The entries of a feed, in its order. What is no feed gives none, and says so in `broken`."""
    try:
        parsed = parse_feed(body.body, url=body.url, content_type=body.content_type)
    except Exception as error:  # whatever strangers' bytes can do to a parser
        return Reading(items=[], broken=f"cannot be read as a feed: {type(error).__name__}")
    items = [_item(item, body.key, parsed.lang) for item in parsed.items[:MOST]]
    return Reading(
        items=[item for item in items if item is not None],
        title=parsed.title,
        ttl=60.0 * (parsed.ttl_minutes or 0),
        broken=parsed.broken,
        left_out=max(0, len(parsed.items) - MOST),
    )


def _item(item: FeedItem, key: str, lang: str | None) -> Item | None:
    id = article_id(item.guid, item.link, key)
    if id is None:
        return None
    fields = {name: value for name, value in item.fields.items() if value}
    if lang:
        fields.setdefault("lang", lang)
    return Item(id, _digest(fields), _moment(fields), fields)


def _digest(fields: Mapping[str, Any]) -> int:
    """A hash of what an entry says; other spaces, dates and addresses are no other text."""
    said = "\x1f".join(" ".join(str(fields.get(name, "")).split()) for name in _SAID)
    return xxhash.xxh3_64_intdigest(said.encode("utf-8", "surrogatepass"))


def _moment(fields: Mapping[str, Any]) -> float | None:
    for name in ("published", "updated"):
        value = fields.get(name)
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return None


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    decode = msgspec.msgpack.Decoder(Body).decode
    while length := requests.read(4):
        answer = msgspec.msgpack.encode(parse(decode(requests.read(int.from_bytes(length, "big")))))
        answers.write(len(answer).to_bytes(4, "big") + answer)
        answers.flush()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    _serve(sys.stdin.buffer, sys.stdout.buffer)
