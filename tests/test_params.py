"""Parameters that mean nothing are refused where they are given."""

from __future__ import annotations

from typing import Any

import pytest

from dedupe.batch.scan import scan
from dedupe.models import Article, Level
from dedupe.params import ScanParams, SignatureParams


@pytest.mark.parametrize(
    "given",
    [
        {"threshold": 0.0},
        {"threshold": 1.5},
        {"threshold": float("nan")},
        {"window_hours": -5.0},
        {"window_hours": float("nan")},
        {"candidates": 0},
        {"workers": -1},
        {"sources": "reuters.com"},
        {"level": "nonsense"},
    ],
)
def test_a_scan_parameter_that_means_nothing_is_a_value_error(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (each has words of its own)
        ScanParams(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"shingle_size": -1},
        {"story_bands": 5000},
        {"copy_rows": 9},
        {"vector_lead": 70_000},
        {"signature_lead": 450},
    ],
)
def test_a_signature_parameter_that_means_nothing_is_a_value_error(given: dict[str, int]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        SignatureParams(**given)


def test_a_level_may_be_given_as_its_word() -> None:
    word: Any = "copy"
    assert ScanParams(level=word).level is Level.COPY


def test_an_id_of_several_articles_is_a_value_error_that_names_it() -> None:
    articles = [Article(id="a", text="One mill burned."), Article(id="a", text="Two did not.")]
    with pytest.raises(ValueError, match="'a' belongs to several articles"):
        scan(articles)
