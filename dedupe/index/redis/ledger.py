"""The ledger on Redis: ids, digests, memberships, clusters, events. It changes by scripts alone.

All its keys are in one slot, so that a script is atomic on a cluster too. A request carries the
caller's name and a number: one that is repeated because its reply was lost gets that reply again.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import count
from typing import Any, NamedTuple

from msgspec import DecodeError, ValidationError, msgpack
from msgspec.structs import replace

from dedupe.errors import IndexDamaged
from dedupe.index.base import (
    SLICE_BITS,
    Change,
    Cluster,
    Event,
    Filed,
    Hands,
    Receipt,
    SliceStats,
    Tally,
    slice_of,
)
from dedupe.index.redis.connecting import Command, Store, script
from dedupe.index.redis.keys import Keys, number_of

_NAMES = (
    "reserve", "admit", "whole", "members", "clusters", "link", "lay", "tally", "fold", "tallies",
    "forget", "forgotten", "prune", "close",
)  # fmt: skip
_BY_NAME = {name: script(name, "ledger") for name in _NAMES}
SCRIPTS = list(_BY_NAME.values())
_SCANNED = 500  # that one step of a walk through a hash asks for
NEW, KNOWN, OTHER, REMOVED = range(4)


class Reserved(NamedTuple):
    """What the ledger says of an article's id."""

    state: int
    place: int
    stored: bool  # its record is written
    entered: bool  # its buckets are written
    linked: bool  # it is in a cluster
    receipt: Receipt | None


class Ledger:
    """See the module."""

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store, self._root = store, keys.ledger
        self._caller = secrets.token_hex(8)
        self._requests = count(1)

    def _call(self, name: str, *args: Any) -> Any:
        return self._store.ask(*self._command(name, *args))

    def _command(self, name: str, *args: Any) -> Command:
        request = next(self._requests).to_bytes(8, "big")
        return ("EVALSHA", _BY_NAME[name][0], 1, self._root, self._caller, request, *args)

    def _get(self, command: str, key: str, *args: Any) -> Any:
        return self._store.ask(command, self._root + key.encode(), *args)

    # ---- articles --------------------------------------------------------------------------------

    def reserve(self, filed: Sequence[Filed], store: bool) -> list[Reserved]:
        """Find articles by their ids; with `store` new ones get places."""
        revising = [i for i, each in enumerate(filed) if each.revises >= 0]
        told, receipts = self._call(
            "reserve", msgpack.encode((store, [each.slice for each in filed], revising, False)),
            b"".join(hash_of(each.id) for each in filed),
            b"".join(each.content.to_bytes(8, "big") for each in filed),
            b"".join(each.digest.to_bytes(8, "big") for each in filed),
            b"".join(_packed(filed[i].revises) for i in revising),
        )  # fmt: skip
        numbers = iter(_decode(told, list[int]))
        left = iter(receipts)
        reserved = []
        for state, slice, number, known in zip(numbers, numbers, numbers, numbers, strict=True):
            place = -1 if number < 0 else slice << SLICE_BITS | number
            receipt = _decode(next(left), Receipt) if state == REMOVED else None
            stored, entered, linked = (bool(known & flag) for flag in (1, 2, 4))
            reserved.append(Reserved(state, place, stored, entered, linked, receipt))
        return reserved

    def places(self, ids: Sequence[str]) -> list[int | None]:
        """Where articles are."""
        hashes = b"".join(map(hash_of, ids))
        nothing = bytes(8 * len(ids))
        told, _ = self._call(
            "reserve",
            msgpack.encode((False, [0] * len(ids), [], True)),
            hashes,
            nothing,
            nothing,
            b"",
        )
        told = _decode(told, list[int])
        return [
            None if n < 0 else s << SLICE_BITS | n
            for s, n in zip(told[1::4], told[2::4], strict=True)
        ]

    def admit(
        self, filed: Sequence[Filed], places: Sequence[int], stores: Sequence[bool], window: float
    ) -> tuple[list[int], dict[int, int]]:
        """The heads of articles, and the live slices near them with their number of groups."""
        header = (
            [int(each) for each in stores],
            [
                e.slice if place < 0 else slice_of(place)
                for e, place in zip(filed, places, strict=True)
            ],
            [number_of(place) for place in places],
            [each.near[0] for each in filed],
            [each.near[1] for each in filed],
            window,
        )
        heads, live = self._call(
            "admit", msgpack.encode(header),
            b"".join(each.digest.to_bytes(8, "big") for each in filed),
            struct.pack(f">{len(filed)}d", *(each.hours for each in filed)),
        )  # fmt: skip
        told, near = _decode(heads, list[int]), _decode(live, list[int])
        return [
            -1 if n < 0 or (s << SLICE_BITS | n) in (own, e.revises) else s << SLICE_BITS | n
            for s, n, own, e in zip(told[::2], told[1::2], places, filed, strict=True)
        ], dict(zip(near[::2], near[1::2], strict=True))

    def whole(self, places: Sequence[int], entered: Sequence[bool]) -> Command:
        """The command that marks articles which are written, and those that entered buckets.

        Its reply, for `slices_in`, are the live slices.
        """
        slices, numbers = [slice_of(p) for p in places], [number_of(p) for p in places]
        flags = [int(each) for each in entered]
        return self._command("whole", *map(msgpack.encode, (slices, numbers, flags)))

    def live(self) -> dict[int, int]:
        """The live slices, ascending, with their number of groups."""
        return slices_in(self._get("HGETALL", "slices"))

    def numbered(self, slice: int) -> int:
        """How many numbers a slice has given out."""
        return int(self._get("HGET", "next", slice) or 0)

    def numbers(self, slice: int, first: int, last: int) -> list[int]:
        """The numbers from `first` to below `last` that articles have; `first` begins a hash."""
        held: list[int] = []
        for at in range(first, last, 64):
            fields = self._get("HKEYS", f"n{slice}:{at // 64}")
            held += sorted(number for f in fields if (number := at + int(f)) < last)
        return held

    def counts(self) -> tuple[SliceStats, ...]:
        """Articles of the live slices."""
        slices = list(self.live())
        if not slices:
            return ()
        counts = self._get("HMGET", "live", *slices)
        return tuple(
            SliceStats(slice=s, articles=int(n or 0)) for s, n in zip(slices, counts, strict=True)
        )

    # ---- what slices say -------------------------------------------------------------------------

    def tally(self, slice: int, blob: bytes) -> int:
        """Append a part; its position."""
        return int(self._call("tally", slice, blob))

    def fold(self, slice: int, position: int, blob: bytes) -> bool:
        """Replace parts by one."""
        return bool(self._call("fold", slice, position, blob))

    def tallies(self, read: dict[int, int]) -> list[Tally]:
        """Parts that were not read."""
        header = (list(read), list(read.values()))
        tallies = []
        told = self._call("tallies", msgpack.encode(header))
        for slice, folded, whole, first, parts in sorted(told, key=lambda each: int(each[0])):
            if whole:
                tallies.append(Tally(int(slice), folded, True, whole))
            tallies += [Tally(int(slice), first + i, False, part) for i, part in enumerate(parts)]
        return tallies

    # ---- clusters --------------------------------------------------------------------------------

    def memberships(self, places: Sequence[int]) -> list[str | None]:
        """The cluster of each."""
        slices = msgpack.encode([slice_of(place) for place in places])
        numbers = msgpack.encode([number_of(place) for place in places])
        told = self._call("members", slices, numbers)
        return [None if id is None else _text(id) for id in told]

    def clusters(self, ids: Sequence[str]) -> list[Cluster | None]:
        """The clusters, through redirects."""
        told = self._call("clusters", *ids)
        return [None if blob is None else _decode(blob, Cluster) for blob in told]

    def stories(self) -> Iterator[Cluster]:
        """All clusters, each once."""
        for _, blob in self._walk("clusters"):
            yield _decode(blob, Cluster)

    def redirects(self) -> Iterator[tuple[str, str]]:
        """All merged ids."""
        return ((_text(id), _text(to)) for id, to in self._walk("redirects"))

    def receipts(self) -> Iterator[Receipt]:
        """All receipts, by id."""
        found = [_decode(blob, Receipt) for _, blob in self._walk("receipts")]
        return iter(sorted(found, key=lambda receipt: receipt.id))

    def _walk(self, key: str) -> Iterator[tuple[bytes, bytes]]:
        """All of a hash; HSCAN may come by a field again while the hash grows."""
        seen: set[bytes] = set()
        cursor = 0
        while True:
            told = self._get("HSCAN", key, cursor, "COUNT", _SCANNED)
            cursor, fields = int(told[0]), told[1]
            for field, value in fields.items():
                if field not in seen:
                    seen.add(field)
                    yield field, value
            if cursor == 0:
                return

    def link(self, change: Change) -> bool:
        """Apply a change whole, or not."""
        header = (
            change.expected,
            [slice_of(place) for place in change.unlinked],
            [number_of(place) for place in change.unlinked],
            change.hands, change.dropped, change.redirects,
            len(change.clusters), len(change.events),
        )  # fmt: skip
        blobs = [msgpack.encode(each) for each in (*change.clusters, *change.events)]
        return bool(self._call("link", msgpack.encode(header), *blobs))

    def events(self, after: int, most: int) -> list[Event]:
        """Events above a position."""
        told = self._get("XRANGE", "events", f"{max(after, 0) + 1}-0", "+", "COUNT", max(most, 1))
        return [
            replace(_decode(fields[b"e"], Event), position=int(position.partition(b"-")[0]))
            for position, fields in told[:most]
        ]

    def hands(self) -> Hands:
        """What people decided."""
        blob = self._get("HGET", "hands", "hands")
        return Hands() if blob is None else _decode(blob, Hands)

    def lay(self, hands: Hands) -> bool:
        """Replace the hands."""
        return bool(self._call("lay", hands.version, msgpack.encode(hands)))

    def sizes(self) -> tuple[int, int]:
        """How many clusters and events there are."""
        return int(self._get("HLEN", "clusters")), int(self._get("XLEN", "events"))

    # ---- going away ------------------------------------------------------------------------------

    def forget(self, place: int, receipt: Receipt | None) -> bool:
        """Take an article out, but for its number. False where a cluster has it."""
        id = b"" if receipt is None else hash_of(receipt.id)
        blob = b"" if receipt is None else msgpack.encode(receipt)
        cluster = self._call("forget", slice_of(place), number_of(place), id, blob)
        return cluster is None

    def forgotten(self, place: int) -> Command:
        """The command that takes its number out too."""
        return self._command("forgotten", slice_of(place), number_of(place))

    def trim(self, hours: float, slice: int) -> None:
        """Delete events that are older than `hours`, the beginning of `slice`; new ones only."""
        done, _, last = (self._get("HGET", "trimmed", "to") or b"").partition(b":")
        after = int(last) if done == b"%d" % slice else 0
        while told := self._get("XRANGE", "events", f"{after + 1}-0", "+", "COUNT", _SCANNED):
            old = [p for p, fields in told if _before(_decode(fields[b"e"], Event), hours)]
            if old:
                self._get("XDEL", "events", *old)
            after = int(told[-1][0].partition(b"-")[0])
            self._get("HSET", "trimmed", "to", f"{slice}:{after}")

    def expired(self, slice: int) -> int:
        """The number up to which the articles of a slice are gone."""
        return int(self._get("HGET", "expired", slice) or 0)

    def prune(self, slice: int, first: int, last: int) -> int:
        """Take the articles `first` to `last` of a slice out; how many there were."""
        places = range(slice << SLICE_BITS | first, (slice << SLICE_BITS | last) + 1)
        while True:
            ids = sorted({id for id in self.memberships(places) if id is not None})
            losing = [c for c in self.clusters(ids) if c is not None] if ids else []
            losing = list({c.id: c for c in losing}.values())
            left = [tuple(m for m in c.members if m not in places) for c in losing]
            header = (slice, first, last, [c.id for c in losing], [c.version for c in losing])
            states = [
                msgpack.encode(replace(c, version=c.version + 1, members=members))
                if members else b""
                for c, members in zip(losing, left, strict=True)
            ]  # fmt: skip
            gone = int(self._call("prune", msgpack.encode(header), *states))
            if gone >= 0:
                return gone

    def close(self, slice: int, number: int) -> bool:
        """End a slice whose articles below `number` are gone; False where others came."""
        return bool(self._call("close", slice, number))


def slices_in(told: Any) -> dict[int, int]:
    """Slices, ascending, with their number of groups, as the server tells them."""
    pairs = told.items() if isinstance(told, dict) else zip(told[::2], told[1::2], strict=True)
    return dict(sorted((int(slice), int(groups)) for slice, groups in pairs))


def hash_of(id: str) -> bytes:
    """What an id is known by: 128 bits of BLAKE2b, which nobody can make collide."""
    return blake2b(id.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _packed(place: int) -> bytes:
    return struct.pack(">iI", slice_of(place), number_of(place))


def _before(event: Event, hours: float) -> bool:
    return event.hours is not None and event.hours < hours


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")


def _decode(blob: bytes, type: Any) -> Any:
    try:
        return msgpack.decode(blob, type=type)
    except (DecodeError, ValidationError, UnicodeDecodeError) as error:
        raise IndexDamaged(f"an entry of the index cannot be read: {error}") from error
