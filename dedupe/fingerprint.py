"""Articles to fingerprints: one pass of the kernel from code points to both signatures.

normalise → segment → tokenise → drop boilerplate → shingle → sign, for a batch, on all cores,
without the GIL. What a source repeats is known only when its other articles have been read: what
is left of an article is recorded, so that it can be signed again without that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.hashing import xxh32
from dedupe.kernel import kernel
from dedupe.minhash import EMPTY, absorb, mix, permutations
from dedupe.models import Article
from dedupe.params import SignatureParams
from dedupe.shingles.weighted import MAX_REPLICAS, weigh
from dedupe.shingles.weights import weight_table
from dedupe.shingles.words import hash_tokens, thin_quotes, word_shingles
from dedupe.text.boilerplate import LEARNED_WORDS, UNLEARNED
from dedupe.text.characters import characters
from dedupe.text.forms import Forms, forms, mark_forms
from dedupe.text.normalise import TextBuffer
from dedupe.text.recording import RECORD_PER_CHAR, Record, drop, note
from dedupe.text.segments import BEGINS, ENDS, QUOTE, SEGMENT, split
from dedupe.text.tokens import BYTES_PER_CHAR, QUOTED, TITLE, tokenise


class Fingerprints(NamedTuple):
    """The fingerprints of n articles, one row each; terms are stored end to end.

    The terms of article i are `terms[term_bounds[i]:term_bounds[i + 1]]`, sorted.
    """

    digests: NDArray[np.uint64]  # (n,) of the normalised text; equal digests are `exact`
    copy: NDArray[np.uint32]  # (n, copy_permutations)
    story: NDArray[np.uint32]  # (n, story_permutations)
    lengths: NDArray[np.int32]  # (n,) tokens that the copy signature stands for
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

    @classmethod
    def of(cls, n: int, params: SignatureParams) -> Rows:
        """Rows of no text."""
        lengths, informative, counts = np.zeros((3, n), dtype=np.int32)
        tfs, zipfs, kinds = np.empty((3, n, params.vector_lead), dtype=np.uint8)
        return cls(
            np.full((n, params.copy_permutations), EMPTY),
            np.full((n, params.story_permutations), EMPTY),
            lengths, informative, counts,
            np.empty((n, params.vector_lead), dtype=np.uint32), tfs, zipfs, kinds,
        )  # fmt: skip

    def fingerprints(self, digests: NDArray[np.uint64]) -> Fingerprints:
        """The rows as fingerprints, their terms end to end."""
        used = np.arange(self.terms.shape[1]) < self.counts[:, None]
        return Fingerprints(
            digests, self.copy, self.story, self.lengths, self.informative,
            np.concatenate(([0], np.cumsum(self.counts, dtype=np.int64))),
            self.terms[used], self.tfs[used], self.zipfs[used], self.kinds[used],
        )  # fmt: skip


@njit(nogil=True)
def sign_tokens(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int32],
    token_kinds: NDArray[np.uint8],
    titled: int,
    n: int,
    with_story: bool,
    room: tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint64]],
    shape: tuple[int, int, int, int],
    table: tuple[NDArray[np.uint32], NDArray[np.uint16], NDArray[np.uint8]],
    draws: tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]],
    i: int,
    rows: Rows,
) -> None:
    """Sign one article's `n` tokens, the first `titled` of which are its title, into row `i`."""
    shingle_size, signature_lead, vector_lead, short_body = shape
    hashes, elements, sorting = room
    offsets, lows, table_zipfs = table
    copy, story, lengths, informative, counts, terms, tfs, zipfs, kinds = rows
    first = titled if n - titled >= short_body else 0
    lengths[i] = n - first
    hash_tokens(data, bounds, n, hashes)
    count = word_shingles(hashes, first, n, shingle_size, elements)
    if n - first > shingle_size:
        count = thin_quotes(token_kinds, first, count, shingle_size, elements)
        lengths[i] = count + shingle_size - 1
    for e in range(count):
        elements[e] = mix(elements[e])
    absorb(copy[i], elements, count, draws[0], draws[1])
    if not with_story:
        return
    counts[i], count, informative[i] = weigh(
        data, bounds, token_kinds, hashes, n, vector_lead, signature_lead, offsets, lows,
        table_zipfs, terms[i], tfs[i], zipfs[i], kinds[i], elements,
    )  # fmt: skip
    for e in range(count):
        elements[e] = mix(elements[e])
    absorb(story[i], elements, count, draws[2], draws[3])
    _sort_terms(terms[i], tfs[i], zipfs[i], kinds[i], counts[i], sorting)


@kernel
def _sign(
    low: int,
    high: int,
    chars: NDArray[np.uint32],
    parts: NDArray[np.int64],
    classes: NDArray[np.uint8],
    folds: NDArray[np.uint32],
    forms: Forms,
    shape: tuple[int, int, int, int],
    table: tuple[NDArray[np.uint32], NDArray[np.uint16], NDArray[np.uint8]],
    draws: tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]],
    digests: NDArray[np.uint64],
    rows: Rows,
    record: Record,
) -> None:
    """Sign articles `low` to `high`; `parts[i]` = (title start, title end = text start, end).

    What is left of each article without its fixed forms goes into the record, if there is one.
    """
    _, _, vector_lead, short_body = shape
    longest = 0
    for i in range(low, high):
        longest = max(longest, parts[i, 2] - parts[i, 0])
    data = np.empty(longest * BYTES_PER_CHAR + BYTES_PER_CHAR, dtype=np.uint8)
    bounds = np.empty((longest + 1, 2), dtype=np.int32)
    token_kinds = np.empty(longest + 1, dtype=np.uint8)
    piece_ends = np.empty(longest + 1, dtype=np.int64)
    marks = np.empty(longest + 1, dtype=np.uint8)
    ends = np.empty(longest + 1, dtype=np.int32)
    segments = np.empty(longest + 1, dtype=np.uint32)
    dropped = np.empty(longest + 1, dtype=np.bool_)
    room = (
        np.empty(longest + 1, dtype=np.uint32),
        np.empty(max(longest + 1, vector_lead * MAX_REPLICAS), dtype=np.uint32),
        np.empty(vector_lead, dtype=np.uint64),
    )
    written = RECORD_PER_CHAR * parts[low, 0]
    noted = parts[low, 0]
    for i in range(low, high):
        at, titled = tokenise(
            chars, parts[i, 0], parts[i, 1], classes, folds, data, 0, bounds, token_kinds, 0
        )
        for t in range(titled):
            token_kinds[t] |= TITLE
        n = titled
        pieces = split(chars, parts[i, 1], parts[i, 2], piece_ends, marks)
        start = parts[i, 1]
        count = 0
        for k in range(pieces):
            before = n
            at, n = tokenise(
                chars, start, piece_ends[k], classes, folds, data, at, bounds, token_kinds, n
            )
            start = piece_ends[k]
            if marks[k] & QUOTE:
                for t in range(before, n):
                    token_kinds[t] |= QUOTED
            if marks[k] & SEGMENT:
                segment = titled if count == 0 else np.int64(ends[count - 1])
                if n > segment:
                    ends[count] = n
                    marks[count] = marks[k]
                    segments[count] = xxh32(
                        data, bounds[segment, 0], bounds[n - 1, 1], np.uint32(0)
                    )
                    count += 1
        first = titled if n - titled >= short_body else 0
        if n > first:
            digests[i] = np.uint64(
                xxh32(data, bounds[first, 0], bounds[n - 1, 1], np.uint32(0))
            ) << np.uint64(32) | np.uint64(
                xxh32(data, bounds[first, 0], bounds[n - 1, 1], np.uint32(1))
            )
        found = mark_forms(
            data, bounds, token_kinds, titled, ends, marks, segments, count, forms, dropped
        )
        if len(record.packed) > 0:
            for s in range(count):
                low_token = titled if s == 0 else np.int64(ends[s - 1])
                whole = (marks[s] & BEGINS) and (marks[s] & ENDS)
                if ends[s] - low_token < LEARNED_WORDS and not whole:
                    segments[s] = UNLEARNED
        if found > 0 and (found < count or titled > 0):
            count, n = drop(bounds, token_kinds, titled, ends, segments, count, dropped)
        sign_tokens(data, bounds, token_kinds, titled, n, True, room, shape, table, draws, i, rows)
        if len(record.packed) > 0:
            written, noted = note(
                i,
                data,
                bounds,
                token_kinds,
                titled,
                n,
                ends,
                segments,
                count,
                written,
                noted,
                record,
            )  # fmt: skip


def _parts(ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of (title start, title end, text end) from the ends of titles and texts in turn."""
    pairs = ends.reshape(-1, 2)
    return np.column_stack((np.concatenate(([0], pairs[:-1, 1])), pairs))


def constants(p: SignatureParams) -> tuple[Any, Any, Any]:
    """What the kernels take from the parameters and the shipped tables."""
    shape = (p.shingle_size, p.signature_lead, p.vector_lead, p.short_body)
    copy, story = (
        permutations(p.copy_permutations, p.seed),
        permutations(p.story_permutations, p.seed),
    )
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
        record: Record,
    ) -> None:
        self._chars, self._parts, self._params, self._record = chars, parts, params, record
        self._digests = np.zeros(len(parts), dtype=np.uint64)
        self._rows = Rows.of(len(parts), params)
        self._edges = [0, len(parts)]

    def run(self, executor: Executor | None = None, workers: int = 1) -> None:
        """Sign the batch, in `workers` slices on `executor` where one is given."""
        if executor is None or workers < 2:
            self._run(0, len(self._parts))
            return
        # Slices of equal text, not of equal count: lengths differ a hundredfold.
        targets = np.linspace(0, self._parts[-1, 2], workers + 1)[1:-1]
        cuts = np.searchsorted(self._parts[:, 2], targets).tolist()
        self._edges = [0, *cuts, len(self._parts)]
        list(executor.map(self._run, self._edges[:-1], self._edges[1:]))

    def _run(self, low: int, high: int) -> None:
        _sign(
            low, high, self._chars, self._parts, *characters()[:2], forms(),
            *constants(self._params), self._digests, self._rows, self._record,
        )  # fmt: skip

    def fingerprints(self) -> Fingerprints:
        """The fingerprints, once `run` is through."""
        return self._rows.fingerprints(self._digests)

    def record(self) -> Iterator[Record]:
        """What was recorded, slice by slice; good until the next batch is begun."""
        packed, hashes, tokens, sizes = self._record
        for low, high in pairwise(self._edges):
            if low < high:
                start = self._parts[low, 0]
                size, count, _, segments = sizes[low:high].sum(axis=0, dtype=np.int64)
                first = RECORD_PER_CHAR * start
                yield Record(
                    packed[first : first + size + count],
                    hashes[start : start + segments],
                    tokens[start : start + segments],
                    sizes[low:high],
                )


class Signer:
    """Fingerprints batches of articles, keeping its buffers from one to the next.

    One signer serves one thread at a time. `recording` says whether what is left of the articles
    is recorded, so that they can be signed again.
    """

    def __init__(
        self,
        params: SignatureParams | None = None,
        executor: Executor | None = None,
        workers: int = 1,
        *,
        recording: bool = False,
    ) -> None:
        self.params = params or SignatureParams()
        self._executor = executor
        self._workers = workers
        self._recording = recording
        self._buffer = TextBuffer()
        self._packed = np.empty(0, dtype=np.uint8)
        self._hashes = np.empty(0, dtype=np.uint32)
        self._tokens = np.empty(0, dtype=np.int32)

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
        if self._recording and len(chars) >= len(self._hashes):
            room = int(1.25 * len(chars)) + 1
            self._packed = np.empty(RECORD_PER_CHAR * room, dtype=np.uint8)
            self._hashes = np.empty(room, dtype=np.uint32)
            self._tokens = np.empty(room, dtype=np.int32)
        sizes = np.empty((len(articles), 4), dtype=np.int32)
        record = Record(self._packed, self._hashes, self._tokens, sizes)
        return Signing(chars, _parts(ends), self.params, record)
