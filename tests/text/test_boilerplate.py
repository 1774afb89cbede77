"""What a source repeats is learned in any order; what it says once, or of one story, is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.text.boilerplate import Boilerplate, source_hash
from dedupe.text.forms import _FRAMES, _WHOLE, _openings, _phrases
from dedupe.text.passages import Passages
from dedupe.text.tokens import normalise

# An article: its source, and its passages as (hash, words).
ARTICLES = st.lists(
    st.tuples(st.integers(0, 3), st.lists(st.tuples(st.integers(1, 12), st.integers(1, 30)))),
    max_size=25,
)


def passages(articles: list[tuple[int, list[tuple[int, int]]]]) -> Passages:
    flat = [passage for _, own in articles for passage in own]
    return Passages(
        np.array([source for source, _ in articles], dtype=np.uint64),
        np.array([len(own) for _, own in articles], dtype=np.int32),
        np.array([hash for hash, _ in flat], dtype=np.uint32),
        np.array([words for _, words in flat], dtype=np.uint16),
    )


def learned(articles: list[tuple[int, list[tuple[int, int]]]]) -> Boilerplate:
    boilerplate = Boilerplate(1000)
    boilerplate.see(passages(articles))
    boilerplate.testify(passages(articles))
    return boilerplate


def repeated(boilerplate: Boilerplate, source: int, hash: int) -> bool:
    return bool(boilerplate.repeated(passages([(source, [(hash, 1)])]))[0])


def different(count: int, source: int = 1, footer: int = 7) -> list:
    return [(source, [(1000 + 50 * source + i, 90), (footer, 10)]) for i in range(count)]


def test_a_footer_under_different_articles_is_learned_for_its_source_only() -> None:
    boilerplate = learned(different(8) + different(2, source=2))
    assert repeated(boilerplate, 1, 7)
    assert not repeated(boilerplate, 2, 7)
    assert not repeated(boilerplate, 1, 1050)


def test_one_article_published_many_times_is_not_boilerplate() -> None:
    same = [(1, [(hash, 20) for hash in (31, 32, 33)])] * 40
    boilerplate = learned(same)
    assert not any(repeated(boilerplate, 1, hash) for hash in (31, 32, 33))


def test_versions_of_one_article_are_not_boilerplate() -> None:
    versions = [(1, [(31, 80), (32, 80), (500 + i, 12)]) for i in range(15)]
    assert not repeated(learned(versions), 1, 31)


def test_without_a_source_nothing_is_learned() -> None:
    assert not repeated(learned(different(50, source=0)), 0, 7)


def test_four_articles_are_too_few() -> None:
    assert not repeated(learned(different(4)), 1, 7)


@settings(max_examples=150)
@given(ARTICLES, st.data())
def test_the_order_of_the_articles_decides_nothing(articles: list, data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(articles))
    one, other = learned(articles), learned(shuffled)
    assert np.array_equal(one.repeated(passages(articles)), other.repeated(passages(articles)))


def test_decay_forgets() -> None:
    boilerplate = learned(different(8))
    boilerplate.decay(0.9)
    assert repeated(boilerplate, 1, 7)
    boilerplate.decay(0.3)
    assert not repeated(boilerplate, 1, 7)
    with pytest.raises(ValueError, match="between 0 and 1"):
        boilerplate.decay(1.5)


def test_every_form_is_written_as_the_tokeniser_writes_it() -> None:
    phrases = [*_phrases(_WHOLE.replace("\n", "|")), *_openings(), *_FRAMES.values()]
    assert [phrase for phrase in phrases if normalise(phrase) != phrase] == []


def test_a_source_is_known_whatever_its_case() -> None:
    assert source_hash("The Lantern") == source_hash("THE LANTERN") != source_hash("Harbour Post")
    assert source_hash(None) == source_hash("") == 0
