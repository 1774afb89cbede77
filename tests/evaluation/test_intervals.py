"""Wilson's interval and Kish's effective number, against what others have worked out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from dedupe.evaluation.intervals import effective_number, weighted_share, wilson


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_is_that_of_scipy(counts: tuple[int, int]) -> None:
    yes, n = counts
    known = binomtest(yes, n).proportion_ci(method="wilson")
    assert wilson(yes / n, n) == pytest.approx((known.low, known.high), abs=1e-9)


def test_equal_weights_count_one_each_and_unequal_ones_less() -> None:
    assert effective_number(np.full(9, 0.3)) == pytest.approx(9)
    assert effective_number(np.array([1.0, 1.0, 0.0])) == pytest.approx(2)
    assert effective_number(np.array([3.0, 1.0])) == pytest.approx(16 / 10)
    assert effective_number(np.array([1e300, 1e300])) == pytest.approx(2)
    assert effective_number(np.array([])) == effective_number(np.zeros(3)) == 0


def test_a_share_of_the_weight_lies_in_its_interval() -> None:
    found = weighted_share(np.array([True, False]), np.array([3.0, 1.0]))
    assert found is not None
    assert (found.value, found.answers) == (0.75, 2)
    assert (found.low, found.high) == wilson(0.75, 1.6)


def test_without_weight_there_is_no_share() -> None:
    assert weighted_share(np.array([True]), np.array([0.0])) is None
    assert weighted_share(np.array([], dtype=bool), np.array([])) is None
