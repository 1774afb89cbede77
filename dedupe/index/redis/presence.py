"""Which buckets have anything in them, as a process remembers it: the others need not be read.

A short article looks into 288 buckets, and finds somebody in one of seven. For each slice that it
reads much, a process keeps a Bloom filter of the buckets that have members (Bloom 1970, "Space/time
trade-offs in hash coding with allowable errors"), with one hash function: an eighth of the bits is
set at most, so of eight empty buckets one is read in vain. A filter begins with one pass over the
slice, made when as many groups have been read there singly as the pass reads.

What is entered later, by whomever, stands in a stream of the newest articles. Who enters an article
appends to its buckets, then to the stream, then reads the stream, then the buckets: of two that
are entered at once, at least one finds the other. Who has fallen behind the end of the stream, or
meets a server that has lost some of it, forgets its filters and begins again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedupe.kernel import kernel

KEPT = 8192  # articles in the stream, about
BITS = 8  # of a filter for each entry, at least
_LEAST, _MOST = 1 << 20, 1 << 29  # bits of a filter: 128 KiB to 64 MiB
_FILTERS = 4  # slices with one; what is read lies within a window, in two or three
_WORTH = 1.0  # how much of what a pass reads is read in vain before it is made
_MIX = np.uint64(0x9E3779B97F4A7C15)  # 2**64 over the golden ratio: Knuth, TAOCP 3, section 6.4


@kernel
def _bit(key: np.uint32, band: int, shift: np.uint64) -> np.uint64:
    return ((np.uint64(key) | np.uint64(band) << np.uint64(32)) * _MIX) >> shift


@kernel
def _mark(
    bits: NDArray[np.uint64],
    keys: NDArray[np.uint32],
    bands: NDArray[np.int32],
    shift: np.uint64,
) -> None:
    for i in range(len(keys)):
        bit = _bit(keys[i], bands[i], shift)
        bits[bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))


@kernel
def _look(
    bits: NDArray[np.uint64],
    keys: NDArray[np.uint32],
    rows: NDArray[np.int64],
    shift: np.uint64,
    found: NDArray[np.bool_],
) -> None:
    """Whether the buckets of some rows of keys (n, bands) have members, into rows of `found`."""
    for at in range(len(rows)):
        for band in range(keys.shape[1]):
            bit = _bit(keys[rows[at], band], band, shift)
            word = bits[bit >> np.uint64(6)]
            found[at, band] = (word >> (bit & np.uint64(63))) & np.uint64(1) != 0


@kernel
def meeting(
    keys: NDArray[np.uint32],
    slots: NDArray[np.int64],
    articles: NDArray[np.int64],
    at: NDArray[np.int64],
    found: NDArray[np.bool_],
) -> None:
    """Which buckets another of the same batch enters: set in `found` (visits, bands).

    Articles with `keys` (n, bands) enter the slices `slots`, 0 being none; visit v is of article
    `articles[v]` to slice `at[v]`.
    """
    room = 2
    while room < 2 * len(keys):
        room *= 2
    first = np.empty(room, np.int64)
    several = np.empty(room, np.bool_)
    for band in range(keys.shape[1]):
        first[:] = -1
        for i in range(len(keys)):
            if slots[i] == 0:
                continue
            cell = _cell(keys, slots[i], i, band, first, slots)
            several[cell] = first[cell] >= 0
            if first[cell] < 0:
                first[cell] = i
        for v in range(len(articles)):
            i = articles[v]
            cell = _cell(keys, at[v], i, band, first, slots)
            found[v, band] |= first[cell] >= 0 and (several[cell] or first[cell] != i)


@kernel
def _cell(
    keys: NDArray[np.uint32],
    slot: int,
    row: int,
    band: int,
    first: NDArray[np.int64],
    slots: NDArray[np.int64],
) -> np.int64:
    """Where the bucket of a row in a slice stands, or would: open addressing."""
    key, mask = keys[row, band], len(first) - 1
    cell = np.int64((np.uint64(key) * _MIX) >> np.uint64(40)) & np.int64(mask)
    while first[cell] >= 0 and (keys[first[cell], band] != key or slots[first[cell]] != slot):
        cell = (cell + 1) & np.int64(mask)
    return cell


class Filter:
    """A Bloom filter of the buckets of one slice."""

    def __init__(self, entries: int, *, everything: bool = False) -> None:
        """With room for twice as many entries as there are; or one that takes all for known."""
        size = _LEAST
        while size < min(_MOST, 2 * BITS * entries):
            size *= 2
        self._bits = np.full(size // 64, ~np.uint64(0) if everything else 0, np.uint64)
        self._shift = np.uint64(64 - size.bit_length() + 1)
        self._entries = 0

    @property
    def full(self) -> bool:
        """Whether a larger one would say more."""
        bits = 64 * len(self._bits)
        return bits < BITS * self._entries and bits < _MOST

    def mark(self, keys: NDArray[np.uint32], bands: NDArray[np.int32]) -> None:
        """Know buckets as ones that have members."""
        self._entries += len(keys)
        _mark(self._bits, keys, bands, self._shift)

    def look(self, keys: NDArray[np.uint32], rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(rows, bands): whether there may be members in the buckets of rows of keys (n, bands)."""
        found = np.empty((len(rows), keys.shape[1]), np.bool_)
        _look(self._bits, keys, rows, self._shift, found)
        return found


class Presence:
    """The filters of a process, by slice, and how far it has read the stream."""

    def __init__(self, bands: int) -> None:
        self._bands = np.arange(bands, dtype=np.int32)
        self._filters: dict[int, Filter] = {}  # the one used last is the last
        self._unknown = Filter(
            0, everything=True
        )  # of slices that have none: there may be anything
        self._read: dict[int, int] = {}  # visits that read all, by slice
        self.position: bytes | None = None  # newest entry of the stream that is known

    def worth(self, slices: dict[int, int]) -> list[int]:
        """Slices, of these with their numbers of groups, that have been read for as much as a pass
        costs, or whose filter has grown too small.
        """
        return [
            slice
            for slice, groups in slices.items()
            if (self._filters[slice].full if slice in self._filters else self._due(slice, groups))
        ]

    def _due(self, slice: int, groups: int) -> bool:
        return self._read.get(slice, 0) >= _WORTH * groups

    def begin(
        self,
        slice: int,
        articles: int,
        entries: Iterable[tuple[NDArray[np.uint32], NDArray[np.int32]]],
    ) -> None:
        """Begin a filter with the entries of a slice: keys and bands, some at a time.

        They are read after `position` was; `articles` is about how many there are.
        """
        made = Filter(articles * len(self._bands))
        for keys, bands in entries:
            made.mark(keys, bands)
        self._filters.pop(slice, None)
        self._filters[slice] = made
        while len(self._filters) > _FILTERS:
            del self._filters[next(iter(self._filters))]

    def said(self, slices: Sequence[int], keys: NDArray[np.uint32]) -> list[bytes]:
        """What stands in the stream of articles with keys (n, bands) that enter slices."""
        rows = keys.astype("<u4", copy=False)
        return [
            slice.to_bytes(4, "little", signed=True) + row.tobytes()
            for slice, row in zip(slices, rows, strict=True)
        ]

    def hear(self, entries: Sequence[tuple[bytes, Sequence[bytes]]], own: set[bytes]) -> bool:
        """Take in the stream from `position` on, without what is one's own.

        False where a part of it is gone, or an entry is none that this index writes: nothing is
        known any more.
        """
        others = [said[1] for id, said in entries[1:] if id not in own]
        width = 4 * (len(self._bands) + 1)
        if not entries or entries[0][0] != self.position or any(len(b) != width for b in others):
            self.forget()
            return False
        self.position = entries[-1][0]
        if others:
            told = np.frombuffer(b"".join(others), "<i4").reshape(len(others), -1)
            self.enter(told[:, 0], told[:, 1:].view("<u4"))
        return True

    def enter(self, slices: NDArray[Any], keys: NDArray[np.uint32]) -> None:
        """Know articles with keys (n, bands) as entered."""
        for slice in np.unique(slices).tolist():
            mine = np.ascontiguousarray(keys[slices == slice]).astype(np.uint32, copy=False)
            found = self._filters.get(slice, self._unknown)
            found.mark(mine.ravel(), np.tile(self._bands, len(mine)))

    def look(
        self, slice: int, keys: NDArray[np.uint32], rows: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """(rows, bands): which buckets of rows of keys (n, bands) may have members in a slice."""
        if slice in self._filters:
            self._filters[slice] = self._filters.pop(slice)
        else:
            self._read[slice] = self._read.get(slice, 0) + len(rows)
        return self._filters.get(slice, self._unknown).look(keys, rows)

    def forget(self) -> None:
        """Know nothing any more, nor when a pass is worth it: who falls behind would repeat it."""
        self._filters.clear()
        self._read.clear()
        self.position = None
