"""Which pairs to ask a person about: borderline ones, drawn by strata of their score."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dedupe.similarity.recalibration import log_odds

# Where one stratum ends and the next begins: log-odds above those of the threshold. Strata are
# narrow where the decision is close, and as many questions fall to each.
EDGES = (-1.0, -0.5, 0.0, 0.5, 1.0)
STRATA = len(EDGES) + 1
_FAR = 20.0  # log-odds that stand for those of 0 and of 1


def strata(scores: ArrayLike, threshold: float) -> NDArray[np.int64]:
    """The stratum of each score, 0 to STRATA - 1; from STRATA / 2 on it reaches the threshold."""
    odds = np.clip(log_odds(scores), -_FAR, _FAR) - np.clip(log_odds(threshold), -_FAR, _FAR)
    return np.searchsorted(EDGES, odds, side="right")


def draw(stratum: NDArray[np.int64], size: int, seed: int = 1) -> list[int]:
    """At most `size` places in `stratum`, each once, in the order to ask.

    In rounds of one from every stratum that has any left, in no order of score: whoever stops
    early has answered evenly, and does not see the score coming. A larger `size` continues a
    smaller one.
    """
    random = np.random.default_rng(seed)
    heaps = [random.permutation(np.flatnonzero(stratum == k)) for k in range(STRATA)]
    drawn: list[int] = []
    for turn in range(max(map(len, heaps))):
        if len(drawn) >= size:
            break
        drawn += random.permutation([heap[turn] for heap in heaps if turn < len(heap)]).tolist()
    return drawn[:size]
