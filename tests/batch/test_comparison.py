"""A comparison judges as a scan does, and shows what it judged by."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dedupe import Article, Level, Relation, ScanParams, UsageError, compare, read_articles, scan
from dedupe.batch.comparison import compare_within
from dedupe.similarity.features import FEATURES

NOON = datetime(2024, 3, 1, 12, tzinfo=UTC)
WIRE = (
    "TAMSIN (Reuters) - Engineers lowered the water behind the cracked Corrin Dam by four metres on"
    " Tuesday night, while 4,200 people from three villages slept in sports halls. The governor,"
    " Halvard Quist, said that nobody would go home before divers had examined the foundation."
)
RETOLD = (
    "Some 4,200 villagers spent the night in sports halls below the Corrin Dam. Reuters reported"
    " that engineers had let out water, and that Governor Halvard Quist wants 26 divers to look at"
    " the foundation first."
)


def article(id: str, text: str = WIRE, **others: Any) -> Article:
    return Article(id=id, text=text, **others)


@pytest.fixture(scope="module")
def stories(examples: Path) -> list[Article]:
    """All invented stories and traps."""
    paths = [str(examples / name) for name in ("stories.jsonl", "traps.jsonl")]
    rejected: list[object] = []
    found = list(read_articles(paths, now=NOON + timedelta(days=999), on_reject=rejected.append))
    assert not rejected
    return found


@pytest.mark.parametrize(
    "params",
    [
        ScanParams(),
        ScanParams(level=Level.REWRITE, threshold=0.3),
        ScanParams(level=Level.COPY, window_hours=5.0),
    ],
    ids=["default", "rewrite", "copy"],
)
def test_the_verdict_is_that_of_a_scan_of_the_two(
    stories: list[Article], params: ScanParams
) -> None:
    near = [pair for d in (1, 2) for pair in zip(stories, stories[d:], strict=False)]
    far = list(combinations(stories, 2))[::97]
    relations = set()
    for a, b in [*near, *far]:
        compared, decisions = compare(a, b, params=params), scan([a, b], params)
        assert [compared.relation] * 2 == [decision.relation for decision in decisions]
        assert compared.update == any(decision.update for decision in decisions)
        if decisions[0].similarity is not None:
            assert round(compared.similarity, 4) == decisions[0].similarity
        relations.add(compared.relation)
    assert {"none", "copy", "exact"} <= relations


def test_the_window_says_how_rare_words_are_as_in_a_scan_of_it(stories: list[Article]) -> None:
    a, b = article("a"), article("b", RETOLD)
    alone, among = compare(a, b), compare(a, b, stories)
    echo = [article(f"echo {n}", f"{RETOLD} Part {n}.") for n in range(300)]
    common = compare(a, b, echo)
    assert (alone.articles, among.articles, common.articles) == (2, len(stories) + 2, 302)
    assert common.score < alone.score
    assert among.score != alone.score
    assert compare(a, b, [a, b]) == alone


def test_the_order_of_the_two_changes_only_the_sides() -> None:
    a = article("a", published=NOON, source="Harbour Post")
    b = article("b", RETOLD, published=NOON + timedelta(hours=3), source="Kite")
    one, other = compare(a, b), compare(b, a)
    assert (one.score, one.rule, one.resemblance) == (other.score, other.rule, other.resemblance)
    assert (one.hours, other.hours) == (3.0, -3.0)
    assert one.a == other.b
    assert len(one.passages) == len(other.passages)


def test_evidence_is_told_of_either_side() -> None:
    compared = compare(
        article("a", title="Dam"), article("b", RETOLD, url="https://kite.example/b")
    )
    assert (compared.relation, compared.rule) == ("rewrite", "one story, and both credit Reuters")
    assert compared.a.credit == compared.b.credit == "Reuters"
    assert (compared.a.source, compared.b.source) == (None, "kite.example")
    assert compared.b.numbers == ("26",)
    assert "TAMSIN" in compared.a.names
    assert any("Halvard Quist" in passage.text_b for passage in compared.passages)
    for passage in compared.passages:
        assert WIRE[passage.a_start : passage.a_end] == passage.text_a
        assert RETOLD[passage.b_start : passage.b_end] == passage.text_b
    assert 0.0 < compared.a.containment < compared.b.containment < 1.0
    weights = [word.weight for word in compared.shared_words]
    assert {"corrin", "halvard", "quist", "4200"} <= {w.word for w in compared.shared_words}
    assert weights == sorted(weights, reverse=True)
    assert sum(weights) <= 1.0
    assert 0.0 < compared.novelty.score < 1.0
    assert compared.hours is None


@pytest.mark.parametrize(
    ("a", "b", "params", "rule"),
    [
        ({}, {}, {}, "the same normalised text"),
        ({}, {"text": f"{WIRE} More follows."}, {}, "most of the shorter text"),
        ({}, {"text": "A ferry ran onto a sandbank off Norrholm in thick fog."}, {}, "below the"),
        ({}, {"text": RETOLD}, {"level": Level.COPY}, "the level asks for copy or closer"),
        ({}, {"text": RETOLD, "title": "Dam: live updates"}, {}, "one is a live blog, which joins"),
        ({"text": "Dam."}, {"text": "Dam closed."}, {"threshold": 1e-9}, "has only 1 informative"),
        (
            {"published": NOON},
            {"published": NOON + timedelta(hours=30)},
            {"window_hours": 24.0},
            "30.0 hours apart, and the window is 24",
        ),
    ],
)
def test_the_rule_that_decided_is_named(
    a: dict[str, Any], b: dict[str, Any], params: dict[str, Any], rule: str
) -> None:
    told = [{"text": WIRE} | fields for fields in (a, b)]
    compared = compare(Article(id="a", **told[0]), Article(id="b", **told[1]),
                       params=ScanParams(**params))  # fmt: skip
    assert rule in compared.rule


def test_an_update_of_one_source_is_said_to_be_one() -> None:
    early = article("a", source="Kite", published=NOON)
    late = article("b", f"{WIRE} More follows.", source="KITE", published=NOON + timedelta(hours=1))
    assert (compare(early, late).relation, compare(early, late).update) == ("copy", True)
    assert not compare(early, msgspec.structs.replace(late, source="Skarra")).update


def test_headlines_and_entries_without_words_can_be_compared() -> None:
    headline = compare(
        Article(id="a", text="", title="Water lowered behind cracked Corrin Dam in the night"),
        article("b"),
    )
    assert headline.a.text.startswith("Water lowered")
    blank = compare(Article(id="a", text="?!"), Article(id="b", text="…"))
    assert (blank.relation, blank.passages, blank.novelty.score) == ("none", (), 0.0)


def test_the_terms_of_the_model_are_passed_on_strongest_first() -> None:
    compared = compare(article("a"), article("b", RETOLD))
    assert {term.name for term in compared.terms} == set(FEATURES)
    effects = [abs(term.effect or 0.0) for term in compared.terms]
    assert effects == sorted(effects, reverse=True)
    assert {t.name: t.value for t in compared.terms}["hours"] is None
    plane = compare(article("a"), article("b", RETOLD), params=ScanParams(verifier="plane"))
    assert plane.terms
    assert all(term.effect is None for term in plane.terms)


def test_all_of_it_goes_into_json_and_back() -> None:
    compared = compare(article("a", published=NOON), article("b", RETOLD))
    data = msgspec.json.encode(compared)
    assert msgspec.json.decode(data, type=type(compared)) == compared
    assert json.loads(data)["relation"] in {relation.label for relation in Relation}


@pytest.mark.parametrize(
    ("call", "error", "reason"),
    [
        (lambda: compare(article("a"), article("a")), ValueError, "ids must be unique"),
        (
            lambda: compare_within([article("a")], "a", "zz"),
            UsageError,
            "no article has the id 'zz'",
        ),
        (lambda: compare_within([], "a", "b"), UsageError, "no article has the id 'a'"),
        (
            lambda: compare(article("a"), article("b"), [article("c"), article("c")]),
            ValueError,
            "'c' belongs to several articles",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(
    call: Callable[[], object], error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        call()


def test_two_rewrites_of_one_report_are_told_as_such(shared_seeds: Path) -> None:
    a, b = (article(name, (shared_seeds / name).read_text("utf-8"))
            for name in ("wire-rewrite-a.txt", "wire-rewrite-b.txt"))  # fmt: skip
    compared = compare(a, b)
    assert (compared.relation, compared.a.credit) == ("rewrite", "Reuters")
    assert len(compared.passages) >= 8
    assert 0.05 < compared.a.containment < 0.5
    assert 0.3 < compared.novelty.score < 0.7
