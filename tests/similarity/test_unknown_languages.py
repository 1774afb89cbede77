"""In a language that the table does not know, stories match by what they tell."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from dedupe.batch.collection import Collection
from dedupe.batch.scan import scan
from dedupe.fingerprint import Signer
from dedupe.models import Article
from dedupe.params import ScanParams
from dedupe.stories.verifiers import learned

LANGUAGES = tomllib.loads(Path(__file__).with_name("unknown_languages.toml").read_text("utf-8"))


def stories(texts: dict[str, str]) -> dict[str, str]:
    """The cluster of each text."""
    decisions = scan(
        [Article(id=id, text=text) for id, text in texts.items()], ScanParams(workers=1)
    )
    return {decision.id: decision.cluster_id for decision in decisions}


def score(one: str, other: str) -> float:
    """The probability of two articles alone, whether or not they would meet."""
    articles = [Article(id="a", text=one), Article(id="b", text=other)]
    collection = Collection(ScanParams().signature)
    collection.note(articles)
    collection.keep(Signer().sign(articles))
    ranked = collection.ranked()
    left, right = np.array([[0], [1]], dtype=np.int32)
    return float(learned(ranked, ScanParams()).judge(left, right).scores[0])


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_versions_of_a_story_match_and_another_story_does_not(language: str) -> None:
    found = stories(LANGUAGES[language])
    assert found["first"] == found["again"]
    assert found["other"] != found["first"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("version", ["first", "again"])
def test_two_different_stories_alone_do_not_match(language: str, version: str) -> None:
    told = LANGUAGES[language]
    assert score(told[version], told["other"]) < 0.25
    assert score(told["first"], told["again"]) > 0.75
    found = stories({"one": told[version], "two": told["other"]})
    assert found["one"] != found["two"]


def test_stories_of_all_languages_together_fall_into_their_own() -> None:
    texts = {
        f"{lang}-{part}": text for lang, told in LANGUAGES.items() for part, text in told.items()
    }
    found = stories(texts)
    assert len(set(found.values())) == 2 * len(LANGUAGES)
    assert all(found[f"{language}-first"] == found[f"{language}-again"] for language in LANGUAGES)
