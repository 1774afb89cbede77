"""What the verifier of a scan says of pairs that are given by the ids of their articles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dedupe.batch.collection import Ranked
from dedupe.models import Relation
from dedupe.similarity.verifier import Verifier


class Verdict(NamedTuple):
    """What two articles are to each other, if they tell the same story at all."""

    relation: Relation
    score: float  # 0 to 1, how surely they do
    similarity: float  # 0 to 1, for people
    update: bool  # one is a later version by the same source


def judge_pairs(
    ranked: Ranked, verifier: Verifier, pairs: Sequence[tuple[str, str]]
) -> list[Verdict]:
    """Judge pairs of ids in either order. Raises KeyError for an id that was not read."""
    ranks = {entry.id: rank for rank, entry in enumerate(ranked.entries)}
    places = [sorted((ranks[one], ranks[other])) for one, other in pairs]
    left, right = np.array(places, dtype=np.int32).reshape(-1, 2).T.copy()
    judged = verifier.judge(left, right)
    sources, times = ranked.circumstances.sources, ranked.times()
    updates = (
        (sources[left] == sources[right]) & (sources[left] >= 0) & (times[left] < times[right])
    )
    updates &= (judged.relations > Relation.STORY) & (judged.relations < Relation.EXACT)
    columns = (judged.relations, judged.scores, judged.similarities, updates)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [Verdict(Relation(relation), *rest) for relation, *rest in rows]
