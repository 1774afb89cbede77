"""What two articles share and what each has alone: the features a verifier decides on."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.kernel import kernel
from dedupe.similarity.vectors import CROWD_STEPS, UNIT, Vectors

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


def marked(zipfs: NDArray[np.uint8], kinds: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The kinds of terms with the bits NAME and RARE added.

    Names and numbers are what a template changes and a rewrite keeps. Where scripts have no
    capitals, the rarest words pass for names.
    """
    capital_or_number = (kinds & np.uint8(1 | NUMBER)) != 0
    names = capital_or_number & (zipfs < 5.0 * 32) | (zipfs < 3.5 * 32)
    rare = zipfs < 4.2 * 32
    return kinds | np.where(names, np.uint8(NAME), np.uint8(0)) | np.where(rare, np.uint8(RARE), 0)


@kernel
def cosines(
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    bounds: NDArray[np.int64],
    terms: NDArray[np.uint32],
    weights: NDArray[np.uint16],
    found: NDArray[np.float32],
) -> None:
    """The story cosine of each pair, 0 to 1: the one feature that is cheap enough for all pairs."""
    for k in range(len(left)):
        i, i_end = bounds[left[k]], bounds[left[k] + 1]
        j, j_end = bounds[right[k]], bounds[right[k] + 1]
        total = np.uint64(0)
        while i < i_end and j < j_end:
            a, b = terms[i], terms[j]
            if a == b:
                total += np.uint64(weights[i]) * np.uint64(weights[j])
            i += a <= b
            j += b <= a
        found[k] = min(1.0, total / (UNIT * UNIT))


def pair_features(
    compared: Compared,
    circumstances: Circumstances,
    left: NDArray[np.int32],
    right: NDArray[np.int32],
) -> NDArray[np.float32]:
    """The features of the pairs (left[k], right[k]): (n, FEATURES), the same from both sides.

    NaN is what cannot be known: no title, no number, no date, no source. Resemblance and
    containment after Broder 1997, section 2.
    """
    features = np.empty((len(left), len(FEATURES)), dtype=np.float32)
    _fill(left, right, *compared, *circumstances, features)
    return features


@kernel
def _fill(
    left: NDArray[np.int32],
    right: NDArray[np.int32],
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
    for k in range(len(left)):
        a, b = left[k], right[k]
        row = features[k]
        _shared_text(a, b, digests, copy, lengths, row)
        _shared_terms(a, b, vectors, row)
        row[HOURS] = abs(hours[a] - hours[b])
        if sources[a] < 0 or sources[b] < 0:
            row[ONE_SOURCE] = math.nan
        else:
            row[ONE_SOURCE] = 1.0 if sources[a] == sources[b] else 0.0
        row[ONE_CREDIT] = 1.0 if credits[a] == credits[b] and credits[a] >= 0 else 0.0


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
def _shared_terms(a: int, b: int, vectors: Vectors, row: NDArray[np.float32]) -> None:
    bounds, terms, weights, crowds, kinds = vectors
    scale = 1.0 / UNIT
    cosine = strongest = shared_a = shared_b = 0.0  # squared weight of shared terms, on each side
    names = names_a = names_b = found_names_a = found_names_b = 0.0
    numbers = numbers_a = numbers_b = 0.0
    titles = title_a = title_b = found_title_a = found_title_b = 0.0
    rare = count_a = count_b = few = 0
    first = second = third = 255.0
    crowded = few_cosine = 0.0
    i, i_end = bounds[a], bounds[a + 1]
    j, j_end = bounds[b], bounds[b + 1]
    size_a, size_b = i_end - i, j_end - j
    while i < i_end or j < j_end:
        in_a = j >= j_end or (i < i_end and terms[i] <= terms[j])
        in_b = i >= i_end or (j < j_end and terms[j] <= terms[i])
        wa = weights[i] * scale if in_a else 0.0
        wb = weights[j] * scale if in_b else 0.0
        kind_a = kinds[i] if in_a else 0
        kind_b = kinds[j] if in_b else 0
        both = in_a and in_b
        product = wa * wb
        if (kind_a | kind_b) & NAME:
            names_a += wa * wa
            names_b += wb * wb
            names += product
            if both:
                found_names_a += wa * wa
                found_names_b += wb * wb
        if (kind_a | kind_b) & NUMBER:
            numbers_a += wa * wa
            numbers_b += wb * wb
            numbers += product
            count_a += in_a
            count_b += in_b
        if kind_a & TITLE:
            title_a += wa * wa
        if kind_b & TITLE:
            title_b += wb * wb
        if both:
            cosine += product
            strongest = max(strongest, product)
            shared_a += wa * wa
            shared_b += wb * wb
            rare += ((kind_a | kind_b) & RARE) != 0
            if kind_a & TITLE:
                found_title_a += wa * wa
            if kind_b & TITLE:
                found_title_b += wb * wb
            if kind_a & kind_b & TITLE:
                titles += product
            crowd = float(min(crowds[i], crowds[j]))
            crowded += product * crowd
            if crowd < _FEW:
                few += 1
                few_cosine += product
            if product > _SLIGHT:
                if crowd < first:
                    first, second, third = crowd, first, second
                elif crowd < second:
                    second, third = crowd, second
                elif crowd < third:
                    third = crowd
        i += in_a
        j += in_b
    row[COSINE] = min(cosine, 1.0)
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
