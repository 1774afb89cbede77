"""The seam of verification: judge pairs of articles exactly, in batches."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Judgement(NamedTuple):
    """What a verifier says of n pairs."""

    scores: NDArray[np.float32]  # (n,) 0 to 1, how surely the two tell the same story
    relations: NDArray[np.int8]  # (n,) dedupe.models.Relation, were they the same story
    similarities: NDArray[np.float32]  # (n,) 0 to 1, for people


class Term(NamedTuple):
    """One thing that a verifier looked at in a pair."""

    name: str
    value: float  # NaN where it is not known
    effect: float  # on the log-odds of the same story; NaN where the verifier cannot tell


class Verifier(Protocol):
    """Judges pairs of articles of one collection, given by their places in it."""

    threshold: float  # the score from which two articles tell the same story
    model: str  # names what the scores mean; numbers fitted to those of one fit no other

    def judge(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> Judgement:
        """Judge the pairs (left[k], right[k])."""
        ...

    def explain(self, left: int, right: int) -> tuple[Term, ...]:
        """What decided about one pair, the most telling first."""
        ...
