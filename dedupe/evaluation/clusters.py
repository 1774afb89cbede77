"""How well one clustering agrees with another: B-cubed and the adjusted Rand index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping
from math import comb
from typing import NamedTuple


class BCubed(NamedTuple):
    """All 0 to 1; `f1` is the harmonic mean of the other two."""

    precision: float
    recall: float
    f1: float


def bcubed(gold: Mapping[str, Hashable], predicted: Mapping[str, Hashable]) -> BCubed:
    """B-cubed figures of a clustering (Bagga and Baldwin 1998), each item counting the same.

    Both mappings give the cluster of an item. Only the items of `gold` count: whatever else shares
    their predicted clusters is left out. Raises ValueError for no items, or one without prediction.
    """
    table = _contingency(gold, predicted)
    truth, found = _margins(table)
    precision = sum(n * n / found[cluster] for (_, cluster), n in table.items()) / len(gold)
    recall = sum(n * n / truth[cluster] for (cluster, _), n in table.items()) / len(gold)
    return BCubed(precision, recall, 2 * precision * recall / (precision + recall))


def adjusted_rand(gold: Mapping[str, Hashable], predicted: Mapping[str, Hashable]) -> float:
    """The Rand index corrected for chance (Hubert and Arabie 1985): 1 is equal, 0 is chance.

    Takes and refuses what `bcubed` does.
    """
    table = _contingency(gold, predicted)
    together = sum(comb(n, 2) for n in table.values())
    in_truth, in_found = (sum(comb(n, 2) for n in margin.values()) for margin in _margins(table))
    expected = in_truth * in_found / max(1, comb(len(gold), 2))
    most = (in_truth + in_found) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)


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
