"""The model: what it says is a probability, explained whole, and never a crash."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.errors import UsageError
from dedupe.similarity.features import COSINE, FEATURES, HOURS, RESEMBLANCE, STRONGEST
from dedupe.similarity.trees import load_model, shipped_model

NUMBERS = st.floats(0, 1, width=32) | st.floats(0, 500, width=32) | st.just(float("nan"))
ROWS = st.lists(NUMBERS, min_size=len(FEATURES), max_size=len(FEATURES))


def row(values: list[float]) -> np.ndarray:
    return np.array([values], dtype=np.float32)


def saved() -> bytes:
    file = io.BytesIO()
    shipped_model().save(file)
    return file.getvalue()


@given(ROWS)
def test_every_row_whatever_is_unknown_has_a_probability(values: list[float]) -> None:
    (probability,) = shipped_model().probabilities(row(values))
    assert 0.0 <= probability <= 1.0


@settings(max_examples=50)
@given(ROWS)
def test_the_effects_of_the_features_add_up_to_the_log_odds(values: list[float]) -> None:
    model = shipped_model()
    base, effects = model.effects(row(values)[0])
    (probability,) = model.probabilities(row(values))
    assert 1 / (1 + np.exp(-(base + effects.sum()))) == pytest.approx(probability, abs=1e-4)


@pytest.mark.parametrize(
    ("feature", "direction"), [(COSINE, 1), (RESEMBLANCE, 1), (HOURS, -1), (STRONGEST, -1)]
)
@given(values=ROWS, more=st.floats(0, 200, width=32))
def test_more_agreement_is_never_less_probable_and_more_distance_never_more(
    feature: int, direction: int, values: list[float], more: float
) -> None:
    if np.isnan(values[feature]):
        values[feature] = 0.0
    raised = list(values)
    raised[feature] = values[feature] + more
    low, high = shipped_model().probabilities(np.concatenate([row(values), row(raised)]))
    assert (high - low) * direction >= -1e-6


def test_a_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "model.npz"
    file.write_bytes(saved())
    again, model = load_model(file), shipped_model()
    assert again.base == model.base
    assert all(np.array_equal(a, b) for a, b in zip(again.trees, model.trees, strict=True))


def test_a_higher_precision_never_has_a_lower_threshold() -> None:
    model = shipped_model()
    asked = np.linspace(0.1, float(model.precisions[-1, 1]), 30)
    thresholds = [model.threshold_for(precision) for precision in asked]
    assert thresholds == sorted(thresholds)
    with pytest.raises(UsageError, match="no threshold reaches"):
        model._replace(precisions=np.array([[0.5, 0.8]], np.float32)).threshold_for(0.9)


def broken(change: str) -> bytes:
    model = shipped_model()
    trees = model.trees
    with np.load(io.BytesIO(saved())) as stored:
        fields = dict(stored)
    if change == "version":
        fields["version"] = np.int32(99)
    elif change == "features":
        fields["names"] = fields["names"][::-1]
    elif change == "loop":
        fields["children"] = np.roll(trees.children, 1, axis=0)
    elif change == "outside":
        fields["roots"] = trees.roots + 10_000_000
    elif change == "short":
        fields["values"] = trees.values[:3]
    elif change == "missing":
        del fields["limits"]
    elif change == "nan":
        fields["values"] = np.full_like(trees.values, np.nan)
    file = io.BytesIO()
    np.savez(file, **fields)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        *(broken(c) for c in ("version", "features", "loop", "outside", "short", "missing", "nan")),
        b"",
        b"no model at all",
        saved()[:400],
    ],
    ids=["version", "features", "loop", "outside", "short", "missing", "nan", "empty", "text",
         "cut"],
)  # fmt: skip
def test_what_is_no_sound_model_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "model.npz"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=r"model\.npz: "):
        load_model(file)


def test_a_model_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_model(tmp_path / "none.npz")
