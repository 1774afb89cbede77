"""Settings varied on what was read once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dedupe.banding import collision_probability
from dedupe.batch.collection import Ranked
from dedupe.batch.scan import gather, scan
from dedupe.errors import UsageError
from dedupe.evaluation.figures import measure
from dedupe.evaluation.pairs import LabelledPair
from dedupe.evaluation.tuning import (
    SIMILARITIES,
    Labels,
    Setting,
    Sweep,
    check_labels,
    curves,
    reliabilities,
    sweep,
    values_around,
)
from dedupe.feeds import read_articles
from dedupe.models import Article
from dedupe.params import ScanParams, SignatureParams
from dedupe.stories.verifiers import learned

PARAMS = ScanParams(workers=1)
GOLD = {"dam-repair-reuters": "dam", "dam-repair-meridian": "dam", "ferry-fire-ap": "ferry"}
PAIRS = [
    LabelledPair("dam-repair-reuters", "dam-repair-meridian", "same"),
    LabelledPair("dam-repair-reuters", "ferry-fire-ap", "topic", 7),
    LabelledPair("dam-repair-reuters", "not-there", "topic"),
]
UNCLEAR = LabelledPair("a", "b", "unclear")
LABELS = Labels(GOLD, {"judged": PAIRS})
Vary = Callable[[Setting, list[float]], Sweep]


@pytest.fixture(scope="module")
def articles(examples: Path) -> list[Article]:
    path = str(examples / "stories.jsonl")
    return list(read_articles([path], now=datetime(2030, 1, 1, tzinfo=UTC), on_reject=print))


@pytest.fixture(scope="module")
def ranked(articles: list[Article]) -> Ranked:
    return gather(articles, PARAMS)


@pytest.fixture
def vary(ranked: Ranked) -> Vary:
    def varied(setting: Setting, values: list[float]) -> Sweep:
        return sweep(setting, values, ranked, PARAMS, learned, LABELS, lambda *_: None)

    return varied


@pytest.mark.parametrize(
    ("setting", "value", "params"),
    [
        ("threshold", 0.6, replace(PARAMS, threshold=0.6)),
        ("window", 5.0, replace(PARAMS, window_hours=5.0)),
        ("bands", 8.0, replace(PARAMS, signature=SignatureParams(story_bands=8))),
    ],
)
def test_a_trial_is_what_a_scan_with_that_value_gives(
    vary: Vary, articles: list[Article], setting: Setting, value: float, params: ScanParams
) -> None:
    decisions = scan(articles, params)
    found = vary(setting, [value]).trials[0]
    predicted = {decision.id: decision.cluster_id for decision in decisions}
    assert (found.value, found.figures) == (value, measure(predicted, *LABELS))


def test_the_present_value_is_best_where_no_other_is_better(vary: Vary) -> None:
    found = vary("bands", [64.0, 128.0])
    assert found.now == 128
    assert {best.value for best in found.best} == {128}
    assert [(best.file, best.figure) for best in found.best] == [
        (None, "bcubed_f1"), (None, "pairwise_f1"), (None, "ari"), ("judged", "f1"),
    ]  # fmt: skip


def test_a_better_value_is_named_with_what_the_present_one_reaches(vary: Vary) -> None:
    now = PARAMS.window_hours
    worse, better = vary("window", [0.5, now]), vary("window", [0.5])
    assert {best.value for best in worse.best} == {now}
    assert all(best.now == best.reaches for best in worse.best)
    assert all(best.now is None for best in better.best)


@given(st.floats(0.01, 1))
def test_thresholds_around_the_present_one_can_be_set_and_hold_it(now: float) -> None:
    values = values_around("threshold", now)
    assert now in values
    assert values == sorted(values)
    assert all(0 < value <= 1 for value in values)


def test_bands_and_windows_around_the_present_ones_hold_them() -> None:
    assert values_around("bands", 128) == [16, 32, 64, 96, 128]
    assert values_around("bands", 1) == [1]
    assert values_around("window", 168.0) == pytest.approx([24, 48, 96, 168, 336, 672])


def test_a_curve_is_given_for_each_number_of_bands_and_for_the_copy_signature() -> None:
    found = curves(SignatureParams(), [16, 128])
    assert [(c.signature, c.rows, c.bands) for c in found] == [
        ("story", 2, 16), ("story", 2, 128), ("copy", 8, 16),
    ]  # fmt: skip
    assert found[1].probabilities[4] == collision_probability(SIMILARITIES[4], 2, 128)


def test_reliability_needs_read_pairs_of_both_kinds(ranked: Ranked) -> None:
    def drawn(pairs: list[LabelledPair]) -> list[int]:
        labels = Labels({}, {"file": pairs})
        found = reliabilities(ranked, learned(ranked, PARAMS), labels)
        return [each.diagram.pairs for each in found]

    assert drawn(PAIRS) == [2]
    assert drawn(PAIRS[:1]) == drawn([PAIRS[0], PAIRS[2]]) == []


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (Labels({}, {}), "nothing is labelled"),
        (Labels({"a": "s", "b": "s"}, {}), "all articles are of one story"),
        (Labels({}, {"f": [LabelledPair("a", "b", "same")]}), "all pairs are 'same'"),
        (Labels({}, {"f": [UNCLEAR, LabelledPair("a", "c", "odd")]}), "all pairs are 'odd'"),
        (Labels({}, {"f": [UNCLEAR]}), "nothing is labelled"),
    ],
)  # fmt: skip
def test_labels_of_one_kind_are_refused(labels: Labels, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        check_labels(labels)


def test_labels_of_two_kinds_are_taken() -> None:
    check_labels(Labels({"a": "s", "b": "t"}, {}))
    check_labels(Labels({}, {"f": PAIRS}))
