"""Where the lines and bars of the charts are."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.banding import collision_probability
from dedupe.params import SignatureParams
from dedupe.report.charts import BOTTOM, LEFT, RIGHT, TOP, histogram, s_curves, x_at
from dedupe.report.data import BINS, RELATIONS

COUNTS = st.lists(
    st.lists(st.integers(0, 10**7), min_size=len(RELATIONS), max_size=len(RELATIONS)),
    min_size=BINS, max_size=BINS,
)  # fmt: skip


@given(COUNTS)
def test_bars_stay_between_the_axes_and_are_as_high_as_their_counts(
    counts: list[list[int]],
) -> None:
    drawn = histogram(counts)
    top = int(drawn.counts[-1].label.replace(",", ""))
    assert top >= max(map(sum, counts))
    assert 2 <= len(drawn.counts) <= 6
    assert len(drawn.bars) == sum(n > 0 for column in counts for n in column)
    for bar in drawn.bars:
        assert LEFT <= bar.x <= bar.x + bar.width <= RIGHT
        assert TOP - 0.02 <= bar.y <= bar.y + bar.height <= BOTTOM + 0.02
        n = int(bar.what.split(" ")[0].replace(",", ""))
        assert bar.height == pytest.approx(n / top * (BOTTOM - TOP), abs=0.02)


def test_the_s_curve_is_that_of_the_bands() -> None:
    params = SignatureParams()
    for curve, rows, bands in zip(
        s_curves(params), (params.story_rows, params.copy_rows), (128, 16), strict=True
    ):
        points = re.findall(r"([\d.]+) ([\d.]+)", curve.path)
        assert len(points) == 101
        for i, (x, y) in enumerate(points):
            chance = collision_probability(i / 100, rows, bands)
            assert float(x) == x_at(i / 100)
            assert (BOTTOM - float(y)) / (BOTTOM - TOP) == pytest.approx(chance, abs=1e-3)
