"""From answers to figures of all pairs, a threshold and better scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from dedupe.evaluation.calibration import (
    Answers,
    calibrate,
    fit_scores,
    operating_threshold,
)
from dedupe.evaluation.intervals import wilson
from dedupe.similarity.recalibration import log_odds, rescored


def answers(scores: list[float], same: list[bool], weights: list[float] | None = None) -> Answers:
    given = np.ones(len(scores)) if weights is None else np.array(weights)
    return Answers(np.array(scores), np.array(same), given)


def drawn(slope: float, intercept: float, n: int, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and outcomes as often as the recalibrated scores say."""
    random = np.random.default_rng(seed)
    scores = random.uniform(0.02, 0.98, n)
    return scores, random.uniform(size=n) < rescored(scores, slope, intercept)


# ---- the two numbers ----------------------------------------------------------------------------


def test_the_numbers_behind_many_answers_are_found() -> None:
    scores, same = drawn(1.8, -1.2, 20_000)
    fit = fit_scores(scores, same, np.ones(len(scores)))
    assert fit == pytest.approx((1.8, -1.2), abs=0.08)


def test_newton_ends_where_a_general_minimiser_does() -> None:
    scores, same = drawn(0.7, 0.9, 40)
    weights = np.linspace(0.2, 2, 40)
    x = log_odds(scores)

    def loss(numbers: np.ndarray) -> float:
        odds = numbers[0] * x + numbers[1]
        prior = (numbers[0] - 1) ** 2 / 2 + numbers[1] ** 2 / 2
        return float(weights @ (np.logaddexp(0, odds) - same * odds) + prior)

    expected = minimize(loss, [1.0, 0.0], tol=1e-10).x
    assert fit_scores(scores, same, weights) == pytest.approx(expected, abs=1e-4)


def test_few_answers_change_little_and_agreeing_ones_do_not_run_away() -> None:
    one = fit_scores(np.array([0.5]), np.array([True]), np.ones(1))
    assert one.slope == pytest.approx(1.0)
    assert 0 < one.intercept < 0.5
    clear = fit_scores(np.array([0.1] * 50 + [0.9] * 50), np.arange(100) >= 50, np.ones(100))
    assert 1 < clear.slope < 5


def test_certain_scores_and_contradictions_are_survived() -> None:
    assert np.isfinite(fit_scores(np.array([0.0, 1.0]), np.array([True, False]), np.ones(2))).all()
    against = np.array([0.1] * 30 + [0.9] * 30)
    assert fit_scores(against, against < 0.5, np.ones(60)).slope < 0


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.floats(0, 9)), min_size=1, max_size=25)
)
def test_every_session_has_finite_numbers(given_: list[tuple[float, bool, float]]) -> None:
    scores, same, weights = (np.array(column) for column in zip(*given_, strict=True))
    assert np.isfinite(fit_scores(scores, same, weights)).all()


# ---- the threshold ------------------------------------------------------------------------------


def test_the_threshold_is_the_lowest_that_promises_the_precision() -> None:
    population = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4])
    assert operating_threshold(population, 1.0, 0.0, 0.85) == pytest.approx(0.8)
    assert operating_threshold(population, 1.0, 0.0, 0.65) == pytest.approx(0.4)
    assert operating_threshold(population, 1.0, 0.0, 0.95) is None


def test_equal_scores_are_above_the_threshold_together() -> None:
    population = np.array([0.9, 0.5, 0.5, 0.5])
    assert operating_threshold(population, 1.0, 0.0, 0.7) == pytest.approx(0.9)


@given(
    st.lists(st.floats(0.0625, 1, width=32), min_size=1),
    st.floats(0.5, 3),
    st.floats(-2, 2),
    st.floats(0.1, 1),
)
def test_the_pairs_above_it_do_promise_the_precision(
    scores: list[float], slope: float, intercept: float, wanted: float
) -> None:
    population = np.array(scores)
    threshold = operating_threshold(population, slope, intercept, wanted)
    if threshold is None:
        assert rescored(population.max(), slope, intercept) < wanted + 1e-9
    else:
        above = rescored(population[population >= threshold], slope, intercept)
        assert above.mean() >= wanted - 1e-6


# ---- the report ---------------------------------------------------------------------------------

POPULATION = np.array([0.2] * 80 + [0.52] * 10 + [0.9] * 10)


def test_an_answer_stands_for_its_part_of_its_stratum() -> None:
    given = answers([0.2, 0.2, 0.52, 0.52, 0.9], [False, True, False, True, True])
    found = calibrate(POPULATION, given, 0.5, 0.9)
    assert found.now.precision is not None
    assert found.now.recall is not None
    assert found.now.precision.value == pytest.approx((5 + 10) / (5 + 5 + 10))
    assert found.now.recall.value == pytest.approx((5 + 10) / (40 + 5 + 10))
    assert (found.now.precision.low, found.now.precision.high) == wilson(0.75, 400 / 150)
    assert (found.answers, found.same, found.unrepresented) == (5, 3, 0.0)
    assert [(s.pairs, s.answered, s.same) for s in found.strata if s.pairs] == [
        (80, 2, 1), (10, 2, 1), (10, 1, 1),
    ]  # fmt: skip


def test_asking_one_stratum_more_often_does_not_move_the_figures() -> None:
    few = answers([0.2, 0.2, 0.9], [False, True, True])
    many = answers([0.2] * 20 + [0.9], [False, True] * 10 + [True])
    one, other = (calibrate(POPULATION, each, 0.5, 0.9).now.recall for each in (few, many))
    assert one is not None
    assert other is not None
    assert one.value == pytest.approx(other.value)


def test_strata_without_answers_are_told() -> None:
    found = calibrate(POPULATION, answers([0.9, 0.9], [True, False]), 0.5, 0.9)
    assert found.unrepresented == pytest.approx(0.9)


def test_answers_of_one_kind_fit_nothing_and_are_still_reported() -> None:
    found = calibrate(POPULATION, answers([0.2, 0.9], [True, True]), 0.5, 0.9)
    assert (found.slope, found.fitted, found.recalibrated) == (None, None, None)
    assert found.now.precision is not None
    assert found.now.precision.value == 1.0
    assert found.now.precision.low < 0.5
    none = calibrate(POPULATION, answers([0.2, 0.9], [False, False]), 0.5, 0.9)
    assert none.now.recall is None


def test_answers_against_the_scores_fit_no_threshold() -> None:
    population = np.linspace(0.05, 0.95, 100)
    given = answers([0.1] * 40 + [0.9] * 40, [True] * 40 + [False] * 40)
    found = calibrate(population, given, 0.5, 0.9)
    assert found.slope is not None
    assert found.slope < 0
    assert (found.fitted, found.recalibrated) == (None, None)


def test_fitting_makes_wrong_probabilities_right() -> None:
    scores, same = drawn(2.5, 2.0, 3000)
    found = calibrate(scores, answers(scores.tolist(), same.tolist()), 0.3, 0.9)
    assert found.recalibrated is not None
    assert found.recalibrated.ece < 0.03 < found.reliability.ece
    assert found.fitted is not None
    assert found.fitted.precision is not None
    assert found.fitted.precision.value == pytest.approx(0.9, abs=0.02)
    assert found.fitted.expected_precision == pytest.approx(0.9, abs=0.005)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.floats(0, 5)), min_size=1, max_size=20),
    st.lists(st.floats(0.015625, 1, width=32), min_size=1, max_size=40),
    st.floats(0.05, 0.95),
)
def test_any_answers_give_a_report(
    given_: list[tuple[float, bool, float]], population: list[float], threshold: float
) -> None:
    scores, same, weights = (list(column) for column in zip(*given_, strict=True))
    found = calibrate(np.array(population), answers(scores, same, weights), threshold, 0.9)
    for share in (found.now.precision, found.now.recall):
        assert share is None or 0 <= share.low <= share.value <= share.high <= 1
    assert 0 <= found.unrepresented <= 1
