"""Sentences end where a reader would say so."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.text.sentences import sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It rained. Nobody came!  Why?", ["It rained.", "Nobody came!", "Why?"]),
        ("Headline\nBy A. N. Author\n\nIt rose 3.5 percent.", [
            "Headline", "By A. N. Author", "It rose 3.5 percent.",
        ]),
        ("“It rained.” Mr. Marten left the U.S. Senate.", [
            "“It rained.”", "Mr. Marten left the U.S. Senate.",
        ]),
        ("He said &quot;no.&quot; She left.", ["He said &quot;no.&quot;", "She left."]),
        ("Shares of acme.example rose. 12 fell.", ["Shares of acme.example rose.", "12 fell."]),
        ("Er kam um 3 Uhr ... und ging.", ["Er kam um 3 Uhr ... und ging."]),
        ("地震が発生した。津波の心配はない。", ["地震が発生した。", "津波の心配はない。"]),
        ("Дождь шёл. Никто не пришёл.", ["Дождь шёл.", "Никто не пришёл."]),
        (" \n ", []),
    ],
)  # fmt: skip
def test_a_text_falls_into_the_expected_sentences(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in sentences(text)] == expected


@given(st.text(alphabet="aB. !?。\n\"';&quot\x1c\u2028"))
def test_no_word_is_lost_and_no_sentence_overlaps(text: str) -> None:
    places = sentences(text)
    assert "".join("".join(text[a:b] for a, b in places).split()) == "".join(text.split())
    assert all(a < b for a, b in places)
    assert all(x[1] <= y[0] for x, y in pairwise(places))
