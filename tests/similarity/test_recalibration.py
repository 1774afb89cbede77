"""Scores put straight by two numbers, and the files that keep the numbers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from numpy.typing import NDArray

from dedupe.errors import UsageError
from dedupe.params import Recalibration
from dedupe.similarity.recalibration import (
    VERSION,
    Recalibrated,
    decode_model,
    encode_model,
    raw_threshold,
    rescored,
)
from dedupe.similarity.verifier import Judgement

NUMBERS = Recalibration(model="odd 7", slope=2.0, intercept=-1.0, threshold=0.3, answers=60)
SLOPES, INTERCEPTS = st.floats(0.1, 8), st.floats(-6, 6)


class Fixed:
    """Gives the pair (k, …) the k-th of some scores."""

    model = "odd 7"
    threshold = 0.5

    def __init__(self, scores: list[float]) -> None:
        self._scores = np.array(scores, dtype=np.float32)

    def judge(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> Judgement:
        scores = self._scores[left]
        return Judgement(scores, np.ones(len(left), np.int8), scores)


def test_even_odds_move_by_the_intercept_and_others_by_the_slope_too() -> None:
    assert rescored(0.5, 1.0, np.log(3)) == pytest.approx(0.75)
    assert rescored(0.8, 2.0, 0.0) == pytest.approx(16 / 17)


@given(st.floats(0, 1), SLOPES, INTERCEPTS)
def test_scores_stay_scores_and_what_is_certain_stays_so(
    score: float, slope: float, intercept: float
) -> None:
    assert 0 <= rescored(score, slope, intercept) <= 1
    assert rescored([0.0, 1.0], slope, intercept).tolist() == [0.0, 1.0]


@given(st.lists(st.floats(0, 1), min_size=2), SLOPES, INTERCEPTS)
def test_the_order_of_scores_never_changes(
    scores: list[float], slope: float, intercept: float
) -> None:
    assert (np.diff(rescored(sorted(scores), slope, intercept)) >= 0).all()


@given(st.floats(0.01, 0.99), SLOPES, INTERCEPTS)
def test_the_threshold_of_the_old_scores_is_found_back(
    threshold: float, slope: float, intercept: float
) -> None:
    raw = raw_threshold(threshold, replace(NUMBERS, slope=slope, intercept=intercept))
    if 1e-6 < raw < 1 - 1e-6:
        assert rescored(raw, slope, intercept) == pytest.approx(threshold, rel=1e-3)
    assert 0 < raw <= 1


def test_a_threshold_at_the_end_of_the_range_stays_in_it() -> None:
    assert raw_threshold(1.0, NUMBERS) == 1.0
    assert 0 < raw_threshold(1e-300, replace(NUMBERS, slope=0.01)) < 1e-8


def test_a_recalibrated_verifier_changes_the_scores_and_nothing_else() -> None:
    inner = Fixed([0.0, 0.2, 0.9, 1.0])
    pairs = np.arange(4, dtype=np.int32), np.arange(4, dtype=np.int32)
    judged = Recalibrated(inner, NUMBERS, 0.3).judge(*pairs)
    before = inner.judge(*pairs)
    assert judged.scores.tolist() == pytest.approx(rescored(before.scores, 2.0, -1.0).tolist())
    assert judged.scores.dtype == np.float32
    assert (judged.relations == before.relations).all()
    assert (judged.similarities == before.similarities).all()


def test_a_model_file_is_read_as_it_was_written() -> None:
    assert decode_model(encode_model(NUMBERS), "m.json") == NUMBERS


FIELDS = json.loads(encode_model(NUMBERS))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "is no model file"),
        ("threshold = 0.3", "is no model file"),
        ("[1]", "is no model file"),
        ("[" * 100_000, "is no model file"),
        ({"version": "1"}, "is no model file"),
        ({"version": VERSION}, "is no model file"),
        (FIELDS | {"slope": 0}, "is no model file"),
        (FIELDS | {"slope": -1.0}, "is no model file"),
        (FIELDS | {"threshold": 1.5}, "is no model file"),
        (FIELDS | {"trees": 120}, "is no model file"),
        (FIELDS | {"version": VERSION + 1}, "a model file of version 2, and this dedupe reads"),
        ({"version": 9, "forest": []}, "a model file of version 9"),
    ],
)
def test_what_is_no_fitting_model_file_is_refused_by_name(data: object, reason: str) -> None:
    text = data if isinstance(data, str) else json.dumps(data)
    with pytest.raises(UsageError, match=r"^m\.json: ") as refused:
        decode_model(text.encode(), "m.json")
    assert reason in str(refused.value)
