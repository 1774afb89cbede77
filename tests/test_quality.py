"""Quality does not fall: stories of the labelled collections against the floors of the baseline."""

from __future__ import annotations

import gzip
import json
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dedupe.batch.scan import scan
from dedupe.evaluation.clusters import adjusted_rand, bcubed
from dedupe.feeds import read_articles
from dedupe.models import Decision

pytestmark = pytest.mark.data
FLOORS = tomllib.loads(Path(__file__).with_name("quality_baseline.toml").read_text("utf-8"))
NOW = datetime(2030, 1, 1, tzinfo=UTC)

Scanned = Callable[..., dict[str, str]]


def scan_files(*paths: Path) -> list[Decision]:
    return scan(read_articles([str(path) for path in paths], now=NOW, on_reject=print))


@pytest.fixture(scope="module")
def clusters(shared_data: Path) -> Scanned:
    """The cluster of every article of some collections, scanned as one."""

    @cache
    def scanned(*names: str) -> dict[str, str]:
        decisions = scan_files(*(shared_data / f"{name}.jsonl.gz" for name in names))
        return {decision.id: decision.cluster_id for decision in decisions}

    return scanned


def gold(folder: Path, name: str) -> dict[str, str]:
    """The labelled cluster of every article that has one."""
    with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        records: list[dict[str, Any]] = [json.loads(line) for line in lines]
    return {record["id"]: record["cluster"] for record in records if record["cluster"] is not None}


def test_the_two_seeds_are_one_story_one_a_rewrite_of_the_other_credited_to_reuters(
    shared_seeds: Path,
) -> None:
    one, other = scan_files(*sorted(shared_seeds.glob("*.txt")))
    assert one.cluster_id == other.cluster_id
    assert (one.relation, other.relation) == ("rewrite", "rewrite")
    assert (one.credit, other.credit) == ("Reuters", "Reuters")


@pytest.mark.parametrize("name", ["fnc_train", "basil"])
def test_stories_are_found_as_well_as_before(
    name: str, shared_data: Path, clusters: Scanned
) -> None:
    labels, found = gold(shared_data, name), clusters(name)
    measured = {"f1": bcubed(labels, found).f1, "ari": adjusted_rand(labels, found)}
    print(name, measured)
    assert {
        key: measured[key] for key, floor in FLOORS[name].items() if measured[key] < floor
    } == {}


def test_stories_hidden_in_a_haystack_are_still_found(shared_data: Path, clusters: Scanned) -> None:
    labels = gold(shared_data, "fnc_train")
    alone = bcubed(labels, clusters("fnc_train"))
    hidden = bcubed(labels, clusters("fnc_train", "allsides_12k"))
    print("alone", alone, "hidden", hidden)
    assert alone.f1 - hidden.f1 <= FLOORS["fnc_train_among_allsides_12k"]["loss_at_most"]
