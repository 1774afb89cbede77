"""How common a token is in the language that uses it most, from a shipped table.

Zipf value: log10 of the occurrences per billion words (van Heuven et al. 2014). Keys are 32-bit
hashes grouped by their upper half, so that only the lower half is stored, sorted in each group.
A token that is not in the table passes for one that is, of any value, 3 times in 10,000.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
import xxhash
from numba import njit
from numpy.typing import NDArray

UNKNOWN_ZIPF = 2.0  # of a token that is not in the table
STEPS = 32  # stored steps to one Zipf unit


class WeightTable(NamedTuple):
    """The tokens whose hash begins with the 16 bits `p` are at `offsets[p]` to `offsets[p + 1]`."""

    offsets: NDArray[np.uint32]  # 65,537, cumulative
    lows: NDArray[np.uint16]  # lower 16 bits of the hash, ascending within a group
    zipfs: NDArray[np.uint8]  # Zipf value · STEPS
    version: int  # 32 bits; names the table in the manifest of an index


@cache
def weight_table() -> WeightTable:
    """The shipped table, read once."""
    with (files("dedupe") / "data" / "weights.npz").open("rb") as file, np.load(file) as table:
        offsets = np.zeros(len(table["counts"]) + 1, dtype=np.uint32)
        np.cumsum(table["counts"], out=offsets[1:])
        return WeightTable(offsets, table["lows"], table["zipfs"], int(table["version"]))


def table_version(
    counts: NDArray[np.uint16], lows: NDArray[np.uint16], zipfs: NDArray[np.uint8]
) -> int:
    """The first 32 bits of XXH3 over the table's bytes."""
    hashed = xxhash.xxh3_64()
    for array in (counts, lows, zipfs):
        hashed.update(array.tobytes())
    return hashed.intdigest() >> 32


@njit(nogil=True)
def lookup(
    key: np.uint32,
    offsets: NDArray[np.uint32],
    lows: NDArray[np.uint16],
    zipfs: NDArray[np.uint8],
) -> int:
    """The Zipf value · STEPS of the token with this XXH32 (seed 0), or -1 if it is unknown."""
    prefix = np.int64(key) >> 16
    low = np.int64(key) & 0xFFFF
    at = np.int64(offsets[prefix])
    count = np.int64(offsets[prefix + 1]) - at
    if count == 0:
        return -1
    while count > 1:  # bisection without branches, which could not be foreseen
        half = count >> 1
        at += half * np.int64(lows[at + half] <= low)
        count -= half
    return int(zipfs[at]) if lows[at] == low else -1


def zipf(token: str) -> float | None:
    """The Zipf value of one token of the tokeniser, in 0 to 8; None if it is not in the table."""
    table = weight_table()
    prefix, low = divmod(xxhash.xxh32_intdigest(token.encode(), 0), 1 << 16)
    start, end = table.offsets[prefix : prefix + 2].tolist()
    at = start + int(np.searchsorted(table.lows[start:end], low))
    return int(table.zipfs[at]) / STEPS if at < end and table.lows[at] == low else None


@lru_cache(maxsize=1 << 16)
def estimated_zipf(token: str) -> float:
    """The Zipf value of one token; UNKNOWN_ZIPF if it is not in the table."""
    known = zipf(token)
    return UNKNOWN_ZIPF if known is None else known
