"""Buckets in the memory of the process, for backends that have no server to keep them.

Each bucket of a slice keeps its newest `depth` members. A band's buckets are one open-addressing
table from key to newest member; every member leads to the one before it in its bucket. A bucket
counts its members: what stands further back in the chain has been pushed out, and never returns.
Filling and reading are numba kernels that go band by band, so that the misses of a batch overlap.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from dedupe.banding import most_shared
from dedupe.index.base import SLICE_BITS, slice_of
from dedupe.kernel import kernel

# An entry of a table: key · 2**32 + (newest member + 1) · 2**7 + members · 2 + whether it was full.
# 0 is free. A bucket once made keeps its entry, also when it has lost all members.
_DEEPEST = 63
_MOST = (1 << 25) - 2  # articles of a slice that an entry can name
_ROOM = 64  # articles that a slice begins with; a table has at least twice as many entries
_NUMBER = (1 << SLICE_BITS) - 1

_T = TypeVar("_T", bound=np.generic)


class Cut(NamedTuple):
    """A bucket that had pushed a member out when an article left: what it has kept since."""

    band: int
    key: int
    members: int


class Shared(NamedTuple):
    """What an article's buckets say."""

    candidates: NDArray[np.int64]  # places that share most buckets, best first
    hits: NDArray[np.int32]  # buckets that each of them shares
    capped: int  # buckets that had more members than are kept


@kernel
def _entry(key: np.uint32, newest: int, members: int, full: int) -> np.uint64:
    """What stands in a table."""
    low = np.uint64((newest + 1) << 7 | members << 1 | full)
    return np.uint64(key) << np.uint64(32) | low


@kernel
def _newest(entry: np.uint64) -> np.int64:
    return np.int64(entry >> np.uint64(7) & np.uint64(0x1FFFFFF)) - 1


@kernel
def _members(entry: np.uint64) -> np.int64:
    return np.int64(entry >> np.uint64(1) & np.uint64(63))


@kernel
def _full(entry: np.uint64) -> np.int64:
    return np.int64(entry & np.uint64(1))


@kernel
def _find(entries: NDArray[np.uint64], key: np.uint32) -> np.int64:
    """Where the key's entry is, or would be."""
    mask = len(entries) - 1
    at = np.int64(key) & mask
    while entries[at] != 0 and np.uint32(entries[at] >> np.uint64(32)) != key:
        at = (at + 1) & mask
    return at


@kernel
def _enter(
    table: NDArray[np.uint64],
    chain: NDArray[np.int32],
    keys: NDArray[np.uint32],
    first: int,
    last: int,
    depth: int,
    used: NDArray[np.int64],
) -> int:
    """Put the articles `first` to `last` into their buckets; returns how many pushed one out."""
    pushed = 0
    for band in range(len(table)):
        entries = table[band]
        for i in range(first, last):
            key = keys[i, band]
            at = _find(entries, key)
            entry = entries[at]
            if entry == 0:
                chain[i, band] = -1
                used[band] += 1
                members, full = 1, 0
            else:
                chain[i, band] = _newest(entry)
                members, full = _members(entry) + 1, _full(entry)
            if members > depth:
                members, full = depth, 1
                pushed += 1
            entries[at] = _entry(key, i, members, full)
    return pushed


@kernel
def _grow(old: NDArray[np.uint64], new: NDArray[np.uint64]) -> None:
    for band in range(len(old)):
        for entry in old[band]:
            if entry != 0:
                new[band, _find(new[band], np.uint32(entry >> np.uint64(32)))] = entry


@kernel
def _leave(
    table: NDArray[np.uint64], chain: NDArray[np.int32], keys: NDArray[np.uint32], own: int
) -> NDArray[np.int64]:
    """Take an article out of its buckets; the cuts that this makes, a line each."""
    cuts = np.empty((len(table), 3), dtype=np.int64)
    made = 0
    for band in range(len(table)):
        at = _find(table[band], keys[own, band])
        entry = table[band, at]
        newest = _newest(entry)
        members, full = _members(entry), _full(entry)
        member, newer = newest, np.int64(-1)
        walked = 0
        while walked < members and member != own:
            member, newer = np.int64(chain[member, band]), member
            walked += 1
        if walked < members:  # it was not pushed out before
            members -= 1
            if newer >= 0:
                chain[newer, band] = chain[own, band]
            elif chain[own, band] >= 0:
                newest = np.int64(chain[own, band])
        if full:
            cuts[made, 0], cuts[made, 1], cuts[made, 2] = band, keys[own, band], members
            made += 1
        table[band, at] = _entry(keys[own, band], newest, members, full if members else 0)
    return cuts[:made].copy()


@kernel
def _cut(table: NDArray[np.uint64], cuts: NDArray[np.int64]) -> None:
    for i in range(len(cuts)):
        band, key, members = cuts[i, 0], np.uint32(cuts[i, 1]), cuts[i, 2]
        at = _find(table[band], key)
        if table[band, at] != 0:
            table[band, at] = _entry(key, _newest(table[band, at]), members, 1 if members else 0)


@kernel
def _read(
    table: NDArray[np.uint64],
    chain: NDArray[np.int32],
    numbers: NDArray[np.uint32],
    base: int,
    keys: NDArray[np.uint32],
    near: NDArray[np.bool_],
    members: NDArray[np.int64],
    filled: NDArray[np.int64],
    capped: NDArray[np.int64],
) -> None:
    """Append the members of every article's buckets in one slice, for those it is near to."""
    bands = len(table)
    for i in range(len(keys)):
        if not near[i]:
            continue
        at = filled[i]
        for band in range(bands):
            entry = table[band, _find(table[band], keys[i, band])]
            capped[i] += _full(entry)
            member = _newest(entry)
            for _ in range(_members(entry)):
                members[i, at] = base | np.int64(numbers[member])
                at += 1
                member = np.int64(chain[member, band])
        filled[i] = at


@kernel
def _rank(
    members: NDArray[np.int64],
    filled: NDArray[np.int64],
    own: NDArray[np.int64],
    most: int,
    places: NDArray[np.int64],
    hits: NDArray[np.int32],
    found: NDArray[np.int64],
) -> None:
    for i in range(len(filled)):
        best, shared = most_shared(members[i, : filled[i]], own[i], most)
        found[i] = len(best)
        places[i, : len(best)] = best
        hits[i, : len(best)] = shared


class _Slice:
    """The buckets of one slice; articles are counted from 0, in the order in which they entered."""

    def __init__(self, bands: int, room: int) -> None:
        room = max(room, _ROOM)
        self.n = 0
        self.numbers = np.empty(room, np.uint32)  # of the articles' places
        self.keys = np.empty((room, bands), np.uint32)
        self.chain = np.empty((room, bands), np.int32)  # the member before; -1: none
        self.table = np.zeros((bands, _capacity(room)), np.uint64)
        self.used = np.zeros(bands, np.int64)  # entries of each band

    def append(self, numbers: NDArray[np.uint32], keys: NDArray[np.uint32], depth: int) -> int:
        first, self.n = self.n, self.n + len(numbers)
        if self.n > _MOST:
            raise ValueError(f"a time slice holds at most {_MOST:,} articles; make slices shorter")
        if self.n > len(self.numbers):
            room = max(self.n, len(self.numbers) * 3 // 2)
            self.numbers = _longer(self.numbers, first, room)
            self.keys = _longer(self.keys, first, room)
            self.chain = _longer(self.chain, first, room)
        needed = _capacity(int(self.used.max()) + len(numbers))
        if needed > self.table.shape[1]:
            table = np.zeros((len(self.table), needed), np.uint64)
            _grow(self.table, table)
            self.table = table
        self.numbers[first : self.n] = numbers
        self.keys[first : self.n] = keys
        pushed = _enter(self.table, self.chain, self.keys, first, self.n, depth, self.used)
        return int(pushed)


class Buckets:
    """The buckets of some slices: `enter` and `leave` in the order in which it happened."""

    def __init__(self, bands: int, depth: int) -> None:
        if not 1 <= depth <= _DEEPEST:
            raise ValueError(f"a bucket keeps 1 to {_DEEPEST} members")
        self.bands = bands
        self.depth = depth
        self._slices: dict[int, _Slice] = {}
        self._members = np.empty((0, 0), np.int64)  # room for what is read, used again

    def enter(
        self, slice: int, places: Sequence[int] | NDArray[np.int64], keys: NDArray[np.uint32]
    ) -> int:
        """Put articles of one slice, keys (n, bands), into buckets; how many pushed one out."""
        mine = self._slices.get(slice)
        if mine is None:
            mine = self._slices[slice] = _Slice(self.bands, len(places))
        numbers = (np.asarray(places, np.int64) & _NUMBER).astype(np.uint32)
        return mine.append(numbers, keys, self.depth)

    def leave(self, place: int) -> list[Cut]:
        """Take an article out, if it is in any bucket."""
        mine = self._slices.get(slice_of(place))
        if mine is None:
            return []
        own = np.flatnonzero(mine.numbers[: mine.n] == np.uint32(place & _NUMBER))
        if not len(own):
            return []
        cuts = _leave(mine.table, mine.chain, mine.keys, int(own[-1]))
        mine.numbers[own] = _NUMBER  # no place has it
        return [Cut(*cut) for cut in cuts.tolist()]

    def cut(self, slice: int, cuts: Sequence[Cut]) -> None:
        """Do to buckets that were filled without the article what its leaving did to them."""
        if cuts and (mine := self._slices.get(slice)) is not None:
            _cut(mine.table, np.array(cuts, np.int64))

    def drop(self, slice: int) -> None:
        """Forget a slice."""
        self._slices.pop(slice, None)

    def slices(self) -> list[int]:
        """The slices that have buckets."""
        return sorted(self._slices)

    def shared(
        self,
        keys: NDArray[np.uint32],
        near: Sequence[tuple[int, int]],
        own: Sequence[int],
        most: int,
    ) -> list[Shared]:
        """The articles that share most buckets with each of some, keys (n, bands), in its near
        slices. Of equals the highest place is first; `own` places are left out.
        """
        n = len(keys)
        if not n:
            return []
        first, last = np.array(near, np.int64).reshape(n, 2).T
        live = [s for s in self.slices() if np.any((first <= s) & (s <= last))]
        room = len(live) * self.bands * self.depth
        if self._members.shape[0] < n or self._members.shape[1] < room:
            self._members = np.empty((n, room), np.int64)
        filled, capped, found = np.zeros((3, n), np.int64)
        for s in live:
            mine, wanted = self._slices[s], (first <= s) & (s <= last)
            _read(
                mine.table, mine.chain, mine.numbers, s << SLICE_BITS,
                keys, wanted, self._members, filled, capped,
            )  # fmt: skip
        places, hits = np.empty((n, most), np.int64), np.empty((n, most), np.int32)
        _rank(self._members, filled, np.array(own, np.int64), most, places, hits, found)
        return [
            Shared(places[i, :k].copy(), hits[i, :k].copy(), c)
            for i, (k, c) in enumerate(zip(found.tolist(), capped.tolist(), strict=True))
        ]


def stack(keys: Iterable[NDArray[np.uint32]], bands: int) -> NDArray[np.uint32]:
    """The keys of several articles as one array (n, bands), C-contiguous."""
    rows = list(keys)
    return np.stack(rows).astype(np.uint32, copy=False) if rows else np.empty((0, bands), np.uint32)


def _capacity(n: int) -> int:
    """A power of two that n entries fill to at most three quarters."""
    return max(2 * _ROOM, 1 << (n * 4 // 3).bit_length())


def _longer(array: NDArray[_T], n: int, room: int) -> NDArray[_T]:
    longer = np.empty((room, *array.shape[1:]), array.dtype)
    longer[:n] = array[:n]
    return longer
