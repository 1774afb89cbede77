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

from dedupe.hashing import xxh32
from dedupe.kernel import kernel
from dedupe.minhash import EMPTY, absorb, mix, permutations
from dedupe.models import Article
from dedupe.params import SignatureParams
from dedupe.shingles.skeletons import SKELETONS, skeletons
from dedupe.shingles.weighted import MAX_REPLICAS, weigh
from dedupe.shingles.weights import weight_table
from dedupe.shingles.words import hash_tokens, word_shingles
from dedupe.text.characters import characters
from dedupe.text.normalise import TextBuffer
from dedupe.text.tokens import BYTES_PER_CHAR, TITLE, tokenise


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
    skeletons: NDArray[np.uint32]  # (n, SKELETONS) of dedupe.shingles.skeletons


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
    forms: NDArray[np.uint32],
) -> None:
    """Sign articles `low` to `high`; `parts[i]` = (title start, title end = text start, end)."""
    shingle_size, signature_lead, vector_lead, short_body = shape
    longest = 0
    for i in range(low, high):
        longest = max(longest, parts[i, 2] - parts[i, 0])
    data = np.empty(longest * BYTES_PER_CHAR + BYTES_PER_CHAR, dtype=np.uint8)
    bounds = np.empty((longest + 1, 2), dtype=np.int32)
    token_kinds = np.empty(longest + 1, dtype=np.uint8)
    hashes = np.empty(longest + 1, dtype=np.uint32)
    elements = np.empty(max(longest + 1, vector_lead * MAX_REPLICAS), dtype=np.uint32)
    sorting = np.empty(vector_lead, dtype=np.uint64)
    for i in range(low, high):
        at, titled = tokenise(
            chars, parts[i, 0], parts[i, 1], classes, folds, data, 0, bounds, token_kinds, 0
        )
        for t in range(titled):
            token_kinds[t] |= TITLE
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
        hash_tokens(data, bounds, n, hashes)
        skeletons(hashes, token_kinds, titled, n, elements, forms[i])
        count = word_shingles(hashes, first, n, shingle_size, elements)
        for e in range(count):
            elements[e] = mix(elements[e])
        absorb(copy[i], elements, count, copy_a, copy_b)
        term_counts[i], count, informative[i] = weigh(
            data, bounds, token_kinds, hashes, n, vector_lead, signature_lead, offsets, lows, zipfs,
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


class Signing:
    """A batch that is laid out and waits to be signed.

    `run` does the work, without the GIL, in any thread; `fingerprints` gives the result.
    """

    def __init__(
        self, chars: NDArray[np.uint32], parts: NDArray[np.int64], params: SignatureParams
    ) -> None:
        n, lead = len(parts), params.vector_lead
        self._chars, self._parts, self._params = chars, parts, params
        self._digests = np.zeros(n, dtype=np.uint64)
        self._copy = np.full((n, params.copy_permutations), EMPTY)
        self._story = np.full((n, params.story_permutations), EMPTY)
        self._lengths, self._informative, self._counts = np.zeros((3, n), dtype=np.int32)
        self._terms = np.empty((n, lead), dtype=np.uint32)
        self._skeletons = np.zeros((n, SKELETONS), dtype=np.uint32)
        self._tfs, self._zipfs, self._kinds = np.empty((3, n, lead), dtype=np.uint8)

    def run(self, executor: Executor | None = None, workers: int = 1) -> None:
        """Sign the batch, in `workers` slices on `executor` where one is given."""
        if executor is None or workers < 2:
            self._run(0, len(self._parts))
            return
        # Slices of equal text, not of equal count: lengths differ a hundredfold.
        targets = np.linspace(0, self._parts[-1, 2], workers + 1)[1:-1]
        edges = [0, *np.searchsorted(self._parts[:, 2], targets).tolist(), len(self._parts)]
        list(executor.map(self._run, edges[:-1], edges[1:]))

    def _run(self, low: int, high: int) -> None:
        p = self._params
        shape = (p.shingle_size, p.signature_lead, p.vector_lead, p.short_body)
        _sign(
            low, high, self._chars, self._parts, *characters()[:2], *weight_table()[:3], shape,
            *permutations(p.copy_permutations, p.seed), *permutations(p.story_permutations, p.seed),
            self._digests, self._copy, self._story, self._lengths, self._informative,
            self._terms, self._tfs, self._zipfs, self._kinds, self._counts, self._skeletons,
        )  # fmt: skip

    def fingerprints(self) -> Fingerprints:
        """The fingerprints, once `run` is through."""
        used = np.arange(self._params.vector_lead) < self._counts[:, None]
        return Fingerprints(
            self._digests, self._copy, self._story, self._lengths, self._informative,
            np.concatenate(([0], np.cumsum(self._counts, dtype=np.int64))),
            self._terms[used], self._tfs[used], self._zipfs[used], self._kinds[used],
            self._skeletons,
        )  # fmt: skip


class Signer:
    """Fingerprints batches of articles, keeping its buffers from one to the next.

    One signer serves one thread at a time.
    """

    def __init__(
        self,
        params: SignatureParams | None = None,
        executor: Executor | None = None,
        workers: int = 1,
    ) -> None:
        self.params = params or SignatureParams()
        self._executor = executor
        self._workers = workers
        self._buffer = TextBuffer()

    def sign(self, articles: Sequence[Article]) -> Fingerprints:
        """The fingerprints of a batch, in its order. Raises ValueError for an empty batch."""
        signing = self.begin(articles)
        signing.run(self._executor, self._workers)
        return signing.fingerprints()

    def begin(self, articles: Sequence[Article]) -> Signing:
        """Lay a batch out. It must have run before the next batch is begun.

        Raises ValueError for an empty batch.
        """
        if not articles:
            raise ValueError("a batch needs at least one article")
        texts = [part for a in articles for part in (a.title or "", a.text)]
        chars, ends = self._buffer.lay_out(texts)
        return Signing(chars, _parts(ends), self.params)
