"""The features of a pair: between 0 and 1, the same from both sides, and what they say they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.fingerprint import Signer
from dedupe.models import Article
from dedupe.similarity.pairs import (
    CONTAINMENT,
    COSINE,
    FEATURES,
    NAMES,
    RESEMBLANCE,
    STRONGEST,
    Compared,
    names_and_numbers,
    pair_features,
)
from dedupe.similarity.vectors import document_frequencies, unit_weights

WORDS = st.sampled_from(
    "Harrowby Quillmere the of and tramway veterinary 1887 42 zeppelin harbour said 地震".split()
)
TEXTS = st.lists(WORDS, max_size=60).map(" ".join)


def features(*texts: str) -> np.ndarray:
    """The features of the first text against each other one."""
    signed = Signer().sign([Article(id="x", text=text) for text in texts])
    frequencies = document_frequencies(signed.terms)
    weights = unit_weights(
        signed.term_bounds, signed.tfs, signed.zipfs, frequencies, float(len(texts))
    )
    compared = Compared(
        signed.digests, signed.copy, signed.lengths, signed.term_bounds, signed.terms, weights,
        names_and_numbers(signed.zipfs, signed.kinds),
    )  # fmt: skip
    right = np.arange(1, len(texts), dtype=np.int32)
    both = []
    for left, other in ((np.zeros_like(right), right), (right, np.zeros_like(right))):
        found = np.empty((len(right), FEATURES), dtype=np.float32)
        pair_features(left, other, *compared, found)
        both.append(found)
    assert np.allclose(*both, atol=1e-5)  # a pair has no direction
    return both[0]


@settings(max_examples=200)
@given(TEXTS, TEXTS)
def test_every_feature_lies_between_zero_and_one(one: str, other: str) -> None:
    found = features(one, other)
    assert ((found >= 0.0) & (found <= 1.0)).all()


@given(TEXTS)
def test_a_text_agrees_with_itself_wholly(text: str) -> None:
    found = features(
        f"Oduya visits Quillmere zeppelin works {text}",
        f"Oduya visits Quillmere zeppelin works {text}",
    )[0]
    assert found[[COSINE, NAMES, RESEMBLANCE, CONTAINMENT]].tolist() == pytest.approx(
        [1.0] * 4, abs=1e-5
    )


def test_texts_without_a_word_in_common_agree_in_nothing() -> None:
    found = features(
        "zeppelin harbour tramway beetle", "magistrate veterinary warehouse hydraulic"
    )[0]
    assert found.tolist() == [0.0] * FEATURES


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
    zipfs = np.array([2.0, 3.0, 4.0, 4.0, 4.0, 6.0]) * 32
    kinds = np.array([0, 0, 0, 1, 2, 1], dtype=np.uint8)
    assert names_and_numbers(zipfs.astype(np.uint8), kinds).tolist() == [
        True,
        True,
        False,
        True,
        True,
        False,
    ]
