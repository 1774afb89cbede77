"""What kinds of entry keep apart, whatever the verifier says of their words.

Several stories share a live blog, a roundup or a gallery, and would be merged through it: it joins
nothing but copies of itself. Entries of one series are as alike as its form, and differ in what
matters: only the same text, or a version of the same day with the same names, is the same entry.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.models import SEVERAL, Kind
from dedupe.similarity.features import (
    NAMES,
    RESEMBLANCE,
    Circumstances,
    Compared,
    pair_features,
)
from dedupe.similarity.verifier import Judgement, Term, Verifier

NEARLY_ALL = 0.9  # resemblance of two texts that are the same entry, whenever they appeared
EDITION = 12.0  # hours between two versions of one entry; another day's entry comes later
MUCH = 0.5  # resemblance of two versions of a live blog, roundup or gallery
NAMES_OF_ONE = 0.7  # agreement on names and numbers of two versions of an entry of a series


_IS_SEVERAL = np.isin(np.arange(len(Kind)), SEVERAL)


class Pairs(NamedTuple):
    """What is known of n pairs besides their words."""

    kinds: tuple[NDArray[np.int8], NDArray[np.int8]]  # of the left and of the right articles
    series: tuple[NDArray[np.int32], NDArray[np.int32]]  # equal numbers are one series; -1 none
    hours: NDArray[np.float64]  # between them; NaN where a date is missing

    def of_several(self) -> NDArray[np.bool_]:
        """Where one of the two tells of several stories."""
        return _IS_SEVERAL[self.kinds[0]] | _IS_SEVERAL[self.kinds[1]]

    def of_series(self) -> NDArray[np.bool_]:
        """Where both are of one series or template, or of two series on two days."""
        one = (self.series[0] == self.series[1]) & (self.series[0] >= 0)
        both = (self.kinds[0] == Kind.SERIES) & (self.kinds[1] == Kind.SERIES)
        return one | (both & (self.hours > EDITION))


def apart(
    scores: NDArray[np.float32],
    pairs: Pairs,
    resemblance: NDArray[np.float32],
    names: NDArray[np.float32],
) -> NDArray[np.float32]:
    """The scores of n pairs, 0 where their kinds keep them apart.

    `resemblance` is the Jaccard similarity of two texts, `names` their agreement on names and
    numbers, both 0 to 1; they matter only in the pairs of `of_several` and `of_series`.
    """
    same_time = pairs.hours <= EDITION
    same = resemblance >= NEARLY_ALL
    version = same | (same_time & (resemblance >= MUCH))
    entry = same | (same_time & (names >= NAMES_OF_ONE))
    kept_apart = (pairs.of_several() & ~version) | (pairs.of_series() & ~entry)
    return np.where(kept_apart, np.float32(0), scores)


class Apart:
    """A verifier whose scores heed the kinds of entry."""

    def __init__(
        self, verifier: Verifier, compared: Compared, circumstances: Circumstances
    ) -> None:
        self.threshold, self.model = verifier.threshold, verifier.model
        self._verifier = verifier
        self._compared, self._circumstances = compared, circumstances

    def judge(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> Judgement:
        """Judge the pairs (left[k], right[k])."""
        judged = self._verifier.judge(left, right)
        pairs = self._pairs(left, right)
        some = np.flatnonzero(pairs.of_several() | pairs.of_series())
        if not len(some):
            return judged
        left, right = left[some], right[some]
        features = pair_features(self._compared, self._circumstances, left, right)
        names = np.nan_to_num(features[:, NAMES], nan=0.0)
        scores = judged.scores.copy()
        scores[some] = apart(
            scores[some], self._pairs(left, right), features[:, RESEMBLANCE], names
        )
        return judged._replace(scores=scores)

    def explain(self, left: int, right: int) -> tuple[Term, ...]:
        """What decided about one pair, were it not kept apart."""
        return self._verifier.explain(left, right)

    def _pairs(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> Pairs:
        _, _, kinds, series, hours = self._circumstances
        return Pairs(
            (kinds[left], kinds[right]),
            (series[left], series[right]),
            np.abs(hours[left] - hours[right]),
        )
