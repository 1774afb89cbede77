"""One scan over all articles: candidates → verify → cluster → elect, the same in any order."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.banding import Buckets, candidates, empty_buckets, fill_band
from dedupe.batch.collection import Collection, Ranked
from dedupe.batch.decisions import decide
from dedupe.batch.links import Links, closest, find_links, find_stubs
from dedupe.clustering import average_link
from dedupe.fingerprint import Fingerprints, Signer, Signing
from dedupe.models import Article, Decision, Kind, Level, Relation
from dedupe.params import ScanParams
from dedupe.similarity.apart import Apart
from dedupe.similarity.plane import PlaneVerifier
from dedupe.similarity.verifier import Judgement, Verifier

BATCH_ARTICLES = 128
BATCH_CHARACTERS = 1_000_000
_STRIDE = 1024  # articles whose candidates one thread looks up and verifies at a time
_PAIRS = 20_000  # that one thread judges at a time
_FLOOR = 0.25  # of the threshold: candidate pairs scored lower are forgotten
_HALF = 0.5  # below story level the average is the share of pairs that are copies or rewrites

Progress = Callable[[str, int, int], None]  # stage, done, of how many (0 = not known)


def _silent(stage: str, done: int, total: int) -> None:
    """No progress to show."""


def plane_verifier(ranked: Ranked, params: ScanParams) -> Verifier:
    """The verifier of a scan that is given no other."""
    return PlaneVerifier(ranked.compared, ranked.circumstances(), params.threshold)


def scan(
    articles: Iterable[Article],
    params: ScanParams | None = None,
    progress: Progress = _silent,
    verifier: Callable[[Ranked, ScanParams], Verifier] = plane_verifier,
) -> list[Decision]:
    """Decide on every article, in the order given.

    The result does not depend on that order. Articles are read as a stream; what is kept of each
    is a few kilobytes. `verifier` makes the judge of pairs for what was read. Raises ValueError
    where two articles have one id.
    """
    params = params or ScanParams()
    workers = params.workers or os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        ranked = _read(articles, params, pool, workers, progress)
        if ranked is None:
            return []
        known = ranked.circumstances()
        judge = Apart(verifier(ranked, params), ranked.compared, known, ranked.times())
        return _stories(ranked, judge, params, pool, progress)


def _read(
    articles: Iterable[Article],
    params: ScanParams,
    pool: ThreadPoolExecutor,
    workers: int,
    progress: Progress,
) -> Ranked | None:
    signer = Signer(params.signature)
    collection = Collection(params.signature)
    ahead: tuple[Signing, Future[None]] | None = None
    # One batch is signed, which needs no GIL, while the next is read.
    with ThreadPoolExecutor(1) as behind:
        for batch in _batches(articles):
            collection.note(batch)
            if ahead is not None:
                collection.keep(_finished(*ahead))
            signing = signer.begin(batch)
            ahead = signing, behind.submit(signing.run, pool, workers - 1)
            progress("reading", len(collection), 0)
        if ahead is None:
            return None
        collection.keep(_finished(*ahead))
    return collection.ranked()


def _finished(signing: Signing, running: Future[None]) -> Fingerprints:
    running.result()
    return signing.fingerprints()


def _batches(articles: Iterable[Article]) -> Iterator[list[Article]]:
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


def _stories(
    ranked: Ranked,
    verifier: Verifier,
    params: ScanParams,
    pool: ThreadPoolExecutor,
    progress: Progress,
) -> list[Decision]:
    times = ranked.times()
    window = params.window_hours
    together = _exact_groups(ranked.compared.digests, times, window)
    buckets = _bucket(ranked, together, params, pool)
    found = _verified(ranked, buckets, verifier, times, params, pool, progress)

    def score(left: NDArray[np.int32], right: NDArray[np.int32]) -> NDArray[np.float32]:
        parts = max(1, len(left) // _PAIRS)
        judged = pool.map(verifier.judge, np.array_split(left, parts), np.array_split(right, parts))
        linked = [_link(part, verifier.threshold, params.level) for part in judged]
        return np.concatenate(linked)

    progress("clustering", 0, 0)
    labels = average_link(
        together,
        found.left,
        found.right,
        found.scores,
        verifier.threshold if params.level is Level.STORY else _HALF,
        score,
        times,
        window,
    )
    inside = labels[found.left] == labels[found.right]
    copies = np.flatnonzero(together != np.arange(len(together)))
    left = np.r_[found.left[inside], together[copies]].astype(np.int32)
    right = np.r_[found.right[inside], copies].astype(np.int32)
    ranked.kinds[found.stubs] = Kind.STUB
    linked = closest(found.links, labels, together)
    return decide(ranked, labels, left, right, verifier, params, linked)


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


class _Verified(NamedTuple):
    """What is remembered of the candidate pairs."""

    left: NDArray[np.int32]
    right: NDArray[np.int32]
    scores: NDArray[np.float32]
    links: Links
    stubs: NDArray[np.int32]


def _verified(
    ranked: Ranked,
    buckets: Buckets,
    verifier: Verifier,
    times: NDArray[np.float64],
    params: ScanParams,
    pool: ThreadPoolExecutor,
    progress: Progress,
) -> _Verified:
    """The candidate pairs that are worth remembering, with their scores, and what they show."""
    n = len(times)

    def look(low: int) -> _Verified:
        left, right, _ = candidates(
            low, min(n, low + _STRIDE), *buckets, times, params.window_hours,
            params.bucket_depth, params.candidates,
        )  # fmt: skip
        scores = _link(verifier.judge(left, right), verifier.threshold, params.level)
        keep = scores >= verifier.threshold * _FLOOR
        links, stubs = find_links(ranked, left, right), find_stubs(ranked, left, right)
        return _Verified(left[keep], right[keep], scores[keep], links, stubs)

    found = []
    for part in pool.map(look, range(0, n, _STRIDE)):
        found.append(part)
        progress("comparing", min(n, len(found) * _STRIDE), n)
    left, right, scores, links, stubs = zip(*found, strict=True)
    return _Verified(
        np.concatenate(left), np.concatenate(right), np.concatenate(scores),
        Links.joined(list(links)), np.concatenate(stubs),
    )  # fmt: skip


def _link(judged: Judgement, threshold: float, level: Level) -> NDArray[np.float32]:
    """The scores that clusters are made of at a level: below story, 1 for a pair that counts."""
    if level is Level.STORY:
        return judged.scores
    least = Relation.COPY if level is Level.COPY else Relation.REWRITE
    counts = (judged.relations >= least) & (judged.scores >= threshold)
    return counts.astype(np.float32)
