"""Plots out of characters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.cli.plots import bar, sparkline


@pytest.mark.parametrize(
    ("values", "drawn"),
    [([0, 0.5, 1], "▁▄█"), ([0.7, 0.7], "▄▄"), ([0.1, None, 0.2], "▁ █"), ([None], " "), ([], "")],
)
def test_a_sparkline_goes_from_the_least_to_the_most(
    values: list[float | None], drawn: str
) -> None:
    assert sparkline(values) == drawn


def test_a_sparkline_between_given_ends_keeps_to_them() -> None:
    assert sparkline([0.5, 1.0], 0.0) == "▄█"


@given(st.lists(st.none() | st.floats(-1e9, 1e9)))
def test_every_value_has_its_character(values: list[float | None]) -> None:
    drawn = sparkline(values)
    assert [c == " " for c in drawn] == [value is None for value in values]


@pytest.mark.parametrize(
    ("value", "drawn"), [(0, ""), (None, ""), (1, "████"), (0.5, "██"), (0.53125, "██▏")]
)
def test_a_bar_is_as_long_as_its_share(value: float | None, drawn: str) -> None:
    assert bar(value, 4) == drawn
