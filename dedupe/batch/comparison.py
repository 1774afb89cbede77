"""Two articles side by side: what a scan says of them, by which rule, and the evidence for it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain

import numpy as np
import xxhash
from msgspec import Struct

from dedupe.batch.collection import Ranked
from dedupe.batch.ruling import Ruling, ruling
from dedupe.batch.scan import Progress, gather, silent
from dedupe.errors import UsageError
from dedupe.evidence.alignment import containment
from dedupe.models import Article
from dedupe.overlap.names import only_in
from dedupe.overlap.novelty import Novelty, novelty
from dedupe.overlap.passages import SharedPassage, aligned, placed
from dedupe.params import ScanParams
from dedupe.shingles.weighted import INFORMATIVE_ZIPF
from dedupe.shingles.weights import estimated_zipf
from dedupe.similarity.vectors import UNIT
from dedupe.similarity.verifier import Verifier
from dedupe.stories.verifiers import Maker, maker_of
from dedupe.stories.verifiers import watched as shown
from dedupe.text.offsets import locate
from dedupe.text.tokens import tokens


class Side(Struct, frozen=True, kw_only=True):
    """One of the two articles, and what it has alone."""

    id: str
    title: str | None
    text: str  # as given, or the title of an entry that is a headline; passages are places in it
    source: str | None  # as given, else the host of the URL
    published: datetime | None
    credit: str | None  # the agency that it credits, or is
    words: int
    containment: float  # 0 to 1: share of its words that lie in shared passages
    names: tuple[str, ...]  # that the other does not have
    numbers: tuple[str, ...]


class SharedWord(Struct, frozen=True, kw_only=True):
    """A rare word that both leads have."""

    word: str
    weight: float  # its part of the cosine of the story vectors, 0 to 1


class ModelTerm(Struct, frozen=True, kw_only=True):
    """A feature that the verifier's model looked at."""

    name: str
    value: float | None  # None where it is not known
    effect: float | None  # on the log-odds of one story; None where the verifier cannot tell


class Comparison(Struct, frozen=True, kw_only=True):
    """What is known about two articles, `a` and `b`."""

    relation: str  # exact, copy, rewrite, story or none: as a scan of the two alone says it
    rule: str  # that decided so, in plain words
    score: float  # 0 to 1, how surely they tell the same story
    threshold: float  # the score from which they do
    similarity: float  # 0 to 1, as a decision gives it
    resemblance: float  # 0 to 1, estimated Jaccard similarity of the word 5-grams
    update: bool  # one is a newer version of the other, by the same source
    hours: float | None  # from a to b, below 0 where b was published before; None without dates
    a: Side
    b: Side
    passages: tuple[SharedPassage, ...]  # in the order of a
    shared_words: tuple[SharedWord, ...]  # heaviest first
    terms: tuple[ModelTerm, ...]  # of the model, strongest effect first; none without a model
    novelty: Novelty  # of b against a
    articles: int  # in the window that says how rare words are, the two among them


def compare(
    a: Article,
    b: Article,
    window: Iterable[Article] = (),
    params: ScanParams | None = None,
    verifier: Maker | None = None,
) -> Comparison:
    """Compare two articles as a scan would judge them, and show the evidence.

    `window` are the articles around them: they say how rare a word is; articles with the ids of
    the two are passed over. Without any, the language alone says it. Raises ValueError where the
    two have one id, or two articles of the window do.
    """
    if a.id == b.id:
        raise ValueError(f"both articles have the id {a.id!r}; ids must be unique")
    others = (article for article in window if article.id not in (a.id, b.id))
    return compare_within(chain((a, b), others), a.id, b.id, params, verifier=verifier)


def compare_within(
    articles: Iterable[Article],
    id_a: str,
    id_b: str,
    params: ScanParams | None = None,
    progress: Progress = silent,
    verifier: Maker | None = None,
) -> Comparison:
    """Compare two of the `articles`, which are read as a stream, given their ids.

    Raises UsageError where no article has such an id, ValueError where several have.
    """
    params = params or ScanParams()
    pair: dict[str, Article] = {}

    def watched() -> Iterator[Article]:
        for article in articles:
            if article.id in (id_a, id_b):
                pair[article.id] = article
            yield article

    maker = maker_of(params, verifier)
    ranked = gather(shown(watched(), maker), params, progress)
    for wanted in (id_a, id_b):
        if wanted not in pair:
            raise UsageError(f"no article has the id {wanted!r}")
    places = {entry.id: rank for rank, entry in enumerate(ranked.entries) if entry.id in pair}
    judge = maker(ranked, params)
    judged = ruling(ranked, places[id_a], places[id_b], judge, params)
    return _comparison(pair[id_a], pair[id_b], ranked, places, judge, judged)


def _comparison(
    a: Article,
    b: Article,
    ranked: Ranked,
    places: dict[str, int],
    verifier: Verifier,
    judged: Ruling,
) -> Comparison:
    found_a, found_b = locate(_told(a)), locate(_told(b))
    passages = aligned(_told(a), _told(b), found_a, found_b)
    inside = containment(passages, len(found_a.tokens), len(found_b.tokens))
    i, j = places[a.id], places[b.id]
    return Comparison(
        relation=judged.relation.label,
        rule=judged.rule,
        score=judged.score,
        threshold=verifier.threshold,
        similarity=judged.similarity,
        resemblance=judged.resemblance,
        update=judged.update,
        hours=judged.hours,
        a=_side(a, b, len(found_a.tokens), inside[0], ranked, i),
        b=_side(b, a, len(found_b.tokens), inside[1], ranked, j),
        passages=tuple(placed(_told(a), _told(b), found_a, found_b, passages)),
        shared_words=tuple(_shared_words(a, ranked, i, j)),
        terms=tuple(_terms(verifier, i, j)),
        novelty=novelty(_told(b), [_told(a)]),
        articles=len(ranked.entries),
    )


def _told(article: Article) -> str:
    return article.text or article.title or ""


def _side(
    article: Article, other: Article, words: int, inside: float, ranked: Ranked, rank: int
) -> Side:
    entry = ranked.entries[rank]
    alone = only_in(_told(article), {*tokens(other.title or ""), *tokens(other.text)})
    return Side(
        id=article.id,
        title=article.title,
        text=_told(article),
        source=entry.source,
        published=article.published,
        credit=entry.agency,
        words=words,
        containment=inside,
        names=alone.names,
        numbers=alone.numbers,
    )


def _shared_words(a: Article, ranked: Ranked, i: int, j: int) -> list[SharedWord]:
    """The rare words of both story vectors. These have only hashes: the text has the words."""
    bounds, terms, weights, *_ = ranked.compared.vectors
    mine, yours = (slice(bounds[rank], bounds[rank + 1]) for rank in (i, j))
    _, at, there = np.intersect1d(
        terms[mine], terms[yours], assume_unique=True, return_indices=True
    )
    products = weights[mine][at] / UNIT * (weights[yours][there] / UNIT)
    shared = dict(zip(terms[mine][at].tolist(), products.tolist(), strict=True))
    words = {}
    for token in dict.fromkeys(chain(tokens(a.title or ""), tokens(a.text))):
        weight = shared.get(xxhash.xxh32_intdigest(token.encode()))
        if weight and estimated_zipf(token) < INFORMATIVE_ZIPF:
            words[token] = weight
    heaviest = sorted(words.items(), key=lambda word: (-word[1], word[0]))
    return [SharedWord(word=word, weight=weight) for word, weight in heaviest]


def _terms(verifier: Verifier, i: int, j: int) -> list[ModelTerm]:
    """What the verifier looked at."""
    return [
        ModelTerm(
            name=term.name,
            value=None if math.isnan(term.value) else term.value,
            effect=None if math.isnan(term.effect) else term.effect,
        )
        for term in verifier.explain(min(i, j), max(i, j))
    ]
