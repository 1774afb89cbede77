"""What is kept of a feed from one request to the next, and what a reply changes of it.

`after` decides and does nothing: no clock, no request, no store.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec
import xxhash
from msgspec import Struct

from dedupe.daemon.schedule import DAY, FOREVER, Pace, interval, pause
from dedupe.errors import IndexDamaged

_FORMAT = b"\x01"  # first byte of an encoded state; another layout gets another
_KEPT_FETCHES = 4  # entries are remembered up to so many times the largest feed seen
_LATELY = 50  # times of entries
_CHANGES = 20  # times at which something new was met
_DAYS = 7  # over which entries are counted
_MOVES = 10  # addresses that a feed had
_BACK = 3  # failures at a new address until the one that was listed is tried in turns


_ENTRY = struct.Struct("<QQI")  # hash of the id, digest, first seen


class Known(NamedTuple):
    """An entry that was met before."""

    digest: int  # of what it says
    first_seen: int  # seconds since 1970


class FeedState(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A feed as it was left. Times are seconds since 1970."""

    url: str  # where it is now
    source: str  # what its articles are said to come from
    listed: str | None = None  # the file that it is listed in; None where it was added by hand
    fixed: float = 0.0  # seconds between requests, where whoever runs this wants it so
    fetch_pages: bool | None = None  # whether full texts are fetched; None: as the poller does
    before: tuple[str, ...] = ()  # addresses that it moved from
    etag: str | None = None
    modified: str | None = None
    body: int = 0  # hash of the last body, for servers without validators
    ttl: float = 0.0  # seconds for which the feed asks to be left alone
    added: float = 0.0
    checked: float | None = None  # the last request
    succeeded: float | None = None  # the last one that was answered as it should be
    changed: float | None = None  # the last one that brought something new
    failures: int = 0  # in a row
    error: str | None = None  # the last one, in plain words; None once all is well
    broken: str | None = None  # what is wrong with a feed that can be read all the same
    gone: bool = False  # its server says that it will not come back
    due: float = 0.0  # the next request
    interval: float = 0.0  # seconds between the last request and the next
    published: tuple[float, ...] = ()  # times of its entries, as they say; newest first
    changes: tuple[float, ...] = ()  # when something new was met; ascending
    days: dict[int, int] = {}  # new entries by day since 1970, without those of the first reply
    largest: int = 0  # entries of the largest reply
    items: bytes = b""  # entries that are remembered, packed; those of the last reply first

    @property
    def remembered(self) -> int:
        """How many entries are remembered."""
        return len(self.items) // _ENTRY.size

    @property
    def next(self) -> float:
        """When it is asked again: never where it is gone."""
        return FOREVER if self.gone else self.due

    @property
    def health(self) -> str:
        """In one word: new, ok, broken, failing or gone."""
        if self.gone:
            return "gone"
        if self.failures:
            return "failing"
        if self.succeeded is None:
            return "new"
        return "broken" if self.broken else "ok"


def encode(state: FeedState) -> bytes:
    """The state as bytes, for the store."""
    return _FORMAT + msgspec.msgpack.encode(state)


_decode = msgspec.msgpack.Decoder(FeedState).decode


def decode(data: bytes, key: str) -> FeedState:
    """The state in bytes that `encode` gave. Raises IndexDamaged where they are none."""
    if data[:1] == _FORMAT:
        with suppress(msgspec.DecodeError):
            state = _decode(data[1:])
            if len(state.items) % _ENTRY.size == 0:
                return state
    raise IndexDamaged(
        f"the state of the feed {key} cannot be read, or is of a later version;"
        " remove the feed and add it again"
    )


# ---- replies -------------------------------------------------------------------------------------


class Item(Struct, frozen=True, array_like=True):
    """An entry of a feed, as it was read."""

    id: str  # of its article
    digest: int  # of what it says: one that differs is a new version
    moment: float | None  # when it was published, or else updated, as it says
    fields: dict[str, str]  # of the article, without id, source and first_seen


class Reading(Struct, frozen=True, array_like=True):
    """What was found in the body of a feed."""

    items: list[Item]
    title: str | None = None
    ttl: float = 0.0  # seconds
    broken: str | None = None  # what is wrong with it, in plain words


class Where(NamedTuple):
    """What the head of a reply says about the next request."""

    moved: str | None = None  # the new address, where all redirects to it are for good
    etag: str | None = None
    modified: str | None = None


class Same(NamedTuple):
    """Nothing has changed: a 304, or the very body of the last time."""

    where: Where


class Answered(NamedTuple):
    """A feed, read."""

    where: Where
    body: int  # hash
    reading: Reading


class Failed(NamedTuple):
    """No feed."""

    error: str  # in plain words
    status: int = 0  # of HTTP, where it came to that
    retry_after: float = 0.0  # seconds


Reply = Same | Answered | Failed


class Fresh(NamedTuple):
    """An entry that is new or has changed."""

    item: Item
    first_seen: int  # seconds since 1970
    became: str  # new or changed


class Step(NamedTuple):
    """What a reply leads to."""

    state: FeedState
    fresh: tuple[Fresh, ...]  # to be put, the oldest first
    known: int  # entries that were met before, as they are
    matters: bool  # whether the state must be kept even where nothing is put


def address(state: FeedState, key: str) -> str:
    """Where to ask: at the new address, or in turns at the listed one where that fails again."""
    astray = state.failures >= _BACK and (state.failures - _BACK) % 2 == 0
    return key if astray else state.url


def after(state: FeedState, key: str, reply: Reply, now: float, *, pace: Pace, draw: float) -> Step:
    """What becomes of a feed when a reply has come. `draw`: chance, from 0 to 1."""
    if isinstance(reply, Answered) and reply.reading.broken and not reply.reading.items:
        reply = Failed(reply.reading.broken)
    if isinstance(reply, Failed):
        return _failed(state, key, reply, now, pace, draw)
    asked, where = address(state, key), reply.where
    if isinstance(reply, Same):  # a 304 need not repeat them
        where = where._replace(
            etag=where.etag or state.etag, modified=where.modified or state.modified
        )
    succeeded = msgspec.structs.replace(
        state,
        **_moved(state, asked, where.moved),
        checked=now,
        succeeded=now,
        failures=0,
        error=None,
        etag=where.etag,
        modified=where.modified,
    )
    fresh: tuple[Fresh, ...] = ()
    known = 0
    if isinstance(reply, Answered):
        before = _unpacked(state.items)
        fresh, seen = _met(before, reply.reading.items, int(now))
        known = len(seen) - len(fresh)
        items = seen | {name: each for name, each in before.items() if name not in seen}
        largest = max(state.largest, len(seen))
        while len(items) > _KEPT_FETCHES * largest:
            items.popitem()
        succeeded = msgspec.structs.replace(
            _with(succeeded, state, reply, fresh, now), items=_packed(items), largest=largest
        )
    succeeded = _timed(succeeded, now, pace)
    return Step(succeeded, fresh, known, bool(fresh) or _kept(succeeded) != _kept(state))


def _kept(state: FeedState) -> tuple[object, ...]:
    """What must not be lost of a state in which nothing new was met."""
    return (
        state.url, state.etag, state.modified, state.ttl, state.failures, state.error,
        state.broken, state.succeeded is None,
    )  # fmt: skip


def _failed(state: FeedState, key: str, reply: Failed, now: float, pace: Pace, draw: float) -> Step:
    failures = state.failures + 1
    wait = pause(pace, failures, draw, reply.retry_after)
    gone = reply.status == 410
    if gone and address(state, key) != key:  # only the address that was listed can say so
        gone, state = False, msgspec.structs.replace(state, url=key, before=_earlier(state))
    failed = msgspec.structs.replace(
        state,
        checked=now,
        failures=failures,
        error=reply.error,
        gone=gone,
        due=now + wait,
        interval=wait,
    )
    return Step(failed, (), 0, True)


def _earlier(state: FeedState) -> tuple[str, ...]:
    return (state.url, *(url for url in state.before if url != state.url))[:_MOVES]


def _moved(state: FeedState, asked: str, moved: str | None) -> dict[str, Any]:
    """Where the feed is from now on.

    Never back to an address that it moved from, so that two that point to each other do not change
    the state for ever, and never from https to http.
    """
    to = moved or asked
    if to == state.url or (moved and moved in state.before):
        return {}
    if urlsplit(state.url).scheme == "https" != urlsplit(to).scheme:
        return {}
    return {"url": to, "before": _earlier(state)}


def _met(
    items: dict[int, Known], found: Sequence[Item], now: int
) -> tuple[tuple[Fresh, ...], dict[int, Known]]:
    """The entries that are new or changed, the oldest first, and all by the hash of their id."""
    fresh: list[Fresh] = []
    seen: dict[int, Known] = {}
    for item in found:
        name = _name(item)
        if name in seen:
            continue  # the first is the newest
        before = items.get(name)
        first_seen = now if before is None else before.first_seen
        seen[name] = Known(item.digest, first_seen)
        if before is None or before.digest != item.digest:
            fresh.append(Fresh(item, first_seen, "new" if before is None else "changed"))
    fresh.reverse()
    return tuple(fresh), seen


def remembering(state: FeedState, put: Sequence[Fresh]) -> FeedState:
    """The state of before a reply, but for some entries of it that are put by now."""
    items = {_name(entry.item): Known(entry.item.digest, entry.first_seen) for entry in put}
    before = _unpacked(state.items)
    return msgspec.structs.replace(state, items=_packed(before | items))


def _name(item: Item) -> int:
    return xxhash.xxh3_64_intdigest(item.id.encode())


def _unpacked(items: bytes) -> dict[int, Known]:
    return {name: Known(*rest) for name, *rest in _ENTRY.iter_unpack(items)}


def _packed(items: dict[int, Known]) -> bytes:
    return b"".join(_ENTRY.pack(name, *known) for name, known in items.items())


def _with(
    state: FeedState,
    before: FeedState,
    reply: Answered,
    fresh: Sequence[Fresh],
    now: float,
) -> FeedState:
    """The state with what was found in a body."""
    reading = reply.reading
    dated = sorted({item.moment for item in reading.items if item.moment is not None}, reverse=True)
    later = fresh and before.succeeded is not None  # what a new feed has was there before
    today = int(now // DAY)
    days = {day: count for day, count in before.days.items() if day > today - _DAYS}
    if later:
        new = sum(entry.became == "new" for entry in fresh)
        days[today] = days.get(today, 0) + new
    return msgspec.structs.replace(
        state,
        body=reply.body,
        ttl=reading.ttl,
        broken=reading.broken,
        published=tuple(dated[:_LATELY]),
        changed=now if fresh else before.changed,
        changes=(*before.changes, now)[-_CHANGES:] if later else before.changes,
        days=days,
    )


def _timed(state: FeedState, now: float, pace: Pace) -> FeedState:
    wait = interval(
        pace,
        now,
        published=state.published,
        changes=state.changes,
        since=state.changed or state.added,
        ttl=state.ttl,
        fixed=state.fixed,
    )
    return msgspec.structs.replace(state, due=now + wait, interval=wait)


def per_day(state: FeedState, now: float) -> float | None:
    """New entries a day, over the last week; None for a feed that is known for less than a day."""
    if state.succeeded is None or now - state.added < DAY:
        return None
    today = int(now // DAY)
    recent = sum(count for day, count in state.days.items() if day > today - _DAYS)
    return recent / min(_DAYS, (now - state.added) / DAY)
