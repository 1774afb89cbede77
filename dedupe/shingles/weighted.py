"""Weighted words of the lead: the terms of the story vector, the elements of the story signature.

A word counts by how often the lead has it and by how rare it is in its language:
`(1 + ln tf) * max(0, ceiling - zipf)`. In the signature an integer weight w goes in by
replication, as the elements (word, 1) to (word, w), so that plain MinHash estimates the weighted
Jaccard similarity (Ioffe 2010 names the technique); the element (word, i) is the word under xxh32
with seed i.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.hashing import xxh32
from dedupe.shingles.weights import STEPS, UNKNOWN_ZIPF, lookup

TERM_CEILING = 7.0  # zipf from which a word is no term of the vector
SIGNATURE_CEILING = 6.0  # zipf from which a word is no element of the signature
MAX_REPLICAS = 32  # of one word; a name that stands in every other sentence has about 20
INFORMATIVE_ZIPF = 5.0  # words rarer than this inform
_LN = np.log(np.maximum(1, np.arange(512))).astype(np.float32)
_SLOTS = 2048  # of the term counter; a power of two, four times the longest lead

# A language is taken for unknown when fewer of its words than this are in the table. Text in a
# language that the table has finds 85 % and more; loan words and short words make 20 to 50 % of
# any other. Of the pairs of Chinese or Japanese, some across two words, it has 60 to 90 %; of the
# pairs of Thai or Khmer none.
_KNOWN_SHARE = 0.65
_KNOWN_SHARE_OF_PAIRS = 0.3
_WORDS_TO_JUDGE = 8
_NUMBER = 2  # bit of dedupe.text.tokens
_CAPITAL = 1
_PAIR = 4


@njit(nogil=True)
def guessed_zipf(chars: int, tf: int, capital: bool) -> float:
    """A stand-in for the zipf value of a word in an unknown language.

    Function words are short and come back; names have capitals. Lengths in characters.
    """
    guess = 6.5 - 0.4 * (chars - 2) + 1.2 * math.log(tf)
    if capital and chars > 3:
        guess -= 1.0
    return min(6.0, max(2.5, guess))


@njit(inline="always")
def _length(data: NDArray[np.uint8], start: int, end: int) -> int:
    """Characters of a UTF-8 slice."""
    n = 0
    for i in range(start, end):
        n += (data[i] & 0xC0) != 0x80
    return n


@njit(nogil=True)
def weigh(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    token_hashes: NDArray[np.uint32],
    n: int,
    vector_lead: int,
    signature_lead: int,
    offsets: NDArray[np.uint32],
    lows: NDArray[np.uint16],
    zipfs: NDArray[np.uint8],
    terms: NDArray[np.uint32],
    term_tfs: NDArray[np.uint8],
    term_zipfs: NDArray[np.uint8],
    term_kinds: NDArray[np.uint8],
    elements: NDArray[np.uint32],
) -> tuple[int, int, int]:
    """Weigh the first tokens of an article; `token_hashes` are their xxh32.

    Fills `terms` (xxh32 of the word), their frequency in the lead, their zipf value in STEPS and
    their kinds, in order of appearance, and `elements` with the signature's element hashes.
    Returns the number of terms, of elements and of informative words.
    """
    lead = min(n, vector_lead)
    slots = np.full(_SLOTS, -1, dtype=np.int16)
    first = np.empty(lead, dtype=np.int32)  # where a term first stands
    tf = np.zeros(lead, dtype=np.int32)
    signature_tf = np.zeros(lead, dtype=np.int32)
    hashes = np.empty(lead, dtype=np.uint32)
    distinct = 0
    for t in range(lead):
        h = token_hashes[t]
        at = np.int64(h & np.uint32(_SLOTS - 1))
        while slots[at] >= 0 and hashes[slots[at]] != h:
            at = (at + 1) & (_SLOTS - 1)
        k = slots[at]
        if k < 0:
            k = distinct
            slots[at] = k
            hashes[k] = h
            first[k] = t
            distinct += 1
        tf[k] += 1
        signature_tf[k] += t < signature_lead
    zipf = np.empty(distinct, dtype=np.float32)
    words = 0
    known = 0
    expected = 0.0  # to be known of a known language
    for k in range(distinct):
        code = lookup(hashes[k], offsets, lows, zipfs)
        zipf[k] = code / STEPS if code >= 0 else -1.0
        if not kinds[first[k]] & _NUMBER:
            words += tf[k]
            known += tf[k] if code >= 0 else 0
            paired = kinds[first[k]] & _PAIR
            expected += tf[k] * (_KNOWN_SHARE_OF_PAIRS if paired else _KNOWN_SHARE)
    foreign = words >= _WORDS_TO_JUDGE and known < expected
    count = 0
    replicas = 0
    informative = 0
    for k in range(distinct):
        t = first[k]
        start, end = bounds[t, 0], bounds[t, 1]
        z = zipf[k]
        if foreign and not kinds[t] & _NUMBER:
            # What the table has is a word of another language: a rare one may be common here.
            guess = guessed_zipf(_length(data, start, end), tf[k], kinds[t] & _CAPITAL != 0)
            z = max(z, guess)
        elif z < 0.0:
            z = UNKNOWN_ZIPF
        informative += z < INFORMATIVE_ZIPF
        if z < TERM_CEILING:
            terms[count] = hashes[k]
            term_tfs[count] = min(tf[k], 255)
            term_zipfs[count] = int(z * STEPS + 0.5)
            term_kinds[count] = kinds[t]
            count += 1
        if z < SIGNATURE_CEILING and signature_tf[k] > 0:
            exact = (1.0 + _LN[signature_tf[k]]) * (SIGNATURE_CEILING - z)
            for i in range(1, min(MAX_REPLICAS, int(exact + 0.5)) + 1):
                elements[replicas] = xxh32(data, start, end, np.uint32(i))
                replicas += 1
    return count, replicas, informative
