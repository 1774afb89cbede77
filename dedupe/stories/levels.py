"""The scores that clusters are made of at a level, and the average that a cluster needs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedupe.models import Level, Relation
from dedupe.similarity.verifier import Judgement

_HALF = 0.5  # below story level the average is the share of pairs that are copies or rewrites


def level_scores(judged: Judgement, threshold: float, level: Level) -> NDArray[np.float32]:
    """The scores that clusters are made of: below story level, 1 for a pair that counts."""
    if level is Level.STORY:
        return judged.scores
    least = Relation.COPY if level is Level.COPY else Relation.REWRITE
    counts = (judged.relations >= least) & (judged.scores >= threshold)
    return counts.astype(np.float32)


def level_threshold(threshold: float, level: Level) -> float:
    """The average of these scores from which two clusters are one."""
    return threshold if level is Level.STORY else _HALF
