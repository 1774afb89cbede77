"""What kinds of entry keep apart, whatever the verifier says of their words.

Several stories share a live blog, a roundup or a gallery, and would be merged through it: it joins
nothing but copies of itself. Entries of one series are as alike as its form, and differ in what
matters: only the same text again is the same entry.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedupe.models import SEVERAL, Kind
from dedupe.similarity.pairs import FEATURES, RESEMBLANCE, Compared, pair_features
from dedupe.similarity.plane import Circumstances
from dedupe.similarity.verifier import Judgement, Verifier

SAME_ENTRY = 0.5  # resemblance of two versions of a live blog, roundup or gallery
SAME_OF_SERIES = 0.9  # the same in a series, where all but the numbers may be alike


def apart(
    scores: NDArray[np.float32],
    kinds: tuple[NDArray[np.int8], NDArray[np.int8]],
    series: tuple[NDArray[np.int32], NDArray[np.int32]],
    resemblance: NDArray[np.float32],
) -> NDArray[np.float32]:
    """The scores of n pairs, 0 where their kinds keep them apart.

    `kinds` and `series` are those of the left and of the right articles, `resemblance` is the
    Jaccard similarity of their texts, 0 to 1; it matters only where `concerned`.
    """
    several, serial = _several(kinds), _serial(kinds, series)
    kept_apart = (several & (resemblance < SAME_ENTRY)) | (serial & (resemblance < SAME_OF_SERIES))
    return np.where(kept_apart, np.float32(0), scores)


def concerned(
    kinds: tuple[NDArray[np.int8], NDArray[np.int8]],
    series: tuple[NDArray[np.int32], NDArray[np.int32]],
) -> NDArray[np.bool_]:
    """The pairs that `apart` may keep apart."""
    return _several(kinds) | _serial(kinds, series)


def _several(kinds: tuple[NDArray[np.int8], NDArray[np.int8]]) -> NDArray[np.bool_]:
    return np.isin(kinds[0], SEVERAL) | np.isin(kinds[1], SEVERAL)


def _serial(
    kinds: tuple[NDArray[np.int8], NDArray[np.int8]],
    series: tuple[NDArray[np.int32], NDArray[np.int32]],
) -> NDArray[np.bool_]:
    """One series or template; or two series, which are daily forms of two outlets."""
    one = (series[0] == series[1]) & (series[0] >= 0)
    return one | ((kinds[0] == Kind.SERIES) & (kinds[1] == Kind.SERIES))


class Apart:
    """A verifier whose scores heed the kinds of entry."""

    def __init__(
        self, verifier: Verifier, compared: Compared, circumstances: Circumstances
    ) -> None:
        self.threshold = verifier.threshold
        self._verifier, self._compared = verifier, compared
        self._kinds, self._series = circumstances.kinds, circumstances.series

    def judge(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> Judgement:
        """Judge the pairs (left[k], right[k])."""
        judged = self._verifier.judge(left, right)
        kinds = self._kinds[left], self._kinds[right]
        series = self._series[left], self._series[right]
        some = np.flatnonzero(concerned(kinds, series))
        features = np.empty((len(some), FEATURES), dtype=np.float32)
        pair_features(left[some], right[some], *self._compared, features)
        resemblance = np.ones(len(left), dtype=np.float32)
        resemblance[some] = features[:, RESEMBLANCE]
        return judged._replace(scores=apart(judged.scores, kinds, series, resemblance))
