"""What a scan of two articles alone says of them, and the rule that decides it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dedupe.batch.collection import Ranked
from dedupe.models import SEVERAL, Kind, Level, Relation
from dedupe.params import ScanParams
from dedupe.similarity.verifier import Judgement, Verifier
from dedupe.stories.levels import level_scores


class Ruling(NamedTuple):
    """What is said of a pair of a collection, and why."""

    relation: Relation
    rule: str  # in plain words
    score: float
    similarity: float
    resemblance: float
    update: bool
    hours: float | None  # from the first to the second


def ruling(ranked: Ranked, i: int, j: int, verifier: Verifier, params: ScanParams) -> Ruling:
    """Judge the articles of the ranks `i` and `j` as a scan of these two would."""
    early, late = np.array([[min(i, j)], [max(i, j)]], dtype=np.int32)
    judged = verifier.judge(early, late)
    relation = Relation(int(judged.relations[0]))
    hours = _hours(ranked, i, j)
    refused = (
        _too_late(hours, params)
        or _kept_apart(ranked, i, j, judged)
        or (relation is not Relation.EXACT and _too_far(judged, verifier.threshold, params))
        or (relation is not Relation.EXACT and _unseen(ranked, i, j, params))
    )
    if refused:
        relation = Relation.NONE
    derived = Relation.STORY < relation < Relation.EXACT
    score = float(judged.scores[0])
    return Ruling(
        relation=relation,
        rule=refused or _affirmed(ranked, i, j, relation),
        score=score,
        similarity=float(judged.similarities[0]),
        resemblance=_resemblance(ranked, i, j),
        update=derived and bool(hours) and _one_source(ranked, i, j),
        hours=hours,
    )


def _too_late(hours: float | None, params: ScanParams) -> str | None:
    if hours is None or abs(hours) <= params.window_hours:
        return None
    return f"{abs(hours):,.1f} hours apart, and the window is {params.window_hours:g}"


def _kept_apart(ranked: Ranked, i: int, j: int, judged: Judgement) -> str | None:
    """Which kinds of entry do not go together, where that is why the score is 0."""
    if judged.scores[0] > 0:
        return None
    _, _, kinds, series, _ = ranked.circumstances
    for kind in (Kind(int(kinds[i])), Kind(int(kinds[j]))):
        if kind in SEVERAL:
            return f"one is a {kind.label.replace('_', ' ')}, which joins only versions of itself"
    if series[i] == series[j] >= 0:
        return "two entries of one series or template, and not the same entry"
    return None


def _too_far(judged: Judgement, threshold: float, params: ScanParams) -> str | None:
    score = float(judged.scores[0])
    if score < threshold:
        return f"the score {score:.3f} is below the threshold {threshold:g}"
    if params.level is not Level.STORY and not level_scores(judged, threshold, params.level)[0]:
        told = Relation(int(judged.relations[0])).label
        return f"related as {told}, and the level asks for {params.level} or closer"
    return None


def _unseen(ranked: Ranked, i: int, j: int, params: ScanParams) -> str | None:
    """Why a scan of the two does not get as far as judging them."""
    fewest = int(min(ranked.informative[i], ranked.informative[j]))
    if fewest < params.signature.informative_words:
        told = f"{fewest} informative word{'s' * (fewest != 1)}"
        return f"one has only {told}: too few for anything but an exact copy"
    keys_i, keys_j = ranked.keys[ranked.order[i]], ranked.keys[ranked.order[j]]
    if not (keys_i == keys_j).any():
        return "close enough, but their signatures share no bucket: a scan does not compare them"
    return None


def _affirmed(ranked: Ranked, i: int, j: int, relation: Relation) -> str:
    one, other = ranked.entries[i].agency, ranked.entries[j].agency
    if relation is Relation.EXACT:
        return "the same normalised text"
    if relation is Relation.COPY:
        return "one story, and most of the shorter text or of both is shared"
    if relation is Relation.STORY:
        return "one story, with no sign that one text is derived from the other"
    if one is not None and one == other:
        return f"one story, and both credit {one}"
    return "one story, so close in words and passages that one text is derived from the other"


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
