"""Quality does not fall: the labelled collections against the floors of the baseline."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from dedupe.batch.scan import scan
from dedupe.evaluation.development import SETS, evaluate_set, promised
from dedupe.evaluation.streams import STREAMS, evaluate_stream
from dedupe.feeds import read_articles

pytestmark = pytest.mark.data
FLOORS = tomllib.loads(Path(__file__).with_name("quality_baseline.toml").read_text("utf-8"))

Measured = Callable[..., dict[str, float]]


@pytest.fixture(scope="module")
def measured(shared_data: Path) -> Measured:
    """What is promised of a set, scanned alone or among another."""

    @cache
    def figures(name: str, *hay: str) -> dict[str, float]:
        found = evaluate_set(shared_data, name, hay=hay)
        return promised(name, found) | {"largest_story": float(found.largest)}

    return figures


def test_every_set_has_floors() -> None:
    assert set(FLOORS) == {*SETS, "stream"}
    assert set(FLOORS["stream"]) == set(STREAMS)


@pytest.mark.parametrize("name", SETS)
def test_quality_is_as_good_as_before(name: str, measured: Measured) -> None:
    figures = measured(name)
    if "loss_among_allsides_12k" in FLOORS[name].get("at_most", {}):
        among = measured(name, "allsides_12k")["f1"]
        figures = figures | {"loss_among_allsides_12k": figures["f1"] - among}
    print(name, {key: round(value, 4) for key, value in figures.items()})
    assert _beyond(figures, FLOORS[name]) == {}


@pytest.mark.parametrize(
    ("name", "order"), [(name, order) for name, orders in STREAMS.items() for order in orders]
)
def test_a_stream_is_as_good_as_before(name: str, order: str, shared_data: Path) -> None:
    found = evaluate_stream(shared_data, name, order)
    figures = promised(name, found) | {"largest_story": float(found.largest)}
    print(name, order, {key: round(value, 4) for key, value in figures.items()})
    assert _beyond(figures, FLOORS["stream"][name]) == {}


def _beyond(figures: dict[str, float], floors: dict[str, dict[str, float]]) -> dict[str, float]:
    """The figures that are lower than their floor, or higher than their ceiling."""
    low = {k: figures[k] for k, v in floors.get("at_least", {}).items() if figures[k] < v}
    return low | {k: figures[k] for k, v in floors.get("at_most", {}).items() if figures[k] > v}


def test_the_two_seeds_are_one_story_one_a_rewrite_of_the_other_credited_to_reuters(
    shared_seeds: Path,
) -> None:
    paths = [str(path) for path in sorted(shared_seeds.glob("*.txt"))]
    one, other = scan(read_articles(paths, now=datetime(2030, 1, 1, tzinfo=UTC), on_reject=print))
    assert one.cluster_id == other.cluster_id
    assert (one.relation, other.relation) == ("rewrite", "rewrite")
    assert (one.credit, other.credit) == ("Reuters", "Reuters")
