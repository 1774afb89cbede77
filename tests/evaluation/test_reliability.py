"""The reliability diagram, on cases small enough to work out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.evaluation.reliability import reliability

PAIRS = st.lists(
    st.tuples(st.floats(0, 1), st.booleans(), st.floats(0.1, 100)), min_size=1, max_size=30
)


def test_bins_hold_mean_score_share_and_count_as_the_hand_works_out() -> None:
    found = reliability([0.12, 0.18, 0.55, 1.0], [False, True, True, True], bins=10)
    assert [(b.low, b.high, b.count, b.weight) for b in found.bins] == [
        (0.1, 0.2, 2, 2.0), (0.5, 0.6, 1, 1.0), (0.9, 1.0, 1, 1.0),
    ]  # fmt: skip
    assert [b.predicted for b in found.bins] == pytest.approx([0.15, 0.55, 1.0])
    assert [b.observed for b in found.bins] == [0.5, 1.0, 1.0]
    assert found.brier == pytest.approx((0.12**2 + 0.82**2 + 0.45**2) / 4)
    assert found.ece == pytest.approx((2 * 0.35 + 0.45) / 4)


def test_a_weight_counts_like_so_many_pairs() -> None:
    weighted = reliability([0.2, 0.25, 0.7], [True, False, True], [3, 1, 2])
    repeated = reliability([0.2] * 3 + [0.25, 0.7, 0.7], [True] * 3 + [False, True, True])
    assert (weighted.brier, weighted.ece) == pytest.approx((repeated.brier, repeated.ece))
    assert [b.observed for b in weighted.bins] == [b.observed for b in repeated.bins]


def test_pairs_without_weight_do_not_count() -> None:
    assert reliability([0.2, 0.9], [True, False], [1, 0]).pairs == 1


def test_scores_that_come_true_have_no_error() -> None:
    found = reliability([0.0, 1.0, 1.0], [False, True, True])
    assert (found.brier, found.ece) == (0.0, 0.0)
    assert reliability([0.25] * 4, [True, False, False, False]).ece == 0.0


@given(PAIRS)
def test_errors_lie_from_0_to_1_and_bins_hold_every_pair(
    pairs: list[tuple[float, bool, float]],
) -> None:
    scores, outcomes, weights = zip(*pairs, strict=True)
    found = reliability(scores, outcomes, weights)
    assert 0 <= found.brier <= 1
    assert -1e-9 <= found.ece <= 1 + 1e-9
    assert sum(b.count for b in found.bins) == found.pairs == len(pairs)
    assert sum(b.weight for b in found.bins) == pytest.approx(sum(weights))
    assert all(0 <= b.observed <= 1 + 1e-9 for b in found.bins)


@pytest.mark.parametrize(
    ("scores", "outcomes", "weights"),
    [
        ([0.5], [], None), ([1.5], [True], None), ([np.nan], [True], None), ([], [], None),
        ([0.5], [True], [-1]), ([0.5], [True], [0]), ([0.5], [True], [np.inf]),
    ],
)  # fmt: skip
def test_what_no_diagram_can_be_drawn_of_is_refused(
    scores: list[float], outcomes: list[bool], weights: list[float] | None
) -> None:
    with pytest.raises(ValueError, match=r"weight|length"):
        reliability(scores, outcomes, weights)
