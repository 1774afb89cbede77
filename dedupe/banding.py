"""Locality-sensitive hashing: bands, their S-curve, and the candidates of a whole batch.

A signature is cut into bands of a few rows; articles that agree on a whole band share a bucket
(Leskovec et al., Mining of Massive Datasets, section 3.4).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.hashing import xxh32
from dedupe.kernel import kernel
from dedupe.params import BandParams

_MARK = np.int32(-0x80000000)  # on an entry of `order`: a bucket begins here
_INDEX = np.int32(0x7FFFFFFF)


def collision_probability(similarity: float, rows: int, bands: int) -> float:
    """The S-curve: how likely two sets of this Jaccard similarity share a bucket (0 to 1)."""
    return 1.0 - (1.0 - similarity**rows) ** bands


def tune(
    permutations: int, threshold: float, miss_weight: float = 0.5, steps: int = 200
) -> BandParams:
    """The rows and bands whose S-curve best separates similarities at `threshold`.

    Minimises `miss_weight` · (area of misses above it) + (1 - miss_weight) · (area of false
    candidates below it); ties go to fewer bands. Raises ValueError outside 0 < threshold < 1.
    """
    if permutations < 1:
        raise ValueError("a signature has at least one place")
    if not 0.0 < threshold < 1.0 or not 0.0 <= miss_weight <= 1.0:
        raise ValueError("threshold lies between 0 and 1, miss_weight from 0 to 1")
    similarity = (np.arange(steps) + 0.5) / steps
    above = similarity >= threshold
    best: tuple[float, int, int] | None = None
    for rows in range(1, permutations + 1):
        for bands in range(1, permutations // rows + 1):
            shared = 1.0 - (1.0 - similarity**rows) ** bands
            cost = miss_weight * float(np.sum(1.0 - shared[above])) + (1.0 - miss_weight) * float(
                np.sum(shared[~above])
            )
            if best is None or (cost, bands) < (best[0], best[2]):
                best = (cost, rows, bands)
    assert best is not None
    return BandParams(rows=best[1], bands=best[2])


@kernel
def band_keys(
    signatures: NDArray[np.uint32],
    rows: int,
    first: int,
    last: int,
    keys: NDArray[np.uint32],
) -> None:
    """The buckets of every signature, into the columns `first` to `last` of `keys`.

    A column is a band; its key is the xxh32 of the band's rows, 4 little-endian bytes each, with
    the column as the seed. `signatures` must be C-contiguous.
    """
    for i in range(len(signatures)):
        row_bytes = signatures[i].view(np.uint8)
        for band in range(first, last):
            start = 4 * rows * (band - first)
            keys[i, band] = xxh32(row_bytes, start, start + 4 * rows, np.uint32(band))


class Buckets(NamedTuple):
    """The buckets of n articles in every band, members in rank order."""

    order: NDArray[np.int32]  # (bands, n) articles by bucket; the first of each is marked
    place: NDArray[np.int32]  # (bands, n) where in `order` an article stands, -1 for nowhere


def empty_buckets(bands: int, n: int) -> Buckets:
    """Room for `fill_band`."""
    return Buckets(np.empty((bands, n), np.int32), np.empty((bands, n), np.int32))


def fill_band(
    buckets: Buckets, band: int, keys: NDArray[np.uint32], admitted: NDArray[np.bool_]
) -> None:
    """Sort the articles (in rank order) of one band into buckets; only `admitted` ones enter."""
    order = np.argsort(keys, kind="stable").astype(np.int32)
    order = order[admitted[order]]
    ordered = keys[order]
    buckets.place[band].fill(-1)
    buckets.place[band][order] = np.arange(len(order), dtype=np.int32)
    begins = np.ones(len(order), dtype=np.bool_)
    begins[1:] = ordered[1:] != ordered[:-1]
    buckets.order[band, : len(order)] = np.where(begins, order | _MARK, order)


@kernel
def candidates(
    low: int,
    high: int,
    order: NDArray[np.int32],
    place: NDArray[np.int32],
    times: NDArray[np.float64],
    window: float,
    depth: int,
    most: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    """For the articles ranked `low` to `high`: the earlier-ranked ones that share most bands.

    Walks each bucket back over at most `depth` members and as far as the window reaches (`times`
    in hours, ascending in rank; NaN = no date, compatible with all), then keeps the `most` best
    of each article. Returns both sides of the pairs and the number of walks that hit `depth`.
    """
    bands, n = place.shape
    hits = np.zeros(n, dtype=np.uint8)
    touched = np.empty(min(n, bands * depth) + 1, dtype=np.int32)
    left = np.empty((high - low) * most, dtype=np.int32)
    right = np.empty((high - low) * most, dtype=np.int32)
    counts = np.empty(257, dtype=np.int64)
    found = 0
    capped = 0
    for i in range(low, high):
        seen = 0
        for band in range(bands):
            at = place[band, i]
            if at < 0:
                continue
            walked = 0
            while order[band, at] >= 0:  # not the first of its bucket
                if walked == depth:
                    capped += 1
                    break
                at -= 1
                walked += 1
                j = order[band, at] & _INDEX
                if times[i] - times[j] > window:
                    break
                if hits[j] == 0:
                    touched[seen] = j
                    seen += 1
                if hits[j] < 255:
                    hits[j] += 1
        least = 1
        spare = 0
        if seen > most:  # find the number of hits that leaves at most `most`
            counts[:] = 0
            for t in range(seen):
                counts[hits[touched[t]]] += 1
            least = 256
            total = 0
            while total + counts[least - 1] <= most:
                least -= 1
                total += counts[least]
            spare = most - total  # places for some of those with one hit less
        for t in range(seen):
            j = touched[t]
            tied = spare > 0 and hits[j] == least - 1
            if hits[j] >= least or tied:
                left[found] = j
                right[found] = i
                found += 1
                spare -= tied
            hits[j] = 0
    return left[:found].copy(), right[:found].copy(), capped


@kernel
def most_shared(
    places: NDArray[np.int64], own: int, most: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The `most` places that stand most often among the members of an article's buckets.

    Best first, of equals the highest place first; with how often they stand there. `own` is left
    out.
    """
    ordered = np.sort(places)
    n = len(ordered)
    found = np.empty(n, dtype=np.int64)
    ranks = np.empty(n, dtype=np.int64)  # hits above, position below: highest is best
    count = 0
    at = 0
    while at < n:
        end = at + 1
        while end < n and ordered[end] == ordered[at]:
            end += 1
        if ordered[at] != own:
            found[count] = ordered[at]
            ranks[count] = ((end - at) << 32) | count  # ascending places: the higher wins
            count += 1
        at = end
    best = np.sort(ranks[:count])[::-1][:most]
    return found[best & 0xFFFFFFFF], (best >> 32).astype(np.int32)
