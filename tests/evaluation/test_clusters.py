"""Measures of clusterings, on cases small enough to work out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.evaluation.clusters import adjusted_rand, bcubed, cluster_figures, pairwise


def labelled(clusters: str) -> dict[str, str]:
    """`aab` puts items 0 and 1 into cluster a and item 2 into b."""
    return {str(item): cluster for item, cluster in enumerate(clusters)}


PARTITIONS = st.lists(st.sampled_from("abcd"), min_size=2, max_size=12).map("".join)
TWO = st.integers(2, 12).flatmap(
    lambda n: st.tuples(
        *[st.lists(st.sampled_from("abcd"), min_size=n, max_size=n).map("".join)] * 2
    )
)


@pytest.mark.parametrize(
    ("gold", "predicted", "precision", "recall"),
    [
        ("aabb", "xxyy", 1.0, 1.0),
        ("aabb", "xxxx", 0.5, 1.0),
        ("aabb", "wxyz", 1.0, 0.5),
        ("aabb", "xyxy", 0.5, 0.5),
        ("aaab", "xxyy", (1 + 1 + 0.5 + 0.5) / 4, (2 / 3 + 2 / 3 + 1 / 3 + 1) / 4),
    ],
)
def test_bcubed_is_what_the_hand_works_out(
    gold: str, predicted: str, precision: float, recall: float
) -> None:
    found = bcubed(labelled(gold), labelled(predicted))
    assert found.precision == pytest.approx(precision)
    assert found.recall == pytest.approx(recall)
    assert found.f1 == pytest.approx(2 * precision * recall / (precision + recall))


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("aabb", "xxyy", 1.0),
        ("aabb", "xxxx", 0.0),
        ("aabb", "xyxy", (0 - 4 / 6) / (2 - 4 / 6)),
        ("aaabbb", "xxyyzz", (2 - 18 / 15) / (4.5 - 18 / 15)),
        ("ab", "xy", 1.0),
    ],
)
def test_adjusted_rand_is_what_the_hand_works_out(
    gold: str, predicted: str, expected: float
) -> None:
    assert adjusted_rand(labelled(gold), labelled(predicted)) == pytest.approx(expected)


@given(TWO)
def test_precision_one_way_is_recall_the_other_and_rand_has_no_direction(
    pair: tuple[str, str],
) -> None:
    one, other = map(labelled, pair)
    assert bcubed(one, other).precision == pytest.approx(bcubed(other, one).recall)
    assert adjusted_rand(one, other) == pytest.approx(adjusted_rand(other, one))
    assert adjusted_rand(one, other) <= 1.0


@given(PARTITIONS)
def test_a_clustering_agrees_with_itself_whatever_its_clusters_are_called(clusters: str) -> None:
    renamed = labelled(clusters.translate(str.maketrans("abcd", "dcba")))
    assert bcubed(labelled(clusters), renamed) == pytest.approx((1.0, 1.0, 1.0))
    assert adjusted_rand(labelled(clusters), renamed) == 1.0


def test_what_is_not_labelled_does_not_count() -> None:
    assert bcubed({"0": "a", "1": "a"}, {"0": "x", "1": "x", "2": "x", "3": "y"}).f1 == 1.0


@pytest.mark.parametrize("measure", [bcubed, adjusted_rand, pairwise])
def test_labels_without_a_prediction_are_refused(measure: object) -> None:
    with pytest.raises(ValueError, match="'1' is in no predicted cluster"):
        measure({"0": "a", "1": "a"}, {"0": "x"})  # type: ignore[operator]
    with pytest.raises(ValueError, match="no labelled items"):
        measure({}, {"0": "x"})  # type: ignore[operator]


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("aabb", "xxyy", (1.0, 1.0, 1.0)),
        ("aabb", "xxxx", (2 / 6, 1.0, 0.5)),
        ("aaab", "xxyy", (1 / 2, 1 / 3, 0.4)),
        ("aabb", "xyxy", (0.0, 0.0, 0.0)),
        ("aabb", "wxyz", (None, 0.0, None)),
        ("abcd", "xxyz", (0.0, None, None)),
        ("abcd", "wxyz", (None, None, None)),
    ],
)
def test_pairwise_is_what_the_hand_works_out(
    gold: str, predicted: str, expected: tuple[float | None, ...]
) -> None:
    assert pairwise(labelled(gold), labelled(predicted)) == pytest.approx(expected)


def test_the_figures_are_those_of_the_measures_over_what_both_know() -> None:
    gold, predicted = labelled("aaabb"), labelled("xxyy")
    known = labelled("aaab")
    figures = cluster_figures(gold, predicted)
    assert (figures.labelled, figures.stories, figures.left_out) == (4, 2, 1)
    assert (
        figures.bcubed_precision,
        figures.bcubed_recall,
        figures.bcubed_f1,
    ) == bcubed(known, predicted)
    assert (
        figures.pairwise_precision,
        figures.pairwise_recall,
        figures.pairwise_f1,
    ) == pairwise(known, predicted)
    assert figures.ari == adjusted_rand(known, predicted)


def test_one_story_alone_measures_recall_and_lone_articles_measure_precision() -> None:
    one = cluster_figures(labelled("aaa"), labelled("xxy"))
    assert (one.bcubed_recall, one.pairwise_recall) == (pytest.approx(5 / 9), pytest.approx(1 / 3))
    alone = cluster_figures(labelled("abc"), labelled("xxy"))
    assert (alone.bcubed_precision, alone.pairwise_precision) == (pytest.approx(2 / 3), 0.0)
    assert (one.bcubed_precision, one.pairwise_precision) == (None, None)
    assert (alone.bcubed_recall, alone.pairwise_recall) == (None, None)
    for figures in (one, alone):
        assert (figures.bcubed_f1, figures.pairwise_f1, figures.ari) == (None, None, None)
