"""Buckets on Redis: packed for scripts that fill and read them, unpacked into candidates.

The buckets of a band in one slice are spread over a power of two of groups; a group is one string
of 6-byte entries (lua/group.lua says more). Few long strings cost less than many short ones: what
takes the time is finding a key in memory, not reading on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from msgspec import msgpack
from numpy.typing import NDArray

from dedupe.banding import most_shared
from dedupe.errors import IndexDamaged
from dedupe.index.base import SLICE_BITS
from dedupe.index.redis.connecting import Command, Store, script
from dedupe.index.redis.keys import GROUPS, Keys
from dedupe.index.redis.members import ENTRY, Members, members
from dedupe.index.redis.wire import LOUD, QUIET, Wire

SCRIPTS = [script("buckets"), script("leave", "group"), script("drop"), script("trim", "group")]
_WORK = 8 * 144  # bands of articles in one call, a few milliseconds of the server
_DROPPED = 4096  # groups that one call deletes
_NO_PLACES = np.empty(0, np.int64)
_NO_HITS = np.empty(0, np.int32)


class Asked(NamedTuple):
    """An article whose buckets are filled or read."""

    keys: NDArray[np.uint32]  # (bands,)
    place: int  # -1: it is only probed
    near: tuple[int, int]
    enters: bool


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
        self.wire = Wire(self.roots, self.bounds)

    def meet(
        self, asked: Sequence[Asked], live: dict[int, int], most: int, after: Sequence[Command]
    ) -> tuple[list[Shared], list[Any]]:
        """Write the buckets of those that enter, then read the buckets of all.

        `after` are commands that must not run before all is written; their replies come second.
        """
        if not asked:
            return [], self._store.ask_all(after)
        if not self._store.clustered:
            part = _Part(self, 0, list(asked), 0, GROUPS, live)
            found = part.members(*self._sent(part), self._depth)
            if not found.missing.any():
                replies = self._store.ask_all(after)
                return self._told(asked, [part], [found], most), replies
            # Something is in the way of writing; the scripts will say what.
        parts = list(self._parts(asked, live))
        enters = any(each.enters for each in asked)
        if enters and len(parts) == 1:
            commands = [parts[0].command(self, True, True)]
        else:
            if enters:
                self._store.ask_all([part.command(self, True, False) for part in parts])
            commands = [part.command(self, False, True) for part in parts]
        replies = self._store.ask_all([*commands, *after])
        told = [
            part.members(*_taken(reply), self._depth)
            for part, reply in zip(parts, replies[: len(parts)], strict=True)
        ]
        return self._told(asked, parts, told, most), replies[len(parts) :]

    def _sent(self, part: _Part) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Write and read without scripts: the groups of all visits end to end, their lengths."""
        writing = part.appends(self)
        blob = (QUIET + writing + LOUD if writing else b"") + part.gets(self)
        replies = self._store.send(blob, bool(writing) + len(part.articles))
        groups = [group or b"" for reply in replies[bool(writing) :] for group in reply]
        lengths = np.fromiter(map(len, groups), np.int64, len(groups))
        return np.frombuffer(b"".join(groups), np.uint8), lengths

    def leave(self, place: int, low: bytes, groups: int) -> None:
        """Take an article out. `low` has the low byte of its key in each band."""
        slice, number = place >> SLICE_BITS, place & 0xFFFFFF
        sha = SCRIPTS[1][0]
        self._store.ask_all([
            (
                "EVALSHA", sha, 1, root, _name(slice), first, self._depth, groups // 256,
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
                name = _name(slice) + band.to_bytes(2, "little")
                for low in range(0, groups, _DROPPED):
                    high = min(groups, low + _DROPPED) - 1
                    commands.append(("EVALSHA", sha, 1, root, name, low, high))
        commands += [("HDEL", root + b"capped", _name(slice)) for root in self._keys.roots]
        for at in range(0, len(commands), GROUPS):
            self._store.ask_all(commands[at : at + GROUPS])

    def _spans(self) -> Iterator[tuple[bytes, int, int]]:
        """Each slot group's root with its first band and the first of the next."""
        return zip(self.roots, self.bounds, self.bounds[1:], strict=False)

    def pushed(self) -> int:
        """Entries that were pushed out of full buckets."""
        told = self._store.ask_all([("HVALS", root + b"capped") for root in self._keys.roots])
        return sum(int(count) for counts in told for count in counts)

    def _parts(self, asked: Sequence[Asked], live: dict[int, int]) -> Iterator[_Part]:
        """Calls of bounded work: on one server over all bands, on a cluster over a slot group."""
        spans = [(0, GROUPS)]
        if self._store.clustered:
            spans = [(group, group + 1) for group in range(GROUPS)]
        for low, high in spans:
            bands = self.bounds[high] - self.bounds[low]
            if bands:
                step = max(1, _WORK // bands)
                for at in range(0, len(asked), step):
                    yield _Part(self, at, list(asked[at : at + step]), low, high, live)

    def _told(
        self, asked: Sequence[Asked], parts: list[_Part], told: list[Members], most: int
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

    def _crowding(self, part: _Part, found: Members) -> Iterator[Command]:
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


class _Part:
    """Some articles, some slot groups: what one call works on."""

    def __init__(
        self,
        buckets: Buckets,
        at: int,
        asked: list[Asked],
        low: int,
        high: int,
        live: dict[int, int],
    ) -> None:
        self.at, self.asked, self.low, self.high, self.live = at, asked, low, high, live
        own = [each.place >> SLICE_BITS for each in asked]
        first, last = min(e.near[0] for e in asked), max(e.near[1] for e in asked)
        wanted = {s for e, s in zip(asked, own, strict=True) if e.enters}
        self.slices = sorted(s for s in live if first <= s <= last or s in wanted)
        at_slice = {s: i + 1 for i, s in enumerate(self.slices)}
        slices = np.array(self.slices, np.int64)
        self.slot = [at_slice[s] if e.enters else 0 for e, s in zip(asked, own, strict=True)]
        near = np.array([each.near for each in asked], np.int64)
        first_near = np.searchsorted(slices, near[:, 0], "left") + 1
        last_near = np.searchsorted(slices, near[:, 1], "right")
        visits = [
            (i, s, True)
            for i, (f, t) in enumerate(zip(first_near.tolist(), last_near.tolist(), strict=True))
            for s in range(f, t + 1)
        ]
        near_ones = {visit[:2] for visit in visits}
        # Where an article is entered far from all it is compared with, only to count.
        visits += [(i, s, False) for i, s in enumerate(self.slot) if s and (i, s) not in near_ones]
        articles, at_slices, counted = zip(*visits, strict=True) if visits else ((), (), ())
        self.articles = np.array(articles, np.int64)
        self._at = np.array(at_slices, np.int64)  # slices visited, from 1
        self._counted = np.array(counted, np.bool_)
        bounds = buckets.bounds[low : high + 1]
        self.first_band, self._bounds = bounds[0], bounds
        self._keys = np.stack([each.keys[bounds[0] : bounds[-1]] for each in asked])
        self._numbers = np.array([each.place & 0xFFFFFF for each in asked], np.uint32)

    def name_of(self, visit: int) -> bytes:
        """The name of the slice that is visited."""
        return _name(self.slices[int(self._at[visit]) - 1])

    def bucket(self, visit: int, band: int) -> tuple[bytes, bytes]:
        """What names the group that is visited, and the bucket in it."""
        groups = self.live[self.slices[int(self._at[visit]) - 1]]
        key = int(self._keys[self.articles[visit], band])
        group, rest = key & (groups - 1), key >> (groups.bit_length() - 1)
        return group.to_bytes(2, "little"), (rest & 0xFFFFFF).to_bytes(3, "little")

    def command(self, buckets: Buckets, writes: bool, reads: bool) -> Command:
        """The call. See lua/buckets.lua."""
        spreads = sorted({self.live[s] for s in self.slices})
        first = 2 + len(self.slices)
        header = (
            writes, reads, self._bounds, [first + spreads.index(self.live[s]) for s in self.slices],
            self.slot, (self.articles + 1).tolist(), self._at.tolist(),
        )  # fmt: skip
        return (
            "EVALSHA", SCRIPTS[0][0], self.high - self.low,
            *buckets.roots[self.low : self.high], msgpack.encode(header),
            *map(_name, self.slices),
            *(_blocks(self._keys, self._numbers, groups) for groups in spreads),
        )  # fmt: skip

    def appends(self, buckets: Buckets) -> bytes:
        """Commands that enter the articles."""
        rows = np.flatnonzero(self.slot)
        if not len(rows):
            return b""
        at = np.array(self.slot, np.int64)[rows]
        entries = np.empty((len(rows), self._keys.shape[1], ENTRY), np.uint8)
        entries[..., :3] = _bytes(self._rests(self._keys[rows], at))[..., :3]
        entries[..., 3:] = _bytes(self._numbers[rows])[:, None, :3]
        groups = self._groups(self._keys[rows], at)
        return buckets.wire.appends(self._names(at), groups, entries)

    def gets(self, buckets: Buckets) -> bytes:
        """Commands that read the groups of all visits."""
        groups = self._groups(self._keys[self.articles], self._at)
        return buckets.wire.gets(self._names(self._at), groups)

    def _names(self, at: NDArray[np.int64]) -> NDArray[np.uint8]:
        names = np.frombuffer(b"".join(map(_name, self.slices)), np.uint8).reshape(-1, 4)
        return names[at - 1]

    def _spreads(self, at: NDArray[np.int64]) -> NDArray[np.uint32]:
        """The numbers of groups in these slices."""
        return np.array([self.live[s] for s in self.slices], np.uint32)[at - 1]

    def _groups(self, keys: NDArray[np.uint32], at: NDArray[np.int64]) -> NDArray[np.uint8]:
        return _bytes(keys & (self._spreads(at) - np.uint32(1))[:, None])[..., :2]

    def _rests(self, keys: NDArray[np.uint32], at: NDArray[np.int64]) -> NDArray[np.uint32]:
        """What tells a bucket from others in its group."""
        bits = np.log2(self._spreads(at)).astype(np.uint32)
        return (keys >> bits[:, None]) & np.uint32(0xFFFFFF)

    def members(self, data: NDArray[np.uint8], lengths: NDArray[np.int64], depth: int) -> Members:
        """Who is in the groups read. Raises IndexDamaged for some that dedupe did not write."""
        if (lengths % ENTRY).any():
            raise IndexDamaged("a bucket holds what dedupe did not write; use another namespace")
        rests = self._rests(self._keys[self.articles], self._at)
        bases = np.array(self.slices, np.int64)[self._at - 1] << SLICE_BITS
        own = self._numbers[self.articles].astype(np.int64)
        enters = np.array(self.slot, np.int64)[self.articles] == self._at
        return Members(*members(data, lengths, rests, own, enters, self._counted, bases, depth))


def _ranked(
    places: NDArray[np.int64], own: int, most: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """dedupe.banding.most_shared: the kernel as mypy sees it has no type."""
    candidates, hits = most_shared(places, own, most)
    return candidates, hits


def low_bytes(keys: NDArray[np.uint32]) -> bytes:
    """What is kept of an article's keys, so that its buckets can be found when it is removed."""
    return (keys & 0xFF).astype(np.uint8).tobytes()


def _blocks(keys: NDArray[np.uint32], numbers: NDArray[np.uint32], groups: int) -> bytes:
    """Group, bucket in the group and member of every article and band, in 2, 3 and 3 bytes."""
    blocks = np.empty((*keys.shape, 8), np.uint8)
    blocks[..., :2] = _bytes(keys & np.uint32(groups - 1))[..., :2]
    blocks[..., 2:5] = _bytes(keys >> np.uint32(groups.bit_length() - 1))[..., :3]
    blocks[..., 5:] = _bytes(numbers)[:, None, :3]
    return blocks.tobytes()


def _bytes(values: NDArray[np.uint32]) -> NDArray[np.uint8]:
    return values.astype("<u4")[..., None].view(np.uint8)


def _name(slice: int) -> bytes:
    return slice.to_bytes(4, "big", signed=True)


def _taken(reply: list[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The reply of the script: the groups end to end, and their lengths."""
    return np.frombuffer(reply[0], np.uint8), _ints(reply[1])


def _ints(packed: bytes) -> NDArray[np.int64]:
    return np.array(msgpack.decode(packed, type=list[int]), np.int64)
