"""The elements of the copy signature: shingles of consecutive words (Broder 1997, section 2)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.shingles.hashing import xxh32


@njit(nogil=True)
def word_shingles(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int32],
    first: int,
    last: int,
    size: int,
    elements: NDArray[np.uint32],
) -> int:
    """Hash every run of `size` tokens among tokens `first` to `last`; return how many.

    The tokens stand in `data` with one space between, so a shingle is a slice of it: the element
    is the words joined by a space, in UTF-8, under xxh32 with seed 0. Fewer tokens than `size`
    are one shingle; no tokens are none.
    """
    if last <= first:
        return 0
    if last - first < size:
        elements[0] = xxh32(data, bounds[first, 0], bounds[last - 1, 1], np.uint32(0))
        return 1
    count = last - first - size + 1
    for i in range(count):
        elements[i] = xxh32(
            data, bounds[first + i, 0], bounds[first + i + size - 1, 1], np.uint32(0)
        )
    return count
