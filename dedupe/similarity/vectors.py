"""Story vectors: terms weighted by their rarity in the language and in the window."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.kernel import kernel

# The language's own document frequencies count as much as this many articles of the window: with
# two articles alone they decide, in a feed of thousands the feed does.
PRIOR_ARTICLES = 100.0
CEILING = 7.0  # zipf at which a word weighs nothing
_STEPS = 32.0  # stored steps to one unit of zipf
_LEAD_WORDS = 300.0  # of a typical article, for the language's document frequency


class Vectors(NamedTuple):
    """Unit vectors of n articles, end to end: article i is `bounds[i]` to `bounds[i + 1]`."""

    bounds: NDArray[np.int64]  # (n + 1,)
    terms: NDArray[np.uint32]  # ascending within an article
    weights: NDArray[np.float32]  # of Euclidean length 1 together
    kinds: NDArray[np.uint8]  # bits of dedupe.text.tokens


@kernel
def document_frequencies(terms: NDArray[np.uint32]) -> NDArray[np.int32]:
    """For every entry of `terms`, in how many articles its term stands (once in each)."""
    capacity = 1 << 12
    keys = np.zeros(capacity, dtype=np.uint32)
    counts = np.zeros(capacity, dtype=np.int32)
    distinct = 0
    for term in terms:
        at = _slot(keys, counts, term)
        if counts[at] == 0:
            keys[at] = term
            distinct += 1
        counts[at] += 1
        if 2 * distinct > capacity:  # twice the room, everything moved
            old_keys, old_counts = keys, counts
            capacity *= 2
            keys = np.zeros(capacity, dtype=np.uint32)
            counts = np.zeros(capacity, dtype=np.int32)
            for k in range(len(old_keys)):
                if old_counts[k] > 0:
                    moved = _slot(keys, counts, old_keys[k])
                    keys[moved] = old_keys[k]
                    counts[moved] = old_counts[k]
    frequencies = np.empty(len(terms), dtype=np.int32)
    for t in range(len(terms)):
        frequencies[t] = counts[_slot(keys, counts, terms[t])]
    return frequencies


@njit(inline="always")
def _slot(keys: NDArray[np.uint32], counts: NDArray[np.int32], key: np.uint32) -> Any:
    """Where a key stands in an open-addressing table, or the free slot where it would."""
    mask = len(keys) - 1
    at: Any = np.int64(key) & mask  # keys are hashes already
    while counts[at] > 0 and keys[at] != key:
        at = (at + 1) & mask
    return at


@njit(nogil=True)
def term_weight(tf: int, zipf: int, frequency: float, n: float) -> float:
    """How much a term tells: by its frequency in the lead and its rarity twice over.

    (1 + ln tf) · (7 - zipf) · -ln p, with p the share of articles that have the term: `frequency`
    of the `n` in the window, and the language's share, 1 - exp(-words · 10^(zipf - 9)), which
    counts for PRIOR_ARTICLES more.
    """
    z = zipf / _STEPS
    in_language = 1.0 - math.exp(-_LEAD_WORDS * 10.0 ** (z - 9.0))
    share = (frequency + PRIOR_ARTICLES * in_language) / (n + PRIOR_ARTICLES)
    if z >= CEILING or share >= 1.0:
        return 0.0
    return (1.0 + math.log(tf)) * (CEILING - z) * -math.log(share)


@kernel
def unit_weights(
    bounds: NDArray[np.int64],
    tfs: NDArray[np.uint8],
    zipfs: NDArray[np.uint8],
    frequencies: NDArray[np.int32],
    n: float,
) -> NDArray[np.float32]:
    """The weights of all articles' terms, each article's vector of length 1."""
    weights = np.empty(len(tfs), dtype=np.float32)
    for i in range(len(bounds) - 1):
        total = 0.0
        for t in range(bounds[i], bounds[i + 1]):
            weights[t] = term_weight(tfs[t], zipfs[t], frequencies[t], n)
            total += weights[t] * weights[t]
        if total > 0.0:
            scale = np.float32(1.0 / math.sqrt(total))
            for t in range(bounds[i], bounds[i + 1]):
                weights[t] *= scale
    return weights
