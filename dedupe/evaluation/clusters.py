"""How well one clustering agrees with another: B-cubed, pairwise, the adjusted Rand index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from math import comb
from typing import Any, NamedTuple

from msgspec import Struct


class BCubed(NamedTuple):
    """All 0 to 1; `f1` is the harmonic mean of the other two."""

    precision: float
    recall: float
    f1: float


class Pairwise(NamedTuple):
    """All 0 to 1, or None where there is nothing to measure them on."""

    precision: float | None  # needs two items in one predicted cluster
    recall: float | None  # needs two items in one gold cluster
    f1: float | None  # needs both


class ClusterFigures(Struct, frozen=True, kw_only=True):
    """How well the stories of a scan agree with labels; None is what these cannot measure.

    Precision needs items of two gold stories, recall two items of one, the others both.
    """

    labelled: int  # articles that are labelled and have a predicted cluster
    stories: int  # gold stories that these are in
    left_out: int  # labelled articles without a predicted cluster
    bcubed_precision: float | None
    bcubed_recall: float | None
    bcubed_f1: float | None
    pairwise_precision: float | None
    pairwise_recall: float | None
    pairwise_f1: float | None
    ari: float | None  # adjusted Rand index, at most 1; 0 is chance


def cluster_figures(
    gold: Mapping[str, Hashable], predicted: Mapping[str, Hashable]
) -> ClusterFigures:
    """All figures of a clustering over the items that both mappings know.

    Raises ValueError where there are none.
    """
    known = {item: cluster for item, cluster in gold.items() if item in predicted}
    by_item, by_pair = bcubed(known, predicted), pairwise(known, predicted)
    sizes = Counter(known.values())
    apart, together = len(sizes) > 1, len(known) > len(sizes)
    both = apart and together
    return ClusterFigures(
        labelled=len(known),
        stories=len(sizes),
        left_out=len(gold) - len(known),
        bcubed_precision=by_item.precision if apart else None,
        bcubed_recall=by_item.recall if together else None,
        bcubed_f1=by_item.f1 if both else None,
        pairwise_precision=by_pair.precision if apart else None,
        pairwise_recall=by_pair.recall,
        pairwise_f1=by_pair.f1 if both else None,
        ari=adjusted_rand(known, predicted) if both else None,
    )


def bcubed(gold: Mapping[str, Hashable], predicted: Mapping[str, Hashable]) -> BCubed:
    """B-cubed figures of a clustering (Bagga and Baldwin 1998), each item counting the same.

    Both mappings give the cluster of an item. Only the items of `gold` count: whatever else shares
    their predicted clusters is left out. Raises ValueError for no items, or one without prediction.
    """
    table = _contingency(gold, predicted)
    truth, found = _margins(table)
    precision = sum(n * n / found[cluster] for (_, cluster), n in table.items()) / len(gold)
    recall = sum(n * n / truth[cluster] for (cluster, _), n in table.items()) / len(gold)
    return BCubed(precision, recall, harmonic_mean(precision, recall))


def pairwise(gold: Mapping[str, Hashable], predicted: Mapping[str, Hashable]) -> Pairwise:
    """Precision and recall of the pairs of items that share a cluster.

    Takes and refuses what `bcubed` does.
    """
    table = _contingency(gold, predicted)
    together = _pairs(table)
    in_truth, in_found = map(_pairs, _margins(table))
    precision = together / in_found if in_found else None
    recall = together / in_truth if in_truth else None
    f1 = None if precision is None or recall is None else harmonic_mean(precision, recall)
    return Pairwise(precision, recall, f1)


def adjusted_rand(gold: Mapping[str, Hashable], predicted: Mapping[str, Hashable]) -> float:
    """The Rand index corrected for chance (Hubert and Arabie 1985): 1 is equal, 0 is chance.

    Takes and refuses what `bcubed` does.
    """
    table = _contingency(gold, predicted)
    together = _pairs(table)
    in_truth, in_found = map(_pairs, _margins(table))
    expected = in_truth * in_found / max(1, comb(len(gold), 2))
    most = (in_truth + in_found) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)


def harmonic_mean(precision: float, recall: float) -> float:
    """F1, of two figures from 0 to 1."""
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0


def _pairs(sizes: Mapping[Any, int]) -> int:
    """How many pairs of items lie within groups of these sizes."""
    return sum(comb(n, 2) for n in sizes.values())


def _contingency(
    gold: Mapping[str, Hashable], predicted: Mapping[str, Hashable]
) -> Counter[tuple[Hashable, Hashable]]:
    """How many items each pair of a gold and a predicted cluster shares."""
    if not gold:
        raise ValueError("there are no labelled items to compare with")
    if missing := next((item for item in gold if item not in predicted), None):
        raise ValueError(f"the labelled item {missing!r} is in no predicted cluster")
    return Counter((cluster, predicted[item]) for item, cluster in gold.items())


def _margins(
    table: Counter[tuple[Hashable, Hashable]],
) -> tuple[Counter[Hashable], Counter[Hashable]]:
    """The sizes of the gold and of the predicted clusters."""
    truth: Counter[Hashable] = Counter()
    found: Counter[Hashable] = Counter()
    for (label, cluster), n in table.items():
        truth[label] += n
        found[cluster] += n
    return truth, found
