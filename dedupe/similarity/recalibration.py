"""A verifier's scores put straight by two numbers that were fitted to answers (Platt 1999).

The log-odds of the new score are `slope · log-odds of the old + intercept`. 0 and 1 stay as they
are: what cannot be one story, and exact copies.
"""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from dedupe.errors import UsageError
from dedupe.params import Recalibration
from dedupe.similarity.verifier import Judgement, Term, Verifier

VERSION = 1
_LEAST = 1e-9  # a threshold lies above 0


class Recalibrated:
    """A verifier with new scores. `inner` decides at `raw_threshold` what this one does at its."""

    def __init__(self, inner: Verifier, numbers: Recalibration, threshold: float) -> None:
        self.model = inner.model
        self.threshold = threshold
        self._inner = inner
        self._numbers = numbers

    def judge(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> Judgement:
        """Judge the pairs (left[k], right[k])."""
        judged = self._inner.judge(left, right)
        scores = rescored(judged.scores, self._numbers.slope, self._numbers.intercept)
        return judged._replace(scores=scores.astype(np.float32))

    def explain(self, left: int, right: int) -> tuple[Term, ...]:
        """What decided about one pair, the effects as the new scores have them."""
        terms = self._inner.explain(left, right)
        return tuple(term._replace(effect=term.effect * self._numbers.slope) for term in terms)


def log_odds(scores: ArrayLike) -> NDArray[np.float64]:
    """log(s / (1 - s)) of scores from 0 to 1, which give minus and plus infinity."""
    with np.errstate(divide="ignore"):
        given = np.asarray(scores, dtype=np.float64)
        return np.log(given) - np.log1p(-given)


def rescored(scores: ArrayLike, slope: float, intercept: float) -> NDArray[np.float64]:
    """The new scores, 0 to 1."""
    return _probability(slope * log_odds(scores) + intercept)


def raw_threshold(threshold: float, numbers: Recalibration) -> float:
    """The old score, above 0 to 1, that became `threshold`."""
    odds = (log_odds(threshold) - numbers.intercept) / numbers.slope
    return max(float(_probability(odds)), _LEAST)


def _probability(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-odds)))


def encode_model(numbers: Recalibration) -> bytes:
    """The contents of a model file."""
    return msgspec.json.format(msgspec.json.encode(numbers)) + b"\n"


def decode_model(data: bytes, file: str) -> Recalibration:
    """The contents of a model file. Raises UsageError for what is none, or of another version."""
    try:
        version = msgspec.json.decode(data, type=_Versioned).version
        if version != VERSION:
            raise UsageError(
                f"{file}: is a model file of version {version}, and this dedupe reads version"
                f" {VERSION}; write it again: dedupe calibrate --refit"
            )
        return msgspec.json.decode(data, type=Recalibration)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"{file}: is no model file of dedupe calibrate --refit: {error}"
        ) from error


class _Versioned(Struct):
    version: int
