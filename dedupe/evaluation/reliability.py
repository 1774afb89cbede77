"""Whether a score can be read as a probability: the reliability diagram and its two figures."""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike


class ReliabilityBin(Struct, frozen=True, kw_only=True):
    """The pairs whose score lies in [low, high); in the last bin 1 is included."""

    low: float
    high: float
    count: int  # pairs
    weight: float  # of these
    predicted: float  # mean score
    observed: float  # share of pairs that do belong together


class Reliability(Struct, frozen=True, kw_only=True):
    """Scores against what they promise; all shares are weighted."""

    pairs: int
    brier: float  # mean squared difference of score and outcome (Brier 1950), 0 is perfect
    ece: float  # expected calibration error: mean distance of predicted and observed (Naeini 2015)
    bins: tuple[ReliabilityBin, ...]  # those that hold a pair, ascending


def reliability(
    scores: ArrayLike, outcomes: ArrayLike, weights: ArrayLike | None = None, bins: int = 10
) -> Reliability:
    """The reliability diagram of n scores (0 to 1) in bins of equal width.

    `outcomes` say which pairs do belong together; `weights`, at least 0, how many pairs each stands
    for. Raises ValueError for lists of different lengths, scores outside 0 to 1, and where no pair
    has any weight.
    """
    s = np.asarray(scores, dtype=np.float64)
    y = np.asarray(outcomes, dtype=np.float64)
    w = np.ones(len(s)) if weights is None else np.asarray(weights, dtype=np.float64)
    if not len(s) == len(y) == len(w):
        raise ValueError("scores, outcomes and weights are of different lengths")
    if not ((s >= 0) & (s <= 1)).all() or not (w >= 0).all():
        raise ValueError("scores lie from 0 to 1, weights are not negative")
    if not 0 < w.sum() < np.inf:
        raise ValueError("no pair has a weight")
    counted = w > 0
    s, y, w = s[counted], y[counted], w[counted]
    where = np.minimum((s * bins).astype(np.int64), bins - 1)
    held = np.bincount(where, w, bins)
    filled = np.flatnonzero(held > 0)
    predicted = np.bincount(where, w * s, bins)[filled] / held[filled]
    observed = np.bincount(where, w * y, bins)[filled] / held[filled]
    counts = np.bincount(where, minlength=bins)
    return Reliability(
        pairs=len(s),
        brier=float(np.average((s - y) ** 2, weights=w)),
        ece=float(np.average(np.abs(predicted - observed), weights=held[filled])),
        bins=tuple(
            ReliabilityBin(
                low=int(k) / bins,
                high=(int(k) + 1) / bins,
                count=int(counts[k]),
                weight=float(held[k]),
                predicted=float(p),
                observed=float(o),
            )
            for k, p, o in zip(filled, predicted, observed, strict=True)
        ),
    )
