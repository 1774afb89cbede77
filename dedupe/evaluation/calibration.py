"""From answers about a sample of pairs to figures of all pairs, a threshold, and better scores."""

from __future__ import annotations

from math import ceil
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from dedupe.evaluation.intervals import Share, effective_number, weighted_share
from dedupe.evaluation.reliability import Reliability, reliability
from dedupe.evaluation.sampling import EDGES, STRATA, strata
from dedupe.similarity.recalibration import log_odds, rescored

_FAR = float(log_odds(0.999))  # a few surprising answers at 0 or 1 shall not decide alone
# How far from 1 and 0 slope and intercept are likely to lie, before anything is answered.
_PRIOR_DEVIATIONS = np.array([1.0, 1.0])
_DECIMALS = 10_000  # of a threshold that is proposed
ENOUGH = 20  # answers; what is fitted to fewer is mostly the prior


class Answers(NamedTuple):
    """What was said of n pairs."""

    scores: NDArray[np.float64]  # (n,) by the verifier, 0 to 1
    same: NDArray[np.bool_]  # (n,) the two tell the same story
    weights: NDArray[np.float64]  # (n,) at least 0; how much each says within its stratum


class Stratum(Struct, frozen=True, kw_only=True):
    """Pairs of about the same score."""

    low: float  # score, inclusive
    high: float  # exclusive, but for 1
    pairs: int  # candidate pairs of the collection
    answered: int
    same: int  # of these


class Recalibrating(NamedTuple):
    """The new log-odds are slope · log-odds of the score + intercept."""

    slope: float
    intercept: float


class OperatingPoint(Struct, frozen=True, kw_only=True):
    """A threshold and what it gives: counted on the answers, and as the fitted scores promise."""

    threshold: float
    precision: Share | None  # of the pairs that reach it, the share that is the same story
    recall: Share | None  # of the candidate pairs of the same story, the share that reaches it
    expected_precision: float | None  # over all candidate pairs, by the fitted scores
    expected_recall: float | None


class Calibration(Struct, frozen=True, kw_only=True):
    """The report on a session of answers. What needs answers of both kinds is None without."""

    population: int  # candidate pairs of the collection
    answers: int  # that count
    same: int  # of these
    unsure: int
    left_out: int  # about pairs that are no candidates, or of articles that were not read
    unrepresented: float  # share of the population in strata that have no answer
    strata: tuple[Stratum, ...]
    now: OperatingPoint
    wanted_precision: float
    fitted: OperatingPoint | None  # None where the wanted precision is out of reach, too
    slope: float | None
    intercept: float | None
    reliability: Reliability
    recalibrated: Reliability | None  # of the fitted scores, on the answers they were fitted to


def calibrate(
    population: NDArray[np.float64],
    answers: Answers,
    threshold: float,
    wanted_precision: float,
    *,
    unsure: int = 0,
    left_out: int = 0,
) -> Calibration:
    """Report on at least one answer; `population` holds the score of each candidate pair.

    Every answer stands for its part of the pairs of its stratum, whatever was asked how often.
    """
    where, here = strata(population, threshold), strata(answers.scores, threshold)
    counts = np.bincount(where, minlength=STRATA)
    weights, counted = _weights(here, answers.weights, counts)
    measured = np.isin(where, here)
    fit = None
    if answers.same.any() and not answers.same.all():
        fit = fit_scores(answers.scores, answers.same, counted)
    usable = fit if fit is not None and fit.slope > 0 else None
    chosen = None if usable is None else operating_threshold(population, *usable, wanted_precision)

    def point(at: float) -> OperatingPoint:
        return _point(at, population, answers, weights, usable)

    def diagram(scores: NDArray[np.float64]) -> Reliability:
        return reliability(scores, answers.same, weights if weights.any() else None)

    return Calibration(
        population=len(population),
        answers=len(answers.same),
        same=int(answers.same.sum()),
        unsure=unsure,
        left_out=left_out,
        unrepresented=1.0 - float(measured.mean()) if len(population) else 0.0,
        strata=_strata(counts, here, answers.same, threshold, float(population.min())),
        now=point(threshold),
        wanted_precision=wanted_precision,
        fitted=None if chosen is None else point(chosen),
        slope=fit.slope if fit else None,
        intercept=fit.intercept if fit else None,
        reliability=diagram(answers.scores),
        recalibrated=diagram(rescored(answers.scores, *usable)) if usable else None,
    )


def fit_scores(
    scores: NDArray[np.float64], same: NDArray[np.bool_], weights: NDArray[np.float64]
) -> Recalibrating:
    """Platt's two numbers (1999), by Newton's method, with a normal prior around 1 and 0.

    The prior says as much as a handful of answers: so few change little. A slope of 0 or less
    means that the answers contradict the scores.
    """
    x = np.clip(log_odds(scores), -_FAR, _FAR)
    design = np.column_stack([x, np.ones(len(x))])
    prior, start = np.diag(_PRIOR_DEVIATIONS**-2), np.array([1.0, 0.0])

    def loss(numbers: NDArray[np.float64]) -> float:
        odds, off = design @ numbers, numbers - start
        return float(weights @ (np.logaddexp(0.0, odds) - same * odds) + off @ prior @ off / 2)

    numbers = start
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-(design @ numbers)))
        slope = design.T @ (weights * (p - same)) + prior @ (numbers - start)
        curvature = design.T @ ((weights * p * (1.0 - p))[:, None] * design) + prior
        step = np.linalg.solve(curvature, slope)
        while loss(numbers - step) > loss(numbers) and np.abs(step).max() > 1e-12:
            step = step / 2
        numbers = numbers - step
        if np.abs(step).max() < 1e-10:
            break
    return Recalibrating(float(numbers[0]), float(numbers[1]))


def operating_threshold(
    population: NDArray[np.float64], slope: float, intercept: float, wanted_precision: float
) -> float | None:
    """The lowest score from which the pairs are the same story often enough.

    How often they are is what the recalibrated scores of the whole population promise. None where
    not even the highest score promises it.
    """
    scores = np.sort(population)[::-1]
    promised = np.cumsum(rescored(scores, slope, intercept)) / np.arange(1, len(scores) + 1)
    ends = np.flatnonzero(np.r_[scores[1:] != scores[:-1], True][: len(scores)])
    enough = ends[promised[ends] >= wanted_precision]
    if not len(enough):
        return None
    lowest = float(scores[enough[-1]])
    rounded = ceil(lowest * _DECIMALS) / _DECIMALS
    return rounded if rounded <= scores[0] else lowest


def _weights(
    here: NDArray[np.int64], given: NDArray[np.float64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each answer, how many pairs it stands for, and for how many answers it counts."""
    stands, counted = np.zeros(len(here)), np.zeros(len(here))
    for k in range(STRATA):
        own = here == k
        total = given[own].sum()
        if total > 0:
            stands[own] = given[own] / total * counts[k]
            counted[own] = given[own] / total * effective_number(given[own])
    return stands, counted


def _point(
    threshold: float,
    population: NDArray[np.float64],
    answers: Answers,
    weights: NDArray[np.float64],
    fit: Recalibrating | None,
) -> OperatingPoint:
    reach = answers.scores >= threshold
    precision = recall = None
    if fit is not None:
        promised = rescored(population, *fit)
        within = promised[population >= threshold]
        precision = float(within.mean()) if len(within) else None
        recall = float(within.sum() / promised.sum()) if promised.sum() > 0 else None
    return OperatingPoint(
        threshold=threshold,
        precision=weighted_share(answers.same[reach], weights[reach]),
        recall=weighted_share(reach[answers.same], weights[answers.same]),
        expected_precision=precision,
        expected_recall=recall,
    )


def _strata(
    counts: NDArray[np.int64],
    here: NDArray[np.int64],
    same: NDArray[np.bool_],
    threshold: float,
    least: float,
) -> tuple[Stratum, ...]:
    odds = float(log_odds(threshold))
    inner = [float(1.0 / (1.0 + np.exp(-(odds + edge)))) for edge in EDGES]
    ends = [min(least, inner[0]), *inner, 1.0]
    return tuple(
        Stratum(
            low=ends[k],
            high=ends[k + 1],
            pairs=int(counts[k]),
            answered=int((here == k).sum()),
            same=int(same[here == k].sum()),
        )
        for k in range(STRATA)
    )
