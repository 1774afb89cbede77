"""What a scan promises whatever it is given."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.batch.scan import scan
from dedupe.feeds import read_articles
from dedupe.models import Article, Decision
from dedupe.params import ScanParams
from dedupe.text.tokens import normalise

MONDAY = datetime(2024, 3, 4, 6, tzinfo=UTC)
ONE_THREAD = ScanParams(workers=1)
PLACES = ["Harrowby", "Quillmere", "Tantallow", "Ostrava", "Penhallow", "Zennorick"]
EVENTS = [
    "a warehouse fire destroyed nineteen delivery vans and injured two night watchmen",
    "the council approved a tramway extension costing eighty million pounds over objections",
    "a veterinary surgeon discovered an unknown beetle species inside shipments of bananas",
    "engineers reopened the swing bridge after replacing corroded hydraulic pistons",
]
# Small invented reports that resemble each other in every combination of place and event.
REPORTS = st.builds(
    lambda place, event, tail, upper: (lambda text: text.upper() if upper else text)(
        f"Officials in {place} said on Monday that {event}. {tail} "
        f"Residents of {place} were told to expect delays."
    ),
    st.sampled_from(PLACES),
    st.sampled_from(EVENTS),
    st.sampled_from(
        [
            "",
            "An inquiry under magistrate Oduya begins in April.",
            "Schools stay closed until Thursday.",
        ]
    ),
    st.booleans(),
)
STUBS = st.sampled_from(["", "…", "Minister resigns", "minister RESIGNS!", "More to follow", "12"])
DATES = st.none() | st.integers(0, 400).map(lambda hours: MONDAY + timedelta(hours=hours))
COLLECTIONS = st.lists(
    st.tuples(
        REPORTS | STUBS, DATES, st.sampled_from([None, "The Lantern", "Kite Post", "Reuters"])
    ),
    max_size=14,
).map(
    lambda rows: [
        Article(id=f"a{i}", text=text, published=published, source=source)
        for i, (text, published, source) in enumerate(rows)
    ]
)


@pytest.fixture(scope="module")
def invented(examples: Path) -> list[Article]:
    return list(
        read_articles([str(examples)], now=datetime(2030, 1, 1, tzinfo=UTC), on_reject=print)
    )


def by_id(decisions: list[Decision]) -> dict[str, Decision]:
    return {decision.id: decision for decision in decisions}


def stories(decisions: list[Decision]) -> dict[str, list[Decision]]:
    found = defaultdict(list)
    for decision in decisions:
        found[decision.cluster_id].append(decision)
    return found


@settings(max_examples=80)
@given(COLLECTIONS, st.data())
def test_the_order_of_the_input_decides_nothing(
    articles: list[Article], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(articles))
    assert by_id(scan(shuffled, ONE_THREAD)) == by_id(scan(articles, ONE_THREAD))


@settings(max_examples=12)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_examples_decides_nothing(invented: list[Article], random: object) -> None:
    shuffled = list(invented)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert by_id(scan(shuffled)) == by_id(scan(invented))


def test_the_number_of_threads_decides_nothing(invented: list[Article]) -> None:
    alone = scan(invented, ONE_THREAD)
    assert scan(invented, ScanParams(workers=2)) == scan(invented, ScanParams(workers=7)) == alone


def test_batches_of_any_size_give_the_same_stories(invented: list[Article]) -> None:
    filler = [
        Article(id=f"f{i}", text=f"Filler number {i} of a long archive.") for i in range(1500)
    ]
    spread = [
        article
        for i, article in enumerate(invented)
        for article in (*filler[i * 15 : i * 15 + 15], article)
    ]
    packed = filler[: 15 * len(invented)] + invented
    assert by_id(scan(spread)) == by_id(scan(packed))


@settings(max_examples=80)
@given(COLLECTIONS)
def test_decisions_agree_with_each_other(articles: list[Article]) -> None:
    decisions = scan(iter(articles), ONE_THREAD)
    assert [decision.id for decision in decisions] == [article.id for article in articles]
    known = by_id(decisions)
    for members in stories(decisions).values():
        ids = {decision.id for decision in members}
        shared = {
            (d.canonical_id, d.canonical_reason, d.credit, d.credit_count, d.cluster_size)
            for d in members
        }
        assert len(shared) == 1
        assert members[0].canonical_id in ids
        assert members[0].cluster_size == len(members)
        assert [d.id for d in members if d.is_canonical] == [members[0].canonical_id]
        for decision in members:
            if len(members) == 1:
                alone = (
                    decision.nearest_id,
                    decision.similarity,
                    decision.relation,
                    decision.update,
                )
                assert alone == (None, None, "none", False)
            else:
                assert decision.nearest_id in ids - {decision.id}
                assert 0.0 <= decision.similarity <= 1.0
                assert decision.relation in ("exact", "copy", "rewrite", "story")
                assert known[decision.nearest_id].cluster_id == decision.cluster_id


@settings(max_examples=80)
@given(COLLECTIONS)
def test_exact_is_symmetric_and_transitive(articles: list[Article]) -> None:
    undated = [Article(id=a.id, text=a.text, source=a.source) for a in articles]
    decisions = by_id(scan(undated, ONE_THREAD))
    forms = {article.id: normalise(article.text) for article in articles}
    count = Counter(forms.values())
    for id, form in forms.items():
        if form:
            assert (decisions[id].relation == "exact") == (count[form] > 1)
            assert {
                decisions[other].cluster_id for other, same in forms.items() if same == form
            } == {decisions[id].cluster_id}


@settings(max_examples=80)
@given(COLLECTIONS, st.sampled_from([1.0, 24.0, 168.0]))
def test_no_story_spans_more_than_the_window(articles: list[Article], window: float) -> None:
    published = {article.id: article.published for article in articles}
    for members in stories(scan(articles, ScanParams(workers=1, window_hours=window))).values():
        dates = [published[d.id] for d in members if published[d.id] is not None]
        assert not dates or max(dates) - min(dates) <= timedelta(hours=window)


FIRE = f"Officials in Harrowby said on Monday that {EVENTS[0]}. Magistrate Oduya opened an inquiry."


def report(id: str, hours: float | None, text: str = FIRE, **fields: str) -> Article:
    published = None if hours is None else MONDAY + timedelta(hours=hours)
    return Article(id=id, text=text, published=published, **fields)


@pytest.mark.parametrize("hours", [168.5, 24.0 * 365])
def test_even_exact_copies_further_apart_than_the_window_are_two_stories(hours: float) -> None:
    decisions = scan([report("a", 0), report("b", hours)])
    assert len(stories(decisions)) == 2
    assert len(stories(scan([report("a", 0), report("b", 168)]))) == 1
    assert len(stories(scan([report("a", 0), report("b", None)]))) == 1


def test_an_exact_copy_is_exact_whatever_it_is_dressed_in() -> None:
    plain = report("a", 0)
    dressed = report(
        "b", 1, "<" + plain.text.upper().replace(" ", " \u200b&nbsp;").replace(".", " …") + ">"
    )
    decisions = scan([plain, dressed])
    assert [d.relation for d in decisions] == ["exact", "exact"]
    assert [d.similarity for d in decisions] == [1.0, 1.0]


def test_an_empty_input_gives_no_decisions() -> None:
    assert scan([]) == []


@pytest.mark.parametrize(
    "text", ["Minister resigns", "Zeppelin lands", "Live: Oduya Harrowby tramway"]
)
def test_a_stub_matches_only_by_exact_content(text: str) -> None:
    same = scan([Article(id="a", text=text), Article(id="b", text=text.upper() + "!")])
    assert [d.relation for d in same] == ["exact", "exact"]
    other = scan([Article(id="a", text=text), Article(id="b", text=text + " again")])
    assert [d.relation for d in other] == ["none", "none"]


@pytest.mark.parametrize("text", ["", " ", "…", "\u200b", "\ud800"])
def test_articles_without_words_are_not_copies_of_each_other(text: str) -> None:
    decisions = scan([Article(id=id, text=text) for id in "abc"])
    assert [(d.relation, d.cluster_size) for d in decisions] == [("none", 1)] * 3


def test_a_crowd_of_copies_does_not_hide_a_rewrite() -> None:
    copies = [report(f"copy{i}", i / 10) for i in range(200)]
    rewrite = report(
        "rewrite",
        30,
        "Nineteen delivery vans burned and two night watchmen were hurt in a blaze at a Harrowby "
        "warehouse; an inquiry led by magistrate Oduya has opened.",
    )
    decisions = by_id(scan([*copies, rewrite]))
    assert decisions["rewrite"].cluster_size == 201
    assert decisions["rewrite"].relation != "exact"


def test_an_update_is_a_later_version_by_the_same_source() -> None:
    first = report("first", 0, source="The Lantern")
    longer = first.text + " A third watchman was found unharmed."
    decisions = by_id(
        scan(
            [
                first,
                report("later", 2, longer, source="the lantern"),
                report("other", 3, longer + " Oh.", source="Kite"),
            ]
        )
    )
    assert {id: d.update for id, d in decisions.items()} == {
        "first": False,
        "later": True,
        "other": False,
    }


def test_the_sources_the_user_ranks_first_win_where_nothing_else_decides() -> None:
    copies = [
        report(id, 0, source=source) for id, source in (("a", "Kite Post"), ("b", "The Lantern"))
    ]
    elected = scan(copies, ScanParams(sources=("the lantern", "Kite Post")))[0]
    assert (elected.canonical_id, elected.canonical_reason) == (
        "b", "its source stands highest in the list of sources",
    )  # fmt: skip


def test_the_page_that_others_name_as_their_original_is_canonical() -> None:
    original = report("late", 5, url="https://www.example.com/fire?utm_source=feed")
    copies = [
        report(
            id,
            0,
            html='<link rel="canonical" href="https://example.com/fire">',
            url=f"https://example.org/{id}",
        )
        for id in ("early", "earlier")
    ]
    elected = scan([*copies, original])[0]
    assert (elected.canonical_id, elected.canonical_reason) == (
        "late",
        "other versions name it as their original",
    )


def test_a_cluster_keeps_its_name_while_others_come_and_go() -> None:
    copies = [report(f"copy{i}", i) for i in range(6)]
    names = {scan([copies[k] for k in range(6) if k != gone])[0].cluster_id for gone in range(6)}
    assert len(names) <= 2  # another name only when the member it is named after leaves


def test_progress_is_told_and_ends_at_the_whole() -> None:
    told: list[tuple[str, int, int]] = []
    scan([report(f"a{i}", i) for i in range(5)], ONE_THREAD, lambda *step: told.append(step))
    assert ("reading", 5, 0) in told
    assert told[-1][0] == "clustering" or ("comparing", 5, 5) in told
