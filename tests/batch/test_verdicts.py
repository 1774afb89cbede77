"""Pairs that are given by ids are judged as the scan judges them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dedupe.batch.collection import Ranked
from dedupe.batch.scan import candidate_pairs, decide_on, gather, scan
from dedupe.batch.verdicts import Verdict, judge_pairs
from dedupe.models import Article, Relation
from dedupe.params import ScanParams
from dedupe.stories.verifiers import learned

MONDAY = datetime(2024, 3, 4, 6, tzinfo=UTC)
PARAMS = ScanParams(workers=1)
FIRST = (
    "Engineers lowered the water behind the cracked Corrin Dam by four metres on Tuesday night,"
    " while 4,200 people from three villages of the Tamsin valley slept in schools and sports"
    " halls. The regional governor, Ilse Marten, said that the crack in the eastern abutment had"
    " stopped growing, but that nobody would go home before divers had examined the foundation."
)
LATER = FIRST + " On Wednesday the divers found a second crack."
FERRY = "A ferry with 244 passengers ran onto a sandbank off Norrholm in thick fog on Friday."
ARTICLES = [
    Article(id="later", text=LATER, source="Kite", published=MONDAY + timedelta(hours=9)),
    Article(id="first", text=FIRST, source="Kite", published=MONDAY),
    Article(id="other", text=FIRST, source="Harbour Post", published=MONDAY + timedelta(hours=2)),
    Article(id="ferry", text=FERRY, source="Kite", published=MONDAY + timedelta(hours=3)),
    Article(id="undated", text=LATER, source="Kite"),
]


@pytest.fixture(scope="module")
def ranked() -> Ranked:
    return gather(ARTICLES, PARAMS)


def judged(ranked: Ranked, *pairs: tuple[str, str]) -> list[Verdict]:
    return judge_pairs(ranked, learned(ranked, PARAMS), pairs)


def test_a_later_version_by_the_same_source_is_an_update_whichever_is_named_first(
    ranked: Ranked,
) -> None:
    one, other = judged(ranked, ("first", "later"), ("later", "first"))
    assert one == other
    assert (one.relation, one.update) == (Relation.COPY, True)


def test_no_update_by_another_source_nor_without_change_or_date(ranked: Ranked) -> None:
    pairs = ("later", "other"), ("first", "other"), ("first", "undated"), ("later", "undated")
    verdicts = judged(ranked, *pairs)
    assert not any(verdict.update for verdict in verdicts)
    exact = verdicts[3]
    assert (exact.relation, exact.score) == (Relation.EXACT, 1.0)
    assert exact.score > judged(ranked, ("first", "ferry"))[0].score


def test_no_pairs_have_no_verdicts_and_unknown_ids_are_refused(ranked: Ranked) -> None:
    assert judged(ranked) == []
    with pytest.raises(KeyError):
        judged(ranked, ("first", "nowhere"))


def test_what_was_read_once_is_decided_on_as_often_as_wanted(ranked: Ranked) -> None:
    verifier = learned(ranked, PARAMS)
    assert decide_on(ranked, PARAMS, verifier) == scan(ARTICLES, PARAMS)
    narrow = ScanParams(workers=1, window_hours=1)
    assert decide_on(ranked, narrow, verifier) == scan(ARTICLES, narrow)
    assert decide_on(ranked, PARAMS, verifier) == scan(ARTICLES, PARAMS)


def test_candidate_pairs_are_by_rank_and_without_exact_copies(ranked: Ranked) -> None:
    pairs = candidate_pairs(ranked, PARAMS, learned(ranked, PARAMS))
    ids = {
        (ranked.entries[one].id, ranked.entries[other].id)
        for one, other in zip(pairs.left, pairs.right, strict=True)
    }
    assert ids == {("first", "later")}
    assert (pairs.left < pairs.right).all()


def test_nothing_gathered_is_nothing_decided() -> None:
    empty = gather([], PARAMS)
    verifier = learned(empty, PARAMS)
    assert decide_on(empty, PARAMS, verifier) == []
    assert len(candidate_pairs(empty, PARAMS, verifier).scores) == 0
