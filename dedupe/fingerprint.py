"""Articles to fingerprints: one pass of the kernel from code points to both signatures.

normalise → tokenise → leave out fixed forms → shingle → sign, for a batch, on all cores, without
the GIL. What a source repeats is known only when others of its articles have been read; a signer
that is given what was learned leaves that out too.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.banding import band_keys
from dedupe.hashing import xxh32
from dedupe.kernel import kernel
from dedupe.minhash import EMPTY, absorb, mix, permutations
from dedupe.models import Article
from dedupe.params import SignatureParams
from dedupe.shingles.skeletons import SKELETONS, skeletons
from dedupe.shingles.weighted import MAX_REPLICAS, weigh
from dedupe.shingles.weights import weight_table
from dedupe.shingles.words import hash_tokens, thin_quotes, word_shingles
from dedupe.text.boilerplate import Boilerplate, mark_repeated
from dedupe.text.characters import characters
from dedupe.text.forms import Forms, forms, mark_forms
from dedupe.text.normalise import TextBuffer
from dedupe.text.passages import Passages, drop, join_lines
from dedupe.text.segments import split
from dedupe.text.tokens import BYTES_PER_CHAR, TITLE, tokenise

_PASSAGES = 64  # of one lead that are looked at, at most


class Fingerprints(NamedTuple):
    """The fingerprints of n articles, one row each; terms are stored end to end.

    The terms of article i are `terms[term_bounds[i]:term_bounds[i + 1]]`, sorted.
    """

    digests: NDArray[np.uint64]  # (n,) of the normalised text; equal digests are `exact`
    copy: NDArray[np.uint32]  # (n, copy_permutations)
    story: NDArray[np.uint32]  # (n, story_permutations)
    lengths: NDArray[np.int32]  # (n,) tokens of the text that the copy signature stands for
    informative: NDArray[np.int32]  # (n,) informative words of the lead
    term_bounds: NDArray[np.int64]  # (n + 1,)
    terms: NDArray[np.uint32]  # xxh32 of each term
    tfs: NDArray[np.uint8]  # how often it stands in the lead
    zipfs: NDArray[np.uint8]  # how common it is in its language, in steps of 1/32
    kinds: NDArray[np.uint8]  # its bits, see dedupe.text.tokens
    skeletons: NDArray[np.uint32]  # (n, SKELETONS) of dedupe.shingles.skeletons


def bucket_keys(fingerprints: Fingerprints, params: SignatureParams) -> NDArray[np.uint32]:
    """The buckets of n articles, (n, bands): those of the story signature first."""
    keys = np.empty((len(fingerprints.copy), params.bands), dtype=np.uint32)
    first = params.story_bands
    band_keys(fingerprints.story, params.story_rows, 0, first, keys)
    band_keys(fingerprints.copy, params.copy_rows, first, params.bands, keys)
    return keys


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


class Rows(NamedTuple):
    """Room for the fingerprints of n articles, all but the digests; `terms` and so on by row."""

    copy: NDArray[np.uint32]
    story: NDArray[np.uint32]
    lengths: NDArray[np.int32]
    informative: NDArray[np.int32]
    counts: NDArray[np.int32]  # (n,) terms
    terms: NDArray[np.uint32]  # (n, vector lead)
    tfs: NDArray[np.uint8]
    zipfs: NDArray[np.uint8]
    kinds: NDArray[np.uint8]
    skeletons: NDArray[np.uint32]
    passages: NDArray[np.uint32]  # (n, _PASSAGES) that begin in the vector lead
    words: NDArray[np.uint16]  # (n, _PASSAGES) of each in that lead
    passage_counts: NDArray[np.int32]

    @classmethod
    def of(cls, n: int, params: SignatureParams) -> Rows:
        """Rows of no text."""
        lengths, informative, counts, passage_counts = np.zeros((4, n), dtype=np.int32)
        tfs, zipfs, kinds = np.empty((3, n, params.vector_lead), dtype=np.uint8)
        return cls(
            np.full((n, params.copy_permutations), EMPTY),
            np.full((n, params.story_permutations), EMPTY),
            lengths, informative, counts,
            np.empty((n, params.vector_lead), dtype=np.uint32), tfs, zipfs, kinds,
            np.zeros((n, SKELETONS), dtype=np.uint32),
            np.empty((n, _PASSAGES), dtype=np.uint32),
            np.empty((n, _PASSAGES), dtype=np.uint16), passage_counts,
        )  # fmt: skip

    def fingerprints(self, digests: NDArray[np.uint64]) -> Fingerprints:
        """The rows as fingerprints, their terms end to end."""
        used = np.arange(self.terms.shape[1]) < self.counts[:, None]
        return Fingerprints(
            digests, self.copy, self.story, self.lengths, self.informative,
            np.concatenate(([0], np.cumsum(self.counts, dtype=np.int64))),
            self.terms[used], self.tfs[used], self.zipfs[used], self.kinds[used],
            self.skeletons,
        )  # fmt: skip


@njit(nogil=True)
def _sign_copy(
    kinds: NDArray[np.uint8],
    hashes: NDArray[np.uint32],
    titled: int,
    n: int,
    elements: NDArray[np.uint32],
    shape: tuple[int, int, int, int],
    draws: tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]],
    i: int,
    rows: Rows,
) -> None:
    """The copy signature of an article's `n` tokens, `titled` of the title, into row `i`."""
    size, _, _, short_body = shape
    first = titled if n - titled >= short_body else 0
    rows.lengths[i] = n - first
    count = word_shingles(hashes, first, n, size, elements)
    if n - first > size:
        count = thin_quotes(kinds, first, count, size, elements)
        rows.lengths[i] = count + size - 1
    for e in range(count):
        elements[e] = mix(elements[e])
    absorb(rows.copy[i], elements, count, draws[0], draws[1])


@njit(nogil=True)
def _sign_story(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    hashes: NDArray[np.uint32],
    n: int,
    elements: NDArray[np.uint32],
    sorting: NDArray[np.uint64],
    shape: tuple[int, int, int, int],
    table: tuple[NDArray[np.uint32], NDArray[np.uint16], NDArray[np.uint8]],
    draws: tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]],
    i: int,
    rows: Rows,
) -> None:
    """The story signature and the terms of an article's `n` tokens into row `i`."""
    _, signature_lead, vector_lead, _ = shape
    rows.counts[i], count, rows.informative[i] = weigh(
        data, bounds, kinds, hashes, n, vector_lead, signature_lead, table[0], table[1], table[2],
        rows.terms[i], rows.tfs[i], rows.zipfs[i], rows.kinds[i], elements,
    )  # fmt: skip
    for e in range(count):
        elements[e] = mix(elements[e])
    absorb(rows.story[i], elements, count, draws[2], draws[3])
    _sort_terms(rows.terms[i], rows.tfs[i], rows.zipfs[i], rows.kinds[i], rows.counts[i], sorting)


@njit(nogil=True)
def _note(
    titled: int,
    lead: int,
    ends: NDArray[np.int32],
    passages: NDArray[np.uint32],
    count: int,
    i: int,
    rows: Rows,
) -> None:
    """Note the passages that begin in the first `lead` tokens of an article in row `i`."""
    start = np.int64(titled)
    for p in range(min(count, _PASSAGES)):
        if start >= lead:
            break
        rows.passages[i, p] = passages[p]
        rows.words[i, p] = min(np.int64(ends[p]), np.int64(lead)) - start
        rows.passage_counts[i] += 1
        start = np.int64(ends[p])


@kernel
def _sign(
    low: int,
    high: int,
    chars: NDArray[np.uint32],
    parts: NDArray[np.int64],
    classes: NDArray[np.uint8],
    folds: NDArray[np.uint32],
    phrases: Forms,
    shape: tuple[int, int, int, int],
    table: tuple[NDArray[np.uint32], NDArray[np.uint16], NDArray[np.uint8]],
    draws: tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]],
    digests: NDArray[np.uint64],
    rows: Rows,
    sources: NDArray[np.uint64],
    testimony: NDArray[np.uint16],
) -> None:
    """Sign articles `low` to `high`; `parts[i]` = (title start, title end = text start, end)."""
    _, _, vector_lead, short_body = shape
    longest = 0
    for i in range(low, high):
        longest = max(longest, parts[i, 2] - parts[i, 0])
    data = np.empty(longest * BYTES_PER_CHAR + BYTES_PER_CHAR, dtype=np.uint8)
    bounds = np.empty((longest + 1, 2), dtype=np.int32)
    kinds = np.empty(longest + 1, dtype=np.uint8)
    hashes = np.empty(longest + 1, dtype=np.uint32)
    cuts = np.empty((longest + 1, 2), dtype=np.int64)
    ends = np.empty(longest + 1, dtype=np.int32)
    marks = np.empty(longest + 1, dtype=np.uint8)
    dropped = np.empty(longest + 1, dtype=np.bool_)
    passages = np.empty(longest + 1, dtype=np.uint32)
    elements = np.empty(max(longest + 1, vector_lead * MAX_REPLICAS), dtype=np.uint32)
    sorting = np.empty(vector_lead, dtype=np.uint64)
    for i in range(low, high):
        start, end = parts[i, 1], parts[i, 2]
        at, titled, _ = tokenise(
            chars, parts[i, 0], start, classes, folds, data, 0, bounds, kinds, 0, cuts[:0]
        )
        for t in range(titled):
            kinds[t] |= TITLE
        at, n, cut = tokenise(
            chars, start, end, classes, folds, data, at, bounds, kinds, titled, cuts
        )
        first = titled if n - titled >= short_body else 0
        if n > first:
            low_byte, high_byte = bounds[first, 0], bounds[n - 1, 1]
            digests[i] = np.uint64(xxh32(data, low_byte, high_byte, np.uint32(0))) << np.uint64(
                32
            ) | np.uint64(xxh32(data, low_byte, high_byte, np.uint32(1)))
        hash_tokens(data, bounds, n, hashes)
        skeletons(hashes, kinds, titled, n, elements, rows.skeletons[i])
        count = split(chars, start, end, cuts, cut, titled, n, kinds, ends, marks)
        found = mark_forms(
            data, bounds, kinds, hashes, titled, ends, marks, count, phrases, dropped
        )
        if found > 0 and (found < count or titled > 0):
            count, n = drop(bounds, kinds, hashes, titled, ends, marks, count, dropped)
        count = join_lines(hashes, titled, ends, marks, count, passages)
        _note(titled, min(n, vector_lead), ends, passages, count, i, rows)
        found = mark_repeated(testimony, sources[i], passages, count, dropped)
        if found > 0 and (found < count or titled > 0):
            count, n = drop(bounds, kinds, hashes, titled, ends, marks, count, dropped)
        _sign_copy(kinds, hashes, titled, n, elements, shape, draws, i, rows)
        _sign_story(data, bounds, kinds, hashes, n, elements, sorting, shape, table, draws, i, rows)


def _parts(ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of (title start, title end, text end) from the ends of titles and texts in turn."""
    pairs = ends.reshape(-1, 2)
    return np.column_stack((np.concatenate(([0], pairs[:-1, 1])), pairs))


def _constants(p: SignatureParams) -> tuple[Any, Any, Any]:
    """What the kernels take from the parameters and the shipped tables."""
    shape = (p.shingle_size, p.signature_lead, p.vector_lead, p.short_body)
    copy = permutations(p.copy_permutations, p.seed)
    story = permutations(p.story_permutations, p.seed)
    return shape, tuple(weight_table()[:3]), (*copy, *story)


class Signing:
    """A batch that is laid out and waits to be signed.

    `run` does the work, without the GIL, in any thread; `fingerprints` gives the result.
    """

    def __init__(
        self,
        chars: NDArray[np.uint32],
        parts: NDArray[np.int64],
        params: SignatureParams,
        sources: NDArray[np.uint64],
        learned: Boilerplate | None,
    ) -> None:
        self._chars, self._parts, self._params = chars, parts, params
        self._sources = sources
        self._testimony = learned.testimony if learned else np.empty((2, 0), dtype=np.uint16)
        self._digests = np.zeros(len(parts), dtype=np.uint64)
        self._rows = Rows.of(len(parts), params)

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
        _sign(
            low, high, self._chars, self._parts, *characters()[:2], forms(),
            *_constants(self._params), self._digests, self._rows, self._sources, self._testimony,
        )  # fmt: skip

    def fingerprints(self) -> Fingerprints:
        """The fingerprints, once `run` is through."""
        return self._rows.fingerprints(self._digests)

    def passages(self) -> Passages:
        """What of the leads a source may repeat, fixed forms apart, once `run` is through."""
        rows = self._rows
        used = np.arange(_PASSAGES) < rows.passage_counts[:, None]
        return Passages(self._sources, rows.passage_counts, rows.passages[used], rows.words[used])


class Signer:
    """Fingerprints batches of articles, keeping its buffers from one to the next.

    One signer serves one thread at a time. What was `learned` is left out of articles whose source
    is given.
    """

    def __init__(
        self,
        params: SignatureParams | None = None,
        executor: Executor | None = None,
        workers: int = 1,
        *,
        learned: Boilerplate | None = None,
    ) -> None:
        self.params = params or SignatureParams()
        self._executor = executor
        self._workers = workers
        self._learned = learned
        self._buffer = TextBuffer()

    def sign(
        self, articles: Sequence[Article], sources: NDArray[np.uint64] | None = None
    ) -> Fingerprints:
        """The fingerprints of a batch, in its order. Raises ValueError for an empty batch."""
        signing = self.begin(articles, sources)
        signing.run(self._executor, self._workers)
        return signing.fingerprints()

    def begin(
        self, articles: Sequence[Article], sources: NDArray[np.uint64] | None = None
    ) -> Signing:
        """Lay a batch out. It must have run before the next batch is begun.

        `sources` are (n,) hashes of dedupe.text.boilerplate; without them none is known. Raises
        ValueError for an empty batch.
        """
        if not articles:
            raise ValueError("a batch needs at least one article")
        texts = [part for a in articles for part in (a.title or "", a.text)]
        chars, ends = self._buffer.lay_out(texts)
        if sources is None:
            sources = np.zeros(len(articles), dtype=np.uint64)
        return Signing(chars, _parts(ends), self.params, sources, self._learned)
