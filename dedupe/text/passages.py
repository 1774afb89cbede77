"""The passages of an article that its source may repeat.

A passage is a line, or a sentence of a text that is a single line.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.hashing import xxh32
from dedupe.text.segments import ENDS

UNLEARNED = np.uint32(0)  # the hash of a passage that is too short to be learned
LEARNED_WORDS = 4  # a shorter sentence is not learned; a line is


class Passages(NamedTuple):
    """The passages of n articles, end to end."""

    sources: NDArray[np.uint64]  # (n,) a hash of the source; 0 is none, of which nothing is learned
    counts: NDArray[np.int32]  # (n,) passages of each article
    hashes: NDArray[np.uint32]  # xxh32 of the hashes of the tokens, or UNLEARNED
    words: NDArray[np.uint16]


@njit(nogil=True)
def join_lines(
    hashes: NDArray[np.uint32],
    titled: int,
    ends: NDArray[np.int32],
    marks: NDArray[np.uint8],
    count: int,
    passages: NDArray[np.uint32],
) -> int:
    """Make passages of `count` segments, in place; return how many there are.

    Passage p ends before token `ends[p]`; `passages[p]` is its hash.
    """
    by_line = False
    for s in range(count - 1):
        by_line |= marks[s] & ENDS != 0
    words = hashes.view(np.uint8)
    start: Any = np.int64(titled)
    kept = 0
    for s in range(count):
        end = np.int64(ends[s])
        if not by_line or marks[s] & ENDS or s == count - 1:
            if by_line or end - start >= LEARNED_WORDS:
                passages[kept] = xxh32(words, 4 * start, 4 * end, np.uint32(0))
            else:
                passages[kept] = UNLEARNED
            ends[kept] = end
            kept += 1
            start = end
    return kept


@njit(nogil=True)
def drop(
    bounds: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    hashes: NDArray[np.uint32],
    titled: int,
    ends: NDArray[np.int32],
    marks: NDArray[np.uint8],
    count: int,
    dropped: NDArray[np.bool_],
) -> tuple[int, int]:
    """Close the ranks of segments or passages and their tokens; return how many of each are left.

    A segment that is kept ends its line where all that followed it there is gone.
    """
    n: Any = titled
    kept = 0
    start: Any = titled
    for s in range(count):
        end = np.int64(ends[s])
        if not dropped[s]:
            if start > n:
                for t in range(start, end):
                    bounds[n + t - start] = bounds[t]
                    kinds[n + t - start] = kinds[t]
                    hashes[n + t - start] = hashes[t]
            n += end - start
            ends[kept] = n
            marks[kept] = marks[s]
            kept += 1
        elif kept > 0:
            marks[kept - 1] |= marks[s] & ENDS
        start = end
    return kept, n
