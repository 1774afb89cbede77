"""Figures of labelled pairs, on cases small enough to work out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.errors import UsageError
from dedupe.evaluation.figures import measure
from dedupe.evaluation.pairs import LabelledPair, pair_figures

TOGETHER = {"a": "s1", "b": "s1", "c": "s1", "d": "s2", "e": "s3"}
IN_ONE, APART = ("a", "b"), ("a", "d")


def pair(ids: tuple[str, str], label: str, weight: float = 1.0) -> LabelledPair:
    return LabelledPair(*ids, label, weight)


def test_recall_precision_and_development_are_what_the_hand_works_out() -> None:
    figures = pair_figures(
        "judged",
        [
            pair(IN_ONE, "same", 3),
            pair(("b", "c"), "same", 1),
            pair(APART, "same", 100),
            pair(IN_ONE, "topic", 10),
            pair(IN_ONE, "template", 2),
            pair(APART, "none", 1000),
            pair(IN_ONE, "development", 5000),
            pair(APART, "development"),
            pair(IN_ONE, "unclear", 7000),
        ],
        TOGETHER,
    )
    assert (figures.pairs, figures.left_out) == (9, 0)
    assert figures.recall == pytest.approx(2 / 3)
    assert figures.weighted_precision == pytest.approx(4 / (4 + 10 + 2))
    assert figures.development == pytest.approx(1 / 2)
    assert [(f.label, f.pairs, f.together, f.share) for f in figures.labels] == [
        ("same", 3, 2, pytest.approx(2 / 3)),
        ("development", 2, 1, 0.5),
        ("topic", 1, 1, 1.0),
        ("template", 1, 1, 1.0),
        ("none", 1, 0, 0.0),
        ("unclear", 1, 1, 1.0),
    ]


def test_labels_of_any_name_have_merge_rates_by_name_and_nothing_else() -> None:
    figures = pair_figures(
        "silver", [pair(APART, "rewrite"), pair(IN_ONE, "boilerplate")], TOGETHER
    )
    assert [(f.label, f.share) for f in figures.labels] == [("boilerplate", 1.0), ("rewrite", 0.0)]
    assert (figures.recall, figures.weighted_precision, figures.development) == (None, None, None)


@pytest.mark.parametrize("others", [[], ["development"], ["unclear", "development"]])
def test_precision_is_not_measurable_without_pairs_that_do_not_belong_together(
    others: list[str],
) -> None:
    given = [pair(IN_ONE, label) for label in ("same", *others)]
    figures = pair_figures("judged", given, TOGETHER)
    assert (figures.recall, figures.weighted_precision) == (1.0, None)


def test_precision_and_recall_are_not_measurable_without_pairs_that_belong_together() -> None:
    figures = pair_figures("judged", [pair(IN_ONE, "topic"), pair(APART, "none")], TOGETHER)
    assert (figures.recall, figures.weighted_precision) == (None, None)


def test_precision_is_not_measurable_where_nothing_was_put_together() -> None:
    figures = pair_figures("judged", [pair(APART, "same"), pair(APART, "topic")], TOGETHER)
    assert (figures.recall, figures.weighted_precision) == (0.0, None)


def test_pairs_of_unknown_articles_are_counted_and_left_out() -> None:
    given = [pair(IN_ONE, "same"), pair(("a", "x"), "same"), pair(("x", "a"), "topic")]
    figures = pair_figures("judged", given, TOGETHER)
    assert (figures.pairs, figures.left_out, figures.recall) == (1, 2, 1.0)
    assert [f.label for f in figures.labels] == ["same"]


def test_a_file_whose_articles_are_all_unknown_is_named() -> None:
    fitting, strange = [pair(IN_ONE, "same")], [pair(("x", "y"), "same")]
    with pytest.raises(UsageError, match=r"^spring\.jsonl: none of its 1 pairs .* scanned"):
        measure(TOGETHER, {}, {"winter.jsonl": fitting, "spring.jsonl": strange})


def test_labelled_articles_that_were_all_not_scanned_are_told() -> None:
    with pytest.raises(UsageError, match="none of the 2 labelled articles is among the 5"):
        measure(TOGETHER, {"x": "1", "y": "1"}, {})


def test_all_kinds_of_labels_are_measured_in_one_go() -> None:
    gold = {"a": "1", "b": "1", "d": "2", "x": "2"}
    found = measure(TOGETHER, gold, {"judged": [pair(IN_ONE, "same")]})
    assert found.clusters is not None
    assert (found.articles, found.clusters.labelled, found.clusters.left_out) == (5, 3, 1)
    assert [figures.file for figures in found.pairs] == ["judged"]
    assert measure(TOGETHER, {}, {"judged": [pair(IN_ONE, "same")]}).clusters is None


PAIRS = st.lists(
    st.builds(
        LabelledPair,
        st.sampled_from("abc"),
        st.sampled_from("de"),
        st.sampled_from(["same", "development", "topic", "other"]),
        st.floats(0, 1e6),
    ),
    min_size=1,
)


@given(PAIRS)
def test_one_cluster_for_all_has_every_pair_and_none_for_any_has_no_pair(
    pairs: list[LabelledPair],
) -> None:
    all_in_one = pair_figures("x", pairs, dict.fromkeys("abcde", "s"))
    all_alone = pair_figures("x", pairs, {id: id for id in "abcde"})
    assert {figures.share for figures in all_in_one.labels} == {1.0}
    assert {figures.share for figures in all_alone.labels} == {0.0}
    assert all_alone.weighted_precision is None
    assert all_in_one.recall in (1.0, None)
    assert 0 <= (all_in_one.weighted_precision or 0) <= 1
