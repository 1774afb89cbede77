"""What is in the body of a feed: its entries, with the ids of their articles.

`python -m dedupe.daemon.parsing` does it for another process (dedupe.daemon.parsers): requests come
on standard input, answers go to standard output, each with four bytes of length in front.
"""

from __future__ import annotations

import resource
import sys
from collections import defaultdict
from collections.abc import Sequence
from typing import BinaryIO

import msgspec
import xxhash
from msgspec import Struct

from dedupe.daemon.feedstate import Item, Reading
from dedupe.errors import SourceUnreadable
from dedupe.feeds.dates import parse_date
from dedupe.feeds.identity import article_id
from dedupe.feeds.syndication import FeedItem, parse_feed

_MEMORY = 2 << 30  # bytes of address space that reading may take
# Fields in which a change is a new version: other dates and addresses are none, nor are spaces.
_SAID = ("title", "text", "status")


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
    except SourceUnreadable as error:
        return Reading(items=[], broken=error.reason)
    except Exception as error:  # whatever strangers' bytes can do to a parser
        return Reading(items=[], broken=f"cannot be read as a feed: {type(error).__name__}")
    ids = _ids(parsed.items, body.key)
    return Reading(
        items=[_item(item, id, body.key) for item, id in zip(parsed.items, ids, strict=True)],
        title=parsed.title,
        ttl=60.0 * (parsed.ttl_minutes or 0),
        broken=parsed.broken,
    )


def _ids(items: Sequence[FeedItem], key: str) -> list[str | None]:
    """The ids of entries. Of those with one guid and different links, the links are the ids."""
    links = defaultdict(set)
    for item in items:
        links[item.guid].add(item.link)
    shared = {guid for guid, found in links.items() if len(found) > 1}
    return [
        article_id(None if item.guid in shared and item.link else item.guid, item.link, key)
        for item in items
    ]


def _item(item: FeedItem, id: str | None, key: str) -> Item:
    fields = item.fields
    said = "\x1f".join(" ".join(fields.get(name, "").split()) for name in _SAID)
    digest = xxhash.xxh3_64_intdigest(said.encode("utf-8", "surrogatepass"))
    return Item(
        id=id or f"{key}#x{digest:016x}",  # an entry without a name is what it says
        digest=digest,
        moment=_moment(fields.get("published") or fields.get("updated")),
        fields=fields,
    )


def _moment(said: str | None) -> float | None:
    """Seconds since 1970; None for what is no date."""
    try:
        return parse_date(said).timestamp() if said else None
    except (ValueError, OverflowError):
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
