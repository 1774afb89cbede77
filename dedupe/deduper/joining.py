"""Where a newcomer belongs: whole clusters compared, the ones it brings together merged.

Compared with an average over some members of each cluster that has a candidate in it, the newcomer
joins the best and is what makes others meet: those whose average passes merge as well, the best
first, as average link does. What was decided early, by the little that was known, is looked at
again: when a story has grown by half, it and its neighbours are clustered afresh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.clustering import average_link_of_all
from dedupe.deduper.draft import Draft

SAMPLE = 10  # members of a cluster that speak for all of a larger one
NEIGHBOUR = 0.5  # of the threshold: a lower average makes no neighbour
GROWTH = 1.5  # of a story between two looks
AFRESH = 64  # articles that are clustered afresh at once, at most
_NEVER = -1e6  # score of two articles that people keep apart: no average survives it

Score = Callable[[Sequence[int], Sequence[int]], NDArray[np.float32]]  # of pairs of places


class Rules(NamedTuple):
    """What decides which articles may be together."""

    score: Score  # as clusters are made of
    threshold: float
    window: float  # hours that a cluster may span
    apart: Callable[[Sequence[int], Sequence[int]], bool] | None  # whether people keep some apart
    parted: Callable[[Iterable[Sequence[int]]], list[list[int]]]  # groups without what is
    together: Sequence[frozenset[int]]  # groups that people keep together
    digest: Callable[[int], int]  # equal digests are exact copies; 0 is none
    hours: Callable[[int], float]


def sample(members: Sequence[int]) -> Sequence[int]:
    """SAMPLE of the members, evenly drawn, or all."""
    n = len(members)
    return members if n <= SAMPLE else [members[i * n // SAMPLE] for i in range(SAMPLE)]


def settle(draft: Draft, place: int, known: dict[int, float], rules: Rules) -> None:
    """Find the place of an article among the clusters of `known`: its candidates and their scores.

    All of them must be loaded into the draft. The article may be in a cluster already.
    """
    own = draft.cluster_of(place)
    clusters: dict[str, None] = {}
    for other in known:
        if draft.cluster_of(other) is None:
            draft.found(other)
        cluster = draft.cluster_of(other)
        if cluster is not None and cluster != own:
            clusters[cluster] = None
    averages = _averages(draft, place, list(clusters), known, rules)
    near = {c: a for c, a in averages.items() if a >= NEIGHBOUR * rules.threshold}
    if own is None:
        own = _join_best(draft, place, near, rules)
    if max(near.values(), default=0.0) >= rules.threshold:
        own = _bring_together(draft, own, near, rules)
    _look_again(draft, own, [c for c in near if c != own and draft.is_there(c)], rules)


def fits(draft: Draft, a: str, b: str, rules: Rules) -> bool:
    """Whether two clusters may be one: their time together, and what people say."""
    (first, last), (other_first, other_last) = draft.span(a), draft.span(b)
    if max(last, other_last) - min(first, other_first) > rules.window:
        return False
    return not (rules.apart and rules.apart(draft.members(a), draft.members(b)))


def _averages(
    draft: Draft, place: int, clusters: Sequence[str], known: dict[int, float], rules: Rules
) -> dict[str, float]:
    """The article's average score with each of the clusters that it may be in."""
    hours = rules.hours(place)
    samples = {}
    for cluster in clusters:
        first, last = draft.span(cluster)
        if max(last, hours) - min(first, hours) > rules.window:
            continue
        if not (rules.apart and rules.apart([place], draft.members(cluster))):
            samples[cluster] = sample(draft.members(cluster))
    wanted = [p for members in samples.values() for p in members if p not in known]
    scores = dict(known)
    if wanted:
        scores.update(zip(wanted, rules.score([place] * len(wanted), wanted).tolist(), strict=True))
    return {c: sum(scores[p] for p in ps) / len(ps) for c, ps in samples.items()}


def _join_best(draft: Draft, place: int, near: dict[str, float], rules: Rules) -> str:
    best = max(near, key=lambda c: (near[c], c), default=None)
    if best is None or near[best] < rules.threshold:
        return draft.found(place)
    draft.join(best, place)
    return best


def _bring_together(draft: Draft, own: str, near: dict[str, float], rules: Rules) -> str:
    """Merge the article's cluster with its neighbours, the best average first."""
    nodes = [own, *(c for c in near if c != own)]
    averages = _between(draft, list(combinations(nodes, 2)), rules)
    while True:
        good = [k for k, v in averages.items() if v >= rules.threshold and fits(draft, *k, rules)]
        if not good:
            return own
        a, b = max(good, key=lambda k: (averages[k], k))
        kept, gone = sorted(
            (a, b), key=lambda c: (-len(draft.members(c)), draft.before(c) is None, c)
        )
        sizes = len(draft.members(kept)), len(draft.members(gone))
        draft.merge(kept, gone)
        own = kept if gone == own else own
        joined = {}
        for node in {n for k in averages for n in k} - {a, b}:
            one, other = (
                averages.get((c, node), averages.get((node, c), 0.0)) for c in (kept, gone)
            )
            joined[kept, node] = (one * sizes[0] + other * sizes[1]) / sum(sizes)
        averages = {k: v for k, v in averages.items() if not {a, b} & set(k)} | joined


def _between(
    draft: Draft, pairs: Sequence[tuple[str, str]], rules: Rules
) -> dict[tuple[str, str], float]:
    """The average score between the members of each pair of clusters, all judged in one go."""
    left: list[int] = []
    right: list[int] = []
    ends = [0]
    for a, b in pairs:
        ours, theirs = sample(draft.members(a)), sample(draft.members(b))
        left += [p for p in ours for _ in theirs]
        right += [p for _ in ours for p in theirs]
        ends.append(len(left))
    if not pairs:
        return {}
    scores = np.add.reduceat(rules.score(left, right).astype(np.float64), ends[:-1])
    return dict(zip(pairs, (scores / np.diff(ends)).tolist(), strict=True))


# ---- a second look ------------------------------------------------------------------------------


def _look_again(draft: Draft, own: str, near: Sequence[str], rules: Rules) -> None:
    """Cluster a story afresh, with its neighbours, when it has grown by half."""
    size = len(draft.members(own))
    if not (3 <= size <= AFRESH and is_due(size)):
        return
    looked = [own]
    for cluster in sorted(near, key=lambda c: (len(draft.members(c)), c)):
        if size + len(draft.members(cluster)) <= AFRESH:
            size += len(draft.members(cluster))
            looked.append(cluster)
    places = sorted(p for cluster in looked for p in draft.members(cluster))
    regroup(draft, looked, afresh(places, rules))


def is_due(size: int) -> bool:
    """Whether a story of this size is looked at again: at 3, and whenever it has grown by half."""
    at = 3
    while at < size:
        at = int(at * GROWTH) + 1
    return at == size


def afresh(places: Sequence[int], rules: Rules) -> list[list[int]]:
    """The clusters of some articles, by average link from the articles up."""
    order = sorted(places, key=lambda p: (rules.hours(p), p))
    heads: dict[int, int] = {}
    labels = np.arange(len(order))
    for i, place in enumerate(order):
        if digest := rules.digest(place):
            head = heads.setdefault(digest, i)
            if rules.hours(place) - rules.hours(order[head]) > rules.window:
                heads[digest] = head = i
            labels[i] = head
    for group in rules.together:
        kept = np.unique(labels[[i for i, place in enumerate(order) if place in group]])
        labels[np.isin(labels, kept)] = kept.min(initial=len(order))

    left, right = np.triu_indices(len(order), 1)
    ones, others = [order[i] for i in left.tolist()], [order[i] for i in right.tolist()]
    judged = rules.score(ones, others).astype(np.float64)
    if rules.apart is not None:
        judged[[rules.apart([a], [b]) for a, b in zip(ones, others, strict=True)]] = _NEVER
    scores = np.zeros((len(order), len(order)))
    scores[left, right] = scores[right, left] = judged
    times = np.array([rules.hours(place) for place in order])
    found = average_link_of_all(labels, scores, rules.threshold, times, rules.window)
    groups: dict[int, list[int]] = {}
    for place, label in zip(order, found.tolist(), strict=True):
        groups.setdefault(label, []).append(place)
    # Exact copies, and large clusters, of which a sample spoke, may have joined what is kept apart.
    return rules.parted(groups.values())


def regroup(draft: Draft, clusters: Sequence[str], groups: Sequence[Sequence[int]]) -> None:
    """Turn some clusters into these groups of the same articles.

    Each group keeps the name of the cluster that it has most of; a name goes to the group that has
    most of its articles.
    """
    was = {place: cluster for cluster in clusters for place in draft.members(cluster)}
    shares: dict[tuple[int, str], list[int]] = {}
    for g, group in enumerate(groups):
        for place in group:
            shares.setdefault((g, was[place]), []).append(place)
    names: dict[int, str] = {}
    for g, cluster in sorted(shares, key=lambda k: (-len(shares[k]), k)):
        if g not in names and cluster not in names.values():
            names[g] = cluster
    for (g, cluster), places in sorted(shares.items(), key=lambda s: (s[0][0], -len(s[1]))):
        if names.get(g) == cluster:
            continue
        if len(places) < len(draft.members(cluster)):
            into = draft.split(cluster, places, names.get(g))
            names.setdefault(g, into)
        elif g in names:
            draft.merge(names[g], cluster)
        else:
            names[g] = cluster
