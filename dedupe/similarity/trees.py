"""The model of a pair: boosted trees over its features, evaluated in the kernel.

Gradient boosting (Friedman 2001) with monotone constraints, fitted by scripts/fit_verifier.py and
shipped as data/verifier.npz. The sum of the leaves is a log-odds; a slope and an intercept (Platt
1999) turn it into a probability, and are what `dedupe calibrate` refits.
"""

from __future__ import annotations

import zipfile
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.errors import UsageError
from dedupe.kernel import kernel
from dedupe.similarity.features import FEATURES

VERSION = 1  # of the file's layout


class Trees(NamedTuple):
    """The nodes of all trees, end to end; a child is given by its place among all nodes."""

    roots: NDArray[np.int32]  # (trees,)
    features: NDArray[np.int8]  # (nodes,) that a node asks for; -1 for a leaf
    limits: NDArray[np.float32]  # (nodes,) up to which its answer is the lower child
    lower: NDArray[np.int32]  # (nodes,)
    upper: NDArray[np.int32]  # (nodes,)
    unknown: NDArray[np.int32]  # (nodes,) the child for NaN
    values: NDArray[np.float32]  # (nodes,) log-odds of a leaf; of another node, what it expects


class PairModel(NamedTuple):
    """Trees, and what turns their sum into a probability."""

    trees: Trees
    base: float  # log-odds before any tree
    slope: float
    intercept: float
    precisions: NDArray[np.float32]  # (k, 2) threshold, precision from there on; both ascending

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """How probably the pairs with these features (n, FEATURES) tell the same story."""
        sums = np.empty(len(features), dtype=np.float32)
        _sum_leaves(features, *self.trees, self.base, sums)
        return 1.0 / (1.0 + np.exp(-(self.slope * sums + self.intercept)))

    def effects(self, features: NDArray[np.float32]) -> tuple[float, NDArray[np.float64]]:
        """The log-odds of a pair without knowing it, and what each of its features adds.

        Down each tree, the change of the expectation at a node is credited to the feature asked
        there (Saabas 2014). Base and effects add up to the log-odds of the probability.
        """
        trees = self.trees
        effects = np.zeros(len(FEATURES))
        base = self.base + float(trees.values[trees.roots].sum(dtype=np.float64))
        for root in trees.roots.tolist():
            node = root
            while (asked := int(trees.features[node])) >= 0:
                child = int(_child(trees, node, float(features[asked])))
                effects[asked] += float(trees.values[child]) - float(trees.values[node])
                node = child
        return self.slope * base + self.intercept, self.slope * effects

    def threshold_for(self, precision: float) -> float:
        """The least threshold with that precision on pairs of real feeds that were held out.

        Raises UsageError where none reaches it.
        """
        enough = self.precisions[self.precisions[:, 1] >= precision]
        if not len(enough):
            raise UsageError(
                f"no threshold reaches a precision of {precision:g}; the highest that was measured"
                f" is {self.precisions[-1, 1]:.3f}"
            )
        return float(enough[0, 0])

    def recalibrated(self, slope: float, intercept: float) -> PairModel:
        """The model with its log-odds scaled and shifted once more."""
        return self._replace(slope=slope * self.slope, intercept=slope * self.intercept + intercept)

    def save(self, file: str | Path | IO[bytes]) -> None:
        """Write the model as `load_model` reads it."""
        np.savez_compressed(
            file,
            version=np.int32(VERSION),
            names=np.array(FEATURES),
            scale=np.array([self.base, self.slope, self.intercept]),
            precisions=self.precisions,
            **self.trees._asdict(),
        )


def _child(trees: Trees, node: int, value: float) -> Any:
    if value != value:
        return trees.unknown[node]
    return trees.lower[node] if value <= trees.limits[node] else trees.upper[node]


@kernel
def _sum_leaves(
    rows: NDArray[np.float32],
    roots: NDArray[np.int32],
    features: NDArray[np.int8],
    limits: NDArray[np.float32],
    lower: NDArray[np.int32],
    upper: NDArray[np.int32],
    unknown: NDArray[np.int32],
    values: NDArray[np.float32],
    base: float,
    sums: NDArray[np.float32],
) -> None:
    """The sum of the leaves that each row falls to."""
    for k in range(len(rows)):
        row = rows[k]
        total = base
        for node in roots:
            while features[node] >= 0:
                value = row[features[node]]
                if value <= limits[node]:
                    node = lower[node]
                elif value > limits[node]:
                    node = upper[node]
                else:
                    node = unknown[node]
            total += values[node]
        sums[k] = total


@cache
def shipped_model() -> PairModel:
    """The model that comes with dedupe, read once."""
    with (files("dedupe") / "data" / "verifier.npz").open("rb") as file:
        return _read(file, "data/verifier.npz")


def load_model(path: str | Path) -> PairModel:
    """A model that was fitted or calibrated by the user.

    Raises UsageError for a file that cannot be read, is no model, or was made for other features.
    """
    try:
        with open(path, "rb") as file:
            return _read(file, str(path))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def _read(file: IO[bytes], name: str) -> PairModel:
    try:
        with np.load(file, allow_pickle=False) as stored:
            if int(stored["version"]) != VERSION or tuple(stored["names"]) != FEATURES:
                raise UsageError(
                    f"{name}: is a model of another version of dedupe; fit it again with"
                    " dedupe calibrate --refit"
                )
            trees = Trees(*(stored[field] for field in Trees._fields))
            base, slope, intercept = stored["scale"].tolist()
            model = PairModel(trees, base, slope, intercept, stored["precisions"])
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{name}: is no model of dedupe ({error})") from error
    _check(model, name)
    return model


def _check(model: PairModel, name: str) -> None:
    """Raises UsageError for trees that no walk comes to an end in; kernels check nothing."""
    trees = model.trees
    n, inner = len(trees.features), trees.features >= 0
    here = np.arange(n)
    children = (trees.lower, trees.upper, trees.unknown)
    sound = (
        all(len(column) == n for column in trees[2:])
        and (trees.features < len(FEATURES)).all()
        and all(((child > here) & (child < n))[inner].all() for child in children)
        and ((trees.roots >= 0) & (trees.roots < n)).all()
        and np.isfinite([model.base, model.slope, model.intercept]).all()
        and np.isfinite(trees.values).all()
        and model.precisions.ndim == 2
    )
    if not sound:
        raise UsageError(f"{name}: is a damaged model; fit it again")
