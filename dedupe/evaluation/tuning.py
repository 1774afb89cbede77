"""How the figures move with the settings of a scan: each varied alone, nothing read twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from dedupe.banding import collision_probability
from dedupe.batch.collection import Ranked
from dedupe.batch.scan import decide_on
from dedupe.batch.verdicts import judge_pairs
from dedupe.errors import UsageError
from dedupe.evaluation.figures import Evaluation, measure
from dedupe.evaluation.pairs import DEVELOPMENT, SAME, UNCLEAR, LabelledPair
from dedupe.evaluation.reliability import Reliability, reliability
from dedupe.params import ScanParams, SignatureParams
from dedupe.similarity.verifier import Verifier

Setting = Literal["threshold", "bands", "window"]
SIMILARITIES = tuple(k / 20 for k in range(1, 20))  # at which the S-curves are given
_ODDS = (-1.5, -1.0, -0.5, -0.25, 0.0, 0.25, 0.5, 1.0, 1.5)  # log-odds above the threshold's
_BANDS = (1 / 8, 1 / 4, 1 / 2, 3 / 4, 1)
_WINDOWS = (1 / 7, 2 / 7, 4 / 7, 1, 2, 4)


class Trial(Struct, frozen=True, kw_only=True):
    """The figures with one value of a setting."""

    value: float  # in hours, for a window
    figures: Evaluation


class Best(Struct, frozen=True, kw_only=True):
    """The value that does best by one figure."""

    figure: str  # bcubed_f1, pairwise_f1, ari; f1 of a file of pairs
    file: str | None  # of pairs
    value: float
    reaches: float
    now: float | None  # what the present value reaches


class Sweep(Struct, frozen=True, kw_only=True):
    """One setting varied, the others as they are."""

    setting: Setting
    now: float
    trials: tuple[Trial, ...]  # by value
    best: tuple[Best, ...]


class Curve(Struct, frozen=True, kw_only=True):
    """The probability that two signatures of a Jaccard similarity share a bucket."""

    signature: Literal["story", "copy"]
    rows: int
    bands: int
    probabilities: tuple[float, ...]  # at SIMILARITIES


class FileReliability(Struct, frozen=True, kw_only=True):
    """Whether the scores of the labelled pairs can be read as probabilities."""

    file: str
    diagram: Reliability


class Tuning(Struct, frozen=True, kw_only=True):
    """What `dedupe tune` has found."""

    articles: int
    sweeps: tuple[Sweep, ...]
    not_varied: dict[str, str]  # settings, each with the reason
    similarities: tuple[float, ...]  # of the curves
    curves: tuple[Curve, ...]
    reliability: tuple[FileReliability, ...]  # of the files with pairs of both kinds


class Labels(NamedTuple):
    """All that is known to be right."""

    gold: Mapping[str, str]
    pairs: Mapping[str, Sequence[LabelledPair]]


def values_around(setting: Setting, now: float) -> list[float]:
    """The values to try where none are given, with the present one among them."""
    if setting == "threshold":
        odds = now / (1 - now) if now < 1 else 1e6
        others = [odds * float(np.exp(k)) for k in _ODDS if k]
        return sorted({now, *(round(o / (1 + o), 3) for o in others)} - {0.0})
    if setting == "bands":
        return sorted({float(max(1, round(now * share))) for share in _BANDS})
    return sorted({now * share for share in _WINDOWS})


def sweep(
    setting: Setting,
    values: Sequence[float],
    ranked: Ranked,
    params: ScanParams,
    verifier: Callable[[Ranked, ScanParams], Verifier],
    labels: Labels,
    progress: Callable[[str, int, int], None],
) -> Sweep:
    """Scan what was read once for each value; the other settings stay as in `params`.

    Raises UsageError where none of the labels is of an article that was read.
    """
    trials = []
    for done, value in enumerate(values):
        progress(f"trying each {setting}", done, len(values))
        collection, changed = _with(setting, value, ranked, params)
        decisions = decide_on(collection, changed, verifier(collection, changed))
        predicted = {decision.id: decision.cluster_id for decision in decisions}
        trials.append(Trial(value=value, figures=measure(predicted, *labels)))
    now = _now(setting, params, verifier(ranked, params))
    return Sweep(setting=setting, now=now, trials=tuple(trials), best=_best(trials, now))


def fewer_bands(ranked: Ranked, signature: SignatureParams, bands: int) -> Ranked:
    """The collection as if its story signatures were cut into fewer bands of as many rows."""
    kept = np.r_[:bands, signature.story_bands : signature.bands]
    return ranked._replace(keys=ranked.keys[:, kept])


def curves(signature: SignatureParams, bands: Sequence[int]) -> tuple[Curve, ...]:
    """The S-curve of the story signature with each number of bands, and of the copy signature."""
    cuts: list[tuple[Literal["story", "copy"], int, int]]
    cuts = [("story", signature.story_rows, count) for count in bands]
    cuts.append(("copy", signature.copy_rows, signature.copy_bands))
    return tuple(
        Curve(
            signature=name,
            rows=rows,
            bands=count,
            probabilities=tuple(collision_probability(s, rows, count) for s in SIMILARITIES),
        )
        for name, rows, count in cuts
    )


def reliabilities(
    ranked: Ranked, verifier: Verifier, labels: Labels
) -> tuple[FileReliability, ...]:
    """The reliability of the scores, for each file that has pairs to say yes and no to."""
    read = {entry.id for entry in ranked.entries}
    found = []
    for file, pairs in labels.pairs.items():
        known = [
            pair
            for pair in pairs
            if pair.label not in (DEVELOPMENT, UNCLEAR)
            and pair.id_a in read
            and pair.id_b in read
            and pair.weight > 0
        ]
        same = [pair.label == SAME for pair in known]
        if any(same) and not all(same):
            verdicts = judge_pairs(ranked, verifier, [(p.id_a, p.id_b) for p in known])
            scores = [verdict.score for verdict in verdicts]
            diagram = reliability(scores, same, [pair.weight for pair in known])
            found.append(FileReliability(file=file, diagram=diagram))
    return tuple(found)


def check_labels(labels: Labels) -> None:
    """Raises UsageError for labels of one kind only: every value would do equally well."""
    stories = len(set(labels.gold.values()))
    kinds = {
        label.label
        for pairs in labels.pairs.values()
        for label in pairs
        if label.label not in (DEVELOPMENT, UNCLEAR)
    }
    if stories > 1 or len(kinds) > 1:
        return
    only = "all articles are of one story" if stories else "nothing is labelled"
    raise UsageError(
        f"the labels are of one kind: {f'all pairs are {kinds.pop()!r}' if kinds else only};"
        " tuning weighs what belongs together against what does not, so give labels of both"
    )


def _with(
    setting: Setting, value: float, ranked: Ranked, params: ScanParams
) -> tuple[Ranked, ScanParams]:
    if setting == "threshold":
        return ranked, replace(params, threshold=value)
    if setting == "window":
        return ranked, replace(params, window_hours=value)
    signature = replace(params.signature, story_bands=int(value))
    fewer = fewer_bands(ranked, params.signature, int(value))
    return fewer, replace(params, signature=signature)


def _now(setting: Setting, params: ScanParams, verifier: Verifier) -> float:
    if setting == "threshold":
        return verifier.threshold
    return params.window_hours if setting == "window" else float(params.signature.story_bands)


def _best(trials: Sequence[Trial], now: float) -> tuple[Best, ...]:
    """The best value by each figure that has a best; of equals the one nearest to the present."""
    found = []
    for file, figure in _figures(trials[0].figures):
        reached = [(_value(t.figures, file, figure), t.value) for t in trials]
        known = [(score, value) for score, value in reached if score is not None]
        if not known:
            continue
        score, value = max(known, key=lambda k: (round(k[0], 6), -abs(k[1] - now)))
        present = next((score for score, value in known if value == now), None)
        found.append(Best(figure=figure, file=file, value=value, reaches=score, now=present))
    return tuple(found)


def _figures(evaluation: Evaluation) -> list[tuple[str | None, str]]:
    """The figures of which more is better whatever else: (file of pairs, name)."""
    of_clusters = ("bcubed_f1", "pairwise_f1", "ari") if evaluation.clusters else ()
    return [
        *((None, name) for name in of_clusters),
        *((figures.file, "f1") for figures in evaluation.pairs),
    ]


def _value(evaluation: Evaluation, file: str | None, figure: str) -> float | None:
    holder = next((f for f in evaluation.pairs if f.file == file), evaluation.clusters)
    value: float | None = getattr(holder, figure)
    return value
