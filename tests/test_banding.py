"""Articles that agree on a whole band meet; the others do not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.banding import (
    band_keys,
    candidates,
    collision_probability,
    empty_buckets,
    fill_band,
    tune,
)

SHARE = st.floats(0.0, 1.0)
COUNT = st.integers(1, 64)


@given(SHARE, SHARE, COUNT, COUNT)
def test_the_s_curve_rises_with_similarity(a: float, b: float, rows: int, bands: int) -> None:
    low, high = sorted((a, b))
    assert (
        0.0
        <= collision_probability(low, rows, bands)
        <= collision_probability(high, rows, bands)
        <= 1.0
    )


@given(SHARE, COUNT, COUNT)
def test_more_bands_find_more_and_more_rows_less(similarity: float, rows: int, bands: int) -> None:
    here = collision_probability(similarity, rows, bands)
    assert collision_probability(similarity, rows, bands + 1) >= here
    assert collision_probability(similarity, rows + 1, bands) <= here


@given(COUNT, COUNT)
def test_the_s_curve_runs_from_never_to_always(rows: int, bands: int) -> None:
    assert collision_probability(0.0, rows, bands) == 0.0
    assert collision_probability(1.0, rows, bands) == 1.0


@pytest.mark.parametrize("permutations", [1, 16, 128, 256])
@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.9])
def test_tuned_bands_fit_into_the_signature(permutations: int, threshold: float) -> None:
    tuned = tune(permutations, threshold)
    assert tuned.rows >= 1
    assert tuned.bands >= 1
    assert tuned.rows * tuned.bands <= permutations


@pytest.mark.parametrize("threshold", [0.2, 0.4, 0.6, 0.8])
def test_tuned_bands_turn_at_the_threshold(threshold: float) -> None:
    tuned = tune(256, threshold)
    assert collision_probability(threshold - 0.15, *_shape(tuned)) < 0.5
    assert collision_probability(threshold + 0.15, *_shape(tuned)) > 0.5


def test_the_dearer_a_miss_the_more_is_found() -> None:
    found = [
        collision_probability(0.4, *_shape(tune(128, 0.5, miss_weight=w))) for w in (0.1, 0.5, 0.9)
    ]
    assert found == sorted(found)
    assert found[0] < found[-1]


@pytest.mark.parametrize(
    ("permutations", "threshold", "miss_weight"),
    [(128, 0.0, 0.5), (128, 1.0, 0.5), (128, -1.0, 0.5), (128, math.nan, 0.5), (128, 0.5, 1.5),
     (128, 0.5, -0.1), (128, 0.5, math.nan), (0, 0.5, 0.5), (-1, 0.5, 0.5)],
)  # fmt: skip
def test_nonsense_cannot_be_tuned(permutations: int, threshold: float, miss_weight: float) -> None:
    with pytest.raises(ValueError, match=r"between|at least"):
        tune(permutations, threshold, miss_weight)


@pytest.mark.parametrize("rows", [1, 2, 3, 8])
def test_keys_are_equal_where_all_rows_of_a_band_are_and_nowhere_else(rows: int) -> None:
    draw = np.random.default_rng(rows)
    bands = 16
    signatures = draw.integers(0, 2**32, (600, rows * bands), dtype=np.uint32)
    signatures[300:] = np.where(
        draw.random((300, rows * bands)) < 0.6, signatures[:300], signatures[300:]
    )
    keys = np.empty((600, bands), dtype=np.uint32)
    band_keys(signatures, rows, 0, keys.shape[1], keys)
    cut = signatures.reshape(600, bands, rows)
    agree = (cut[:300] == cut[300:]).all(axis=2)
    assert 0 < agree.sum() < agree.size
    assert np.array_equal(keys[:300] == keys[300:], agree)


def test_the_same_rows_in_another_band_have_another_key() -> None:
    keys = np.empty((1, 128), dtype=np.uint32)
    signatures = np.full((1, 128), 7, dtype=np.uint32)
    band_keys(signatures, 2, 0, 64, keys)
    band_keys(signatures, 2, 64, 128, keys)
    assert len(set(keys[0].tolist())) == 128


Pairs = dict[tuple[int, int], int]


def met(
    keys: np.ndarray,
    times: list[float] | None = None,
    window: float = math.inf,
    depth: int = 1000,
    most: int = 1000,
    admitted: list[bool] | None = None,
    step: int = 1000,
) -> tuple[set[tuple[int, int]], int]:
    """The candidate pairs (earlier, later) and the number of walks cut short."""
    n, bands = keys.shape
    buckets = empty_buckets(bands, n)
    for band in range(bands):
        fill_band(
            buckets, band, np.ascontiguousarray(keys[:, band]), np.array(admitted or [True] * n)
        )
    hours = np.array(times if times is not None else [math.nan] * n)
    found: list[tuple[int, int]] = []
    cut = 0
    for low in range(0, n, step):
        left, right, capped = candidates(
            low, min(n, low + step), *buckets, hours, window, depth, most
        )
        found += zip(left.tolist(), right.tolist(), strict=True)
        cut += capped
    assert len(found) == len(set(found))
    return set(found), cut


def shared_bands(keys: np.ndarray) -> Pairs:
    n = len(keys)
    counts = {(i, j): int((keys[i] == keys[j]).sum()) for j in range(n) for i in range(j)}
    return {pair: count for pair, count in counts.items() if count}


@st.composite
def collections(draw: st.DrawFn) -> tuple[np.ndarray, list[float], list[bool]]:
    n = draw(st.integers(1, 12))
    bands = draw(st.integers(1, 5))
    keys = draw(
        st.lists(
            st.lists(st.integers(0, 3), min_size=bands, max_size=bands), min_size=n, max_size=n
        )
    )
    dated = sorted(draw(st.lists(st.floats(0, 20), max_size=n)))
    times = dated + [math.nan] * (n - len(dated))
    admitted = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    return np.array(keys, dtype=np.uint32), times, admitted


@settings(max_examples=300)
@given(collections(), st.floats(0, 20), st.integers(1, 13))
def test_candidates_are_all_pairs_in_one_bucket_and_in_the_window(
    collection: tuple[np.ndarray, list[float], list[bool]], window: float, step: int
) -> None:
    keys, times, admitted = collection
    expected = {
        (i, j)
        for i, j in shared_bands(keys)
        if admitted[i] and admitted[j] and not times[j] - times[i] > window
    }
    assert met(keys, times, window, admitted=admitted, step=step) == (expected, 0)


@settings(max_examples=200)
@given(collections(), st.integers(1, 4))
def test_an_article_keeps_those_that_share_most_bands(
    collection: tuple[np.ndarray, list[float], list[bool]], most: int
) -> None:
    keys, _, _ = collection
    shared = shared_bands(keys)
    kept, _ = met(keys, most=most)
    for article in range(len(keys)):
        counts = {pair: count for pair, count in shared.items() if pair[1] == article}
        chosen = {pair for pair in kept if pair[1] == article}
        assert len(chosen) == min(most, len(counts))
        dropped = [counts[pair] for pair in counts.keys() - chosen]
        assert max(dropped, default=0) <= min((counts[pair] for pair in chosen), default=math.inf)


def test_planted_duplicates_are_found_among_strangers() -> None:
    draw = np.random.default_rng(5)
    keys = draw.integers(0, 2**32, (2000, 32), dtype=np.uint32)
    keys[1500:1600, :3] = keys[100:200, :3]
    assert met(keys, step=256)[0] == {(100 + i, 1500 + i) for i in range(100)}


def test_a_very_full_bucket_is_looked_into_only_so_deep_and_counted() -> None:
    keys = np.zeros((50, 1), dtype=np.uint32)
    found, cut = met(keys, depth=8)
    assert found == {(i, j) for j in range(50) for i in range(max(0, j - 8), j)}
    assert cut == 50 - 9


def test_a_pair_in_more_than_255_buckets_is_counted_without_overflow() -> None:
    keys = np.zeros((3, 300), dtype=np.uint32)
    keys[1, 40:] = 1
    assert met(keys, most=1)[0] == {(0, 1), (0, 2)}


def _shape(tuned: object) -> tuple[int, int]:
    return tuned.rows, tuned.bands  # type: ignore[attr-defined]
