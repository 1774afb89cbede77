"""Who looks into which slices, and where the buckets stand there: what one call works on.

A visit is one article in one slice, over all bands of some slot groups. A bucket is named by the
group of buckets that it is in and by what tells it from others there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec import msgpack
from numpy.typing import NDArray

from dedupe.errors import IndexDamaged
from dedupe.index.base import SLICE_BITS
from dedupe.index.redis.connecting import Command, script
from dedupe.index.redis.members import ENTRY, Members, members
from dedupe.index.redis.presence import Presence, meeting
from dedupe.index.redis.wire import Wire

SCRIPT = script("buckets")


class Asked(NamedTuple):
    """An article whose buckets are filled or read."""

    keys: NDArray[np.uint32]  # (bands,)
    place: int  # -1: it is only probed
    near: tuple[int, int]
    enters: bool


class Visits:
    """The visits of some articles over some slot groups."""

    def __init__(
        self,
        bounds: Sequence[int],
        at: int,
        asked: Sequence[Asked],
        groups: tuple[int, int],
        live: dict[int, int],
    ) -> None:
        """Of articles `asked`, the first being number `at` of all that are, to slot groups from
        the first to before the last of `groups`, whose bands end at `bounds`.
        """
        self.at, self.live = at, live
        self.low, self.high = low, high = groups
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
        self._bounds = bounds = bounds[low : high + 1]
        self.first_band = bounds[0]
        self._keys = np.stack([each.keys[bounds[0] : bounds[-1]] for each in asked])
        self._numbers = np.array([each.place & 0xFFFFFF for each in asked], np.uint32)

    def name_of(self, visit: int) -> bytes:
        """The name of the slice that is visited."""
        return name_of(self.slices[int(self._at[visit]) - 1])

    def bucket(self, visit: int, band: int) -> tuple[bytes, bytes]:
        """What names the group that is visited, and the bucket in it."""
        groups = self.live[self.slices[int(self._at[visit]) - 1]]
        key = int(self._keys[self.articles[visit], band])
        group, rest = key & (groups - 1), key >> (groups.bit_length() - 1)
        return group.to_bytes(2, "little"), (rest & 0xFFFFFF).to_bytes(3, "little")

    def command(self, roots: Sequence[bytes], writes: bool, reads: bool) -> Command:
        """A script that writes and reads. See lua/buckets.lua."""
        spreads = sorted({self.live[s] for s in self.slices})
        first = 2 + len(self.slices)
        header = (
            writes, reads, self._bounds, [first + spreads.index(self.live[s]) for s in self.slices],
            self.slot, (self.articles + 1).tolist(), self._at.tolist(),
        )  # fmt: skip
        return (
            "EVALSHA", SCRIPT[0], self.high - self.low,
            *roots[self.low : self.high], msgpack.encode(header),
            *map(name_of, self.slices),
            *(_blocks(self._keys, self._numbers, groups) for groups in spreads),
        )  # fmt: skip

    def appends(self, wire: Wire) -> bytes:
        """Commands that enter the articles."""
        rows = np.flatnonzero(self.slot)
        if not len(rows):
            return b""
        at = np.array(self.slot, np.int64)[rows]
        entries = np.empty((len(rows), self._keys.shape[1], ENTRY), np.uint8)
        entries[..., :3] = _bytes(self._rests(self._keys[rows], at))[..., :3]
        entries[..., 3:] = _bytes(self._numbers[rows])[:, None, :3]
        groups = self._groups(self._keys[rows], at)
        return wire.appends(self._names(at), groups, entries)

    def said(self, presence: Presence) -> list[bytes]:
        """What stands in the stream of the articles that enter."""
        rows = np.flatnonzero(self.slot)
        return presence.said([self.slices[self.slot[row] - 1] for row in rows], self._keys[rows])

    def wanted(self, presence: Presence) -> NDArray[np.bool_]:
        """(visits, bands): which buckets may have members but the visitor.

        From now on those that entered are known to be there.
        """
        wanted = np.empty((len(self.articles), self._keys.shape[1]), np.bool_)
        for at, slice in enumerate(self.slices, 1):
            visits = np.flatnonzero(self._at == at)
            wanted[visits] = presence.look(slice, self._keys, self.articles[visits])
        slots = np.array(self.slot, np.int64)
        meeting(self._keys, slots, self.articles, self._at, wanted)
        rows = np.flatnonzero(slots)
        presence.enter(np.array(self.slices, np.int64)[slots[rows] - 1], self._keys[rows])
        return wanted

    def gets(self, wire: Wire, wanted: NDArray[np.bool_]) -> tuple[bytes, int]:
        """Commands that read the groups of wanted buckets, and how many replies they have."""
        groups = self._groups(self._keys[self.articles], self._at)
        return wire.gets(self._names(self._at), groups, wanted)

    def _names(self, at: NDArray[np.int64]) -> NDArray[np.uint8]:
        names = np.frombuffer(b"".join(map(name_of, self.slices)), np.uint8).reshape(-1, 4)
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
        """Who is in the groups read; -1 is the length of one that was not.

        Raises IndexDamaged for some that dedupe did not write.
        """
        if (lengths[lengths > 0] % ENTRY).any():
            raise IndexDamaged("a bucket holds what dedupe did not write; use another namespace")
        rests = self._rests(self._keys[self.articles], self._at)
        bases = np.array(self.slices, np.int64)[self._at - 1] << SLICE_BITS
        own = self._numbers[self.articles].astype(np.int64)
        enters = np.array(self.slot, np.int64)[self.articles] == self._at
        return Members(*members(data, lengths, rests, own, enters, self._counted, bases, depth))


def _blocks(keys: NDArray[np.uint32], numbers: NDArray[np.uint32], groups: int) -> bytes:
    """Group, bucket in the group and member of every article and band, in 2, 3 and 3 bytes."""
    blocks = np.empty((*keys.shape, 8), np.uint8)
    blocks[..., :2] = _bytes(keys & np.uint32(groups - 1))[..., :2]
    blocks[..., 2:5] = _bytes(keys >> np.uint32(groups.bit_length() - 1))[..., :3]
    blocks[..., 5:] = _bytes(numbers)[:, None, :3]
    return blocks.tobytes()


def _bytes(values: NDArray[np.uint32]) -> NDArray[np.uint8]:
    return values.astype("<u4")[..., None].view(np.uint8)


def name_of(slice: int) -> bytes:
    """As it stands in names of groups."""
    return slice.to_bytes(4, "big", signed=True)
