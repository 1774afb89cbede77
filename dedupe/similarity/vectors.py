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
_TABLED = 512  # frequencies below are looked up
_STEPS = 32.0  # stored steps to one unit of zipf
_LEAD_WORDS = 300.0  # of a typical article, for the language's document frequency


class Vectors(NamedTuple):
    """Unit vectors of n articles, end to end: article i is `bounds[i]` to `bounds[i + 1]`."""

    bounds: NDArray[np.int64]  # (n + 1,)
    terms: NDArray[np.uint32]  # ascending within an article
    weights: NDArray[np.uint16]  # · UNIT; of Euclidean length 1 together
    crowds: NDArray[np.uint8]  # how many other articles have the term, in steps of its logarithm
    kinds: NDArray[np.uint8]  # bits of dedupe.text.tokens and dedupe.similarity.features
    totals: NDArray[np.float32]  # (n, 4) of each article, as dedupe.similarity.features has them


class Frequencies(NamedTuple):
    """In how many articles each term stands: an open-addressing table, a power of two long."""

    terms: NDArray[np.uint32]
    counts: NDArray[np.int32]  # 0 where the slot is free


def document_frequencies(
    bounds: NDArray[np.int64], terms: NDArray[np.uint32], counted: NDArray[np.bool_]
) -> Frequencies:
    """In how many articles each term stands; only the articles that are `counted` (n,) count."""
    return Frequencies(*_count(bounds, terms, counted))


@kernel
def _count(
    bounds: NDArray[np.int64], terms: NDArray[np.uint32], counted: NDArray[np.bool_]
) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    keys = np.zeros(1 << 12, dtype=np.uint32)
    counts = np.zeros(1 << 12, dtype=np.int32)
    distinct = 0
    for article in np.flatnonzero(counted):
        for term in terms[bounds[article] : bounds[article + 1]]:
            at = _slot(keys, counts, term)
            if counts[at] == 0:
                keys[at] = term
                distinct += 1
            counts[at] += 1
        if 2 * (distinct + LONGEST) > len(keys):
            keys, counts = _doubled(keys, counts)
    return keys, counts


@njit(nogil=True)
def _doubled(
    old_keys: NDArray[np.uint32], old_counts: NDArray[np.int32]
) -> tuple[NDArray[np.uint32], NDArray[np.int32]]:
    """A table of twice the room, everything moved."""
    keys = np.zeros(2 * len(old_keys), dtype=np.uint32)
    counts = np.zeros(2 * len(old_keys), dtype=np.int32)
    for k in range(len(old_keys)):
        if old_counts[k] > 0:
            moved = _slot(keys, counts, old_keys[k])
            keys[moved] = old_keys[k]
            counts[moved] = old_counts[k]
    return keys, counts


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


def weighted(
    bounds: NDArray[np.int64],
    terms: NDArray[np.uint32],
    tfs: NDArray[np.uint8],
    zipfs: NDArray[np.uint8],
    frequencies: Frequencies,
    n: float,
) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
    """The weights of all terms, each article's vector of length UNIT, and their crowds.

    `n` articles were counted for the frequencies.
    """
    weights = np.empty(len(terms), dtype=np.uint16)
    crowds = np.empty(len(terms), dtype=np.uint8)
    _weigh(bounds, terms, tfs, zipfs, *frequencies, n, weights, crowds)
    return weights, crowds


@kernel
def _weigh(
    bounds: NDArray[np.int64],
    terms: NDArray[np.uint32],
    tfs: NDArray[np.uint8],
    zipfs: NDArray[np.uint8],
    keys: NDArray[np.uint32],
    counts: NDArray[np.int32],
    n: float,
    weights: NDArray[np.uint16],
    crowds: NDArray[np.uint8],
) -> None:
    table = _tabled(n)
    for i in range(len(bounds) - 1):
        _weigh_article(
            bounds[i], bounds[i + 1], terms, tfs, zipfs, keys, counts, n, table, weights, crowds
        )


@njit(nogil=True)
def _tabled(
    n: float,
) -> tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]]:
    """Most terms are in few articles: what depends on their frequency is looked up."""
    told = np.empty((_TABLED, 256), dtype=np.float64)
    crowded = np.empty((_TABLED, 256), dtype=np.uint8)
    for frequency in range(1, _TABLED):
        for zipf in range(256):
            told[frequency, zipf] = term_weight(1, zipf, frequency, n)
            crowded[frequency, zipf] = crowd_steps(zipf, frequency, n)
    repeated = 1.0 + np.log(np.maximum(np.arange(256), 1))
    return told, crowded, repeated, np.empty(LONGEST, dtype=np.float64)


@njit(nogil=True)
def _weigh_article(
    start: int,
    end: int,
    terms: NDArray[np.uint32],
    tfs: NDArray[np.uint8],
    zipfs: NDArray[np.uint8],
    keys: NDArray[np.uint32],
    counts: NDArray[np.int32],
    n: float,
    table: tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]],
    weights: NDArray[np.uint16],
    crowds: NDArray[np.uint8],
) -> None:
    told, crowded, repeated, exact = table
    total = 0.0
    for t in range(start, end):
        frequency = max(1, counts[_slot(keys, counts, terms[t])])
        if frequency < _TABLED:
            weight = told[frequency, zipfs[t]]
            crowds[t] = crowded[frequency, zipfs[t]]
        else:
            weight = term_weight(1, zipfs[t], frequency, n)
            crowds[t] = crowd_steps(zipfs[t], frequency, n)
        weight *= repeated[tfs[t]]
        exact[t - start] = weight
        total += weight * weight
    scale = UNIT / math.sqrt(total) if total > 0.0 else 0.0
    for t in range(start, end):
        weights[t] = np.uint16(exact[t - start] * scale + 0.5)


@njit(nogil=True)
def crowd_steps(zipf: int, frequency: float, n: float) -> int:
    """How many articles besides a pair that shares a term have it: ln(0.1 + that) in steps.

    As in `term_weight` the language speaks for PRIOR_ARTICLES; a window of fewer than CROWD
    articles is taken as so many. Two articles alone are no crowd, whatever they share, and a term
    that is in every article of a large window is one.
    """
    others = max(n - 2.0, 0.0)
    expected = max(frequency - 2.0, 0.0) + PRIOR_ARTICLES * language_share(zipf)
    crowd = expected / (others + PRIOR_ARTICLES) * max(others + PRIOR_ARTICLES, CROWD)
    return min(255, round(CROWD_STEPS * (math.log(0.1 + crowd) - math.log(0.1))))


# ---- a window that changes ----------------------------------------------------------------------


class Weighing(NamedTuple):
    """What weights of terms are looked up in while the window has about `n` articles."""

    n: float
    table: tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]]


def weighing(n: float) -> Weighing:
    """The look-up tables for a window of `n` articles; making them takes about 5 ms."""
    return Weighing(n, _look_up(n))


@kernel
def _look_up(
    n: float,
) -> tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]]:
    return _tabled(n)


def no_frequencies() -> Frequencies:
    """The table of a window without articles."""
    return Frequencies(np.zeros(1 << 12, dtype=np.uint32), np.zeros(1 << 12, dtype=np.int32))


@kernel
def count_more(
    keys: NDArray[np.uint32],
    counts: NDArray[np.int32],
    distinct: int,
    terms: NDArray[np.uint32],
    more: NDArray[np.uint32],
) -> tuple[NDArray[np.uint32], NDArray[np.int32], int]:
    """Add `more[i]` to the frequency of `terms[i]`.

    `distinct` terms are in the table; gives the table, which may be another one now, and how many
    are in it then.
    """
    for t in range(len(terms)):
        at = _slot(keys, counts, terms[t])
        if counts[at] == 0:
            if 2 * (distinct + 1) > len(keys):
                keys, counts = _doubled(keys, counts)
                at = _slot(keys, counts, terms[t])
            keys[at] = terms[t]
            distinct += 1
        counts[at] += np.int32(more[t])
    return keys, counts, distinct


@kernel
def weigh_again(
    rows: NDArray[np.int32],
    stamps: NDArray[np.int32],
    stamp: int,
    bounds: NDArray[np.int64],
    terms: NDArray[np.uint32],
    tfs: NDArray[np.uint8],
    zipfs: NDArray[np.uint8],
    keys: NDArray[np.uint32],
    counts: NDArray[np.int32],
    n: float,
    table: tuple[NDArray[np.float64], NDArray[np.uint8], NDArray[np.float64], NDArray[np.float64]],
    weights: NDArray[np.uint16],
    crowds: NDArray[np.uint8],
) -> NDArray[np.int32]:
    """Weigh the terms of those `rows` whose stamp is another than `stamp`; gives these rows."""
    done = np.empty(len(rows), dtype=np.int32)
    count = 0
    for row in rows:
        if stamps[row] != stamp:
            stamps[row] = stamp
            _weigh_article(
                bounds[row], bounds[row + 1], terms, tfs, zipfs, keys, counts, n, table,
                weights, crowds,
            )  # fmt: skip
            done[count] = row
            count += 1
    return done[:count].copy()
