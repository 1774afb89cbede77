"""The figures of the development sets that quality is promised in, by name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from dedupe.batch.scan import decide_on, gather
from dedupe.batch.verdicts import judge_pairs
from dedupe.errors import UsageError
from dedupe.evaluation.figures import Evaluation, measure
from dedupe.evaluation.labels import read_gold, read_pairs
from dedupe.evaluation.pairs import LabelFigures
from dedupe.feeds import read_articles
from dedupe.models import Relation
from dedupe.params import ScanParams
from dedupe.stories.verifiers import Maker, maker_of

SETS = (
    "rss2023_03", "allsides_12k", "fnc_train", "basil", "reuters21578", "wirepairs",
    "clough_stevenson",
)  # fmt: skip
_WITH_STORIES = ("fnc_train", "basil")  # labelled by their authors
JUDGED, SILVER = "judged.pairs", "pairs"  # kinds of files of pairs
_NOW = datetime(2030, 1, 1, tzinfo=UTC)  # the sets are older
_DERIVED = (Relation.REWRITE, Relation.COPY, Relation.EXACT)


def evaluate_set(
    folder: Path, name: str, maker: Maker | None = None, hay: tuple[str, ...] = ()
) -> Evaluation:
    """Scan a set in `folder`, with default settings and among the articles of the sets in `hay`.

    `maker` makes another verifier than the default one. Raises UsageError for a set that is not
    there.
    """
    articles = [str(folder / f"{each}.jsonl.gz") for each in (name, *hay)]
    files = {kind: folder / f"{name}.{kind}.jsonl.gz" for kind in (JUDGED, SILVER)}
    pairs = {kind: read_pairs(str(file)) for kind, file in files.items() if file.exists()}
    gold = read_gold(articles[:1]) if name in _WITH_STORIES else {}
    params = ScanParams()
    ranked = gather(read_articles(articles, now=_NOW, on_reject=_refuse), params)
    verifier = maker_of(params, maker)(ranked, params)
    decisions = decide_on(ranked, params, verifier)
    clusters = {decision.id: decision.cluster_id for decision in decisions}
    return measure(clusters, gold, pairs, lambda asked: judge_pairs(ranked, verifier, asked))


def promised(name: str, found: Evaluation) -> dict[str, float]:
    """What is promised of a set, from its figures; the names are those of the baseline."""
    files = {figures.file: figures for figures in found.pairs}
    judged, silver = files.get(JUDGED), files.get(SILVER)
    labels = {each.label: each for each in silver.labels} if silver else {}
    share = {label: each.share for label, each in labels.items()}
    figures: dict[str, float | None] = {}
    if found.clusters:
        figures |= {"f1": found.clusters.bcubed_f1, "ari": found.clusters.ari}
    if judged:
        figures |= {
            "recall": judged.recall,
            "weighted_precision": judged.weighted_precision,
            "development": judged.development,
        }
    if name == "rss2023_03":
        figures |= {key: share[key] for key in ("wire_copy_silver", "template_same_domain")}
    elif name == "reuters21578" and found.pairs:
        figures["update_and_repeat"] = _derived(labels, "update", "repeat")
        figures |= {key: share[key] for key in ("template", "short_template")}
    elif name == "wirepairs":
        wanted = ("copy", "rewrite", "boilerplate", "unrelated_sameday")
        figures |= {key: share[key] for key in wanted}
    elif name == "clough_stevenson":
        figures["relation_f1"] = _relation_f1(labels)
    return {key: value for key, value in figures.items() if value is not None}


def _derived(labels: Mapping[str, LabelFigures], *wanted: str) -> float:
    """The share of the pairs of some labels that were found as exact, copy or rewrite."""
    found = sum(_as_derived(labels[label]) for label in wanted)
    return found / sum(labels[label].pairs for label in wanted)


def _relation_f1(labels: Mapping[str, LabelFigures]) -> float:
    """F1 of `derived` for revisions against texts that were written independently."""
    hits = sum(_as_derived(labels[label]) for label in ("cut", "light", "heavy"))
    wanted = sum(labels[label].pairs for label in ("cut", "light", "heavy"))
    return 2 * hits / (hits + _as_derived(labels["non"]) + wanted)


def _as_derived(label: LabelFigures) -> int:
    relations = label.relations or {}
    return sum(relations.get(relation.label, 0) for relation in _DERIVED)


def _refuse(rejection: object) -> None:
    raise UsageError(f"a development set has a record that cannot be read: {rejection}")
