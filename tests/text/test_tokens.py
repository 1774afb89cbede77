"""Tokens are what a reader would call words, in any script."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.text.characters import characters
from dedupe.text.normalise import TextBuffer
from dedupe.text.tokens import BYTES_PER_CHAR, CAPITAL, NUMBER, PAIR, tokenise, tokens

# Few characters, of every class, so that every meeting of two classes comes up often.
MIXED = st.text(alphabet="aZß7٣.,- \u0301\u200b中文か한ก𠀀é", max_size=40)


def with_kinds(text: str) -> list[tuple[str, int]]:
    chars, _ = TextBuffer().lay_out([text])
    table = characters()
    out = np.empty(len(chars) * BYTES_PER_CHAR + BYTES_PER_CHAR, dtype=np.uint8)
    bounds = np.empty((len(chars) + 1, 2), dtype=np.int32)
    kinds = np.empty(len(chars) + 1, dtype=np.uint8)
    cuts = np.empty((0, 2), dtype=np.int64)
    _, n, _ = tokenise(
        chars, 0, len(chars), table.classes, table.folds, out, 0, bounds, kinds, 0, cuts
    )
    words = [out[a:b].tobytes().decode() for a, b in bounds[:n].tolist()]
    return list(zip(words, kinds[:n].tolist(), strict=True))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The U.N. said", ["the", "u", "n", "said"]),
        ("state-of-the-art", ["state", "of", "the", "art"]),
        ("rose 3.5% to 1,250.75", ["rose", "35", "to", "125075"]),
        ("in 2023, 5 died.", ["in", "2023", "5", "died"]),
        ("v2.x 2.", ["v2", "x", "2"]),
        ("3..5 3,.5", ["3", "5", "3", "5"]),
        ("1.\u200b000", ["1000"]),
        ("G7", ["g7"]),
        ("l'été", ["l", "été"]),
        ("हिन्दी", ["हिन्दी"]),
        ("٣٫٥ ملايين", ["٣", "٥", "ملايين"]),
        ("Привет, мир", ["привет", "мир"]),
        ("地震発生", ["地震", "震発", "発生"]),
        ("雨", ["雨"]),
        ("雨。雪", ["雨", "雪"]),
        ("2人", ["2", "人"]),
        ("한국 경제", ["한국", "경제"]),
        ("iPhone发布会", ["iphone", "发布", "布会"]),
        ("𠀀𠀁", ["𠀀𠀁"]),
        ("👍 ok", ["ok"]),
    ],
)
def test_a_text_falls_into_the_expected_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_every_token_knows_what_it_is_made_of() -> None:
    assert with_kinds("Oslo paid 12 euros in B7 地震 雨") == [
        ("oslo", CAPITAL), ("paid", 0), ("12", NUMBER), ("euros", 0), ("in", 0),
        ("b7", CAPITAL | NUMBER), ("地震", PAIR), ("雨", PAIR),
    ]  # fmt: skip


@settings(max_examples=400)
@given(MIXED, MIXED)
def test_two_texts_apart_have_the_tokens_of_both(one: str, other: str) -> None:
    assert tokens(f"{one} | {other}") == tokens(one) + tokens(other)


@settings(max_examples=300)
@given(MIXED)
def test_capitals_decide_nothing_but_the_mark(text: str) -> None:
    assert tokens(text.lower()) == tokens(text)


@settings(max_examples=300)
@given(MIXED)
def test_the_tokens_fit_the_room_that_the_caller_is_told_to_make(text: str) -> None:
    found = with_kinds(text)
    assert len(found) <= len(text)
    written = sum(len(word.encode()) + 1 for word, _ in found)
    chars, _ = TextBuffer().lay_out([text])
    assert written <= len(chars) * BYTES_PER_CHAR


def test_a_run_of_pairs_of_the_widest_characters_fits_its_room() -> None:
    assert len(tokens("𠀀" * 10_000)) == 9_999
