"""What a source repeats across its articles, learned in bounded memory.

Each article that has a passage testifies that it is boilerplate, by the share of its text that is
its own: words in passages that no other article of the source has. So a footer under ten different
stories is boilerplate after a few of them, and the sentences of one article that is published ten
times, or updated ten times, are not: hardly anything else in it is its own.

Both counts are count-min sketches (Cormode & Muthukrishnan 2005) of sums that do not depend on the
order in which articles come. Where two passages collide, one looks less rare than it is and its
article testifies to less: a table that is too small learns less, and at last nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xxhash
from numba import njit
from numpy.typing import NDArray

from dedupe.kernel import kernel
from dedupe.text.passages import UNLEARNED, Passages

LEAST_TESTIMONY = 4.0  # in articles; each testifies to at most 1
_STEPS = 64  # of the testimony of one article
_LEAST = int(LEAST_TESTIMONY * _STEPS)
_ROWS = 2
_MIXERS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_SMALLEST = 1 << 12


class Boilerplate:
    """Learns which passages each source repeats. Of a fixed size, for any number of articles."""

    def __init__(self, passages: int = 1 << 20) -> None:
        """Make room for about so many different passages, at 12 to 24 bytes each."""
        cells = _SMALLEST
        while cells < 2 * passages:
            cells *= 2
        self._articles = np.zeros((_ROWS, cells), dtype=np.uint8)
        self.testimony = np.zeros((_ROWS, cells), dtype=np.uint16)

    def see(self, passages: Passages) -> None:
        """Count the articles that have each passage, for all articles before any testifies."""
        _learn(*passages, self._articles, self.testimony, False)

    def testify(self, passages: Passages) -> None:
        """Let articles that were seen testify."""
        _learn(*passages, self._articles, self.testimony, True)

    def repeated(self, passages: Passages) -> NDArray[np.bool_]:
        """Which of the passages are boilerplate of their source."""
        sources = np.repeat(passages.sources, passages.counts)
        found = np.zeros(len(sources), dtype=np.bool_)
        _repeated(self.testimony, sources, passages.hashes, found)
        return found

    def decay(self, factor: float) -> None:
        """Forget: multiply every count by `factor`, 0 to 1, rounding down.

        Raises ValueError for a factor outside that range.
        """
        if not 0.0 <= factor <= 1.0:
            raise ValueError("a decay factor lies between 0 and 1")
        self._articles = (self._articles * factor).astype(np.uint8)
        self.testimony = (self.testimony * factor).astype(np.uint16)


def source_hash(source: str | None) -> int:
    """A source as the learner knows it; 0 is none. Case does not matter."""
    if not source:
        return 0
    return xxhash.xxh3_64_intdigest(source.casefold().encode("utf-8", "surrogatepass")) or 1


@njit(inline="always")
def _cell(source: np.uint64, passage: np.uint32, row: int, cells: int) -> Any:
    key = (source ^ np.uint64(passage)) * _MIXERS[row]
    key = (key ^ (key >> np.uint64(32))) * _MIXERS[1 - row]
    return np.int64(key >> np.uint64(20)) & (cells - 1)


@njit(inline="always")
def _least(table: NDArray[np.uint16], source: np.uint64, passage: np.uint32) -> Any:
    cells = table.shape[1]
    first = np.int64(table[0, _cell(source, passage, 0, cells)])
    return min(first, np.int64(table[1, _cell(source, passage, 1, cells)]))


@njit(inline="always")
def _add(table: NDArray[Any], source: np.uint64, passage: np.uint32, n: int, most: int) -> None:
    for row in range(_ROWS):
        at = _cell(source, passage, row, table.shape[1])
        table[row, at] = min(most, np.int64(table[row, at]) + n)


@njit(nogil=True)
def mark_repeated(
    testimony: NDArray[np.uint16],
    source: np.uint64,
    passages: NDArray[np.uint32],
    count: int,
    found: NDArray[np.bool_],
) -> int:
    """Say in `found` which of `count` passages are boilerplate of the source; return how many."""
    if source == 0 or testimony.shape[1] == 0:
        return 0
    repeated = 0
    for p in range(count):
        found[p] = passages[p] != UNLEARNED and _least(testimony, source, passages[p]) >= _LEAST
        repeated += found[p]
    return repeated


@kernel
def _repeated(
    testimony: NDArray[np.uint16],
    sources: NDArray[np.uint64],
    hashes: NDArray[np.uint32],
    found: NDArray[np.bool_],
) -> None:
    for p in range(len(hashes)):
        mark_repeated(testimony, sources[p], hashes[p:], 1, found[p:])


@kernel
def _learn(
    sources: NDArray[np.uint64],
    counts: NDArray[np.int32],
    hashes: NDArray[np.uint32],
    words: NDArray[np.uint16],
    articles: NDArray[np.uint8],
    testimony: NDArray[np.uint16],
    testify: bool,
) -> None:
    low: Any = np.int64(0)
    for i in range(len(sources)):
        high = low + np.int64(counts[i])
        share = 1
        if testify:
            own = 0
            total = 0
            for p in range(low, high):
                total += words[p]
                if hashes[p] != UNLEARNED and _least(articles, sources[i], hashes[p]) < 2:
                    own += words[p]
            share = own * _STEPS // max(1, total)
        for p in range(low, high):
            if sources[i] == 0 or share == 0:
                break
            if hashes[p] == UNLEARNED or _stands(hashes, low, p):
                continue
            if not testify:
                _add(articles, sources[i], hashes[p], 1, 255)
            elif _least(articles, sources[i], hashes[p]) > 1:
                _add(testimony, sources[i], hashes[p], share, 65535)
        low = high


@njit(inline="always")
def _stands(hashes: NDArray[np.uint32], low: int, p: int) -> bool:
    """Whether an earlier passage of the article is the same."""
    for q in range(low, p):
        if hashes[q] == hashes[p]:
            return True
    return False
