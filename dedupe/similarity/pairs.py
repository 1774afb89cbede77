"""What two articles share and what each has alone: the features a verifier decides on."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.kernel import kernel

_CAPITAL = 1  # bits of dedupe.text.tokens
_NUMBER = 2
_RARE = 3.5 * 32  # zipf in steps; a rarer word passes for a name where scripts have no capitals

COSINE, NAMES, RESEMBLANCE, CONTAINMENT, STRONGEST = range(5)
FEATURES = 5


class Compared(NamedTuple):
    """What the verifier needs of n articles; terms end to end as in Fingerprints."""

    digests: NDArray[np.uint64]  # (n,)
    copy: NDArray[np.uint32]  # (n, permutations) the copy signatures
    lengths: NDArray[np.int32]  # (n,) tokens that the copy signature covers
    bounds: NDArray[np.int64]  # (n + 1,)
    terms: NDArray[np.uint32]
    weights: NDArray[np.float32]  # of unit vectors
    names: NDArray[np.bool_]  # whether a term is a name or a number


def names_and_numbers(zipfs: NDArray[np.uint8], kinds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which terms are names or numbers: what a template changes and a rewrite keeps."""
    return ((kinds & (_CAPITAL | _NUMBER)) != 0) & (zipfs < 5.0 * 32) | (zipfs < _RARE)


@njit(nogil=True)
def _resemblance(x: NDArray[np.uint32], y: NDArray[np.uint32]) -> float:
    equal = 0
    for k in range(len(x)):
        equal += x[k] == y[k]
    return equal / len(x)


@kernel
def pair_features(
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    digests: NDArray[np.uint64],
    copy: NDArray[np.uint32],
    lengths: NDArray[np.int32],
    bounds: NDArray[np.int64],
    terms: NDArray[np.uint32],
    weights: NDArray[np.float32],
    names: NDArray[np.bool_],
    features: NDArray[np.float32],
) -> None:
    """Fill one row of `features` for each pair.

    COSINE of the story vectors; NAMES: the same over names and numbers only; RESEMBLANCE: the
    estimated Jaccard similarity of the texts' word 5-grams; CONTAINMENT: the estimated share of
    the shorter text's 5-grams that the longer has (Broder 1997, section 2); STRONGEST: the part
    of the cosine that one shared term makes. All 0 to 1.
    """
    for k in range(len(left)):
        a, b = left[k], right[k]
        i, i_end = bounds[a], bounds[a + 1]
        j, j_end = bounds[b], bounds[b + 1]
        cosine = 0.0
        strongest = 0.0
        shared_names = 0.0
        names_a = 0.0
        names_b = 0.0
        while i < i_end and j < j_end:
            if terms[i] == terms[j]:
                product = weights[i] * weights[j]
                cosine += product
                strongest = max(strongest, product)
                if names[i] or names[j]:
                    shared_names += product
                    names_a += weights[i] * weights[i]
                    names_b += weights[j] * weights[j]
                i += 1
                j += 1
            elif terms[i] < terms[j]:
                if names[i]:
                    names_a += weights[i] * weights[i]
                i += 1
            else:
                if names[j]:
                    names_b += weights[j] * weights[j]
                j += 1
        while i < i_end:
            if names[i]:
                names_a += weights[i] * weights[i]
            i += 1
        while j < j_end:
            if names[j]:
                names_b += weights[j] * weights[j]
            j += 1
        features[k, COSINE] = min(cosine, 1.0)
        scale = np.sqrt(names_a * names_b)
        features[k, NAMES] = min(shared_names / scale, 1.0) if scale > 0.0 else 0.0
        features[k, STRONGEST] = strongest / cosine if cosine > 0.0 else 0.0
        same = digests[a] == digests[b]
        jaccard = 1.0 if same else _resemblance(copy[a], copy[b])
        shorter = min(lengths[a], lengths[b])
        shared = jaccard * (lengths[a] + lengths[b]) / (1.0 + jaccard)
        features[k, RESEMBLANCE] = jaccard
        features[k, CONTAINMENT] = min(shared / shorter, 1.0) if shorter > 0 else jaccard
