"""What two articles share and what each has alone: the features a verifier decides on."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.kernel import kernel
from dedupe.similarity.vectors import CROWD_STEPS, LONGEST, UNIT, Vectors

NUMBER = 2  # bits of dedupe.text.tokens that stand in the kinds of terms
TITLE = 8
NAME = 16  # bits that are added to them
RARE = 32
_FEW = round(CROWD_STEPS * (math.log(30.0) - math.log(0.1)))  # others that have a term of few
_SLIGHT = 0.0005  # a shared term that adds less to the cosine marks no story

FEATURES = (
    "cosine",  # of the story vectors
    "names",  # the cosine over names and numbers only
    "numbers",  # over numbers only
    "title",  # over what stands in both titles
    "strongest",  # share of the cosine that one shared term makes
    "rare_terms",  # shared rare terms, counted
    "resemblance",  # estimated Jaccard similarity of word 5-grams
    "containment",  # estimated share of the shorter text's 5-grams that the longer has
    "unshared_least",  # share of the vector that is not in the other article, on the side of less
    "unshared_most",
    "terms_ratio",  # fewer terms over more
    "terms_least",
    "terms_most",
    "hours",  # between the two
    "one_source",  # 1 of one source, 0 of two
    "one_credit",  # 1 where both credit the same agency
    "title_found_least",  # share of the title that stands somewhere in the other article
    "title_found_most",
    "numbers_least",  # numbers on the side of fewer, counted
    "names_unshared_least",  # as `unshared`, over names and numbers only
    "names_unshared_most",
    "crowd_third",  # log of how many others have the third rarest shared term
    "crowd_mean",  # the same, mean over the shared terms
    "few_cosine",  # the part of the cosine made by terms that few others have
    "few_terms",  # such terms, counted
)
(
    COSINE, NAMES, NUMBERS, TITLES, STRONGEST, RARE_TERMS, RESEMBLANCE, CONTAINMENT,
    UNSHARED_LEAST, UNSHARED_MOST, TERMS_RATIO, TERMS_LEAST, TERMS_MOST, HOURS, ONE_SOURCE,
    ONE_CREDIT, TITLE_FOUND_LEAST, TITLE_FOUND_MOST, NUMBERS_LEAST, NAMES_UNSHARED_LEAST,
    NAMES_UNSHARED_MOST, CROWD_THIRD, CROWD_MEAN, FEW_COSINE, FEW_TERMS,
) = range(len(FEATURES))  # fmt: skip


class Compared(NamedTuple):
    """What the verifier needs of the words of n articles; terms end to end as in Fingerprints."""

    digests: NDArray[np.uint64]  # (n,)
    copy: NDArray[np.uint32]  # (n, permutations) the copy signatures
    lengths: NDArray[np.int32]  # (n,) tokens that the copy signature covers
    vectors: Vectors


class Circumstances(NamedTuple):
    """What is known of n articles besides their words; -1 and NaN where it is not."""

    sources: NDArray[np.int32]  # (n,) equal numbers are one outlet
    credits: NDArray[np.int32]  # (n,) equal numbers are one agency, credited or itself
    kinds: NDArray[np.int8]  # (n,) dedupe.models.Kind
    series: NDArray[np.int32]  # (n,) equal numbers are one series or template
    hours: NDArray[np.float64]  # (n,) of publication


@kernel
def mark(zipfs: NDArray[np.uint8], kinds: NDArray[np.uint8]) -> None:
    """Add the bits NAME and RARE to the kinds of terms.

    Names and numbers are what a template changes and a rewrite keeps. Where scripts have no
    capitals, the rarest words pass for names.
    """
    for t in range(len(kinds)):
        capital_or_number = kinds[t] & (1 | NUMBER) != 0
        if (capital_or_number and zipfs[t] < 5.0 * 32) or zipfs[t] < 3.5 * 32:
            kinds[t] |= NAME
        if zipfs[t] < 4.2 * 32:
            kinds[t] |= RARE


@kernel
def totals(
    bounds: NDArray[np.int64], weights: NDArray[np.uint16], kinds: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Of each article (n, 4): the squared weight of its names, numbers and title; its numbers."""
    found = np.zeros((len(bounds) - 1, 4), dtype=np.float32)
    for i in range(len(found)):
        _total(bounds[i], bounds[i + 1], weights, kinds, found[i])
    return found


@kernel
def totals_again(
    rows: NDArray[np.int32],
    bounds: NDArray[np.int64],
    weights: NDArray[np.uint16],
    kinds: NDArray[np.uint8],
    found: NDArray[np.float32],
) -> None:
    """Write the totals of some articles anew, after their weights have changed."""
    for row in rows:
        found[row] = 0.0
        _total(bounds[row], bounds[row + 1], weights, kinds, found[row])


@njit(nogil=True)
def _total(
    start: int,
    end: int,
    weights: NDArray[np.uint16],
    kinds: NDArray[np.uint8],
    found: NDArray[np.float32],
) -> None:
    for t in range(start, end):
        square = (weights[t] / UNIT) ** 2
        if kinds[t] & NAME:
            found[0] += square
        if kinds[t] & NUMBER:
            found[1] += square
            found[3] += 1
        if kinds[t] & TITLE:
            found[2] += square


def pair_features(
    compared: Compared,
    circumstances: Circumstances,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    least_cosine: float = 0.0,
) -> NDArray[np.float32]:
    """The features of the pairs (left[k], right[k]): (n, FEATURES), the same from both sides.

    NaN is what cannot be known: no title, no number, no date, no source. Of a pair with a cosine
    below `least_cosine` and different texts only the cosine is looked at; the rest is 0.
    Resemblance and containment after Broder 1997, section 2.
    """
    features = np.zeros((len(left), len(FEATURES)), dtype=np.float32)
    _fill(left, right, least_cosine, *compared, *circumstances, features)
    return features


@kernel
def _fill(
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    least_cosine: float,
    digests: NDArray[np.uint64],
    copy: NDArray[np.uint32],
    lengths: NDArray[np.int32],
    vectors: Vectors,
    sources: NDArray[np.int32],
    credits: NDArray[np.int32],
    kinds: NDArray[np.int8],
    series: NDArray[np.int32],
    hours: NDArray[np.float64],
    features: NDArray[np.float32],
) -> None:
    shared = np.empty((LONGEST + 1, 2), dtype=np.int64)
    for k in range(len(left)):
        a, b = left[k], right[k]
        row = features[k]
        count = _intersect(a, b, vectors.bounds, vectors.terms, shared)
        total = np.uint64(0)
        for s in range(count):
            weight = np.uint64(vectors.weights[shared[s, 0]])
            total += weight * np.uint64(vectors.weights[shared[s, 1]])
        row[COSINE] = min(1.0, total / (UNIT * UNIT))
        if row[COSINE] < least_cosine and digests[a] != digests[b]:
            continue
        _shared_text(a, b, digests, copy, lengths, row)
        _shared_terms(a, b, shared[:count], vectors, row)
        row[HOURS] = abs(hours[a] - hours[b])
        if sources[a] < 0 or sources[b] < 0:
            row[ONE_SOURCE] = math.nan
        else:
            row[ONE_SOURCE] = 1.0 if sources[a] == sources[b] else 0.0
        row[ONE_CREDIT] = 1.0 if credits[a] == credits[b] and credits[a] >= 0 else 0.0


@njit(nogil=True)
def _intersect(
    a: int,
    b: int,
    bounds: NDArray[np.int64],
    terms: NDArray[np.uint32],
    shared: NDArray[np.int64],
) -> int:
    """Where the terms of both stand on either side, in steps that need no foresight."""
    i, i_end = bounds[a], bounds[a + 1]
    j, j_end = bounds[b], bounds[b + 1]
    count = 0
    while i < i_end and j < j_end:
        one, other = terms[i], terms[j]
        shared[count, 0], shared[count, 1] = i, j
        count += one == other
        i += one <= other
        j += other <= one
    return count


@njit(nogil=True)
def _resemblance(x: NDArray[np.uint32], y: NDArray[np.uint32]) -> float:
    equal = 0
    for k in range(len(x)):
        equal += x[k] == y[k]
    return equal / len(x)


@njit(nogil=True)
def _ratio(part: float, whole: float) -> float:
    """NaN where there is no whole."""
    return min(part / whole, 1.0) if whole > 0.0 else math.nan


@njit(nogil=True)
def _order(a: float, b: float) -> tuple[float, float]:
    """The lesser and the greater; where one is unknown, the other twice."""
    if math.isnan(a):
        return b, b
    if math.isnan(b):
        return a, a
    return min(a, b), max(a, b)


@njit(nogil=True)
def _shared_text(
    a: int,
    b: int,
    digests: NDArray[np.uint64],
    copy: NDArray[np.uint32],
    lengths: NDArray[np.int32],
    row: NDArray[np.float32],
) -> None:
    jaccard = 1.0 if digests[a] == digests[b] else _resemblance(copy[a], copy[b])
    shorter = min(lengths[a], lengths[b])
    shared = jaccard * (lengths[a] + lengths[b]) / (1.0 + jaccard)
    row[RESEMBLANCE] = jaccard
    row[CONTAINMENT] = min(shared / shorter, 1.0) if shorter > 0 else jaccard


@njit(nogil=True)
def _shared_terms(
    a: int, b: int, shared: NDArray[np.int64], vectors: Vectors, row: NDArray[np.float32]
) -> None:
    bounds, _, weights, crowds, kinds, totals = vectors
    scale = 1.0 / UNIT
    cosine = strongest = shared_a = shared_b = 0.0  # squared weight of shared terms, on each side
    names = numbers = titles = 0.0
    found_names_a = found_names_b = found_title_a = found_title_b = 0.0
    names_a, numbers_a, title_a, count_a = totals[a]
    names_b, numbers_b, title_b, count_b = totals[b]
    first = second = third = 255.0
    crowded = few_cosine = 0.0
    rare = few = 0
    for s in range(len(shared)):
        i, j = shared[s, 0], shared[s, 1]
        wa, wb = weights[i] * scale, weights[j] * scale
        square_a, square_b, product = wa * wa, wb * wb, wa * wb
        one, other = kinds[i], kinds[j]
        either = one | other
        if either & NAME:  # a name on one side is one on the other
            names += product
            found_names_a += square_a
            found_names_b += square_b
            if not one & NAME:
                names_a += square_a
            if not other & NAME:
                names_b += square_b
        if either & NUMBER:
            numbers += product
        if one & TITLE:
            found_title_a += square_a
        if other & TITLE:
            found_title_b += square_b
        if one & other & TITLE:
            titles += product
        rare += either & RARE != 0
        cosine += product
        strongest = max(strongest, product)
        shared_a += square_a
        shared_b += square_b
        crowd = float(min(crowds[i], crowds[j]))
        crowded += product * crowd
        if crowd < _FEW:
            few += 1
            few_cosine += product
        if product > _SLIGHT and crowd < third:
            if crowd < first:
                first, second, third = crowd, first, second
            elif crowd < second:
                second, third = crowd, second
            else:
                third = crowd
    size_a, size_b = bounds[a + 1] - bounds[a], bounds[b + 1] - bounds[b]
    row[NAMES] = _ratio(names, math.sqrt(names_a * names_b))
    row[NUMBERS] = _ratio(numbers, math.sqrt(numbers_a * numbers_b))
    row[TITLES] = _ratio(titles, math.sqrt(title_a * title_b))
    row[STRONGEST] = strongest / cosine if cosine > 0.0 else 0.0
    row[RARE_TERMS] = rare
    row[UNSHARED_LEAST] = max(0.0, 1.0 - max(shared_a, shared_b))
    row[UNSHARED_MOST] = max(0.0, 1.0 - min(shared_a, shared_b))
    row[TERMS_LEAST], row[TERMS_MOST] = min(size_a, size_b), max(size_a, size_b)
    row[TERMS_RATIO] = min(size_a, size_b) / max(size_a, size_b, 1)
    least, most = _order(_ratio(found_title_a, title_a), _ratio(found_title_b, title_b))
    row[TITLE_FOUND_LEAST], row[TITLE_FOUND_MOST] = least, most
    row[NUMBERS_LEAST] = min(count_a, count_b)
    least, most = _order(_ratio(found_names_a, names_a), _ratio(found_names_b, names_b))
    row[NAMES_UNSHARED_LEAST], row[NAMES_UNSHARED_MOST] = 1.0 - most, 1.0 - least
    row[CROWD_THIRD] = third / CROWD_STEPS
    row[CROWD_MEAN] = crowded / cosine / CROWD_STEPS if cosine > 0.0 else 255.0 / CROWD_STEPS
    row[FEW_COSINE], row[FEW_TERMS] = min(few_cosine, 1.0), few
