"""The model of a pair: boosted trees over its features, evaluated in the kernel.

Gradient boosting (Friedman 2001) with monotone constraints, fitted by scripts/fit_verifier.py and
shipped as data/verifier.npz. The sum of the leaves is a log-odds; a slope and an intercept (Platt
1999) turn it into a probability.
"""

from __future__ import annotations

import math
import zipfile
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.errors import UsageError
from dedupe.kernel import kernel
from dedupe.similarity.features import FEATURES

VERSION = 1  # of the file's layout
_BLOCK = 64  # rows that one tree is walked for at a time


class Trees(NamedTuple):
    """The nodes of all trees, end to end; a child is given by its place among all nodes.

    A leaf is its own child, so that a walk of `depth` steps ends in one, without asking.
    """

    roots: NDArray[np.int32]  # (trees,)
    features: NDArray[np.int8]  # (nodes,) that a node asks for
    limits: NDArray[np.float32]  # (nodes,) up to which its answer is the first child
    unknown: NDArray[np.int8]  # (nodes,) which child is for NaN, 0 or 1
    children: NDArray[np.int32]  # (nodes, 2)
    values: NDArray[np.float32]  # (nodes,) log-odds of a leaf; of another node, what it expects
    depth: int  # of the deepest leaf


class PairModel(NamedTuple):
    """Trees, and what turns their sum into a probability."""

    trees: Trees
    base: float  # log-odds before any tree
    slope: float
    intercept: float
    precisions: NDArray[np.float32]  # (k, 2) threshold, precision from there on; both ascending

    @property
    def threshold(self) -> float:
        """The probability at which the trees, which lean to the same story, are undecided."""
        return 1.0 / (1.0 + math.exp(-self.intercept))

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
            while (child := _child(trees, node, features)) != node:
                change = float(trees.values[child]) - float(trees.values[node])
                effects[trees.features[node]] += change
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


def _child(trees: Trees, node: int, row: NDArray[np.float32]) -> int:
    value = row[trees.features[node]]
    upper = trees.unknown[node] if np.isnan(value) else value > trees.limits[node]
    return int(trees.children[node, int(upper)])


@kernel
def _sum_leaves(
    rows: NDArray[np.float32],
    roots: NDArray[np.int32],
    features: NDArray[np.int8],
    limits: NDArray[np.float32],
    unknown: NDArray[np.int8],
    children: NDArray[np.int32],
    values: NDArray[np.float32],
    depth: int,
    base: float,
    sums: NDArray[np.float32],
) -> None:
    """The sum of the leaves that each row falls to.

    A step down one tree for a block of rows, then the next step, and no branch that depends on
    data: what the steps of several rows do overlaps in the processor.
    """
    nodes = np.empty(_BLOCK, dtype=np.uintp)
    for low in range(0, len(rows), _BLOCK):
        count = min(_BLOCK, len(rows) - low)
        sums[low : low + count] = base
        for root in roots:
            nodes[:] = np.uintp(root)
            for _ in range(depth):
                for k in range(count):
                    node = nodes[k]
                    value = rows[np.uintp(low + k), np.uintp(features[node])]
                    known = np.uintp(value == value)
                    upper = np.uintp(not (value <= limits[node])) & (
                        known | np.uintp(unknown[node])
                    )
                    nodes[k] = np.uintp(children[node, upper])
            for k in range(count):
                sums[low + k] += values[nodes[k]]


@cache
def shipped_model() -> PairModel:
    """The model that comes with dedupe, read once."""
    with (files("dedupe") / "data" / "verifier.npz").open("rb") as file:
        return _read(file, "data/verifier.npz")


def load_model(path: str | Path) -> PairModel:
    """A model that scripts/fit_verifier.py has written.

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
                    " scripts/fit_verifier.py"
                )
            columns = [stored[field] for field in Trees._fields]
            trees = Trees._make([*columns[:-1], int(columns[-1])])
            base, slope, intercept = stored["scale"].tolist()
            model = PairModel(trees, base, slope, intercept, stored["precisions"])
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise UsageError(f"{name}: is no model of dedupe ({error})") from error
    _check(model, name)
    return model


def _check(model: PairModel, name: str) -> None:
    """Raises UsageError for trees that lead outside or nowhere; kernels check nothing."""
    trees = model.trees
    n = len(trees.features)
    sound = (
        all(len(column) == n for column in trees[2:-1])
        and trees.children.shape == (n, 2)
        and ((trees.features >= 0) & (trees.features < len(FEATURES))).all()
        and ((trees.children >= 0) & (trees.children < n)).all()
        and ((trees.unknown >= 0) & (trees.unknown <= 1)).all()
        and ((trees.roots >= 0) & (trees.roots < n)).all()
        and 0 <= trees.depth <= 64
        and _ends(trees)
        and np.isfinite([model.base, model.slope, model.intercept]).all()
        and np.isfinite(trees.values).all()
        and model.precisions.ndim == 2
    )
    if not sound:
        raise UsageError(f"{name}: is a damaged model; fit it again")


def _ends(trees: Trees) -> bool:
    """Whether every walk of `depth` steps is in a leaf, which is its own child."""
    leaf = (trees.children == np.arange(len(trees.children))[:, None]).all(axis=1)
    here = np.unique(trees.roots)
    for _ in range(trees.depth):
        here = np.unique(trees.children[here])
    return bool(leaf[here].all())
