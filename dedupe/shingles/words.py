"""The elements of the copy signature: shingles of consecutive words (Broder 1997, section 2)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.hashing import xxh32

QUOTES = 4  # one in so many shingles that are wholly quoted is an element
_QUOTED = 64  # bit of dedupe.text.tokens


@njit(nogil=True)
def hash_tokens(
    data: NDArray[np.uint8], bounds: NDArray[np.int32], n: int, hashes: NDArray[np.uint32]
) -> None:
    """The xxh32 (seed 0) of the UTF-8 bytes of each of the first `n` tokens."""
    for t in range(n):
        hashes[t] = xxh32(data, bounds[t, 0], bounds[t, 1], np.uint32(0))


@njit(nogil=True)
def word_shingles(
    hashes: NDArray[np.uint32], first: int, last: int, size: int, elements: NDArray[np.uint32]
) -> int:
    """Hash every run of `size` tokens among tokens `first` to `last`; return how many.

    The element is the xxh32 (seed 0) of the tokens' own hashes, 4 little-endian bytes each: all
    shingles are of one length, which is twice as fast as hashing their letters again. Fewer
    tokens than `size` are one shingle; no tokens are none.
    """
    if last <= first:
        return 0
    packed = hashes.view(np.uint8)
    if last - first < size:
        elements[0] = xxh32(packed, 4 * first, 4 * last, np.uint32(0))
        return 1
    count = last - first - size + 1
    for i in range(first, first + count):
        elements[i - first] = xxh32(packed, 4 * i, 4 * (i + size), np.uint32(0))
    return count


@njit(nogil=True)
def thin_quotes(
    kinds: NDArray[np.uint8], first: int, count: int, size: int, elements: NDArray[np.uint32]
) -> int:
    """Of the shingles that are wholly quoted keep one in QUOTES; return how many are left.

    Kept are those whose hash is divisible by QUOTES, so that two texts with one quote keep the
    same ("0 mod m", Broder 1997, section 4). Where nothing would be left nothing is dropped.
    """
    kept = 0
    done = 0  # elements that are kept or dropped already
    last = first + count + size - 1
    t = first
    while t < last:
        start = t
        while t < last and kinds[t] & _QUOTED:
            t += 1
        low, high = start - first, t - first - size + 1  # the elements that are wholly quoted
        t += 1
        if low >= high:
            continue
        for e in range(done, high):
            if e < low or elements[e] % QUOTES == 0:
                elements[kept] = elements[e]
                kept += 1
        done = high
    if done == 0:
        return count
    for e in range(done, count):
        elements[kept] = elements[e]
        kept += 1
    return kept if kept > 0 else count
