"""All figures of one scan against all the labels there are for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct

from dedupe.errors import UsageError
from dedupe.evaluation.clusters import ClusterFigures, cluster_figures
from dedupe.evaluation.pairs import Judge, LabelledPair, PairFigures, pair_figures


class Evaluation(Struct, frozen=True, kw_only=True):
    """How well a scan agrees with labels."""

    articles: int  # that were decided on, labelled or not
    largest: int  # articles in the largest story
    clusters: ClusterFigures | None  # None where no article is labelled
    pairs: tuple[PairFigures, ...]  # one for each file of pairs, in the order given


def measure(
    predicted: Mapping[str, str],
    gold: Mapping[str, str],
    pairs: Mapping[str, Sequence[LabelledPair]],
    judge: Judge | None = None,
) -> Evaluation:
    """Compare the clusters of articles with their gold stories and with files of labelled pairs.

    `judge` says what the articles of a pair are to each other; without it that stays open. Raises
    UsageError where the articles of a kind of labels are all without a predicted cluster.
    """
    if gold and not gold.keys() & predicted.keys():
        raise UsageError(
            f"none of the {len(gold):,} labelled articles is among the {len(predicted):,} scanned;"
            " give decisions and labels of the same articles"
        )
    return Evaluation(
        articles=len(predicted),
        largest=max(Counter(predicted.values()).values(), default=0),
        clusters=cluster_figures(gold, predicted) if gold else None,
        pairs=tuple(pair_figures(file, given, predicted, judge) for file, given in pairs.items()),
    )
