#!/usr/bin/env python
"""Fit the model of a pair on all development sets together, and write dedupe/data/verifier.npz.

    pip install '.[fit]'
    scripts/fit_verifier.py ../shared/data
    scripts/fit_verifier.py ../shared/data --without-each models/

The labels of every set become pairs with the answer 1 (the same story) or 0: verifier_examples.py.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import to_builtins
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from verifier_examples import SETS, Examples, examples

from dedupe.evaluation.reliability import reliability
from dedupe.similarity.features import FEATURES
from dedupe.similarity.trees import PairModel, Trees

# What the fit leans to, beyond what the pairs say; the calibration takes it back. To miss a story
# costs more than to join a later step of it, which is no error, though not asked for.
LEANING = {"same": 3.2, "development": 0.9}
DEPTH = 4  # of a tree: every walk costs as much
# What reason demands: more of these is never less probable, and more of those never more.
RISING = (
    "cosine names numbers title rare_terms resemblance containment one_credit title_found_least"
    " title_found_most few_cosine few_terms"
).split()
FALLING = (
    "strongest unshared_least unshared_most hours names_unshared_least names_unshared_most"
).split()


Report = dict[str, Any]


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
