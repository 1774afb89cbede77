"""The passages that two token sequences share: seeds on word 3-grams, extended, longest first.

Greedy tiling (Wise 1993, "String similarity via greedy string tiling and running Karp-Rabin
matching"), with all seeds found at once by sorting.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from heapq import heapify, heappop, heappush
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SHORTEST = 3  # words of a passage that has an informative one
SHORTEST_PLAIN = 5  # words of one that has none
GAP = 2  # words between two passages that make one; fewer than any passage has
_NEIGHBOURS = 4  # occurrences of a frequent 3-gram that one is paired with, on either side


class Passage(NamedTuple):
    """What both sides say, as places [start, end) in either sequence."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int


def align(
    a: Sequence[Hashable], b: Sequence[Hashable], informative: NDArray[np.bool_] | None = None
) -> list[Passage]:
    """The maximal shared passages, in the order of `a`; none overlap on either side.

    `informative` says for each token of `a` whether it tells anything; without it all do. A
    passage begins and ends with tokens that both have; in between up to GAP tokens of either
    side may differ.

    Time and memory grow with len(a) + len(b), whatever the texts: a 3-gram that comes often is
    paired only with the nine nearest of its occurrences, counted from the start on both sides.
    """
    if informative is None:
        informative = np.ones(len(a), dtype=np.bool_)
    known: dict[Hashable, int] = {}
    ids_a, ids_b = (
        np.array([known.setdefault(token, len(known)) for token in side], dtype=np.int64)
        for side in (a, b)
    )
    if min(len(a), len(b)) < SHORTEST:
        return []
    return _joined(_tiles(_matches(*_trigrams(ids_a, ids_b)), len(a), len(b), informative))


def containment(passages: Iterable[Passage], len_a: int, len_b: int) -> tuple[float, float]:
    """The share of each side's tokens that lie in passages, 0 to 1; 0 of nothing."""
    inside_a = inside_b = 0
    for passage in passages:
        inside_a += passage.a_end - passage.a_start
        inside_b += passage.b_end - passage.b_start
    return (inside_a / len_a if len_a else 0.0, inside_b / len_b if len_b else 0.0)


def _trigrams(
    ids_a: NDArray[np.int64], ids_b: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """A number for the 3-gram at every place but the last two, the same on both sides."""
    n = len(ids_a) + len(ids_b)  # more than there are tokens
    both = np.concatenate((ids_a, ids_b))
    _, pairs = np.unique(both[:-1] * n + both[1:], return_inverse=True)
    _, grams = np.unique(pairs[:-1] * n + both[2:], return_inverse=True)
    return grams[: len(ids_a) - 2], grams[len(ids_a) :]


def _matches(grams_a: NDArray[np.int64], grams_b: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Runs of equal tokens as (tokens, start in a, start in b): seeds in a row on a diagonal."""
    order_a, order_b = (np.argsort(grams, kind="stable") for grams in (grams_a, grams_b))
    sorted_a, sorted_b = grams_a[order_a], grams_b[order_b]
    low, high = (np.searchsorted(sorted_b, sorted_a, side) for side in ("left", "right"))
    occurrence = np.arange(len(order_a)) - np.searchsorted(sorted_a, sorted_a)
    shared = low < high
    left, right = [], []
    for offset in range(-_NEIGHBOURS, _NEIGHBOURS + 1):
        partner = low + occurrence + offset
        there = shared & (partner >= low) & (partner < high)
        left.append(order_a[there])
        right.append(order_b[partner[there]])
    i, j = np.concatenate(left), np.concatenate(right)
    order = np.lexsort((i, i - j))
    i, j = i[order], j[order]
    breaks = np.flatnonzero((np.diff(i) != 1) | (np.diff(j) != 1)) + 1
    starts, ends = np.r_[0, breaks], np.r_[breaks, len(i)]
    if not len(i):
        return []
    lengths = ends - starts + SHORTEST - 1
    return list(zip(lengths.tolist(), i[starts].tolist(), j[starts].tolist(), strict=True))


def _tiles(
    matches: list[tuple[int, int, int]], len_a: int, len_b: int, informative: NDArray[np.bool_]
) -> list[Passage]:
    """The longest matches first, each cut to what the longer ones have left of it.

    No tile lies strictly inside a match that is still to come, since none is shorter: it is
    enough to look at the ends.
    """
    told = np.concatenate(([0], np.cumsum(informative))).tolist()

    def worth(length: int, i: int) -> bool:
        least = SHORTEST if told[i + length] > told[i] else SHORTEST_PLAIN
        return length >= least

    heap = [(-length, i, j) for length, i, j in matches if worth(length, i)]
    heapify(heap)
    tiles: list[Passage] = []
    in_a, in_b = [-1] * len_a, [-1] * len_b  # the tile that has each token
    while heap:
        negative, i, j = heappop(heap)
        length = -negative
        start = end = 0  # to cut off
        if (tile := in_a[i]) >= 0:
            start = tiles[tile].a_end - i
        if (tile := in_b[j]) >= 0:
            start = max(start, tiles[tile].b_end - j)
        if (tile := in_a[i + length - 1]) >= 0:
            end = i + length - tiles[tile].a_start
        if (tile := in_b[j + length - 1]) >= 0:
            end = max(end, j + length - tiles[tile].b_start)
        if start or end:
            length -= start + end
            if length > 0 and worth(length, i + start):
                heappush(heap, (-length, i + start, j + start))
            continue
        in_a[i : i + length] = in_b[j : j + length] = [len(tiles)] * length
        tiles.append(Passage(i, i + length, j, j + length))
    return sorted(tiles)


def _joined(tiles: list[Passage]) -> list[Passage]:
    """Neighbours on both sides with a tiny gap between them, as one."""
    passages: list[Passage] = []
    for tile in tiles:
        if passages:
            last = passages[-1]
            gap_a, gap_b = tile.a_start - last.a_end, tile.b_start - last.b_end
            if 0 <= gap_a <= GAP and 0 <= gap_b <= GAP:
                passages[-1] = Passage(last.a_start, tile.a_end, last.b_start, tile.b_end)
                continue
        passages.append(tile)
    return passages
