"""Average link over candidates: the same clusters as the textbook's, and never a chain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from dedupe.clustering import average_link, average_link_of_all


def clusters(
    matrix: np.ndarray,
    threshold: float,
    pairs: np.ndarray | None = None,
    times: np.ndarray | None = None,
    window: float = np.inf,
    together: np.ndarray | None = None,
) -> np.ndarray:
    """Cluster by a matrix of scores; `pairs` are the candidates, all of them unless given."""
    left, right = np.triu_indices(len(matrix), 1) if pairs is None else pairs
    return average_link(
        np.arange(len(matrix)) if together is None else together,
        left.astype(np.int32),
        right.astype(np.int32),
        matrix[left, right].astype(np.float32),
        threshold,
        lambda a, b: matrix[a, b].astype(np.float32),
        times,
        window,
    )


def random_scores(seed: int, n: int, groups: int = 4) -> np.ndarray:
    """A symmetric matrix without ties, higher inside a few groups so that there is structure."""
    draw = np.random.default_rng(seed)
    group = draw.integers(0, groups, n)
    scores = draw.random((n, n)) * 0.6 + 0.35 * (group[:, None] == group[None, :])
    scores = np.triu(scores, 1).astype(np.float32).astype(np.float64)
    return scores + scores.T


def partition(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels.tolist())}


@pytest.mark.parametrize("n", [2, 5, 20])
@pytest.mark.parametrize("threshold", [0.3, 0.45, 0.6, 0.9])
@pytest.mark.parametrize("seed", range(8))
def test_with_every_pair_a_candidate_it_is_scipy_s_average_linkage(
    n: int, threshold: float, seed: int
) -> None:
    scores = random_scores(seed, n)
    distances = squareform(1.0 - scores * (1 - np.eye(n)) - np.eye(n), checks=False)
    theirs = fcluster(linkage(distances, "average"), 1.0 - threshold, "distance")
    assert partition(clusters(scores, threshold)) == partition(theirs)


def test_large_clusters_agree_with_scipy_too_as_long_as_no_member_is_left_out() -> None:
    scores = random_scores(99, 60, groups=3)
    distances = squareform(1.0 - scores * (1 - np.eye(60)) - np.eye(60), checks=False)
    theirs = fcluster(linkage(distances, "average"), 0.5, "distance")
    assert partition(clusters(scores, 0.5)) == partition(theirs)


@settings(max_examples=150)
@given(
    st.integers(0, 10_000), st.integers(1, 24), st.floats(0.3, 0.8), st.floats(1, 200), st.data()
)
def test_a_few_articles_are_clustered_as_many_are(
    seed: int, n: int, threshold: float, window: float, data: st.DataObject
) -> None:
    scores = random_scores(seed, n)
    times = np.sort(np.random.default_rng(seed).uniform(0, 200, n))
    heads = data.draw(st.lists(st.integers(0, n - 1), min_size=n, max_size=n))
    together = np.array([head if heads[head] == head < i else i for i, head in enumerate(heads)])
    many = clusters(scores, threshold, times=times, window=window, together=together)
    few = average_link_of_all(together, scores, threshold, times, window)
    assert few.tolist() == many.tolist()


@settings(max_examples=60)
@given(
    st.integers(0, 10_000), st.integers(2, 14), st.floats(0.3, 0.8), st.floats(0.2, 1.0), st.data()
)
def test_the_order_of_the_articles_decides_nothing(
    seed: int, n: int, threshold: float, share: float, data: st.DataObject
) -> None:
    scores = random_scores(seed, n)
    left, right = np.triu_indices(n, 1)
    chosen = np.random.default_rng(seed).random(len(left)) < share
    left, right = left[chosen], right[chosen]
    here = clusters(scores, threshold, np.array([left, right]))
    place = np.array(data.draw(st.permutations(range(n))))  # where article i stands now
    moved = np.empty_like(scores)
    moved[np.ix_(place, place)] = scores
    a, b = place[left], place[right]
    there = clusters(moved, threshold, np.array([np.minimum(a, b), np.maximum(a, b)]))
    assert partition(there[place]) == partition(here)


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(2, 16), st.floats(0.0, 30.0), st.integers(0, 16))
def test_no_cluster_spans_more_than_the_window(
    seed: int, n: int, window: float, undated: int
) -> None:
    times = np.sort(np.random.default_rng(seed).random(n) * 48.0)
    times[max(0, n - undated) :] = np.nan
    labels = clusters(random_scores(seed, n), 0.2, times=times, window=window)
    for members in partition(labels):
        dated = times[sorted(members)]
        dated = dated[~np.isnan(dated)]
        assert len(dated) == 0 or dated.max() - dated.min() <= window


def test_articles_without_a_date_may_join_any_and_join_no_two_that_are_too_far_apart() -> None:
    scores = np.full((3, 3), 0.9)
    scores[0, 2] = scores[2, 0] = 0.95
    times = np.array([0.0, 500.0, np.nan])
    assert partition(clusters(scores, 0.5, times=times, window=168.0)) == {
        frozenset({0, 2}),
        frozenset({1}),
    }


def test_a_pair_that_was_no_candidate_still_counts_in_the_average() -> None:
    scores = np.array([[0.0, 0.8, 0.0], [0.8, 0.0, 0.6], [0.0, 0.6, 0.0]])
    chain = np.array([[0, 1], [1, 2]])
    assert partition(clusters(scores, 0.4, chain)) == {frozenset({0, 1}), frozenset({2})}
    assert partition(clusters(scores, 0.2, chain)) == {frozenset({0, 1, 2})}


def test_a_high_score_between_articles_that_never_met_joins_what_their_neighbours_let_meet() -> (
    None
):
    scores = np.full((3, 3), 0.7)
    chain = np.array([[0, 1], [1, 2]])
    assert partition(clusters(scores, 0.6, chain)) == {frozenset({0, 1, 2})}
    strangers = np.array([[0], [1]])
    assert partition(clusters(scores, 0.6, strangers)) == {frozenset({0, 1}), frozenset({2})}


def test_a_long_chain_does_not_become_one_story() -> None:
    n = 40
    scores = np.zeros((n, n))
    links = np.arange(n - 1)
    scores[links, links + 1] = scores[links + 1, links] = 0.6 + 0.001 * (links % 7)
    sizes = [
        len(members) for members in partition(clusters(scores, 0.5, np.array([links, links + 1])))
    ]
    assert max(sizes) <= 3


def test_what_is_together_from_the_start_stays_so() -> None:
    scores = random_scores(1, 6)
    labels = clusters(scores, 1.1, together=np.array([0, 1, 0, 3, 1, 5]))
    assert labels.tolist() == [0, 1, 0, 3, 1, 5]


def test_a_group_from_the_start_is_compared_as_a_whole() -> None:
    scores = np.zeros((3, 3))
    scores[0, 2] = scores[2, 0] = 0.9
    together = np.array([0, 0, 2])
    met = np.array([[0, 1], [2, 2]])
    assert clusters(scores, 0.5, met, together=together).tolist() == [0, 0, 2]
    assert clusters(scores, 0.4, met, together=together).tolist() == [0, 0, 0]


def test_the_label_is_the_lowest_article_of_the_cluster() -> None:
    labels = clusters(random_scores(4, 20), 0.5)
    for members in partition(labels):
        assert {int(labels[i]) for i in members} == {min(members)}


@pytest.mark.parametrize("n", [0, 1, 5])
def test_without_candidates_every_article_stays_alone(n: int) -> None:
    nothing = np.empty((2, 0), dtype=np.int64)
    assert clusters(np.ones((n, n)), 0.1, nothing).tolist() == list(range(n))


def test_clusters_beyond_the_sample_still_find_each_other() -> None:
    scores = np.where(np.arange(100)[:, None] // 50 == np.arange(100)[None, :] // 50, 0.9, 0.6)
    within = np.array(
        [(i, j) for i in range(100) for j in range(i + 1, 100) if i // 50 == j // 50]
    ).T
    pairs = np.concatenate((within, [[0], [99]]), axis=1)
    assert len(partition(clusters(scores, 0.5, pairs))) == 1
    assert len(partition(clusters(scores, 0.7, pairs))) == 2
