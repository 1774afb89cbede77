"""Articles to fingerprints: one pass of the kernel from code points to both signatures.

normalise → tokenise → shingle → sign, for a batch, on all cores, without the GIL.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.kernel import kernel
from dedupe.minhash import EMPTY, absorb, mix, permutations
from dedupe.models import Article
from dedupe.params import SignatureParams
from dedupe.shingles.hashing import xxh32
from dedupe.shingles.weighted import MAX_REPLICAS, weigh
from dedupe.shingles.weights import weight_table
from dedupe.shingles.words import word_shingles
from dedupe.text.characters import characters
from dedupe.text.normalise import TextBuffer
from dedupe.text.tokens import BYTES_PER_CHAR, tokenise


class Fingerprints(NamedTuple):
    """The fingerprints of n articles, one row each; terms are stored end to end.

    The terms of article i are `terms[term_bounds[i]:term_bounds[i + 1]]`, sorted.
    """

    digests: NDArray[np.uint64]  # (n,) of the normalised text; equal digests are `exact`
    copy: NDArray[np.uint32]  # (n, copy_permutations)
    story: NDArray[np.uint32]  # (n, story_permutations)
    lengths: NDArray[np.int32]  # (n,) tokens of the text that the copy signature covers
    informative: NDArray[np.int32]  # (n,) informative words of the lead
    term_bounds: NDArray[np.int64]  # (n + 1,)
    terms: NDArray[np.uint32]  # xxh32 of each term
    tfs: NDArray[np.uint8]  # how often it stands in the lead
    zipfs: NDArray[np.uint8]  # how common it is in its language, in steps of 1/32
    kinds: NDArray[np.uint8]  # its bits, see dedupe.text.tokens


@njit(nogil=True)
def _sort_terms(
    terms: NDArray[np.uint32],
    tfs: NDArray[np.uint8],
    zipfs: NDArray[np.uint8],
    kinds: NDArray[np.uint8],
    count: int,
    keys: NDArray[np.uint64],
) -> None:
    """Sort the terms of an article, and what goes with them. `keys` is room to work in."""
    for t in range(count):
        keys[t] = np.uint64(terms[t]) << np.uint64(32) | np.uint64(t)
    order = np.sort(keys[:count])
    old_tfs, old_zipfs, old_kinds = tfs[:count].copy(), zipfs[:count].copy(), kinds[:count].copy()
    for t in range(count):
        old = np.int64(order[t] & np.uint64(0xFFFF))
        terms[t] = order[t] >> np.uint64(32)
        tfs[t] = old_tfs[old]
        zipfs[t] = old_zipfs[old]
        kinds[t] = old_kinds[old]


@kernel
def _sign(
    low: int,
    high: int,
    chars: NDArray[np.uint32],
    parts: NDArray[np.int64],
    classes: NDArray[np.uint8],
    folds: NDArray[np.uint32],
    offsets: NDArray[np.uint32],
    lows: NDArray[np.uint16],
    zipfs: NDArray[np.uint8],
    shape: tuple[int, int, int, int],
    copy_a: NDArray[np.uint32],
    copy_b: NDArray[np.uint32],
    story_a: NDArray[np.uint32],
    story_b: NDArray[np.uint32],
    digests: NDArray[np.uint64],
    copy: NDArray[np.uint32],
    story: NDArray[np.uint32],
    lengths: NDArray[np.int32],
    informative: NDArray[np.int32],
    terms: NDArray[np.uint32],
    tfs: NDArray[np.uint8],
    term_zipfs: NDArray[np.uint8],
    kinds: NDArray[np.uint8],
    term_counts: NDArray[np.int32],
) -> None:
    """Sign articles `low` to `high`; `parts[i]` = (title start, title end = text start, end)."""
    shingle_size, signature_lead, vector_lead, short_body = shape
    longest = 0
    for i in range(low, high):
        longest = max(longest, parts[i, 2] - parts[i, 0])
    data = np.empty(longest * BYTES_PER_CHAR + BYTES_PER_CHAR, dtype=np.uint8)
    bounds = np.empty((longest + 1, 2), dtype=np.int32)
    token_kinds = np.empty(longest + 1, dtype=np.uint8)
    elements = np.empty(max(longest + 1, vector_lead * MAX_REPLICAS), dtype=np.uint32)
    sorting = np.empty(vector_lead, dtype=np.uint64)
    for i in range(low, high):
        at, titled = tokenise(
            chars, parts[i, 0], parts[i, 1], classes, folds, data, 0, bounds, token_kinds, 0
        )
        at, n = tokenise(
            chars, parts[i, 1], parts[i, 2], classes, folds, data, at, bounds, token_kinds, titled
        )
        first = titled if n - titled >= short_body else 0
        lengths[i] = n - first
        if n > first:
            start, end = bounds[first, 0], bounds[n - 1, 1]
            digests[i] = np.uint64(xxh32(data, start, end, np.uint32(0))) << np.uint64(
                32
            ) | np.uint64(xxh32(data, start, end, np.uint32(1)))
        count = word_shingles(data, bounds, first, n, shingle_size, elements)
        for e in range(count):
            elements[e] = mix(elements[e])
        absorb(copy[i], elements, count, copy_a, copy_b)
        term_counts[i], count, informative[i] = weigh(
            data, bounds, token_kinds, n, vector_lead, signature_lead, offsets, lows, zipfs,
            terms[i], tfs[i], term_zipfs[i], kinds[i], elements,
        )  # fmt: skip
        for e in range(count):
            elements[e] = mix(elements[e])
        absorb(story[i], elements, count, story_a, story_b)
        _sort_terms(terms[i], tfs[i], term_zipfs[i], kinds[i], term_counts[i], sorting)


def _parts(ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of (title start, title end, text end) from the ends of titles and texts in turn."""
    pairs = ends.reshape(-1, 2)
    return np.column_stack((np.concatenate(([0], pairs[:-1, 1])), pairs))


class Signer:
    """Fingerprints batches of articles. One signer serves one thread at a time.

    It keeps its buffers from batch to batch; `executor`, where given, signs `workers` slices of
    a batch at once.
    """

    def __init__(
        self,
        params: SignatureParams | None = None,
        executor: Executor | None = None,
        workers: int = 1,
    ) -> None:
        self.params = params or SignatureParams()
        self._executor = executor if workers > 1 else None
        self._workers = workers
        self._buffer = TextBuffer()
        copy = permutations(self.params.copy_permutations, self.params.seed)
        story = permutations(self.params.story_permutations, self.params.seed)
        self._tables = (*characters()[:2], *weight_table()[:3], self._shape(), *copy, *story)

    def _shape(self) -> tuple[int, int, int, int]:
        p = self.params
        return p.shingle_size, p.signature_lead, p.vector_lead, p.short_body

    def sign(self, articles: Sequence[Article]) -> Fingerprints:
        """The fingerprints of a batch, in its order. Raises ValueError for an empty batch."""
        if not articles:
            raise ValueError("a batch needs at least one article")
        n, lead = len(articles), self.params.vector_lead
        texts = [part for a in articles for part in (a.title or "", a.text)]
        chars, ends = self._buffer.lay_out(texts)
        parts = _parts(ends)
        digests = np.zeros(n, dtype=np.uint64)
        copy = np.full((n, self.params.copy_permutations), EMPTY)
        story = np.full((n, self.params.story_permutations), EMPTY)
        lengths, informative, counts = np.zeros((3, n), dtype=np.int32)
        terms = np.empty((n, lead), dtype=np.uint32)
        tfs, zipfs, kinds = np.empty((3, n, lead), dtype=np.uint8)

        def run(low: int, high: int) -> None:
            _sign(
                low, high, chars, parts, *self._tables, digests, copy, story, lengths,
                informative, terms, tfs, zipfs, kinds, counts,
            )  # fmt: skip

        if self._executor is None:
            run(0, n)
        else:
            # Slices of equal text, not of equal count: lengths differ a hundredfold.
            targets = np.linspace(0, parts[-1, 2], self._workers + 1)[1:-1]
            edges = [0, *np.searchsorted(parts[:, 2], targets).tolist(), n]
            list(self._executor.map(run, edges[:-1], edges[1:]))
        used = np.arange(lead) < counts[:, None]
        bounds = np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))
        return Fingerprints(
            digests, copy, story, lengths, informative, bounds,
            terms[used], tfs[used], zipfs[used], kinds[used],
        )  # fmt: skip
