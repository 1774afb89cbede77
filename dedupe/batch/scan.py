"""One scan over all articles: candidates → verify → cluster → elect, the same in any order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, nullcontext
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.banding import Buckets, candidates, empty_buckets, fill_band
from dedupe.batch.collection import Collection, Ranked
from dedupe.batch.decisions import decide
from dedupe.batch.spool import Spool
from dedupe.clustering import average_link
from dedupe.fingerprint import Fingerprints, Signer, Signing
from dedupe.models import Article, Decision, Kind
from dedupe.params import ScanParams
from dedupe.similarity.verifier import Verifier
from dedupe.stories.levels import level_scores, level_threshold
from dedupe.stories.links import Links, closest, find_links, find_stubs
from dedupe.stories.verifiers import Maker, maker_of, watched

BATCH_ARTICLES = 128
BATCH_CHARACTERS = 1_000_000
_STRIDE = 1024  # articles whose candidates one thread looks up and verifies at a time
_PAIRS = 20_000  # that one thread judges at a time
_NEVER = -1e6  # score of two articles that are kept apart
_FLOOR = 0.25  # of the threshold: candidate pairs scored lower are forgotten

Progress = Callable[[str, int, int], None]  # stage, done, of how many (0 = not known)


def silent(stage: str, done: int, total: int) -> None:
    """No progress to show."""


def scan(
    articles: Iterable[Article],
    params: ScanParams | None = None,
    progress: Progress = silent,
    verifier: Maker | None = None,
) -> list[Decision]:
    """Decide on every article, in the order given.

    The result does not depend on that order. Articles are read as a stream; what is kept of each
    is a few kilobytes. `verifier` makes the judge of pairs for what was read, in the stead of the
    one that the parameters name. Raises ValueError where two articles have one id, UsageError for
    a verifier that cannot be had.
    """
    params = params or ScanParams()
    maker = maker_of(params, verifier)
    ranked = gather(watched(articles, maker), params, progress)
    if not ranked.entries:
        return []
    return decide_on(ranked, params, maker(ranked, params), progress)


def gather(articles: Iterable[Article], params: ScanParams, progress: Progress = silent) -> Ranked:
    """The first half of a scan: read and sign every article once, for any number of `decide_on`.

    Only the signature and the boilerplate in `params` matter. Raises ValueError where two articles
    have one id.
    """
    return _read(
        articles, params, progress
    ).ranked()  # where memory peaks: buffers are gone by then


def _read(articles: Iterable[Article], params: ScanParams, progress: Progress) -> Collection:
    signer = Signer(params.signature)
    collection = Collection(params.signature)
    ahead: tuple[Signing, Future[None]] | None = None
    workers = _workers(params)

    def sign(signing: Signing, batch: list[Article]) -> None:
        signing.run(pool, workers - 1)
        if spool is not None:
            spool.add(batch, signing.passages())

    # One batch is signed, which needs no GIL, while the next is read.
    with (
        closing(Spool(params.signature)) if params.boilerplate else nullcontext() as spool,
        ThreadPoolExecutor(workers) as pool,
        ThreadPoolExecutor(1) as behind,
    ):
        for batch in batches(articles):
            collection.note(batch)
            if ahead is not None:
                collection.keep(_finished(*ahead))
            signing = signer.begin(batch)
            ahead = signing, behind.submit(sign, signing, batch)
            progress("reading", len(collection), 0)
        if ahead is not None:
            collection.keep(_finished(*ahead))
        if spool is not None:
            spool.sign_again(collection)
    return collection


def decide_on(
    ranked: Ranked, params: ScanParams, verifier: Verifier, progress: Progress = silent
) -> list[Decision]:
    """The second half of a scan: the decision on every article, in the order of the input."""
    if not ranked.entries:
        return []
    with ThreadPoolExecutor(_workers(params)) as pool:
        return _stories(ranked, verifier, params, pool, progress)


class CandidatePairs(NamedTuple):
    """Pairs of articles, given by their ranks, that a scan compares, and what else they show."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    scores: NDArray[np.float32]  # that clusters are made of, at the level of the scan
    links: Links
    stubs: NDArray[np.int32]  # articles that are the beginning of a longer one


def candidate_pairs(
    ranked: Ranked, params: ScanParams, verifier: Verifier, progress: Progress = silent
) -> CandidatePairs:
    """The pairs that a scan compares and scores at a quarter of the threshold or more.

    Of several exact copies only the first is compared with others.
    """
    with ThreadPoolExecutor(_workers(params)) as pool:
        together = _exact_groups(ranked.compared.digests, ranked.times(), params.window_hours)
        return _verified(ranked, together, verifier, params, pool, progress)


def _workers(params: ScanParams) -> int:
    return params.workers or os.cpu_count() or 1


def _finished(signing: Signing, running: Future[None]) -> Fingerprints:
    running.result()
    return signing.fingerprints()


def batches(articles: Iterable[Article]) -> Iterator[list[Article]]:
    """Lists of articles, bounded in number and in characters."""
    stream = iter(articles)
    while batch := list(islice(stream, 1)):
        size = len(batch[0].text)
        while len(batch) < BATCH_ARTICLES and size < BATCH_CHARACTERS:
            following = next(stream, None)
            if following is None:
                break
            batch.append(following)
            size += len(following.text)
        yield batch


class Constraints(NamedTuple):
    """What people say of articles, given by their ranks."""

    together: tuple[frozenset[int], ...] = ()  # groups that are in one story
    apart: tuple[tuple[frozenset[int], frozenset[int]], ...] = ()  # no story has some of both


def story_labels(
    ranked: Ranked,
    params: ScanParams,
    verifier: Verifier,
    progress: Progress = silent,
    constraints: Constraints | None = None,
) -> NDArray[np.int64]:
    """For each article, by rank, the first of its story."""
    with ThreadPoolExecutor(_workers(params)) as pool:
        constraints = constraints or Constraints()
        return _clustered(ranked, verifier, params, pool, progress, constraints)[0]


def _stories(
    ranked: Ranked,
    verifier: Verifier,
    params: ScanParams,
    pool: ThreadPoolExecutor,
    progress: Progress,
) -> list[Decision]:
    labels, together, found = _clustered(ranked, verifier, params, pool, progress, Constraints())
    inside = labels[found.left] == labels[found.right]
    copies = np.flatnonzero(together != np.arange(len(together)))
    left = np.r_[found.left[inside], together[copies]].astype(np.int32)
    right = np.r_[found.right[inside], copies].astype(np.int32)
    ranked.circumstances.kinds[found.stubs] = Kind.STUB
    linked = closest(found.links, labels, together)
    return decide(ranked, labels, left, right, verifier, params, linked)


def _clustered(
    ranked: Ranked,
    verifier: Verifier,
    params: ScanParams,
    pool: ThreadPoolExecutor,
    progress: Progress,
    constraints: Constraints,
) -> tuple[NDArray[np.int64], NDArray[np.int64], CandidatePairs]:
    """The stories, the exact copies within them, and the pairs that were compared."""
    times = ranked.times()
    window = params.window_hours
    together = _exact_groups(ranked.compared.digests, times, window)
    found = _verified(ranked, together, verifier, params, pool, progress)

    def score(left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.float32]:
        parts = max(1, len(left) // _PAIRS)
        lefts, rights = np.array_split(left, parts), np.array_split(right, parts)
        judged = pool.map(verifier.judge, lefts, rights)
        linked = [level_scores(part, verifier.threshold, params.level) for part in judged]
        return _kept_apart(left, right, np.concatenate(linked), constraints)

    progress("clustering", 0, 0)
    start = together
    for group in constraints.together:
        kept = np.unique(start[sorted(group)])
        start = np.where(np.isin(start, kept), kept.min(initial=len(start)), start)
    labels = average_link(
        start,
        found.left,
        found.right,
        _kept_apart(found.left, found.right, found.scores, constraints),
        level_threshold(verifier.threshold, params.level),
        score,
        times,
        window,
    )
    return labels, together, found


def _kept_apart(
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    scores: NDArray[np.float32],
    constraints: Constraints,
) -> NDArray[np.float32]:
    """The scores; of pairs that people keep apart so low that no average survives it."""
    for one, other in constraints.apart:
        ones, others = np.array(sorted(one)), np.array(sorted(other))
        apart = np.isin(left, ones) & np.isin(right, others)
        apart |= np.isin(left, others) & np.isin(right, ones)
        scores = np.where(apart, np.float32(_NEVER), scores)
    return scores


def _exact_groups(
    digests: NDArray[np.uint64], times: NDArray[np.float64], window: float
) -> NDArray[np.int64]:
    """For each article the first of the same normalised text within the window; 0 is no text."""
    labels = np.arange(len(digests))
    heads: dict[int, int] = {}
    for i, digest in enumerate(digests.tolist()):
        if digest:
            head = heads.setdefault(digest, i)
            if times[i] - times[head] > window:
                heads[digest] = head = i
            labels[i] = head
    return labels


def _bucket(
    ranked: Ranked, together: NDArray[np.int64], params: ScanParams, pool: ThreadPoolExecutor
) -> Buckets:
    """The buckets of every band. One of several exact copies speaks for all."""
    heads = together == np.arange(len(together))
    admitted = heads & (ranked.informative >= params.signature.informative_words)
    bands = params.signature.bands
    buckets = empty_buckets(bands, len(together))

    def fill(band: int) -> None:
        fill_band(buckets, band, ranked.keys[ranked.order, band], admitted)

    list(pool.map(fill, range(bands)))
    return buckets


def _verified(
    ranked: Ranked,
    together: NDArray[np.int64],
    verifier: Verifier,
    params: ScanParams,
    pool: ThreadPoolExecutor,
    progress: Progress,
) -> CandidatePairs:
    """The candidate pairs that are worth remembering, with their scores."""
    buckets = _bucket(ranked, together, params, pool)
    times = ranked.times()
    n = len(times)

    def look(low: int) -> CandidatePairs:
        left, right, _ = candidates(
            low, min(n, low + _STRIDE), *buckets, times, params.window_hours,
            params.bucket_depth, params.candidates,
        )  # fmt: skip
        scores = level_scores(verifier.judge(left, right), verifier.threshold, params.level)
        keep = scores >= verifier.threshold * _FLOOR
        links, stubs = find_links(ranked, left, right), find_stubs(ranked, left, right)
        return CandidatePairs(left[keep], right[keep], scores[keep], links, stubs)

    found = []
    for part in pool.map(look, range(0, max(1, n), _STRIDE)):
        found.append(part)
        progress("comparing", min(n, len(found) * _STRIDE), n)
    left, right, scores, links, stubs = zip(*found, strict=True)
    return CandidatePairs(
        np.concatenate(left), np.concatenate(right), np.concatenate(scores),
        Links.joined(list(links)), np.concatenate(stubs),
    )  # fmt: skip
