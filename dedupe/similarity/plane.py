"""The plane verifier: a story similarity and a few rules, with nothing learned.

Shared text with another story is boilerplate; the same words with other names and numbers are a
template; another text with the same story is a rewrite. It is right on collections whose stories
are far apart, and joins topics in a real feed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedupe.similarity.features import (
    COSINE,
    FEATURES,
    NAMES,
    ONE_SOURCE,
    RESEMBLANCE,
    Circumstances,
    Compared,
    pair_features,
)
from dedupe.similarity.relations import relations, same_text, story_similarity
from dedupe.similarity.verifier import Judgement, Term

THRESHOLD = 0.14  # high on the plateau of the sets of clear-cut stories, 0.12 to 0.145
ONE_SOURCE_COSINE = 0.75  # one source's look-alikes are series, unless they are near the same
ONE_SOURCE_NAMES = 0.7


class PlaneVerifier:
    """Judges by the story cosine, the agreement on names, shared text and the source."""

    model = "plane 1"

    def __init__(
        self, compared: Compared, circumstances: Circumstances, threshold: float = THRESHOLD
    ) -> None:
        self.threshold = threshold
        self._compared = compared
        self._circumstances = circumstances

    def judge(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> Judgement:
        """Judge the pairs (left[k], right[k])."""
        features = pair_features(self._compared, self._circumstances, left, right)
        scores = story_similarity(features)
        resemblance = features[:, RESEMBLANCE]
        names = np.nan_to_num(features[:, NAMES], nan=0.0)
        near = (features[:, COSINE] >= ONE_SOURCE_COSINE) & (names >= ONE_SOURCE_NAMES)
        scores[(features[:, ONE_SOURCE] > 0) & ~near] = 0.0
        exact = same_text(self._compared, left, right)
        scores[exact] = 1.0
        similarities = np.maximum(scores, np.where(scores > 0, resemblance, 0))
        found = relations(features, exact, scores >= self.threshold)
        return Judgement(scores, found, similarities.astype(np.float32))

    def explain(self, left: int, right: int) -> tuple[Term, ...]:
        """The features it looks at; it knows no more than that of their effects."""
        (row,) = pair_features(
            self._compared,
            self._circumstances,
            np.array([left], np.int32),
            np.array([right], np.int32),
        )
        looked = (COSINE, NAMES, RESEMBLANCE, ONE_SOURCE)
        return tuple(Term(FEATURES[f], float(row[f]), float("nan")) for f in looked)
