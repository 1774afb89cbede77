"""What a source repeats across its articles, learned in bounded memory.

Each article that has a segment testifies that it is boilerplate, by the share of its text that is
its own: words in segments that no other article of the source has. So a footer under ten different
stories is boilerplate after a few of them, and the sentences of one article that is published ten
times, or updated ten times, are not: hardly anything else in it is its own.

Both counts are count-min sketches (Cormode & Muthukrishnan 2005) of sums that do not depend on the
order in which articles come. Where two segments collide, one looks less rare than it is and its
article testifies to less: a table that is too small learns less, and at last nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.kernel import kernel

LEAST_TESTIMONY = 4.0  # in articles; each testifies to at most 1
UNLEARNED = 0  # the hash of a segment that is too short to be learned
LEARNED_WORDS = 4  # a shorter sentence is not learned, unless it is a line of its own
_STEPS = 64  # of the testimony of one article
_ROWS = 2
_MIXERS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_SMALLEST = 1 << 12


class Segments(NamedTuple):
    """The segments of n articles, end to end: article i has `bounds[i]` to `bounds[i + 1]`."""

    sources: NDArray[np.uint64]  # (n,) a hash of the source; 0 is none, of which nothing is learned
    bounds: NDArray[np.int64]  # (n + 1,)
    hashes: NDArray[np.uint32]  # xxh32 of the normalised bytes, or UNLEARNED
    tokens: NDArray[np.int32]


class Boilerplate:
    """Learns which segments each source repeats. Of a fixed size, for any number of articles."""

    def __init__(self, segments: int = 1 << 20) -> None:
        """Make room for about so many different segments, at 12 to 24 bytes each."""
        cells = _SMALLEST
        while cells < 2 * segments:
            cells *= 2
        self._articles = np.zeros((_ROWS, cells), dtype=np.uint8)
        self._testimony = np.zeros((_ROWS, cells), dtype=np.uint16)

    def see(self, segments: Segments) -> None:
        """Count the articles that have each segment, for all articles before any testifies."""
        _see(*segments, self._articles)

    def testify(self, segments: Segments) -> None:
        """Let articles that were seen testify."""
        _testify(*segments, self._articles, self._testimony)

    def repeated(self, segments: Segments) -> NDArray[np.bool_]:
        """Which of the segments are boilerplate of their source."""
        found = np.zeros(len(segments.hashes), dtype=np.bool_)
        _repeated(*segments[:3], self._testimony, int(LEAST_TESTIMONY * _STEPS), found)
        return found

    def decay(self, factor: float) -> None:
        """Forget: multiply every count by `factor`, 0 to 1, rounding down.

        Raises ValueError for a factor outside that range.
        """
        if not 0.0 <= factor <= 1.0:
            raise ValueError("a decay factor lies between 0 and 1")
        self._articles = (self._articles * factor).astype(np.uint8)
        self._testimony = (self._testimony * factor).astype(np.uint16)


@njit(inline="always")
def _cell(source: np.uint64, segment: np.uint32, row: int, cells: int) -> Any:
    key = (source ^ np.uint64(segment)) * _MIXERS[row]
    key = (key ^ (key >> np.uint64(32))) * _MIXERS[1 - row]
    return np.int64(key >> np.uint64(20)) & (cells - 1)


@njit(inline="always")
def _least(table: NDArray[np.uint16], source: np.uint64, segment: np.uint32) -> Any:
    cells = table.shape[1]
    first = np.int64(table[0, _cell(source, segment, 0, cells)])
    return min(first, np.int64(table[1, _cell(source, segment, 1, cells)]))


@njit(inline="always")
def _add(table: NDArray[Any], source: np.uint64, segment: np.uint32, n: int, most: int) -> None:
    for row in range(_ROWS):
        at = _cell(source, segment, row, table.shape[1])
        table[row, at] = min(most, np.int64(table[row, at]) + n)


@kernel
def _see(
    sources: NDArray[np.uint64],
    bounds: NDArray[np.int64],
    hashes: NDArray[np.uint32],
    tokens: NDArray[np.int32],
    articles: NDArray[np.uint8],
) -> None:
    for i in range(len(sources)):
        if sources[i] == 0:
            continue
        own = np.sort(hashes[bounds[i] : bounds[i + 1]])
        for s in range(len(own)):
            if own[s] != UNLEARNED and (s == 0 or own[s] != own[s - 1]):
                _add(articles, sources[i], own[s], 1, 255)


@kernel
def _testify(
    sources: NDArray[np.uint64],
    bounds: NDArray[np.int64],
    hashes: NDArray[np.uint32],
    tokens: NDArray[np.int32],
    articles: NDArray[np.uint8],
    testimony: NDArray[np.uint16],
) -> None:
    for i in range(len(sources)):
        if sources[i] == 0:
            continue
        own = 0
        total = 0
        for s in range(bounds[i], bounds[i + 1]):
            total += tokens[s]
            if hashes[s] != UNLEARNED and _least(articles, sources[i], hashes[s]) < 2:
                own += tokens[s]
        share = own * _STEPS // max(1, total)
        if share == 0:
            continue
        distinct = np.sort(hashes[bounds[i] : bounds[i + 1]])
        for s in range(len(distinct)):
            if distinct[s] == UNLEARNED or (s > 0 and distinct[s] == distinct[s - 1]):
                continue
            if _least(articles, sources[i], distinct[s]) > 1:
                _add(testimony, sources[i], distinct[s], share, 65535)


@kernel
def _repeated(
    sources: NDArray[np.uint64],
    bounds: NDArray[np.int64],
    hashes: NDArray[np.uint32],
    testimony: NDArray[np.uint16],
    least: int,
    found: NDArray[np.bool_],
) -> None:
    for i in range(len(sources)):
        if sources[i] == 0:
            continue
        for s in range(bounds[i], bounds[i + 1]):
            if hashes[s] != UNLEARNED:
                found[s] = _least(testimony, sources[i], hashes[s]) >= least
