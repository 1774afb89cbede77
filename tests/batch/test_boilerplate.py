"""A scan learns what a source repeats and ignores it, in whatever order the articles come."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import numpy as np
from numpy.typing import NDArray

from dedupe.batch.collection import Ranked
from dedupe.batch.scan import gather, scan
from dedupe.models import Article
from dedupe.params import ScanParams

WORDS = [f"{a}{b}{c}" for a in ("kor", "tal", "vin", "mes") for b in "aeiou" for c in "bdglnr"]
FOOTER = "Harbour Gazette members keep our lighthouse reporting alive every single foggy morning"
FIXED, LEARNED = ScanParams(boilerplate=False), ScanParams(boilerplate=True)


def articles(footer: str = FOOTER) -> Iterator[Article]:
    """Forty articles of two sources; one ends all of its articles in the same words."""
    random = Random(5)
    for i in range(40):
        lines = [" ".join(random.choices(WORDS, k=30)) + "." for _ in range(3)]
        source = "Harbour Gazette" if i % 2 else "The Lantern"
        end = [footer] if i % 2 and footer else []
        yield Article(id=f"a{i:02}", text="\n".join([*lines, *end]), source=source)


def terms(ranked: Ranked, rank: int) -> NDArray[np.uint32]:
    bounds = ranked.compared.vectors.bounds
    return ranked.compared.vectors.terms[bounds[rank] : bounds[rank + 1]]


def same(one: Ranked, other: Ranked) -> bool:
    """Whether two collections have the same signatures and terms."""
    vectors, others = one.compared.vectors, other.compared.vectors
    return (
        np.array_equal(one.keys[one.order], other.keys[other.order])
        and np.array_equal(one.compared.copy, other.compared.copy)
        and np.array_equal(one.compared.lengths, other.compared.lengths)
        and np.array_equal(vectors.terms, others.terms)
        and np.array_equal(vectors.weights, others.weights)
    )


def test_what_a_source_repeats_leaves_no_trace_in_signatures_and_terms() -> None:
    assert same(gather(articles(), LEARNED), gather(articles(footer=""), LEARNED))
    assert not same(gather(articles(), FIXED), gather(articles(footer=""), FIXED))


def test_an_article_that_is_longer_than_the_lead_keeps_its_copy_signature() -> None:
    long = [
        Article(id=a.id, text=f"{FOOTER}\n{a.text}\n" + f"{a.text}\n" * 9, source="Harbour Gazette")
        for a in articles(footer="")
    ]
    learned, fixed = gather(long, LEARNED), gather(long, FIXED)
    assert np.array_equal(learned.compared.copy, fixed.compared.copy)
    assert len(terms(learned, 0)) <= len(terms(fixed, 0))


def test_the_order_of_the_input_changes_nothing_that_is_learned() -> None:
    given = list(articles())
    first = gather(given, LEARNED)
    expected = {d.id: d for d in scan(given, LEARNED)}
    for seed in range(3):
        Random(seed).shuffle(given)
        assert same(gather(given, LEARNED), first)
        assert {d.id: d for d in scan(given, LEARNED)} == expected


def test_without_a_source_nothing_is_learned() -> None:
    nameless = [Article(id=a.id, text=a.text) for a in articles()]
    assert same(gather(nameless, LEARNED), gather(nameless, FIXED))
