"""Buckets on Redis: packed for scripts that fill and read them, unpacked into candidates.

The buckets of a band in one slice are spread over a power of two of groups; a group is one string
of 6-byte entries (lua/group.lua says more). Few long strings cost less than many short ones: what
takes the time is finding a key in memory, not reading on.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec import msgpack
from numpy.typing import NDArray

from dedupe.banding import most_shared
from dedupe.index.base import SLICE_BITS
from dedupe.index.redis.connecting import Command, Store, script
from dedupe.index.redis.keys import GROUPS, Keys
from dedupe.index.redis.members import ENTRY, Members
from dedupe.index.redis.presence import KEPT, Presence
from dedupe.index.redis.visits import SCRIPT, Asked, Visits, name_of
from dedupe.index.redis.wire import LOUD, QUIET, Wire, command

SCRIPTS = [SCRIPT, script("leave", "group"), script("drop"), script("trim", "group")]
_WORK = 8 * 144  # bands of articles in one call, a few milliseconds of the server
_DROPPED = 4096  # groups that one call deletes
_PASSED = 256  # groups of every band that a pass over a slice reads at once
_ERRORS = re.compile(rb"total_error_replies:(\d+)")
_NO_PLACES = np.empty(0, np.int64)
_NO_HITS = np.empty(0, np.int32)


class Shared(NamedTuple):
    """What an article's buckets say."""

    candidates: NDArray[np.int64]
    hits: NDArray[np.int32]
    capped: int


NOTHING = Shared(_NO_PLACES, _NO_HITS, 0)


class Buckets:
    """The buckets of all slices. `live` maps slices to their number of groups in each band."""

    def __init__(self, store: Store, keys: Keys, bands: int, depth: int) -> None:
        self._store, self._keys = store, keys
        self.bands, self._depth = bands, depth
        self.bounds = [bands * group // GROUPS for group in range(GROUPS + 1)]
        self.roots = keys.roots
        self._wire = Wire(self.roots, self.bounds)
        self.presence = Presence(bands)
        self._entered = keys.ledger + b"entered"  # the stream

    def meet(
        self, asked: Sequence[Asked], live: dict[int, int], most: int, after: Sequence[Command]
    ) -> tuple[list[Shared], list[Any]]:
        """Write the buckets of those that enter, then read the buckets of all.

        `after` are commands that must not run before all is written; their replies come second.
        """
        if not asked:
            return [], self._store.ask_all(after)
        if self._store.clustered:
            return self._by_scripts(asked, live, most, after)
        visits = Visits(self.bounds, 0, asked, (0, GROUPS), live)
        self._learn({s: live[s] for s in visits.slices})
        found = self._read(visits, self._write(visits))
        if found.missing.any():  # something is in the way of writing; the scripts will say what
            # And it is said again: who has begun a filter meanwhile found it half written.
            saying = [self._saying(entry) for entry in visits.said(self.presence)]
            told, replies = self._by_scripts(asked, live, most, [*saying, *after])
            return told, replies[len(saying) :]
        replies = self._store.ask_all(after)
        return self._told(asked, [visits], [found], most), replies

    def _by_scripts(
        self, asked: Sequence[Asked], live: dict[int, int], most: int, after: Sequence[Command]
    ) -> tuple[list[Shared], list[Any]]:
        parts = list(self._parts(asked, live))
        enters = any(each.enters for each in asked)
        if enters and len(parts) == 1:
            commands = [parts[0].command(self.roots, True, True)]
        else:
            if enters:
                writing = [part.command(self.roots, True, False) for part in parts]
                self._store.ask_all(writing)
            commands = [part.command(self.roots, False, True) for part in parts]
        replies = self._store.ask_all([*commands, *after])
        told = [
            part.members(*_taken(reply), self._depth)
            for part, reply in zip(parts, replies[: len(parts)], strict=True)
        ]
        return self._told(asked, parts, told, most), replies[len(parts) :]

    # ---- without scripts -------------------------------------------------------------------------

    def _write(self, visits: Visits) -> NDArray[np.bool_]:
        """Enter articles and say so in the stream; which buckets are to be read then.

        The server is told to keep quiet while it appends. How many errors it counts says whether
        all was well; where it was not, what was written is read to see.
        """
        presence, position = self.presence, self.presence.position
        said = visits.said(presence)
        blob, replies = b"", 0
        if said:
            info = command(b"INFO", b"stats")
            blob = info + QUIET + visits.appends(self._wire) + LOUD + info
            blob += b"".join(command(*self._saying(entry)) for entry in said)
            replies = 3 + len(said)
        if position is not None:
            blob += command(b"XRANGE", self._entered, position, b"+")
            replies += 1
        told = self._store.send(blob, replies) if replies else []
        heard = position is None or presence.hear(told.pop(), set(told[3:]))
        wanted = visits.wanted(presence)
        if not heard or (said and not _unharmed(told[0], told[2])):
            wanted[:] = True
        return wanted

    def _saying(self, entry: bytes) -> tuple[bytes, ...]:
        """The command that puts an article into the stream."""
        return b"XADD", self._entered, b"MAXLEN", b"~", b"%d" % KEPT, b"*", b"e", entry

    def _read(self, visits: Visits, wanted: NDArray[np.bool_]) -> Members:
        groups = self._groups_of(*visits.gets(self._wire, wanted))
        lengths = np.full(wanted.size, -1, np.int64)
        lengths[wanted.ravel()] = np.fromiter(map(len, groups), np.int64, len(groups))
        data = np.frombuffer(b"".join(groups), np.uint8)
        return visits.members(data, lengths, self._depth)

    def _groups_of(self, blob: bytes, replies: int) -> list[bytes]:
        if not replies:
            return []
        told = self._store.send(blob, replies)
        return [group or b"" for reply in told for group in reply]

    def _learn(self, live: dict[int, int]) -> None:
        """Pass over slices that have been read for as much as that costs."""
        presence = self.presence
        worth = presence.worth(live)
        if worth and presence.position is None:
            newest = self._store.ask("XREVRANGE", self._entered, "+", "-", "COUNT", 1)
            presence.position = newest[0][0] if newest else None
        if presence.position is not None:
            for slice in worth:
                held = self._store.ask("HGET", self._keys.ledger + b"live", slice)
                presence.begin(slice, int(held or 0), self._entries(slice, live[slice]))

    def _entries(
        self, slice: int, groups: int
    ) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.int32]]]:
        """The keys of all entries of a slice and their bands, some at a time."""
        bits = groups.bit_length() - 1
        name = np.frombuffer(name_of(slice), np.uint8)
        for low in range(0, groups, _PASSED):
            numbers = np.arange(low, min(groups, low + _PASSED), dtype=np.uint32)
            named = numbers.astype("<u4")[:, None].view(np.uint8)[:, None, :2]
            shape = (len(numbers), self.bands)
            gets = self._wire.gets(
                np.broadcast_to(name, (len(numbers), 4)),
                np.broadcast_to(named, (*shape, 2)),
                np.ones(shape, np.bool_),
            )
            held = self._groups_of(*gets)
            counts = np.fromiter(map(len, held), np.int64, len(held)) // ENTRY
            entries = np.frombuffer(b"".join(held), np.uint8).reshape(-1, ENTRY).astype(np.uint32)
            rests = entries[:, 0] | entries[:, 1] << 8 | entries[:, 2] << 16
            group = np.repeat(np.repeat(numbers, self.bands), counts)
            bands = np.repeat(np.tile(np.arange(self.bands, dtype=np.int32), len(numbers)), counts)
            yield (rests << np.uint32(bits) | group).astype(np.uint32), bands

    # ---- going away ------------------------------------------------------------------------------

    def leave(self, place: int, low: bytes, groups: int) -> None:
        """Take an article out. `low` has the low byte of its key in each band."""
        slice, number = place >> SLICE_BITS, place & 0xFFFFFF
        sha = SCRIPTS[1][0]
        self._store.ask_all([
            (
                "EVALSHA", sha, 1, root, name_of(slice), first, self._depth, groups // 256,
                number.to_bytes(3, "little"), low[first:last],
            )
            for root, first, last in self._spans() if last > first
        ])  # fmt: skip

    def drop(self, slice: int, groups: int) -> None:
        """Delete the buckets of a slice."""
        sha = SCRIPTS[2][0]
        commands: list[Command] = []
        for root, begin, end in self._spans():
            for band in range(begin, end):
                name = name_of(slice) + band.to_bytes(2, "little")
                for low in range(0, groups, _DROPPED):
                    high = min(groups, low + _DROPPED) - 1
                    commands.append(("EVALSHA", sha, 1, root, name, low, high))
        commands += [("HDEL", root + b"capped", name_of(slice)) for root in self._keys.roots]
        for at in range(0, len(commands), GROUPS):
            self._store.ask_all(commands[at : at + GROUPS])

    def _spans(self) -> Iterator[tuple[bytes, int, int]]:
        """Each slot group's root with its first band and the first of the next."""
        return zip(self.roots, self.bounds, self.bounds[1:], strict=False)

    def pushed(self) -> int:
        """Entries that were pushed out of full buckets."""
        told = self._store.ask_all([("HVALS", root + b"capped") for root in self._keys.roots])
        return sum(int(count) for counts in told for count in counts)

    def _parts(self, asked: Sequence[Asked], live: dict[int, int]) -> Iterator[Visits]:
        """Calls of bounded work: on one server over all bands, on a cluster over a slot group."""
        spans = [(0, GROUPS)]
        if self._store.clustered:
            spans = [(group, group + 1) for group in range(GROUPS)]
        for low, high in spans:
            bands = self.bounds[high] - self.bounds[low]
            if bands:
                step = max(1, _WORK // bands)
                for at in range(0, len(asked), step):
                    yield Visits(self.bounds, at, asked[at : at + step], (low, high), live)

    def _told(
        self, asked: Sequence[Asked], parts: list[Visits], told: list[Members], most: int
    ) -> list[Shared]:
        """The candidates of each article, out of the members of its buckets."""
        owners, places = [], []
        full = np.zeros(len(asked), np.int64)
        after: list[Command] = []
        for part, found in zip(parts, told, strict=True):
            owners.append(np.repeat(part.at + part.articles, found.counts))
            places.append(found.places)
            np.add.at(full, part.at + part.articles, found.full)
            after += self._crowding(part, found)
        if after:
            self._store.ask_all(after)
        owner, place = np.concatenate(owners), np.concatenate(places)
        if len(parts) > 1:
            order = np.argsort(owner, kind="stable")
            owner, place = owner[order], place[order]
        ends = np.searchsorted(owner, np.arange(len(asked) + 1)).tolist()
        return [
            Shared(*_ranked(place[begin:end], each.place, most), over)
            for each, begin, end, over in zip(asked, ends, ends[1:], full.tolist(), strict=False)
        ]

    def _crowding(self, part: Visits, found: Members) -> Iterator[Command]:
        """What is to be done about full buckets: count what was pushed out, cut the longest."""
        for visit in np.flatnonzero(found.pushed).tolist():
            name, count = part.name_of(visit), int(found.pushed[visit])
            yield "HINCRBY", self._keys.roots[part.low] + b"capped", name, count
        sha = SCRIPTS[3][0]
        for visit, band in found.long.tolist():
            root = bisect_right(self.bounds, part.first_band + band) - 1
            group, bucket = part.bucket(visit, band)
            key = b"b" + part.name_of(visit) + (part.first_band + band).to_bytes(2, "little")
            yield "EVALSHA", sha, 1, self._keys.roots[root], self._depth, key + group, bucket


def _ranked(
    places: NDArray[np.int64], own: int, most: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """dedupe.banding.most_shared: the kernel as mypy sees it has no type."""
    candidates, hits = most_shared(places, own, most)
    return candidates, hits


def low_bytes(keys: NDArray[np.uint32]) -> bytes:
    """What is kept of an article's keys, so that its buckets can be found when it is removed."""
    return (keys & 0xFF).astype(np.uint8).tobytes()


def _taken(reply: list[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The reply of the script: the groups end to end, and their lengths."""
    return np.frombuffer(reply[0], np.uint8), _ints(reply[1])


def _ints(packed: bytes) -> NDArray[np.int64]:
    return np.array(msgpack.decode(packed, type=list[int]), np.int64)


def _unharmed(before: bytes, after: bytes) -> bool:
    """Whether a server has answered no error between two INFOs, as far as it says."""
    counts = [_ERRORS.findall(told) for told in (before, after)]
    return bool(counts[0]) and counts[0] == counts[1]
