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
LONGEST = 500  # terms of an article, at most
UNIT = 65_535.0  # a weight of 1, as it is stored
CROWD = 1000.0  # articles that a crowd is counted in, at least
CROWD_STEPS = 16.0  # to one unit of the natural logarithm
_STEPS = 32.0  # stored steps to one unit of zipf
_LEAD_WORDS = 300.0  # of a typical article, for the language's document frequency


class Vectors(NamedTuple):
    """Unit vectors of n articles, end to end: article i is `bounds[i]` to `bounds[i + 1]`."""

    bounds: NDArray[np.int64]  # (n + 1,)
    terms: NDArray[np.uint32]  # ascending within an article
    weights: NDArray[np.uint16]  # · UNIT; of Euclidean length 1 together
    crowds: NDArray[np.uint8]  # how many other articles have the term, in steps of its logarithm
    kinds: NDArray[np.uint8]  # bits of dedupe.text.tokens and dedupe.similarity.features


@kernel
def document_frequencies(
    bounds: NDArray[np.int64], terms: NDArray[np.uint32], counted: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """For every entry of `terms`, in how many articles its term stands (once in each).

    Only the articles that are `counted` (n,) count, but no term counts for nothing.
    """
    capacity = 1 << 12
    keys = np.zeros(capacity, dtype=np.uint32)
    counts = np.zeros(capacity, dtype=np.int32)
    distinct = 0
    for article in np.flatnonzero(counted):
        for term in terms[bounds[article] : bounds[article + 1]]:
            at = _slot(keys, counts, term)
            if counts[at] == 0:
                keys[at] = term
                distinct += 1
            counts[at] += 1
        if 4 * (distinct + LONGEST) > 3 * capacity:  # more room, everything moved
            old_keys, old_counts = keys, counts
            capacity *= 4
            keys = np.zeros(capacity, dtype=np.uint32)
            counts = np.zeros(capacity, dtype=np.int32)
            for k in range(len(old_keys)):
                if old_counts[k] > 0:
                    moved = _slot(keys, counts, old_keys[k])
                    keys[moved] = old_keys[k]
                    counts[moved] = old_counts[k]
    frequencies = np.empty(len(terms), dtype=np.int32)
    for t in range(len(terms)):
        frequencies[t] = max(1, counts[_slot(keys, counts, terms[t])])
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
def language_share(zipf: int) -> float:
    """The share of articles that a term of this commonness is in: 1 - exp(-words · 10^(z - 9))."""
    return 1.0 - math.exp(-_LEAD_WORDS * 10.0 ** (zipf / _STEPS - 9.0))


@njit(nogil=True)
def term_weight(tf: int, zipf: int, frequency: float, n: float) -> float:
    """How much a term tells: by its frequency in the lead and its rarity twice over.

    (1 + ln tf) · (7 - zipf) · -ln p, with p the share of articles that have the term: `frequency`
    of the `n` in the window, and the language's share, which counts for PRIOR_ARTICLES more.
    """
    z = zipf / _STEPS
    share = (frequency + PRIOR_ARTICLES * language_share(zipf)) / (n + PRIOR_ARTICLES)
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
) -> NDArray[np.uint16]:
    """The weights of all articles' terms, each article's vector of length UNIT."""
    weights = np.empty(len(tfs), dtype=np.uint16)
    longest = 0
    for i in range(len(bounds) - 1):
        longest = max(longest, bounds[i + 1] - bounds[i])
    exact = np.empty(longest, dtype=np.float64)
    for i in range(len(bounds) - 1):
        start, end = bounds[i], bounds[i + 1]
        total = 0.0
        for t in range(start, end):
            exact[t - start] = term_weight(tfs[t], zipfs[t], frequencies[t], n)
            total += exact[t - start] * exact[t - start]
        scale = UNIT / math.sqrt(total) if total > 0.0 else 0.0
        for t in range(start, end):
            weights[t] = np.uint16(exact[t - start] * scale + 0.5)
    return weights


@kernel
def crowds(zipfs: NDArray[np.uint8], frequencies: NDArray[np.int32], n: float) -> NDArray[np.uint8]:
    """How many articles besides a pair that shares a term have it: ln(0.1 + that) in steps.

    As in `term_weight` the language speaks for PRIOR_ARTICLES; a window of fewer than CROWD
    articles is taken as so many. Two articles alone are no crowd, whatever they share, and a term
    that is in every article of a large window is one.
    """
    steps = np.empty(len(zipfs), dtype=np.uint8)
    others = max(n - 2.0, 0.0)
    for t in range(len(zipfs)):
        expected = max(frequencies[t] - 2, 0) + PRIOR_ARTICLES * language_share(zipfs[t])
        crowd = expected / (others + PRIOR_ARTICLES) * max(others + PRIOR_ARTICLES, CROWD)
        steps[t] = min(255, round(CROWD_STEPS * (math.log(0.1 + crowd) - math.log(0.1))))
    return steps
