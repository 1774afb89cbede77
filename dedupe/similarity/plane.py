"""The plane verifier: story similarity and shared text, together, tell what neither can alone.

Shared text with another story is boilerplate; the same words with other names and numbers are a
template; another text with the same story is a rewrite.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.models import Relation
from dedupe.params import THRESHOLD
from dedupe.similarity.pairs import (
    CONTAINMENT,
    COSINE,
    FEATURES,
    NAMES,
    RESEMBLANCE,
    Compared,
    pair_features,
)
from dedupe.similarity.verifier import Judgement

NAMES_FACTOR = 2.0  # the story score is at most so many times the agreement on names
ONE_SOURCE_COSINE = 0.75  # one source's look-alikes are series, unless they are near the same
ONE_SOURCE_NAMES = 0.7
COPY_RESEMBLANCE = 0.5
COPY_CONTAINMENT = 0.85
REWRITE_CONTAINMENT = 0.3  # so much shared text is derived
REWRITE_SCORE = 0.5  # so close in words without shared text too


class Circumstances(NamedTuple):
    """What is known of n articles besides their words; -1 where it is not."""

    sources: NDArray[np.int32]  # (n,) equal numbers are one outlet
    credits: NDArray[np.int32]  # (n,) equal numbers are one agency, credited or itself
    kinds: NDArray[np.int8]  # (n,) dedupe.models.Kind
    series: NDArray[np.int32]  # (n,) equal numbers are one series or template


class PlaneVerifier:
    """Judges by the story cosine, the agreement on names, shared text and the source."""

    def __init__(
        self, compared: Compared, circumstances: Circumstances, threshold: float = THRESHOLD
    ) -> None:
        self.threshold = threshold
        self._compared = compared
        self._sources, self._credits = circumstances.sources, circumstances.credits

    def judge(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> Judgement:
        """Judge the pairs (left[k], right[k])."""
        features = np.empty((len(left), FEATURES), dtype=np.float32)
        pair_features(left, right, *self._compared, features)
        scores = np.minimum(features[:, COSINE], NAMES_FACTOR * features[:, NAMES])
        near = (features[:, COSINE] >= ONE_SOURCE_COSINE) & (features[:, NAMES] >= ONE_SOURCE_NAMES)
        one_source = (self._sources[left] == self._sources[right]) & (self._sources[left] >= 0)
        scores[one_source & ~near] = 0.0
        digests = self._compared.digests  # 0 is no text at all
        exact = (digests[left] == digests[right]) & (digests[left] != 0)
        scores[exact] = 1.0
        credited = (self._credits[left] == self._credits[right]) & (self._credits[left] >= 0)
        relations = self._relations(features, scores, exact, credited)
        similarities = np.maximum(scores, np.where(scores > 0, features[:, RESEMBLANCE], 0))
        return Judgement(scores, relations, similarities.astype(np.float32))

    def _relations(
        self,
        features: NDArray[np.float32],
        scores: NDArray[np.float32],
        exact: NDArray[np.bool_],
        credited: NDArray[np.bool_],
    ) -> NDArray[np.int8]:
        resemblance, containment = features[:, RESEMBLANCE], features[:, CONTAINMENT]
        derived = credited | (containment >= REWRITE_CONTAINMENT) | (scores >= REWRITE_SCORE)
        copied = (resemblance >= COPY_RESEMBLANCE) | (containment >= COPY_CONTAINMENT)
        relations = np.full(len(scores), Relation.STORY, dtype=np.int8)
        relations[derived] = Relation.REWRITE
        relations[copied & (scores >= self.threshold)] = Relation.COPY
        relations[exact] = Relation.EXACT
        return relations
