"""Story vectors: rare words weigh, by the language and by the window."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.similarity.vectors import (
    UNIT,
    Frequencies,
    crowd_steps,
    document_frequencies,
    term_weight,
    weighted,
)

ZIPF = st.integers(0, 255)
TF = st.integers(1, 255)
WINDOW = st.integers(1, 100_000)


def weights(articles: list[list[tuple[int, int, int]]]) -> list[np.ndarray]:
    """The weights of articles given as (term, tf, zipf · 32), each with the window they make."""
    flat = [entry for article in articles for entry in article]
    bounds = np.cumsum([0, *map(len, articles)])
    terms, tfs, zipfs = (np.array(column) for column in zip(*flat, strict=True))
    terms = terms.astype(np.uint32)
    every = np.ones(len(articles), dtype=np.bool_)
    found, _ = weighted(
        bounds, terms, tfs.astype(np.uint8), zipfs.astype(np.uint8),
        document_frequencies(bounds, terms, every), float(len(articles)),
    )  # fmt: skip
    return np.split(found, bounds[1:-1])


@given(TF, ZIPF, WINDOW, st.data())
def test_a_weight_is_finite_and_never_negative(
    tf: int, zipf: int, n: int, data: st.DataObject
) -> None:
    frequency = data.draw(st.integers(1, n))
    weight = term_weight(tf, zipf, frequency, float(n))
    assert 0.0 <= weight < 1e4
    assert term_weight(tf, zipf, n, float(n)) <= weight <= term_weight(tf, zipf, 1, float(n))
    assert term_weight(tf, min(255, zipf + 16), frequency, float(n)) <= weight
    assert term_weight(min(255, tf + 1), zipf, frequency, float(n)) >= weight


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 40), TF, st.integers(0, 200)), min_size=1), min_size=1
    )
)
def test_vectors_have_length_one(articles: list[list[tuple[int, int, int]]]) -> None:
    unique = [
        sorted({term: (term, tf, zipf) for term, tf, zipf in article}.values())
        for article in articles
    ]
    for vector in weights(unique):
        assert float(np.linalg.norm(vector)) == pytest.approx(UNIT, rel=1e-3)


def test_a_vector_of_words_that_say_nothing_is_zero_not_an_error() -> None:
    assert weights([[(1, 1, 250), (2, 1, 240)]])[0].tolist() == [0.0, 0.0]


def test_a_word_in_every_article_of_a_large_window_weighs_next_to_nothing() -> None:
    rare = 3 * 32
    articles = [[(0, 1, rare), *((i * 10 + k, 1, rare) for k in range(1, 6))] for i in range(5000)]
    everywhere, own = weights(articles)[7][:2]
    assert everywhere < 0.01 * own


def test_two_articles_alone_fall_back_to_the_language() -> None:
    rare, common = 3 * 32, 6 * 32
    shared = weights([[(1, 1, rare), (2, 1, common)], [(1, 1, rare), (2, 1, common)]])[0]
    assert shared[0] > 5 * shared[1]  # in both articles, yet what they tell
    here, alone = term_weight(1, rare, 2, 2.0), term_weight(1, rare, 1, 2.0)
    assert here > 0.75 * alone


def counts(frequencies: Frequencies) -> dict[int, int]:
    """The table as a dictionary."""
    rows = zip(frequencies.terms.tolist(), frequencies.counts.tolist(), strict=True)
    return {term: count for term, count in rows if count}


def test_document_frequency_counts_articles() -> None:
    terms = np.array([5, 9, 5, 7, 5], dtype=np.uint32)
    bounds, every = np.array([0, 2, 4, 5]), np.ones(3, dtype=np.bool_)
    assert counts(document_frequencies(bounds, terms, every)) == {5: 3, 7: 1, 9: 1}


def test_articles_that_are_not_counted_add_nothing() -> None:
    terms = np.array([5, 9, 5, 7, 5], dtype=np.uint32)
    bounds, first = np.array([0, 2, 4, 5]), np.array([True, False, False])
    assert counts(document_frequencies(bounds, terms, first)) == {5: 1, 9: 1}


@given(st.lists(st.lists(st.integers(0, 2**32 - 1), max_size=40, unique=True), max_size=60))
def test_document_frequencies_are_those_of_a_counter(articles: list[list[int]]) -> None:
    terms = np.array([t for article in articles for t in article], dtype=np.uint32)
    bounds = np.cumsum([0, *map(len, articles)])
    every = np.ones(len(articles), dtype=np.bool_)
    expected = Counter(t for article in articles for t in article)
    assert counts(document_frequencies(bounds, terms, every)) == expected


@given(ZIPF, WINDOW, st.data())
def test_a_crowd_grows_with_the_articles_that_have_a_term(
    zipf: int, n: int, data: st.DataObject
) -> None:
    frequency = data.draw(st.integers(1, n))
    steps = crowd_steps(zipf, frequency, float(n))
    assert 0 <= steps <= 255
    assert crowd_steps(zipf, min(n, frequency + 5), float(n)) >= steps
    assert crowd_steps(min(255, zipf + 8), frequency, float(n)) >= steps
