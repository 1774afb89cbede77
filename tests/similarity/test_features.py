"""The features of a pair: between 0 and 1, the same from both sides, and what they say they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.fingerprint import Signer
from dedupe.models import Article
from dedupe.similarity.features import (
    CONTAINMENT,
    COSINE,
    CROWD_MEAN,
    CROWD_THIRD,
    FEATURES,
    FEW_TERMS,
    HOURS,
    NAME,
    NAMES,
    NUMBERS_LEAST,
    ONE_CREDIT,
    ONE_SOURCE,
    RARE,
    RARE_TERMS,
    RESEMBLANCE,
    STRONGEST,
    TERMS_LEAST,
    TERMS_MOST,
    TITLE_FOUND_LEAST,
    TITLES,
    UNSHARED_LEAST,
    UNSHARED_MOST,
    Circumstances,
    Compared,
    mark,
    pair_features,
    totals,
)
from dedupe.similarity.vectors import Vectors, document_frequencies, weighted

COUNTED = {RARE_TERMS, TERMS_LEAST, TERMS_MOST, HOURS, NUMBERS_LEAST, CROWD_THIRD, CROWD_MEAN}
COUNTED |= {FEW_TERMS}
SHARES = [f for f in range(len(FEATURES)) if f not in COUNTED]
WORDS = st.sampled_from(
    "Harrowby Quillmere the of and tramway veterinary 1887 42 zeppelin harbour said 地震".split()
)
TEXTS = st.lists(WORDS, max_size=60).map(" ".join)


def compared(*articles: Article) -> Compared:
    """What is compared of articles that are alone in the window."""
    signed = Signer().sign(articles)
    bounds, terms = signed.term_bounds, signed.terms
    frequencies = document_frequencies(bounds, terms, np.ones(len(articles), dtype=np.bool_))
    n = float(len(articles))
    weights, crowds = weighted(bounds, terms, signed.tfs, signed.zipfs, frequencies, n)
    mark(signed.zipfs, signed.kinds)
    whole = totals(bounds, weights, signed.kinds)
    vectors = Vectors(bounds, terms, weights, crowds, signed.kinds, whole)
    return Compared(signed.digests, signed.copy, signed.lengths, vectors)


def circumstances(n: int, **known: object) -> Circumstances:
    """Nothing is known of n articles, but for what is given."""
    unknown = np.full(n, -1, dtype=np.int32)
    hours = np.array(known.pop("hours", [np.nan] * n), dtype=np.float64)
    given = {name: np.array(values, dtype=np.int32) for name, values in known.items()}
    kinds = np.zeros(n, dtype=np.int8)
    return Circumstances(unknown, unknown, kinds, unknown, hours)._replace(**given)


def features(*texts: str | Article, **known: object) -> np.ndarray:
    """The features of the first article against each other one."""
    articles = [a if isinstance(a, Article) else Article(id="x", text=a) for a in texts]
    words, rest = compared(*articles), circumstances(len(articles), **known)
    right = np.arange(1, len(articles), dtype=np.int32)
    left = np.zeros_like(right)
    found = pair_features(words, rest, left, right)
    turned = pair_features(words, rest, right, left)
    assert np.allclose(found, turned, atol=1e-4, equal_nan=True)  # a pair has no direction
    return found


@settings(max_examples=200)
@given(TEXTS, TEXTS)
def test_shares_lie_between_zero_and_one_and_counts_are_never_negative(
    one: str, other: str
) -> None:
    (found,) = features(one, other)
    shares = found[SHARES]
    assert ((shares >= 0.0) & (shares <= 1.0) | np.isnan(shares)).all()
    assert (np.nan_to_num(found) >= 0.0).all()


@given(TEXTS)
def test_a_text_agrees_with_itself_wholly(text: str) -> None:
    found = features(
        f"Oduya visits Quillmere zeppelin works {text}",
        f"Oduya visits Quillmere zeppelin works {text}",
    )[0]
    assert found[[COSINE, NAMES, RESEMBLANCE, CONTAINMENT]].tolist() == pytest.approx(
        [1.0] * 4, abs=1e-4
    )


def test_texts_without_a_word_in_common_agree_in_nothing() -> None:
    found = features(
        "zeppelin harbour tramway beetle", "magistrate veterinary warehouse hydraulic"
    )[0]
    assert found[[COSINE, RESEMBLANCE, CONTAINMENT, RARE_TERMS]].tolist() == [0.0] * 4
    assert found[[UNSHARED_LEAST, UNSHARED_MOST]].tolist() == [1.0, 1.0]


def test_an_excerpt_is_contained_though_it_resembles_little() -> None:
    words = [f"{a}{b}wort" for a in "bcdfghklmn" for b in "aeiouyäöü"]
    found = features(" ".join(words * 1 + words[::-1]), " ".join(words[:60]))[0]
    assert found[RESEMBLANCE] == pytest.approx(56 / 176, abs=0.2)
    assert found[CONTAINMENT] > 0.6


def test_a_template_with_other_names_agrees_on_words_and_not_on_names() -> None:
    mould = (
        "{} declares quarterly dividend of {} cents a share payable to holders of record, "
        "treasurer {} said"
    )
    found = features(
        mould.format("Brightholm", 41, "Pellworth"), mould.format("Castellan", 87, "Zephyrine")
    )[0]
    assert found[NAMES] < found[COSINE]


def test_one_shared_rare_word_is_seen_to_make_the_whole_agreement() -> None:
    found = features("zeppelin harbour tramway beetle", "zeppelin magistrate veterinary warehouse")[
        0
    ]
    assert found[COSINE] > 0.0
    assert found[STRONGEST] == pytest.approx(1.0)


def test_names_are_rare_capitals_numbers_and_the_rarest_words() -> None:
    zipfs = (np.array([2.0, 3.0, 4.0, 4.0, 4.0, 6.0]) * 32).astype(np.uint8)
    kinds = np.array([0, 0, 0, 1, 2, 1], dtype=np.uint8)
    mark(zipfs, kinds)
    assert (kinds & NAME > 0).tolist() == [True, True, False, True, True, False]
    assert (kinds & RARE > 0).tolist() == [True, True, True, True, True, False]
    assert (kinds & 3).tolist() == [0, 0, 0, 1, 2, 1]


def test_what_is_not_known_is_not_a_number() -> None:
    (found,) = features("zeppelin harbour tramway", "zeppelin harbour beetle")
    assert np.isnan(found[[HOURS, ONE_SOURCE, TITLES, TITLE_FOUND_LEAST]]).all()


def test_dates_sources_and_credits_are_compared_where_they_are_known() -> None:
    found = features(
        "zeppelin harbour", "zeppelin tramway", "zeppelin beetle",
        hours=[0.0, 30.5, np.nan], sources=[4, 4, -1], credits=[7, 8, 7],
    )  # fmt: skip
    assert found[0, [HOURS, ONE_SOURCE, ONE_CREDIT]].tolist() == [30.5, 1.0, 0.0]
    assert np.isnan(found[1, [HOURS, ONE_SOURCE]]).all()
    assert found[1, ONE_CREDIT] == 1.0


def test_titles_are_compared_with_titles_and_looked_for_in_the_other_article() -> None:
    one = Article(id="a", title="Zeppelin burns at Quillmere", text="Nobody was hurt, they said.")
    other = Article(id="b", title="Airship fire", text="The zeppelin at Quillmere burns no more.")
    (found,) = features(one, other)
    assert found[TITLES] == 0.0
    assert 0.0 <= found[TITLE_FOUND_LEAST] < 0.5


def test_two_articles_alone_are_no_crowd_and_many_with_one_word_are() -> None:
    pair = ["zeppelin harbour tramway beetle", "zeppelin harbour magistrate veterinary"]
    (alone,) = features(*pair)
    crowded = features(*pair, *[f"zeppelin harbour {word}wort" for word in "abcdefgh" * 30])[0]
    assert crowded[CROWD_MEAN] > alone[CROWD_MEAN]
    assert crowded[COSINE] < alone[COSINE]


def test_below_the_least_cosine_nothing_but_the_cosine_is_looked_at() -> None:
    articles = [
        Article(id="a", text="zeppelin harbour tramway beetle"),
        Article(id="b", text="zeppelin magistrate veterinary warehouse"),
    ]
    words, known = compared(*articles), circumstances(2)
    left, right = np.array([[0], [1]], dtype=np.int32)
    (whole,) = pair_features(words, known, left, right)
    (brief,) = pair_features(words, known, left, right, least_cosine=0.99)
    assert brief[COSINE] == whole[COSINE]
    assert not brief[COSINE + 1 :].any()
    assert whole[UNSHARED_MOST] > 0.0
