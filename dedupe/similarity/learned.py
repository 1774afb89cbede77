"""The learned verifier: boosted trees over the features of a pair, and a probability."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedupe.models import Relation
from dedupe.similarity.features import (
    COSINE,
    FEATURES,
    RESEMBLANCE,
    Circumstances,
    Compared,
    pair_features,
)
from dedupe.similarity.relations import relations, same_text
from dedupe.similarity.trees import PairModel, shipped_model
from dedupe.similarity.verifier import Judgement, Term

LEAST_COSINE = 0.04  # below it lie 12 of the 5,851 pairs of one story in the development sets


class LearnedVerifier:
    """Judges by a model; its scores are probabilities."""

    model = "learned 1"

    def __init__(
        self,
        compared: Compared,
        circumstances: Circumstances,
        threshold: float | None = None,
        model: PairModel | None = None,
    ) -> None:
        self._trees = model or shipped_model()
        self.threshold = self._trees.threshold if threshold is None else threshold
        self._compared = compared
        self._circumstances = circumstances

    def judge(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> Judgement:
        """Judge the pairs (left[k], right[k]).

        Most candidates share next to nothing: the cosine alone tells, and no more is computed.
        """
        n = len(left)
        exact = same_text(self._compared, left, right)
        features = pair_features(
            self._compared, self._circumstances, left, right, least_cosine=LEAST_COSINE
        )
        looked = np.flatnonzero((features[:, COSINE] >= LEAST_COSINE) | exact)
        features, exact = features[looked], exact[looked]
        likely = self._trees.probabilities(features)
        likely[exact] = 1.0
        scores = np.zeros(n, dtype=np.float32)
        scores[looked] = likely
        found = np.full(n, Relation.STORY, dtype=np.int8)
        found[looked] = relations(features, exact, likely >= self.threshold)
        similarities = np.zeros(n, dtype=np.float32)
        similarities[looked] = np.maximum(features[:, COSINE], features[:, RESEMBLANCE])
        similarities[looked[exact]] = 1.0
        return Judgement(scores, found, similarities)

    def explain(self, left: int, right: int) -> tuple[Term, ...]:
        """Every feature of a pair with its effect on the log-odds, the greatest effect first."""
        a, b = np.array([left], np.int32), np.array([right], np.int32)
        (row,) = pair_features(self._compared, self._circumstances, a, b)
        _, effects = self._trees.effects(row)
        order = np.argsort(-np.abs(effects), kind="stable")
        return tuple(Term(FEATURES[f], float(row[f]), float(effects[f])) for f in order)
