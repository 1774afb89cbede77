"""What a form leaves in place when numbers, dates and names are gone."""

from __future__ import annotations

import pytest

from dedupe.fingerprint import Signer
from dedupe.models import Article
from dedupe.shingles.skeletons import NONE, OPENING, SERIES, TEMPLATE, TITLE, WORDING


def skeletons(title: str, text: str = "") -> list[int]:
    return Signer().sign([Article(id="a", title=title, text=text)]).skeletons[0].tolist()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Letterlock hints for Monday, March 4", "Letterlock hints for Tuesday, April 15"),
        ("Kurs euro 31 marca poniżej 4,7 zł", "Kurs euro 2 kwietnia poniżej 12 zł"),
        ("Horoskop für Freitag, 3. Mai", "Horoskop für Samstag, 4. Mai"),
        ("Курс валют на 6 марта", "Курс валют на 7 апреля"),
        ("Rainfall: 1 031,44 in the valley", "Rainfall: 12 in the valley"),
    ],
)
def test_other_numbers_and_dates_leave_the_series(one: str, other: str) -> None:
    assert skeletons(one)[SERIES] == skeletons(other)[SERIES] != NONE
    assert skeletons(one)[TITLE] != skeletons(other)[TITLE]


def test_other_names_leave_the_template_and_not_the_series() -> None:
    one = skeletons("Oduya Mills Harrowby said to cut 40 jobs at its only plant")
    other = skeletons("Tantallow said to cut 1,200 jobs at its only plant")
    assert one[TEMPLATE] == other[TEMPLATE] != NONE
    assert one[SERIES] != other[SERIES]


def test_a_title_that_is_nearly_all_names_is_no_template() -> None:
    assert skeletons("Oduya Visits Harrowby, Quillmere And Penhallow")[TEMPLATE] == NONE
    assert skeletons("12:30 Monday")[SERIES] == NONE


def test_the_opening_is_a_template_of_the_text() -> None:
    texts = [
        f"The {name} Waterworks said that its board had declared a quarterly dividend of {n} crowns"
        for name, n in (("Harrowby", 12), ("Quillmere Old Town", 15))
    ]
    one, other = (skeletons("Notice", text) for text in texts)
    assert one[OPENING] == other[OPENING] != NONE
    assert one[WORDING] != other[WORDING]


def test_a_long_text_is_no_form_however_it_begins() -> None:
    text = "The board of the waterworks had declared a quarterly dividend of 12 crowns. "
    assert skeletons("Notice", text * 5)[OPENING] != NONE
    assert skeletons("Notice", text * 50)[OPENING] == NONE


def test_an_address_is_no_wording() -> None:
    text = "Article address https://example.com/a/b comments and points and more of the same kind"
    assert skeletons("Title", text)[OPENING] == NONE


def test_an_entry_without_words_has_no_skeleton() -> None:
    assert skeletons("", "") == [NONE] * 5
