"""Which pairs are asked about."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedupe.evaluation.sampling import STRATA, draw, strata

STRATUM = st.lists(st.integers(0, STRATA - 1), max_size=60).map(np.array)
THRESHOLDS = st.floats(0.01, 1)


@given(st.lists(st.floats(0, 1, width=32), min_size=1), THRESHOLDS)
def test_a_stratum_lies_on_one_side_of_the_threshold(scores: list[float], threshold: float) -> None:
    found = strata(np.array(scores), threshold)
    if threshold < 1:
        assert ((found >= STRATA // 2) == (np.array(scores) >= threshold)).all()
    assert set(found.tolist()) <= set(range(STRATA))


def test_strata_are_narrow_around_the_threshold() -> None:
    assert strata([0.01, 0.3, 0.4, 0.5, 0.65, 0.99], 0.5).tolist() == [0, 1, 2, 3, 4, 5]


@given(STRATUM, st.integers(1, 80))
def test_each_pair_is_drawn_once_and_all_when_there_are_few(stratum: np.ndarray, size: int) -> None:
    drawn = draw(stratum, size)
    assert len(drawn) == len(set(drawn)) == min(size, len(stratum))


@given(STRATUM, st.integers(1, 80), st.integers(1, 80))
def test_a_larger_sample_continues_a_smaller_one(stratum: np.ndarray, one: int, other: int) -> None:
    small, large = sorted((one, other))
    assert draw(stratum, large)[:small] == draw(stratum, small)


@given(STRATUM, st.integers(1, 80))
def test_whoever_stops_early_has_answered_evenly(stratum: np.ndarray, size: int) -> None:
    drawn = np.bincount(stratum[draw(stratum, size)].astype(int), minlength=STRATA)
    there = np.bincount(stratum.astype(int), minlength=STRATA)
    unfinished = drawn[drawn < there]
    assert len(unfinished) == 0 or drawn.max() - unfinished.min() <= 1
