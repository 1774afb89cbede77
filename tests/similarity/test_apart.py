"""Kinds of entry that keep apart whatever the verifier says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.models import SEVERAL, Kind
from dedupe.similarity.apart import Pairs, apart

PLAIN = [Kind.ARTICLE, Kind.TEMPLATE, Kind.HEADLINE, Kind.STUB]


def score(
    kinds: tuple[Kind, Kind],
    series: tuple[int, int] = (-1, -1),
    hours: float = 1.0,
    resemblance: float = 0.0,
    names: float = 0.0,
) -> float:
    pairs = Pairs(
        (np.array([kinds[0]], dtype=np.int8), np.array([kinds[1]], dtype=np.int8)),
        (np.array([series[0]], dtype=np.int32), np.array([series[1]], dtype=np.int32)),
        np.array([hours]),
    )
    found = apart(
        np.array([0.75], dtype=np.float32),
        pairs,
        np.array([resemblance], dtype=np.float32),
        np.array([names], dtype=np.float32),
    )
    return float(found[0])


@given(st.sampled_from(PLAIN), st.sampled_from(PLAIN), st.floats(0, 200), st.floats(0, 1))
def test_articles_headlines_stubs_and_different_templates_are_left_to_the_verifier(
    one: Kind, other: Kind, hours: float, resemblance: float
) -> None:
    assert score((one, other), (3, 4), hours, resemblance) == 0.75
    assert score((one, other), (3, -1), hours, resemblance) == 0.75


@pytest.mark.parametrize("kind", SEVERAL)
@pytest.mark.parametrize("other", Kind)
def test_what_tells_of_several_stories_joins_only_versions_of_itself(
    kind: Kind, other: Kind
) -> None:
    for kinds in ((kind, other), (other, kind)):
        assert score(kinds, names=1.0, resemblance=0.4) == 0.0
        assert score(kinds, hours=30.0, resemblance=0.6) == 0.0
        assert score(kinds, hours=np.nan, resemblance=0.6) == 0.0
        assert score(kinds, hours=2.0, resemblance=0.6) == 0.75
        assert score(kinds, hours=100.0, resemblance=1.0) == 0.75


@pytest.mark.parametrize("kind", [Kind.SERIES, Kind.TEMPLATE])
def test_entries_of_one_series_join_only_as_the_same_entry(kind: Kind) -> None:
    assert score((kind, kind), (5, 5), resemblance=0.8, names=0.5) == 0.0
    assert score((kind, kind), (5, 5), hours=24.0, resemblance=0.8, names=1.0) == 0.0
    assert score((kind, kind), (5, 5), hours=np.nan, resemblance=0.8, names=1.0) == 0.0
    assert score((kind, kind), (5, 5), hours=3.0, resemblance=0.3, names=0.9) == 0.75
    assert score((kind, kind), (5, 5), hours=24.0, resemblance=0.95) == 0.75


def test_two_series_of_one_day_may_tell_the_same_and_of_two_days_do_not() -> None:
    assert score((Kind.SERIES, Kind.SERIES), (5, 6), hours=3.0) == 0.75
    assert score((Kind.SERIES, Kind.SERIES), (5, 6), hours=24.0) == 0.0
    assert score((Kind.SERIES, Kind.ARTICLE), (5, -1), hours=24.0) == 0.75
