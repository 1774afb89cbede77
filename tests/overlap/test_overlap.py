"""What two texts share and what one has alone, as places in the texts as they were given."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.overlap.names import only_in
from dedupe.overlap.novelty import novelty
from dedupe.overlap.passages import shared_passages
from dedupe.text.tokens import normalise, tokens

A = (
    "HALVERSTON (Reuters) - Engineers lowered the reservoir behind the Corrin Dam by 11 metres."
    " Caf&eacute; owner Maren Oduya said she would stay. Nobody else did."
)
B = (
    "Caf\u00e9 owner Maren Oduya said she would stay, though engineers at the Corrin\u00ad Dam"
    " lowered the level by 3.5 metres."
)
MIXED = st.lists(
    st.sampled_from(
        ["the ", "dam ", "Corrin ", "3.5 ", "caf&eacute; ", "e\u0301te\u0301 ", "地震", "発生",
         "した", "。", "\n", "&amp;", "\u200b", "㍿", "½ "]
    ),
    max_size=40,
).map("".join)  # fmt: skip


def test_a_passage_is_told_as_it_stands_in_either_text() -> None:
    told = [(passage.text_a, passage.text_b) for passage in shared_passages(A, B)]
    assert told == [
        ("the Corrin Dam", "the Corrin\u00ad Dam"),
        ("Caf&eacute; owner Maren Oduya said she would stay",
         "Café owner Maren Oduya said she would stay"),
    ]  # fmt: skip


def test_one_text_in_two_normal_forms_is_one_passage() -> None:
    composed = "Đội cứu hộ đã tìm thấy con tàu mất tích ngoài khơi"
    (passage,) = shared_passages(composed, unicodedata.normalize("NFD", composed))
    assert (passage.a_start, passage.a_end) == (0, len(composed))
    assert passage.b_end == len(unicodedata.normalize("NFD", composed))


@settings(max_examples=300)
@given(MIXED, MIXED)
def test_passages_lie_in_both_texts_and_never_overlap(a: str, b: str) -> None:
    passages = shared_passages(a, b)
    for text, spans, told in (
        (a, [(p.a_start, p.a_end) for p in passages], [p.text_a for p in passages]),
        (b, [(p.b_start, p.b_end) for p in passages], [p.text_b for p in passages]),
    ):
        assert told == [text[start:end] for start, end in spans]
        assert all(0 <= start < end <= len(text) for start, end in spans)
        ordered = sorted(spans)
        assert all(x[1] <= y[0] for x, y in pairwise(ordered))


@settings(max_examples=200)
@given(MIXED)
def test_a_text_adds_nothing_to_itself_and_everything_to_nothing(text: str) -> None:
    assert novelty(text, [text]).score == 0.0
    assert novelty(text, [normalise(text)]).sentences == ()
    assert novelty(text, []).score in (0.0, 1.0)


def test_new_sentences_are_told_with_their_places() -> None:
    added = novelty(A, [B])
    assert [sentence.text for sentence in added.sentences] == ["Nobody else did."]
    assert all(A[s.start : s.end] == s.text for s in added.sentences)
    assert 0.0 < added.score < 0.5
    assert novelty(A, [B, "Nobody else did."]).score < added.score


def test_names_and_numbers_that_one_text_has_alone() -> None:
    alone = only_in(A, set(tokens(B)))
    assert alone.names == ("HALVERSTON", "Reuters")
    assert alone.numbers == ("11",)
    assert only_in(B, set(tokens(A))) == ((), ("3.5",))


def test_words_of_one_name_stay_together_and_common_words_are_no_names() -> None:
    text = "The quarrel began when Maren Oduya-Quist met Halvard. Interestingly, it was calm."
    assert only_in(text, set()).names == ("Maren Oduya-Quist", "Halvard")


def test_a_text_in_capitals_has_only_rare_names() -> None:
    text = "ENGINEERS LOWER WATER BEHIND CORRIN DAM"
    assert only_in(text, set()).names == ("CORRIN",)


def test_fixed_forms_are_no_evidence() -> None:
    form = "The post Ferry burns appeared first on The Lantern Harbour Gazette."
    a = f"Smoke rose &amp; firefighters came to Corrin harbour at noon.\n&copy; {form}\n{form}"
    b = f"A council voted on new bicycle lanes in Vaduz.\n{form}"
    assert shared_passages(a, b) == []
    found = shared_passages(a, f"Firefighters came to Corrin harbour at noon.\n{form}")
    assert [passage.text_a for passage in found] == ["firefighters came to Corrin harbour at noon"]
    assert [s.text for s in novelty(f"Ferry burnt.\n{form}", ["A ferry burnt."]).sentences] == []
