"""What a scan of two articles alone says of them, and the rule that decides it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dedupe.batch.collection import Ranked
from dedupe.batch.scan import link
from dedupe.models import Level, Relation
from dedupe.params import ScanParams
from dedupe.similarity.plane import REWRITE_SCORE
from dedupe.similarity.verifier import Verifier


class Verdict(NamedTuple):
    """The verdict on a pair of a collection."""

    relation: Relation
    rule: str  # in plain words
    score: float
    similarity: float
    resemblance: float
    update: bool
    hours: float | None  # from the first to the second


def verdict(ranked: Ranked, i: int, j: int, verifier: Verifier, params: ScanParams) -> Verdict:
    """Judge the articles of the ranks `i` and `j` as a scan of these two would."""
    early, late = np.array([[min(i, j)], [max(i, j)]], dtype=np.int32)
    judged = verifier.judge(early, late)
    relation = Relation(int(judged.relations[0]))
    score = float(judged.scores[0])
    linked = float(link(judged, verifier.threshold, params.level)[0])
    hours = _hours(ranked, i, j)
    refused = _refused(ranked, i, j, relation, hours, params)
    if refused is None and relation is not Relation.EXACT:
        least = verifier.threshold if params.level is Level.STORY else 1.0
        if score < verifier.threshold:
            refused = f"the score {score:.2f} is below the threshold {verifier.threshold:g}"
        elif linked < least:
            refused = (
                f"the relation is {relation.label}, and the level {params.level} asks for more"
            )
    if refused is not None:
        relation = Relation.NONE
    rule = refused or _affirmed(ranked, i, j, relation, score)
    resemblance = _resemblance(ranked, i, j)
    similarity = float(judged.similarities[0])
    update = (
        Relation.STORY < relation < Relation.EXACT and _one_source(ranked, i, j) and bool(hours)
    )
    return Verdict(relation, rule, score, similarity, resemblance, update, hours)


def _refused(
    ranked: Ranked, i: int, j: int, relation: Relation, hours: float | None, params: ScanParams
) -> str | None:
    """Why a scan would not look at the pair; None where it would."""
    if hours is not None and abs(hours) > params.window_hours:
        return f"{abs(hours):.0f} hours apart, and the window is {params.window_hours:.0f}"
    if relation is Relation.EXACT:
        return None
    fewest = int(min(ranked.informative[i], ranked.informative[j]))
    if fewest < params.signature.informative_words:
        told = "no informative word" if not fewest else f"only {fewest} informative words"
        return f"one has {told}: too few for anything but an exact copy"
    keys_i, keys_j = ranked.keys[ranked.order[i]], ranked.keys[ranked.order[j]]
    if not (keys_i == keys_j).any():
        return "their signatures have no bucket in common: a scan of the two does not compare them"
    return None


def _affirmed(ranked: Ranked, i: int, j: int, relation: Relation, score: float) -> str:
    one, other = ranked.entries[i].agency, ranked.entries[j].agency
    if relation is Relation.EXACT:
        return "the same normalised text"
    if relation is Relation.COPY:
        return "one story, and most of the shorter text or of both is shared"
    if relation is Relation.STORY:
        return "one story, with no sign that one text is derived from the other"
    if one is not None and one == other:
        return f"one story, and both credit {one}"
    if score >= REWRITE_SCORE:
        return "one story, in words so close that one text is derived"
    return "one story, and so much shared text that one is derived"


def _hours(ranked: Ranked, i: int, j: int) -> float | None:
    before, after = ranked.entries[i].published, ranked.entries[j].published
    return (after - before).total_seconds() / 3600.0 if before and after else None


def _one_source(ranked: Ranked, i: int, j: int) -> bool:
    one, other = ranked.entries[i].source, ranked.entries[j].source
    return one is not None and other is not None and one.casefold() == other.casefold()


def _resemblance(ranked: Ranked, i: int, j: int) -> float:
    compared = ranked.compared
    if compared.digests[i] == compared.digests[j] != 0:
        return 1.0
    return float(np.mean(compared.copy[i] == compared.copy[j]))
