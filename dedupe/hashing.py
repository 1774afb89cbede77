"""xxh32 in the kernel, so that a signature's elements can be hashed again by anyone with xxhash.

Specification: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md (XXH32).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

_P1 = np.uint32(2654435761)
_P2 = np.uint32(2246822519)
_P3 = np.uint32(3266489917)
_P4 = np.uint32(668265263)
_P5 = np.uint32(374761393)


@njit(inline="always")
def _rotate(x: np.uint32, r: int) -> np.uint32:
    return np.uint32((x << np.uint32(r)) | (x >> np.uint32(32 - r)))


@intrinsic
def _word(context: Any, data: Any, at: Any) -> Any:
    """Four bytes of a uint8 array as one unaligned little-endian load, without a bounds check."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        byte = cgutils.gep_inbounds(builder, array.data, args[1])
        word = builder.load(builder.bitcast(byte, ir.IntType(32).as_pointer()))
        word.align = 1
        return word

    return types.uint32(data, types.intp), generate


@njit(inline="always")
def _round(lane: np.uint32, word: np.uint32) -> np.uint32:
    return np.uint32(_rotate(np.uint32(lane + np.uint32(word * _P2)), 13) * _P1)


@njit(inline="always")
def xxh32(data: NDArray[np.uint8], start: int, end: int, seed: np.uint32) -> np.uint32:
    """XXH32 of `data[start:end]`: equal to `xxhash.xxh32_intdigest(bytes, seed)`."""
    i = start
    seed = np.uint32(seed)
    if end - start >= 16:
        v1 = np.uint32(np.uint32(seed + _P1) + _P2)
        v2 = np.uint32(seed + _P2)
        v3 = seed
        v4 = np.uint32(seed - _P1)
        while i + 16 <= end:
            v1 = _round(v1, _word(data, i))
            v2 = _round(v2, _word(data, i + 4))
            v3 = _round(v3, _word(data, i + 8))
            v4 = _round(v4, _word(data, i + 12))
            i += 16
        h = np.uint32(
            np.uint32(_rotate(v1, 1) + _rotate(v2, 7))
            + np.uint32(_rotate(v3, 12) + _rotate(v4, 18))
        )
    else:
        h = np.uint32(seed + _P5)
    h = np.uint32(h + np.uint32(end - start))
    while i + 4 <= end:
        h = np.uint32(h + np.uint32(_word(data, i) * _P3))
        h = np.uint32(_rotate(h, 17) * _P4)
        i += 4
    while i < end:
        h = np.uint32(h + np.uint32(np.uint32(data[i]) * _P5))
        h = np.uint32(_rotate(h, 11) * _P1)
        i += 1
    h = np.uint32(np.uint32(h ^ (h >> np.uint32(15))) * _P2)
    h = np.uint32(np.uint32(h ^ (h >> np.uint32(13))) * _P3)
    return np.uint32(h ^ (h >> np.uint32(16)))
