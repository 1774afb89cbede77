#!/usr/bin/env python
"""Fit the model of a pair on all development sets together, and write dedupe/data/verifier.npz.

    pip install '.[fit]'
    scripts/fit_verifier.py ../shared/data
    scripts/fit_verifier.py ../shared/data --without-each models/

The labels of every set become pairs with the answer 1 (the same story) or 0. A model has to be sane
where it has seen nothing, and the sets know more than many inputs do: so each pair is shown again
without its date, source and title, as two articles alone, in a smaller
window and in a larger one.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from msgspec import to_builtins
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from dedupe.banding import candidates, empty_buckets, fill_band
from dedupe.batch.collection import Collection, Ranked
from dedupe.evaluation.reliability import reliability
from dedupe.feeds import read_articles
from dedupe.fingerprint import Signer
from dedupe.models import Article
from dedupe.params import ScanParams
from dedupe.similarity.features import FEATURES, pair_features
from dedupe.similarity.learned import LEAST_COSINE
from dedupe.similarity.relations import COPY_RESEMBLANCE
from dedupe.similarity.trees import PairModel, Trees

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SETS = (
    "rss2023_03", "allsides_12k", "reuters21578", "wirepairs", "clough_stevenson", "fnc_train",
    "basil",
)  # fmt: skip
HAY = "allsides_12k"  # that the pairs of other sets are also shown in
SAME = frozenset(
    "same copy rewrite same_event repeat update wire_copy_silver same_url cut light heavy".split()
)
OTHER = frozenset(
    "development topic template none boilerplate unrelated_sameday related_other short_template"
    " template_same_domain non".split()
)
MOST = 1500  # pairs of one SILVER label
# How much each group of pairs counts in all, whatever its number of pairs. Judged pairs are what
# real feeds are full of; basil's stories are the farthest apart in words.
TOTALS = {
    "rss2023_03 judged": 2300, "allsides_12k judged": 1400, "rss2023_03 silver": 1000,
    "reuters21578 silver": 1500, "wirepairs silver": 800, "clough_stevenson silver": 300,
    "fnc_train gold": 4000, "basil gold": 5000,
}  # fmt: skip
# Feed entries of ten days apart do not tell one story, however alike their words are: so many of
# such pairs, as if they were of the same days, are what one shared number or name looks like.
APART_IN, APART_HOURS, APART_PAIRS, APART_TOTAL = "rss2023_03", 240.0, 4000, 500
POPULATION = 0.25  # a judged pair stands for 1 to 10,000 pairs: its count is taken to this power
# What the fit leans to, beyond what the pairs say; the calibration takes it back. To miss a story
# costs more than to join a later step of it, which is no error, though not asked for.
LEANING = {"same": 3.2, "development": 0.9}
DEPTH = 4  # of a tree: every walk costs as much
OTHER_SIGHTS = 0.56  # share of the weight for the pairs as seen otherwise, of which
ALL_HIDDEN = 4  # the sight without date, source and title counts as so many, and
IN_HAY = 5  # that in the larger window counts as so many: a crowd of others is what a feed is
# What reason demands: more of these is never less probable, and more of those never more.
RISING = (
    "cosine names numbers title rare_terms resemblance containment one_credit title_found_least"
    " title_found_most few_cosine few_terms"
).split()
FALLING = (
    "strongest unshared_least unshared_most hours names_unshared_least names_unshared_most"
).split()
HIDDEN = (
    ("hours",),
    ("one_source",),
    ("title", "title_found_least", "title_found_most"),
    ("hours", "one_source", "title", "title_found_least", "title_found_most"),
)


Report = dict[str, Any]


class Pairs(NamedTuple):
    """Labelled pairs of one set."""

    ids: list[tuple[str, str]]
    answers: list[int]  # 1 the same story, 0 not
    counts: list[float]  # pairs of the population that each stands for
    labels: list[str]
    groups: list[str]  # pairs of one group are held out together


class Examples(NamedTuple):
    """What a model is fitted on, a row for each pair and sight of it."""

    features: NDArray[np.float32]
    answers: NDArray[np.int8]
    weights: NDArray[np.float64]
    groups: NDArray[Any]
    sets: NDArray[Any]
    labels: NDArray[Any]
    counts: NDArray[np.float64]
    whole: NDArray[np.bool_]  # with all that is known, in the whole window


def lines(path: Path) -> list[dict[str, Any]]:
    """The records of a compressed JSON Lines file; none where there is no such file."""
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read(folder: Path, name: str) -> dict[str, Article]:
    """The articles of a set by their ids."""
    path = str(folder / f"{name}.jsonl.gz")
    return {a.id: a for a in read_articles([path], now=NOW, on_reject=lambda _: None)}


def gathered(articles: list[Article]) -> Ranked:
    """The articles as a scan has them before it compares any."""
    params = ScanParams().signature
    signer, collection = Signer(params), Collection(params)
    for low in range(0, len(articles), 128):
        collection.note(articles[low : low + 128])
        collection.keep(signer.sign(articles[low : low + 128]))
    return collection.ranked()


def labelled(folder: Path, name: str, kind: str, rng: np.random.Generator) -> Pairs:
    """The judged or SILVER pairs of a set, at most MOST of one SILVER label."""
    found = Pairs([], [], [], [], [])
    by_label = defaultdict(list)
    suffix = ".judged.pairs.jsonl.gz" if kind == "judged" else ".pairs.jsonl.gz"
    for pair in lines(folder / (name + suffix)):
        by_label[pair["label"]].append(pair)
    for label in sorted(by_label):
        if label not in SAME | OTHER:
            continue
        pairs = by_label[label]
        if kind == "silver" and len(pairs) > MOST:
            pairs = [pairs[i] for i in sorted(rng.choice(len(pairs), MOST, replace=False))]
        for pair in pairs:
            found.ids.append((pair["id_a"], pair["id_b"]))
            found.answers.append(int(label in SAME))
            found.counts.append(float(pair.get("weight") or 1.0))
            found.labels.append(label)
    found.groups.extend(components(found.ids))
    return found


def components(ids: list[tuple[str, str]]) -> list[str]:
    """For each pair a name of all the pairs that it is connected with by shared articles."""
    places: dict[str, int] = {}
    for pair in ids:
        for id in pair:
            places.setdefault(id, len(places))
    if not ids:
        return []
    ends = np.array([[places[a], places[b]] for a, b in ids]).T
    graph = coo_matrix((np.ones(len(ids)), ends), shape=(len(places), len(places)))
    _, names = connected_components(graph, directed=False)
    return [str(names[places[a]]) for a, _ in ids]


def of_stories(ranked: Ranked, stories: dict[str, str], rng: np.random.Generator) -> Pairs:
    """Pairs within GOLD stories, and of others those that the buckets would bring together."""
    n = len(ranked.entries)
    left, right = met(ranked)
    ids = [entry.id for entry in ranked.entries]
    story = [stories[i] for i in ids]
    members = defaultdict(list)
    for i, name in enumerate(story):
        members[name].append(i)
    same = [(a, b) for group in members.values() for a in group for b in group if a < b]
    near = [(a, b) for a, b in zip(left.tolist(), right.tolist(), strict=True)]
    near = [(a, b) for a, b in near if story[a] != story[b]]
    far = [(a, b) for a, b in rng.integers(0, n, (1000, 2)).tolist() if story[a] != story[b]]
    found = Pairs([], [], [], [], [])
    for answer, pairs, most in ((1, same, 3000), (0, near, 4000), (0, far, 1000)):
        for at in sorted(rng.choice(len(pairs), min(most, len(pairs)), replace=False)):
            a, b = pairs[at]
            found.ids.append((ids[a], ids[b]))
            found.answers.append(answer)
            found.counts.append(1.0)
            found.labels.append("same story" if answer else "other story")
            found.groups.append(story[a])
    return found


def met(ranked: Ranked) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The pairs that share a bucket, whenever they appeared."""
    n, params = len(ranked.entries), ScanParams().signature
    buckets = empty_buckets(params.bands, n)
    for band in range(params.bands):
        fill_band(buckets, band, ranked.keys[ranked.order, band], ranked.informative >= 5)
    left, right, _ = candidates(0, n, *buckets, ranked.times(), 1e9, 64, 64)
    return left, right


def far_apart(ranked: Ranked, rng: np.random.Generator) -> NDArray[np.float32]:
    """The features of pairs that are too far apart in time, as if they were of the same days."""
    left, right = met(ranked)
    times = ranked.times()
    apart = np.flatnonzero(np.abs(times[left] - times[right]) > APART_HOURS)
    apart = np.sort(rng.choice(apart, min(50 * APART_PAIRS, len(apart)), replace=False))
    known = (ranked.compared, ranked.circumstances)
    features = pair_features(*known, left[apart], right[apart], least_cosine=2 * LEAST_COSINE)
    alike = features[:, FEATURES.index("cosine")] >= 2 * LEAST_COSINE
    alike &= features[:, FEATURES.index("resemblance")] < COPY_RESEMBLANCE  # nothing reprinted
    which = np.flatnonzero(alike)
    features = features[rng.choice(which, min(APART_PAIRS, len(which)), replace=False)]
    hours = rng.exponential(24.0, len(features)).clip(0.0, 160.0)
    features[:, FEATURES.index("hours")] = hours
    return features


def seen(ranked: Ranked, ids: list[tuple[str, str]]) -> NDArray[np.float32]:
    """The features of pairs within a collection."""
    place = {entry.id: i for i, entry in enumerate(ranked.entries)}
    at = np.array([(place[a], place[b]) for a, b in ids], dtype=np.int32)
    left, right = np.ascontiguousarray(at.T)
    return pair_features(ranked.compared, ranked.circumstances, left, right)


def weighted(pairs: Pairs, total: float) -> NDArray[np.float64]:
    """The weight of each pair in the fit."""
    weights = np.array(pairs.counts) ** POPULATION
    return weights * (total / weights.sum())


def sights(
    articles: dict[str, Article],
    ranked: Ranked,
    pairs: Pairs,
    hay: list[Article],
    rng: np.random.Generator,
) -> list[tuple[NDArray[np.int64], NDArray[np.float32], int]]:
    """The pairs under other sights: which, their features, how much the sight counts."""
    features = seen(ranked, pairs.ids)
    every = np.arange(len(pairs.ids))
    found = []
    for names in HIDDEN:
        hidden = features.copy()
        hidden[:, [FEATURES.index(name) for name in names]] = np.nan
        found.append((every, hidden, ALL_HIDDEN if len(names) > 3 else 1))
    some = np.sort(rng.choice(len(every), min(1500, len(every)), replace=False))
    alone = [seen(gathered([articles[i] for i in pairs.ids[k]]), [pairs.ids[k]]) for k in some]
    found.append((some, np.concatenate(alone), 1))
    window = sorted({i for ids in pairs.ids for i in ids})
    small = [articles[i] for i in window]
    found.append((every, seen(gathered(small), pairs.ids), 1))
    if strange := [article for article in hay if article.id not in articles]:
        found.append((every, seen(gathered(small + strange), pairs.ids), IN_HAY))
    return found


def examples(folder: Path, seed: int) -> Examples:
    """All pairs of all sets under all sights."""
    columns: list[list[Any]] = [[] for _ in Examples._fields]
    hay = list(read(folder, HAY).values())
    for name in SETS:
        rng = np.random.default_rng(seed)
        articles = read(folder, name)
        ranked = gathered(list(articles.values()))
        kinds = {kind: labelled(folder, name, kind, rng) for kind in ("judged", "silver")}
        if name in ("fnc_train", "basil"):
            stories = {r["id"]: r["cluster"] for r in lines(folder / f"{name}.jsonl.gz")}
            kinds["gold"] = of_stories(ranked, stories, rng)
        for kind, pairs in kinds.items():
            if not pairs.ids:
                continue
            weights = weighted(pairs, TOTALS[f"{name} {kind}"])
            shown = sights(articles, ranked, pairs, hay, rng)
            total = sum(counts for _, _, counts in shown)
            first = (np.arange(len(pairs.ids)), seen(ranked, pairs.ids), 0)
            for number, (which, features, counts) in enumerate((first, *shown)):
                share = OTHER_SIGHTS * counts / total if number else 1.0 - OTHER_SIGHTS
                scale = share * len(pairs.ids) / len(which)
                rows = (
                    features, np.array(pairs.answers)[which], weights[which] * scale,
                    np.array([f"{name} {g}" for g in pairs.groups])[which],
                    np.full(len(which), f"{name} {kind}"), np.array(pairs.labels)[which],
                    np.array(pairs.counts)[which], np.full(len(which), number == 0),
                )  # fmt: skip
                for column, values in zip(columns, rows, strict=True):
                    column.append(values)
            print(f"{name} {kind}: {len(pairs.ids):,} pairs", file=sys.stderr)
        if name == APART_IN:
            features = far_apart(ranked, rng)
            n = len(features)
            rows = (
                features, np.zeros(n, dtype=int), np.full(n, APART_TOTAL / n),
                np.array([f"{name} apart {k}" for k in range(n)]), np.full(n, f"{name} apart"),
                np.full(n, "far apart"), np.ones(n), np.zeros(n, dtype=bool),
            )  # fmt: skip
            for column, values in zip(columns, rows, strict=True):
                column.append(values)
    return Examples(*(np.concatenate(column) for column in columns))


def fitted(given: Examples, rows: NDArray[np.bool_]) -> HistGradientBoostingClassifier:
    """Boosted trees on some of the examples."""
    direction = {**dict.fromkeys(RISING, 1), **dict.fromkeys(FALLING, -1)}
    model = HistGradientBoostingClassifier(
        max_iter=150,
        max_leaf_nodes=8,
        max_depth=DEPTH,
        learning_rate=0.08,
        l2_regularization=5.0,
        min_samples_leaf=60,
        monotonic_cst=[direction.get(name, 0) for name in FEATURES],
        random_state=0,
    )
    weights = given.weights.copy()
    for label, factor in LEANING.items():
        weights[given.labels == label] *= factor
    return model.fit(given.features[rows], given.answers[rows], weights[rows])


def held_out(given: Examples, used: NDArray[np.bool_], folds: int = 5) -> NDArray[np.float64]:
    """The probability of each example by a model that was fitted without its group."""
    found = np.zeros(len(given.answers))
    for _, test in GroupKFold(folds).split(given.features, given.answers, given.groups):
        rows = used.copy()
        rows[test] = False
        found[test] = fitted(given, rows).predict_proba(given.features[test])[:, 1]
    return found


def calibration(
    given: Examples, probabilities: NDArray[np.float64], used: NDArray[np.bool_]
) -> tuple[float, float]:
    """Slope and intercept that make held-out log-odds fit the answers (Platt 1999)."""
    rows = given.whole & used
    log_odds = np.log(probabilities[rows]) - np.log1p(-probabilities[rows])
    model = LogisticRegression(C=np.inf)
    model.fit(log_odds[:, None], given.answers[rows], given.weights[rows])
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def precisions(
    given: Examples, probabilities: NDArray[np.float64], used: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """(threshold, precision from there on) over held-out judged pairs, each as many as it counts.

    The precision is what the probabilities promise, not what the answers say: of the pairs with
    great counts there are few, and one of them decides by itself. Mean over the judged sets.
    """
    table = []
    judged = given.whole & used & (given.labels != "development")
    for threshold in np.arange(0.05, 1.0, 0.01):
        each = []
        for name in ("rss2023_03 judged", "allsides_12k judged"):
            rows = judged & (given.sets == name) & (probabilities >= threshold)
            if rows.any():
                each.append(np.average(probabilities[rows], weights=given.counts[rows]))
        if each:
            table.append((threshold, float(np.mean(each))))
    found = np.array(table, dtype=np.float32)
    found[:, 1] = np.maximum.accumulate(found[:, 1])
    return found


def exported(
    model: HistGradientBoostingClassifier,
    slope: float,
    intercept: float,
    table: NDArray[np.float32],
) -> PairModel:
    """The model in dedupe's own form."""
    roots, columns, start = [], [], 0
    for (predictor,) in model._predictors:
        nodes = predictor.nodes
        leaf = nodes["is_leaf"].astype(bool)
        left, right = nodes["left"].astype(int) + start, nodes["right"].astype(int) + start
        values, counts = nodes["value"].copy(), nodes["count"].astype(float)
        for at in range(len(nodes) - 1, -1, -1):  # a node expects what its children do
            if not leaf[at]:
                a, b = nodes["left"][at], nodes["right"][at]
                total = counts[a] + counts[b]
                values[at] = (values[a] * counts[a] + values[b] * counts[b]) / total
        here = np.arange(len(nodes)) + start
        children = np.column_stack((np.where(leaf, here, left), np.where(leaf, here, right)))
        columns.append(
            (
                np.where(leaf, 0, nodes["feature_idx"]),
                np.where(leaf, np.inf, nodes["num_threshold"]),
                np.where(leaf, 0, 1 - nodes["missing_go_to_left"]),
                children,
                values,
            )
        )
        roots.append(start)
        start += len(nodes)
    types = (np.int8, np.float32, np.int8, np.int32, np.float32)
    parts = [
        np.concatenate(column).astype(kind)
        for column, kind in zip(zip(*columns, strict=True), types, strict=True)
    ]
    base = float(np.ravel(model._baseline_prediction)[0])
    trees = Trees(np.array(roots, np.int32), *parts, depth=DEPTH)
    return PairModel(trees, base, slope, intercept, table)


def report(given: Examples, probabilities: NDArray[np.float64], threshold: float) -> Report:
    """What became of held-out pairs at the threshold, and their reliability diagrams."""
    rows = given.whole
    shares: dict[str, dict[str, float]] = defaultdict(dict)
    for name in np.unique(given.sets[rows]):
        for label in np.unique(given.labels[rows & (given.sets == name)]):
            which = rows & (given.sets == name) & (given.labels == label)
            shares[name][label] = round(float((probabilities[which] >= threshold).mean()), 3)
    diagrams = {"held-out pairs of all sets": rows}
    for name in ("rss2023_03 judged", "allsides_12k judged"):  # a later step is neither
        diagrams[name] = rows & (given.sets == name) & (given.labels != "development")
    return {
        "threshold": threshold,
        "same_story": shares,
        "reliability": [
            {
                "file": name,
                "diagram": to_builtins(
                    reliability(probabilities[which], given.answers[which], given.weights[which])
                ),
            }
            for name, which in diagrams.items()
        ],
    }


def fit(found: Examples, without: str | None, output: Path) -> Report:
    """Fit on all sets but one, write the model, and say how it does on pairs held out."""
    rows = ~np.char.startswith(found.sets.astype(str), without or "-")
    probabilities = held_out(found, rows)
    slope, intercept = calibration(found, probabilities, rows)
    log_odds = np.log(probabilities) - np.log1p(-probabilities)
    probabilities = 1.0 / (1.0 + np.exp(-(slope * log_odds + intercept)))
    table = precisions(found, probabilities, rows)
    model = exported(fitted(found, rows), slope, intercept, table)
    model.save(output)
    print(f"{output}: {output.stat().st_size:,} bytes, without {without or 'none'}")
    print(f"slope {slope:.3f}, intercept {intercept:.3f}: what was 0.5 is now", end=" ")
    print(f"{1.0 / (1.0 + np.exp(-intercept)):.3f}")
    print("precision at threshold", *(f"{t:.2f}:{p:.3f}" for t, p in table[::10].tolist()))
    return report(found, probabilities, model.threshold)


def main() -> None:
    """Fit, say how it does on pairs held out, and write the model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="where the labelled sets are")
    parser.add_argument("-o", "--output", type=Path, default=Path("dedupe/data/verifier.npz"))
    parser.add_argument("--report", type=Path, help="write how held-out pairs did here, as JSON")
    parser.add_argument(
        "--without-each", type=Path, metavar="FOLDER", help="write models without one set each"
    )
    given = parser.parse_args()
    found = examples(given.folder, seed=0)
    said = fit(found, None, given.output)
    for name, shares in said["same_story"].items():
        print(name, " ".join(f"{label} {share:.2f}" for label, share in shares.items()))
    if given.report:
        given.report.write_text(json.dumps(said), encoding="utf-8")
    if given.without_each:
        given.without_each.mkdir(exist_ok=True)
        for name in SETS:
            fit(found, name, given.without_each / f"{name}.npz")


if __name__ == "__main__":
    main()
