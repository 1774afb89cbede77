"""Story vectors: terms weighted by rarity in the language and in the window."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Articles in the window at which the window's own document frequencies have half the say: with a
# handful they mean nothing, and the language's frequencies stand alone.
HALF_TRUST = 100.0
TYPICAL_RARITY = 5.0  # ln(N / df) of a telling word in a window of some thousands


class Vectors(NamedTuple):
    """Unit vectors of n articles, end to end: article i is `bounds[i]` to `bounds[i + 1]`."""

    bounds: NDArray[np.int64]  # (n + 1,)
    terms: NDArray[np.uint32]  # ascending within an article
    weights: NDArray[np.float32]  # of length 1 together
    kinds: NDArray[np.uint8]  # bits of dedupe.text.tokens


def document_frequencies(terms: NDArray[np.uint32]) -> NDArray[np.int32]:
    """For every entry of `terms`, in how many articles its term stands (a term once in each)."""
    _, inverse, counts = np.unique(terms, return_inverse=True, return_counts=True)
    return counts[inverse].astype(np.int32)


def rarity(frequencies: NDArray[np.int32], n: int) -> NDArray[np.float32]:
    """How telling a term is in a window of `n` articles, by how many of them have it.

    ln((n + 1) / df), drawn towards a constant where the window is small.
    """
    own = n * np.log((n + 1) / frequencies)
    return ((HALF_TRUST * TYPICAL_RARITY + own) / (n + HALF_TRUST)).astype(np.float32)


@njit(nogil=True, cache=True)
def to_unit(bounds: NDArray[np.int64], weights: NDArray[np.float32]) -> None:
    """Scale each article's weights, in place, to a vector of length 1."""
    for i in range(len(bounds) - 1):
        total = 0.0
        for t in range(bounds[i], bounds[i + 1]):
            total += weights[t] * weights[t]
        if total > 0.0:
            scale = np.float32(1.0 / np.sqrt(total))
            for t in range(bounds[i], bounds[i + 1]):
                weights[t] *= scale
