"""Tokenised articles put on record, to be signed again without some of their segments."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.text.tokens import BYTES_PER_CHAR

RECORD_PER_CHAR = BYTES_PER_CHAR + 1  # a token has its bytes, a space and its bits


class Record(NamedTuple):
    """The normalised articles of a batch without their fixed forms; all empty where none is kept.

    In `packed` and in the segments' arrays, the articles of a slice follow each other from where
    its first would be if every character took all of its room.
    """

    packed: NDArray[np.uint8]  # of each article the tokens, a space behind each, then their bits
    hashes: NDArray[np.uint32]  # of segments: xxh32 of the normalised bytes, or UNLEARNED
    tokens: NDArray[np.int32]  # of segments
    sizes: NDArray[np.int32]  # (n, 4) bytes, tokens, tokens of the title, segments


@njit(nogil=True)
def drop(
    bounds: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    titled: int,
    ends: NDArray[np.int32],
    segments: NDArray[np.uint32],
    count: int,
    dropped: NDArray[np.bool_],
) -> tuple[int, int]:
    """Close the ranks of tokens and segments; return how many segments and tokens are left."""
    n: Any = titled
    kept = 0
    start: Any = titled
    for s in range(count):
        end = np.int64(ends[s])
        if not dropped[s]:
            for t in range(start, end):
                bounds[n] = bounds[t]
                kinds[n] = kinds[t]
                n += 1
            ends[kept] = n
            segments[kept] = segments[s]
            kept += 1
        start = end
    return kept, n


@njit(nogil=True)
def note(
    i: int,
    data: NDArray[np.uint8],
    bounds: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    titled: int,
    n: int,
    ends: NDArray[np.int32],
    segments: NDArray[np.uint32],
    count: int,
    written: Any,
    noted: int,
    record: Record,
) -> tuple[int, int]:
    """Put what is left of an article into the record."""
    began = written
    t = 0
    while t < n:  # runs of neighbours, each token with the space behind it
        low = np.int64(bounds[t, 0])
        while t + 1 < n and bounds[t + 1, 0] == bounds[t, 1] + 1:
            t += 1
        high = np.int64(bounds[t, 1]) + 1
        record.packed[written : written + high - low] = data[low:high]
        written += high - low
        t += 1
    record.sizes[i, 0] = written - began
    record.sizes[i, 1] = n
    record.sizes[i, 2] = titled
    record.sizes[i, 3] = count
    record.packed[written : written + n] = kinds[:n]
    written += n
    for s in range(count):
        record.hashes[noted] = segments[s]
        record.tokens[noted] = ends[s] - (titled if s == 0 else ends[s - 1])
        noted += 1
    return written, noted
