"""Average-link clustering of a sparse graph of candidates, whole clusters compared.

Reciprocal agglomeration: in each round every pair of clusters that are each other's best partner
merges, which for average link gives the same tree as merging the best pair one at a time (Sumengen
et al. 2021, arXiv 2105.11653). Candidates decide which clusters meet; where two meet, the average
is over all their members, those that no candidate pair joins included.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.kernel import kernel

Index = NDArray[np.int32]
Score = Callable[[Index, Index], NDArray[np.float32]]  # of pairs of articles, 0 to 1

SAMPLE = 24  # members of a cluster that speak for all of a larger one
_FORGET = 0.25  # of the threshold: an average below it is no neighbourhood


class Edges(NamedTuple):
    """Pairs of clusters that have met, u < v, ordered, each once."""

    u: NDArray[np.int64]
    v: NDArray[np.int64]
    average: NDArray[np.float64]  # score over all pairs of members

    def where(self, keep: NDArray[np.bool_]) -> Edges:
        """Only some of them."""
        return Edges(self.u[keep], self.v[keep], self.average[keep])


class _Members(NamedTuple):
    """The articles of every cluster, end to end."""

    articles: Index
    starts: NDArray[np.int64]  # (n + 1,)

    @classmethod
    def of(cls, labels: NDArray[np.int64]) -> _Members:
        counts = np.bincount(labels, minlength=len(labels))
        starts = np.concatenate(([0], np.cumsum(counts)))
        return cls(np.argsort(labels, kind="stable").astype(np.int32), starts)


@kernel
def _cross(
    a: NDArray[np.int64],
    b: NDArray[np.int64],
    articles: NDArray[np.int32],
    starts: NDArray[np.int64],
    sample: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """All pairs of members of the clusters a[k] and b[k], at most sample² each, evenly drawn."""
    ends = np.empty(len(a), dtype=np.int64)
    total = 0
    for k in range(len(a)):
        total += min(sample, starts[a[k] + 1] - starts[a[k]]) * min(
            sample, starts[b[k] + 1] - starts[b[k]]
        )
        ends[k] = total
    left = np.empty(total, dtype=np.int32)
    right = np.empty(total, dtype=np.int32)
    at = 0
    for k in range(len(a)):
        size_a, size_b = starts[a[k] + 1] - starts[a[k]], starts[b[k] + 1] - starts[b[k]]
        some_a, some_b = min(sample, size_a), min(sample, size_b)
        for i in range(some_a):
            for j in range(some_b):
                left[at] = articles[starts[a[k]] + i * size_a // some_a]
                right[at] = articles[starts[b[k]] + j * size_b // some_b]
                at += 1
    return left, right, ends


def average_link(
    labels: NDArray[np.int64],
    left: Index,
    right: Index,
    scores: NDArray[np.float32],
    threshold: float,
    score: Score,
    times: NDArray[np.float64] | None = None,
    window: float = np.inf,
) -> NDArray[np.int64]:
    """Cluster n articles; returns for each the lowest article of its cluster.

    `labels` says what is together from the start (each entry the lowest article of its group),
    `left`, `right` and `scores` are the candidate pairs, `score` judges any others. Two clusters
    merge while their average is at least `threshold` and all their `times` (hours, ascending;
    NaN = none) lie within `window`. The articles' order decides nothing but ties.
    """
    labels = labels.copy()
    times = np.full(len(labels), np.nan) if times is None else times
    first, last = _spans(labels, times)
    edges = _gather(labels[left], labels[right], scores.astype(np.float64))
    while True:
        edges = _within(edges, first, last, window)
        target = _reciprocal(edges, threshold, len(labels))
        merged = np.flatnonzero(target != np.arange(len(target)))
        if not len(merged):
            return labels
        edges = _merge(edges, target, labels, score, threshold)
        labels = target[labels]
        np.minimum.at(first, target[merged], first[merged])
        np.maximum.at(last, target[merged], last[merged])


def _spans(
    labels: NDArray[np.int64], times: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The earliest and the latest time in each cluster; +inf and -inf where none has a date."""
    first, last = np.full(len(labels), np.inf), np.full(len(labels), -np.inf)
    dated = ~np.isnan(times)
    np.minimum.at(first, labels[dated], times[dated])
    np.maximum.at(last, labels[dated], times[dated])
    return first, last


def _gather(u: NDArray[np.int64], v: NDArray[np.int64], scores: NDArray[np.float64]) -> Edges:
    """One edge for each pair of clusters, with the mean of its scores; loops are dropped."""
    u, v = np.minimum(u, v), np.maximum(u, v)
    keep = u != v
    order = np.lexsort((v[keep], u[keep]))
    u, v, scores = u[keep][order], v[keep][order], scores[keep][order]
    starts = np.flatnonzero(np.r_[True, (u[1:] != u[:-1]) | (v[1:] != v[:-1])][: len(u)])
    if not len(u):
        return Edges(u, v, scores)
    sums = np.add.reduceat(scores, starts)
    return Edges(u[starts], v[starts], sums / np.diff(np.r_[starts, len(u)]))


def _within(
    edges: Edges, first: NDArray[np.float64], last: NDArray[np.float64], window: float
) -> Edges:
    """Without the pairs whose articles would not all lie within the window of each other."""
    if not np.isfinite(window):
        return edges
    span = np.maximum(last[edges.u], last[edges.v]) - np.minimum(first[edges.u], first[edges.v])
    return edges.where(~(span > window))


def _reciprocal(edges: Edges, threshold: float, n: int) -> NDArray[np.int64]:
    """Where each cluster goes: to its best partner if that is mutual and it is the higher one."""
    target = np.arange(n)
    good = edges.average >= threshold
    u, v, average = edges.u[good], edges.v[good], edges.average[good]
    whose, other = np.r_[u, v], np.r_[v, u]
    order = np.lexsort((other, -np.r_[average, average], whose))
    whose, other = whose[order], other[order]
    begins = np.r_[True, whose[1:] != whose[:-1]][: len(whose)]
    best = np.full(n, -1)
    best[whose[begins]] = other[begins]
    higher = np.flatnonzero(best >= 0)
    higher = higher[(best[best[higher]] == higher) & (best[higher] < higher)]
    target[higher] = best[higher]
    return target


def _merge(
    edges: Edges,
    target: NDArray[np.int64],
    labels: NDArray[np.int64],
    score: Score,
    threshold: float,
) -> Edges:
    """The edges after a round of merging, every average again over all pairs of members.

    An edge between two new clusters is made of the edges between their parts; parts that had not
    met are compared now.
    """
    n = len(labels)
    sizes = np.bincount(labels, minlength=n)
    second = np.full(n, -1)  # the part that joined a cluster
    moved = np.flatnonzero(target != np.arange(n))
    second[target[moved]] = moved
    u, v = target[edges.u], target[edges.v]
    u, v = np.minimum(u, v), np.maximum(u, v)
    changed = (second[u] >= 0) | (second[v] >= 0)
    kept = edges.where(~changed)
    new_u, new_v = np.divmod(np.unique((u * n + v)[changed & (u != v)]), n)
    whole = np.arange(len(new_u))
    blocks = [
        (whole, first, other)
        for first in (new_u, second[new_u])
        for other in (new_v, second[new_v])
    ]
    whole, a, b = (np.concatenate(column) for column in zip(*blocks, strict=True))
    real = (a >= 0) & (b >= 0)
    whole, a, b = whole[real], np.minimum(a, b)[real], np.maximum(a, b)[real]
    keys, wanted = edges.u * n + edges.v, a * n + b
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    known = keys[at] == wanted
    averages = np.where(known, edges.average[at], 0.0)
    averages[~known] = _averages(a[~known], b[~known], _Members.of(labels), score)
    weights = (sizes[a] * sizes[b]).astype(np.float64)
    sums = np.bincount(whole, averages * weights, len(new_u))
    average = sums / np.bincount(whole, weights, len(new_u))
    near = average >= threshold * _FORGET
    u, v = np.r_[kept.u, new_u[near]], np.r_[kept.v, new_v[near]]
    order = np.argsort(u * n + v, kind="stable")
    return Edges(u[order], v[order], np.r_[kept.average, average[near]][order])


def _averages(
    a: NDArray[np.int64], b: NDArray[np.int64], members: _Members, score: Score
) -> NDArray[np.float64]:
    """The average score between the members of a[k] and of b[k]."""
    averages = np.empty(len(a))
    step = 1 << 14  # clusters at a time, to bound the memory of their pairs
    for low in range(0, len(a), step):
        part = slice(low, low + step)
        left, right, ends = _cross(a[part], b[part], *members, SAMPLE)
        scores = score(left, right).astype(np.float64)
        starts = np.r_[0, ends[:-1]]
        averages[part] = np.add.reduceat(scores, starts) / np.diff(np.r_[starts, len(scores)])
    return averages


@kernel
def average_link_of_all(
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    threshold: float,
    times: NDArray[np.float64],
    window: float,
) -> NDArray[np.int64]:
    """What `average_link` gives of a few articles all of whose pairs are judged.

    `scores` is (n, n), symmetric; `labels` and `times` as there, none of them NaN.
    """
    n = len(labels)
    labels = labels.copy()
    sums, sizes = np.zeros((n, n)), np.zeros(n)
    first, last = np.full(n, np.inf), np.full(n, -np.inf)
    for i in range(n):
        a = labels[i]
        sizes[a] += 1
        first[a], last[a] = min(first[a], times[i]), max(last[a], times[i])
        for j in range(n):
            sums[a, labels[j]] += scores[i, j]
    best = np.empty(n, dtype=np.int64)
    merging = True
    while merging:
        for a in range(n):
            best[a] = -1
            most = threshold
            for b in range(n):
                if a == b or sizes[a] == 0 or sizes[b] == 0:
                    continue
                average = sums[a, b] / (sizes[a] * sizes[b])
                fits = max(last[a], last[b]) - min(first[a], first[b]) <= window
                if fits and (average > most or (average == most and best[a] < 0)):
                    best[a], most = b, average
        merging = False
        for a in range(n):
            b = best[a]
            if b <= a or best[b] != a:
                continue
            merging = True
            for c in range(n):
                sums[a, c] += sums[b, c]
            for c in range(n):
                sums[c, a] += sums[c, b]
            sizes[a] += sizes[b]
            sizes[b] = 0
            first[a], last[a] = min(first[a], first[b]), max(last[a], last[b])
            for i in range(n):
                if labels[i] == b:
                    labels[i] = a
    return labels
