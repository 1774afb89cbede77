"""A session of questions about one collection: what to ask, and what the answers say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dedupe.batch.collection import Ranked
from dedupe.batch.scan import CandidatePairs
from dedupe.batch.verdicts import judge_pairs
from dedupe.errors import UsageError
from dedupe.evaluation.calibration import Answers, Calibration, calibrate
from dedupe.evaluation.labels import read_pairs
from dedupe.evaluation.pairs import DEVELOPMENT, JUDGED, SAME, UNCLEAR, LabelledPair
from dedupe.evaluation.sampling import STRATA, draw, strata
from dedupe.models import Relation
from dedupe.params import Recalibration
from dedupe.similarity.recalibration import rescored
from dedupe.similarity.verifier import Verifier


class Session:
    """The candidate pairs of a collection, to ask about and to report on."""

    def __init__(self, ranked: Ranked, verifier: Verifier, pairs: CandidatePairs) -> None:
        """Raises UsageError where there is no pair to ask about."""
        if not len(pairs.scores):
            raise UsageError(
                f"of the {len(ranked.entries):,} articles no two are close enough to ask about;"
                " give more articles"
            )
        self._ranked = ranked
        self._verifier = verifier
        self._pairs = pairs
        self._scores = pairs.scores.astype(np.float64)

    def questions(self, size: int, answered: Sequence[LabelledPair]) -> list[LabelledPair]:
        """The pairs of a sample of `size` that are not answered yet, in the order to ask.

        Their label is empty; their weight is how many pairs each stands for.
        """
        known = {frozenset((pair.id_a, pair.id_b)) for pair in answered}
        where = strata(self._scores, self._verifier.threshold)
        drawn = draw(where, size)
        share = np.bincount(where, minlength=STRATA) / np.maximum(
            1, np.bincount(where[drawn], minlength=STRATA)
        )
        entries = self._ranked.entries
        sample = (
            LabelledPair(
                entries[self._pairs.left[k]].id,
                entries[self._pairs.right[k]].id,
                "",
                float(share[where[k]]),
            )
            for k in drawn
        )
        return [pair for pair in sample if frozenset((pair.id_a, pair.id_b)) not in known]

    def report(self, answers: Sequence[LabelledPair], wanted_precision: float) -> Calibration:
        """What the answers say of all candidate pairs; of two about one pair the later counts.

        Raises UsageError where none is about a candidate pair of this collection.
        """
        last = {frozenset((pair.id_a, pair.id_b)): pair for pair in answers}
        sure = [pair for pair in last.values() if pair.label not in (DEVELOPMENT, UNCLEAR)]
        read = {entry.id for entry in self._ranked.entries}
        known = [pair for pair in sure if pair.id_a in read and pair.id_b in read]
        verdicts = judge_pairs(
            self._ranked, self._verifier, [(pair.id_a, pair.id_b) for pair in known]
        )
        least = self._scores.min()
        counted = [
            (pair, verdict.score)
            for pair, verdict in zip(known, verdicts, strict=True)
            if verdict.relation is not Relation.EXACT and verdict.score >= least
        ]
        if not counted:
            raise UsageError(
                f"none of the {len(last):,} answers is about a pair that a scan of these"
                f" {len(read):,} articles has to weigh: they are unsure, or of other articles, or"
                " of pairs that are plain; give the articles that were asked about"
            )
        return calibrate(
            self._scores,
            Answers(
                scores=np.array([score for _, score in counted]),
                same=np.array([pair.label == SAME for pair, _ in counted]),
                weights=np.array([pair.weight for pair, _ in counted]),
            ),
            self._verifier.threshold,
            wanted_precision,
            unsure=len(last) - len(sure),
            left_out=len(sure) - len(counted),
        )

    def recalibration(self, found: Calibration, before: Recalibration | None) -> Recalibration:
        """What a model file is to hold, on top of the one that was in use.

        Its threshold is the fitted one, else what was in use. Raises UsageError where the answers
        do not allow a fit.
        """
        if found.slope is None or found.intercept is None or found.slope <= 0:
            why = "are of one kind" if found.slope is None else "contradict the scores"
            raise UsageError(f"no model file is written: the answers {why}; answer more pairs")
        slope, intercept = found.slope, found.intercept
        point = found.fitted or found.now
        threshold = float(rescored(point.threshold, slope, intercept))
        if before is not None:
            slope, intercept = slope * before.slope, slope * before.intercept + intercept
        return Recalibration(
            model=self._verifier.model,
            slope=slope,
            intercept=intercept,
            threshold=min(max(threshold, 1e-6), 1 - 1e-6),
            answers=found.answers,
        )


def read_answers(path: str, *, both: bool = False) -> list[LabelledPair]:
    """The answers in a file of labelled pairs.

    Raises UsageError as `read_pairs` does, for labels that are no answer, and with `both` where
    the answers are all of one kind.
    """
    answers = read_pairs(path)
    for answer in answers:
        if answer.label not in JUDGED:
            raise UsageError(
                f"{path}: the label {answer.label!r} of {answer.id_a!r} and {answer.id_b!r} is no"
                f" answer; it is to be one of {', '.join(JUDGED)}"
            )
    kinds = {a.label == SAME for a in answers if a.label not in (DEVELOPMENT, UNCLEAR)}
    if both and len(kinds) < 2:
        raise UsageError(
            f"{path}: all answers are of one kind; to fit anything some must be {SAME!r}, and some"
            " 'none', 'topic' or 'template'"
        )
    return answers
