"""How sure a share is that was measured on a sample."""

from __future__ import annotations

from math import sqrt

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

_Z = 1.959963984540054  # of the normal distribution: 95 % lie within so many deviations


class Share(Struct, frozen=True, kw_only=True):
    """A share of the population, 0 to 1, with the interval that holds it 19 times in 20."""

    value: float
    low: float
    high: float
    answers: int  # that it was measured on


def wilson(share: float, n: float, z: float = _Z) -> tuple[float, float]:
    """The interval of a share of n independent answers, n above 0 (Wilson 1927). 95 % by default.

    It stays within 0 to 1 and is not empty where all answers agree.
    """
    centre = share + z * z / (2 * n)
    spread = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    return max(0.0, min(share, (centre - spread) / scale)), min(
        1.0, max(share, (centre + spread) / scale)
    )


def effective_number(weights: NDArray[np.float64]) -> float:
    """So many answers of equal weight say as much (Kish 1965): (Σw)² / Σw²; 0 without any."""
    largest = weights.max(initial=0.0)
    if not largest > 0:
        return 0.0
    scaled = weights / largest
    return float(scaled.sum() ** 2 / (scaled**2).sum())


def weighted_share(yes: NDArray[np.bool_], weights: NDArray[np.float64]) -> Share | None:
    """The share of the weight that is `yes`, with its Wilson interval; None without weight."""
    n = effective_number(weights)
    if not n:
        return None
    value = min(1.0, float(np.average(yes, weights=weights)))
    low, high = wilson(value, n)
    return Share(value=value, low=low, high=high, answers=int((weights > 0).sum()))
