"""From features to relations: how a pair is related if it tells the same story."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedupe.models import Relation
from dedupe.similarity.features import (
    CONTAINMENT,
    COSINE,
    NAMES,
    ONE_CREDIT,
    RESEMBLANCE,
    Compared,
)

NAMES_FACTOR = 2.0  # the story similarity is at most so many times the agreement on names
COPY_RESEMBLANCE = 0.5
COPY_CONTAINMENT = 0.85
DERIVED = 0.5  # story similarity and containment together, from which one text is derived


def same_text(
    compared: Compared, left: NDArray[np.int32], right: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Which pairs have the same normalised text; the digest 0 is no text at all."""
    digests = compared.digests
    return (digests[left] == digests[right]) & (digests[left] != 0)


def story_similarity(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """The cosine, bounded by the agreement on names and numbers, 0 to 1."""
    names = np.nan_to_num(features[:, NAMES], nan=0.0)
    bounded: NDArray[np.float32] = np.minimum(features[:, COSINE], NAMES_FACTOR * names)
    return bounded


def relations(
    features: NDArray[np.float32], exact: NDArray[np.bool_], together: NDArray[np.bool_]
) -> NDArray[np.int8]:
    """The relation of each pair; a copy only where the pair is `together`, else boilerplate."""
    resemblance, containment = features[:, RESEMBLANCE], features[:, CONTAINMENT]
    derived = (features[:, ONE_CREDIT] > 0) | (story_similarity(features) + containment >= DERIVED)
    copied = (resemblance >= COPY_RESEMBLANCE) | (containment >= COPY_CONTAINMENT)
    found = np.full(len(features), Relation.STORY, dtype=np.int8)
    found[derived] = Relation.REWRITE
    found[copied & together] = Relation.COPY
    found[exact] = Relation.EXACT
    return found
