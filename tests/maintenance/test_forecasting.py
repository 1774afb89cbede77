"""How much an index will take."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from streams import examples

from dedupe.deduper import Deduper
from dedupe.index.manifest import manifest_of
from dedupe.maintenance.forecasting import ENOUGH, forecast


@pytest.mark.parametrize("backend", ["memory", "sqlite", "redis", "redis+cluster", "unix"])
def test_without_an_index_it_is_told_by_what_was_measured_on_others(backend: str) -> None:
    told = forecast(None, backend, [1000, 2000])
    assert told.days == 10.5  # the window of a week, and one slice
    assert told.measured_on == 0
    assert 2_000 < told.least < told.most < 20_000
    assert [row.articles for row in told.rows] == [10_500, 21_000]
    assert [row.least for row in told.rows] == [10_500 * told.least, 21_000 * told.least]
    assert [row.most for row in told.rows] == [10_500 * told.most, 21_000 * told.most]


def test_an_index_without_texts_is_smaller(new: Any) -> None:
    with_texts, without = (
        forecast(new("memory", manifest_of(texts=texts)), "memory", [1]) for texts in (True, False)
    )
    assert without.least < with_texts.least
    assert without.most < with_texts.most


def test_an_index_with_enough_articles_speaks_for_itself(new: Any) -> None:
    index = new("sqlite")
    deduper = Deduper(index)
    for copy in range(ENOUGH // len(examples()) + 1):
        deduper.add_batch([replace(article, id=f"{article.id} {copy}") for article in examples()])
    stats = index.stats()
    told = forecast(index, "sqlite", [10], 30)
    assert told.measured_on == stats.articles >= ENOUGH
    assert told.least == told.most == round(stats.bytes / stats.articles)
