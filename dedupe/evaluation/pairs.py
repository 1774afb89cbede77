"""What became of pairs of articles that carry a label: in one cluster or not, and as what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from math import fsum

from msgspec import Struct

from dedupe.batch.verdicts import Verdict
from dedupe.errors import UsageError
from dedupe.evaluation.clusters import harmonic_mean
from dedupe.models import Relation

SAME = "same"
DEVELOPMENT = "development"  # a later step of a story: neither right nor wrong
UNCLEAR = "unclear"
NONE = "none"
JUDGED = (SAME, DEVELOPMENT, "topic", "template", NONE, UNCLEAR)

Judge = Callable[[Sequence[tuple[str, str]]], Sequence[Verdict]]  # of pairs of ids


class LabelledPair(Struct, frozen=True):
    """Two articles and what they are to each other."""

    id_a: str
    id_b: str
    label: str  # one of JUDGED, or any other word
    weight: float = 1.0  # how many pairs of the population it stands for, at least 0


class LabelFigures(Struct, frozen=True, kw_only=True):
    """What became of the pairs of one label."""

    label: str
    pairs: int  # both articles of which have a predicted cluster
    together: int  # of these in one cluster
    share: float  # in one cluster, 0 to 1: the merge rate
    relations: dict[str, int] | None  # how many were found as what; None without a verifier
    updates: int | None  # of these a later version by the same source


class PairFigures(Struct, frozen=True, kw_only=True):
    """What became of the pairs of one file; None is what its labels cannot measure."""

    file: str
    pairs: int  # both articles of which have a predicted cluster
    left_out: int  # pairs with an article that has none
    recall: float | None  # share of the `same` pairs in one cluster
    weighted_precision: float | None  # share of `same` in the weight in one cluster
    f1: float | None  # harmonic mean of the two
    development: float | None  # share of the `development` pairs in one cluster
    labels: tuple[LabelFigures, ...]  # the judged labels first, the others by name


def pair_figures(
    file: str,
    pairs: Sequence[LabelledPair],
    predicted: Mapping[str, Hashable],
    judge: Judge | None = None,
) -> PairFigures:
    """Figures of one file of pairs; `predicted` gives the cluster of an article.

    The weighted precision is Σ weight of the `same` pairs in one cluster / Σ weight of all pairs in
    one cluster, `development` and `unclear` left out; it needs pairs of both kinds. A pair in two
    clusters is found as `none`, another as what `judge` says of it. Raises UsageError where no
    pair has both articles in `predicted`.
    """
    known = [pair for pair in pairs if pair.id_a in predicted and pair.id_b in predicted]
    if not known:
        raise UsageError(
            f"{file}: none of its {len(pairs):,} pairs has both articles among those scanned;"
            " give the articles that it labels"
        )
    merged = [pair for pair in known if predicted[pair.id_a] == predicted[pair.id_b]]
    found = None if judge is None else judge([(pair.id_a, pair.id_b) for pair in merged])
    labels = {label: _label(label, known, merged, found) for label in _in_order(known)}
    recall = labels[SAME].share if SAME in labels else None
    precision = _precision(merged) if _has_both(labels) else None
    return PairFigures(
        file=file,
        pairs=len(known),
        left_out=len(pairs) - len(known),
        recall=recall,
        weighted_precision=precision,
        f1=None if recall is None or precision is None else harmonic_mean(precision, recall),
        development=labels[DEVELOPMENT].share if DEVELOPMENT in labels else None,
        labels=tuple(labels.values()),
    )


def _in_order(pairs: Sequence[LabelledPair]) -> list[str]:
    def place(label: str) -> tuple[int, str]:
        return JUDGED.index(label) if label in JUDGED else len(JUDGED), label

    return sorted({pair.label for pair in pairs}, key=place)


def _label(
    label: str,
    known: Sequence[LabelledPair],
    merged: Sequence[LabelledPair],
    found: Sequence[Verdict] | None,
) -> LabelFigures:
    pairs = sum(pair.label == label for pair in known)
    together = sum(pair.label == label for pair in merged)
    relations = updates = None
    if found is not None:
        own = [verdict for pair, verdict in zip(merged, found, strict=True) if pair.label == label]
        counts = Counter(verdict.relation for verdict in own)
        counts[Relation.NONE] += pairs - together
        relations = {relation.label: counts[relation] for relation in Relation}
        updates = sum(verdict.update for verdict in own)
    return LabelFigures(
        label=label,
        pairs=pairs,
        together=together,
        share=together / pairs,
        relations=relations,
        updates=updates,
    )


def _has_both(labels: Mapping[str, object]) -> bool:
    """Whether some pairs belong together and some do not."""
    return SAME in labels and bool(labels.keys() - {SAME, DEVELOPMENT, UNCLEAR})


def _precision(merged: Sequence[LabelledPair]) -> float | None:
    counted = [pair for pair in merged if pair.label not in (DEVELOPMENT, UNCLEAR)]
    total = fsum(pair.weight for pair in counted)
    return fsum(pair.weight for pair in counted if pair.label == SAME) / total if total else None
