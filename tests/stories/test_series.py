"""Series and templates show in what one outlet repeats, and in nothing less."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.batch.collection import Collection, Ranked
from dedupe.batch.scan import scan
from dedupe.fingerprint import Signer
from dedupe.models import Article, Decision, Kind
from dedupe.params import ScanParams
from dedupe.shingles.skeletons import SKELETONS
from dedupe.stories.series import Series, find_series

MONDAY = datetime(2024, 3, 4, 6, tzinfo=UTC)
DAYS = "Monday Tuesday Wednesday Thursday Friday".split()
BODIES = [
    "A gardener would have one at hand, and no letter comes twice. The answer is spade.",
    "You may find it on a beach. It floats, though it is a stone. The answer is pumice.",
    "A choir does it when the conductor frowns. One vowel only. The answer is screech.",
    "Sailors tie it, and carpenters curse it. Silent at the start. The answer is knot.",
    "It opens in spring and closes a coat. Two syllables. The answer is button.",
]
PLACES = ["Harrowby", "Quillmere", "Tantallow", "Penhallow", "Zennorick"]


def entry(i: int, title: str, text: str, days: float | None, source: str | None) -> Article:
    published = None if days is None else MONDAY + timedelta(days=days)
    return Article(id=f"a{i}", title=title, text=text, published=published, source=source)


def puzzles(
    count: int, days: float | None = 1.0, source: str | None = "Kite Post"
) -> list[Article]:
    return [
        entry(
            i, f"Letterlock hints for {DAYS[i]}, March {4 + i} (game {611 + i})", BODIES[i],
            None if days is None else i * days, source,
        )
        for i in range(count)
    ]  # fmt: skip


def notices(count: int, text: str = "") -> list[Article]:
    return [
        entry(
            i, f"{PLACES[i]} notice {'abcde'[i]}",
            f"The {PLACES[i]} Waterworks said that its board had declared a quarterly dividend of "
            f"{12 + i} crowns, payable in {DAYS[i]} markets. {text}",
            0.0, "Kite Post",
        )
        for i in range(count)
    ]  # fmt: skip


def ranked(articles: list[Article]) -> Ranked:
    params = ScanParams().signature
    collection = Collection(params)
    collection.note(articles)
    collection.keep(Signer(params).sign(articles))
    return collection.ranked()


def kinds(articles: list[Article]) -> dict[str, Kind]:
    found = ranked(articles)
    return {
        e.id: Kind(k)
        for e, k in zip(found.entries, found.circumstances.kinds.tolist(), strict=True)
    }


def test_one_title_with_other_numbers_on_three_days_is_a_series() -> None:
    assert set(kinds(puzzles(3)).values()) == {Kind.SERIES}
    assert set(kinds(puzzles(5)).values()) == {Kind.SERIES}


@pytest.mark.parametrize(
    "articles",
    [
        puzzles(2),
        puzzles(5, days=0.1),  # a day of updates
        puzzles(4, source=None),  # nobody knows whose
        [entry(i, "Bridge closed", BODIES[0], i, "Kite Post") for i in range(5)],  # copies
        [entry(i, "Bridge closed", BODIES[i], i % 3, "Kite Post") for i in range(5)],  # updates
        [entry(i, f"Bridge closed {i}", BODIES[i], i, f"Kite {i}") for i in range(5)],
        [entry(i, f"{i} {i}", BODIES[i], i, "Kite Post") for i in range(5)],  # no words
    ],
)
def test_less_than_that_is_none(articles: list[Article]) -> None:
    assert set(kinds(articles).values()) == {Kind.ARTICLE}


def test_a_series_needs_no_dates_where_its_titles_change() -> None:
    assert set(kinds(puzzles(4, days=None)).values()) == {Kind.SERIES}


def test_an_unchanged_title_on_four_days_is_a_series() -> None:
    weather = [entry(i, "Weather outlook", BODIES[i], i, "Kite Post") for i in range(4)]
    assert set(kinds(weather).values()) == {Kind.SERIES}


def test_one_wording_with_other_names_is_a_template() -> None:
    assert set(kinds(notices(4)).values()) == {Kind.TEMPLATE}
    assert set(kinds(notices(3)).values()) == {Kind.ARTICLE}


def test_a_preface_that_is_repeated_word_for_word_makes_no_template() -> None:
    preface = (
        "Editor's note: this report was first published by the Lantern Reporting Fund, which "
        "pays for local news in five small counties and asks its readers for gifts. "
    )
    articles = [
        entry(i, f"{PLACES[i]} story {'abcde'[i]}", preface + BODIES[i], i, "Kite Post")
        for i in range(5)
    ]
    assert set(kinds(articles).values()) == {Kind.ARTICLE}


def test_what_is_recognised_by_its_form_stays_that() -> None:
    briefings = [
        entry(i, f"Morning briefing, {DAYS[i]}", BODIES[i], i, "Kite Post") for i in range(4)
    ]
    found = ranked(briefings)
    assert found.circumstances.kinds.tolist() == [Kind.ROUNDUP] * 4
    assert len(set(found.circumstances.series.tolist())) == 1
    assert (found.circumstances.series >= 0).all()


def by_id(articles: list[Article]) -> dict[str, Decision]:
    return {d.id: d for d in scan(articles, ScanParams(workers=1))}


def test_entries_of_a_series_are_stories_of_their_own() -> None:
    same = [
        entry(i, f"Letterlock hints for {DAYS[i]} (game {611 + i})",
              "Stuck on the Letterlock of the day? We have hints, the answer, and all that you "
              "need to keep your streak of guesses alive.", i, "Kite Post")
        for i in range(5)
    ]  # fmt: skip
    found = by_id(same)
    assert {d.cluster_size for d in found.values()} == {1}
    assert {d.kind for d in found.values()} == {"series"}


def test_a_correction_of_an_entry_of_a_template_joins_it() -> None:
    first = notices(4, "Shareholders of record at the end of the month are paid in full.")
    later = Article(
        id="later", title="CORRECTED: " + str(first[1].title), source="Kite Post",
        text=first[1].text.replace("13 crowns", "14 crowns"), published=MONDAY,
    )  # fmt: skip
    found = by_id([*first, later])
    assert found["later"].cluster_id == found["a1"].cluster_id
    assert len({found[f"a{i}"].cluster_id for i in range(4)}) == 4


ROWS = st.lists(
    st.tuples(
        st.lists(st.integers(0, 3), min_size=SKELETONS, max_size=SKELETONS),
        st.integers(0, 6),
        st.integers(-1, 1),
        st.none() | st.integers(0, 5),
    ),
    max_size=40,
)


def series_of(rows: list[tuple[list[int], int, int, int | None]]) -> Series:
    return find_series(
        np.array([r[0] for r in rows], dtype=np.uint32).reshape(-1, SKELETONS),
        np.array([r[1] for r in rows], dtype=np.uint64),
        np.array([r[2] for r in rows], dtype=np.int32),
        np.array([np.nan if r[3] is None else r[3] for r in rows], dtype=np.float64),
    )


@settings(max_examples=200)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_the_entries_decides_nothing(
    rows: list[tuple[list[int], int, int, int | None]], random: object
) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)  # type: ignore[attr-defined]
    plain, shuffled = series_of(rows), series_of([rows[i] for i in order])
    assert plain.kinds[order].tolist() == shuffled.kinds.tolist()

    def partition(numbers: np.ndarray, names: list[int]) -> set[frozenset[int]]:
        return {
            frozenset(names[i] for i in np.flatnonzero(numbers == number))
            for number in set(numbers.tolist()) - {-1}
        }

    assert partition(plain.numbers, list(range(len(rows)))) == partition(shuffled.numbers, order)


@given(ROWS)
def test_a_kind_and_a_number_go_together(
    rows: list[tuple[list[int], int, int, int | None]],
) -> None:
    found = series_of(rows)
    assert ((found.kinds != Kind.ARTICLE) == (found.numbers >= 0)).all()
    assert all(rows[i][2] >= 0 for i in np.flatnonzero(found.numbers >= 0))
