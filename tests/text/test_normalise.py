"""The normal form: what two texts share when a reader would call them the same."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dedupe.text.characters import (
    BIGRAM,
    COVERED,
    DIGIT,
    IGNORED,
    LETTER,
    NUMBER_SEPARATOR,
    SEPARATOR,
    characters,
)
from dedupe.text.normalise import TextBuffer, decode, settle
from dedupe.text.tokens import normalise, tokens

# What real pages and hostile ones are full of, beside any character at all, lone surrogates too.
AWKWARD = [
    "&amp;", "&amp;amp;", "&lt;", "&#38;", "&#x26;", "&#xFF06;", "&nbsp;", "&shy;",
    "&", "＆", "﹠", "#", ";", "\xad",
    "\u200b", "\u200d", "\ufeff", "\u0640", "\ufe0f", "\U000e0041", "\U000f0000",
    "\u0301", "\u030c", "\u0308", "\u0323", "\u0342", "\u0345", "\u0331", "\u3099", "\u309a",
    "\u0e38", "\u0e48", "J", "H", "W", "ß", "ẞ", "İ", "ı", "Ω", "Ϋ", "ς", "ﬁ", "Ǆ", "é", "e\u0301",
    "1", "２", "٣", ".", ",", "．", "，", "½", "①", " ", "\n", "\u3000",
    "中", "文", "か", "゛", "ｶ", "ﾞ", "한", "ᄒ", "ᅡ", "ᆫ", "ไ", "𠀀", "\ud800", "\udfff", "\x00",
]  # fmt: skip
ANY_CHARACTER = st.characters(exclude_categories=())
TEXTS = st.lists(st.sampled_from(AWKWARD) | ANY_CHARACTER, max_size=24).map("".join)


@settings(max_examples=600)
@given(TEXTS)
@example("J\u030c")  # ǰ has no capital to compose to
@example("ß\u0301")
@example("a\U000f0000\u0301")
@example("&#xFF06;#xFF06;#xFF06;#xFF06;#xFF06;amp;")
@example("中文 文字")
@example("中 中文 文")
def test_normalisation_is_idempotent_and_keeps_the_tokens(text: str) -> None:
    form = normalise(text)
    assert normalise(form) == form
    assert tokens(form) == tokens(text)


@settings(max_examples=300)
@given(TEXTS)
def test_a_normal_form_is_words_in_lower_case_with_one_space_between(text: str) -> None:
    form = normalise(text)
    assert "  " not in form
    assert form == form.strip()
    assert all(token and " " not in token for token in tokens(text))
    assert not any("A" <= char <= "Z" or char in "&\xad\u200b\u0640" for char in form)


@settings(max_examples=300)
@given(TEXTS)
@example("1．2é")
def test_the_form_in_which_unicode_is_stored_does_not_matter(text: str) -> None:
    assert normalise(unicodedata.normalize("NFC", text)) == normalise(
        unicodedata.normalize("NFD", text)
    )


def test_no_letter_with_any_mark_is_normalised_twice() -> None:
    marks = [chr(c) for c in range(0x300, 0x346)]
    letters = [chr(c) for c in range(0x20000) if unicodedata.category(chr(c)) in ("Lu", "Ll", "Lt")]
    text = " ".join(letter + mark for letter in letters for mark in marks)
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Café prices", "CAFE\u0301 PRICES"),  # composed, decomposed
        ("ﬁnal oﬀer", "final offer"),  # ligatures
        ("ＧＤＰ １２３", "gdp 123"),  # full width
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&T"),  # escaped twice by a feed
        ("M&uuml;ller &#8211; Stra&szlig;e", "Müller – Straße"),
        ("Straße", "STRASSE"),
        ("STRAẞE", "strasse"),
        ("İstanbul", "istanbul"),
        ("co\xadop\xader\xadate", "cooperate"),  # soft hyphens
        ("co\u200bope\u200crate\ufeff", "cooperate"),  # zero width
        ("1,000", "1.000"),
        ("1,234,567", "1234567"),
        ("１．５", "1．5"),
        ("“Done,” he said…", '"Done", he said ...'),
        ("a\tb\r\n\r\nc", "a b c"),
        ("\u202eright\u202c to left\u200f", "right to left"),
        ("مـــرحبا", "مرحبا"),  # tatweel
        ("ｶﾞｽ会社", "ガス会社"),  # half-width katakana
        ("\u1112\u1161\u11ab\u1100\u116e\u11a8", "한국"),  # jamo
        ("Σοφός", "σοφόσ"),  # final sigma
        ("❤\ufe0f heart", "❤ heart"),
    ],
)
def test_spellings_that_mean_the_same_have_one_form(one: str, other: str) -> None:
    assert normalise(one) == normalise(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("resume", "résumé"),
        ("1.5", "1 5"),
        ("3,000", "3,001"),
        ("all ready", "already"),
        ("中文", "文中"),
        ("ı", "i"),
    ],
)
def test_spellings_that_differ_for_a_reader_stay_apart(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


def test_the_normal_form_of_a_script_without_spaces_is_readable() -> None:
    assert normalise("東京で、地震。") == "東京で 地震"
    assert normalise("AFP通信によると2人") == "afp 通信によると 2 人"


@pytest.mark.parametrize(
    "text", ["", " \n", "…—!?", "\u200b\xad", "&nbsp;", "\ud800\udfff", "\x00\x07"]
)
def test_a_text_without_words_has_an_empty_form(text: str) -> None:
    assert normalise(text) == ""


def test_entities_are_decoded_to_the_end_and_endless_escaping_has_one() -> None:
    assert decode("&amp;amp;amp;lt;") == "<"
    assert "&" not in decode("&" + "amp;" * 9 + "lt;")
    assert "&" not in settle("&" + "#xFF06;" * 200_000 + "amp;")


def test_a_character_reference_of_ten_thousand_digits_is_no_character() -> None:
    assert normalise(f"before &#{'7' * 10_000}; after") == "before after"


def test_only_the_known_characters_turn_into_ampersands() -> None:
    everything = (chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)
    assert {c for c in everything if "&" in unicodedata.normalize("NFKC", c)} == set("&＆﹠")


def test_texts_laid_out_together_are_those_laid_out_alone() -> None:
    texts = ["plain", "", "&eacute;t&eacute;", "e\u0301", "\ud800", "x" * 70_000, "中文"]
    chars, ends = TextBuffer().lay_out(texts)
    alone = [TextBuffer().lay_out([text])[0].tolist() for text in texts]
    assert [part.tolist() for part in np.split(chars, ends[:-1])] == alone


def test_a_buffer_that_was_used_holds_nothing_back() -> None:
    buffer = TextBuffer()
    buffer.lay_out(["a much longer text than the one that follows"])
    chars, ends = buffer.lay_out(["ab", "c"])
    assert (chars.tolist(), ends.tolist()) == ([97, 98, 99], [2, 3])


@pytest.mark.parametrize(
    ("char", "expected"),
    [("a", LETTER), ("ж", LETTER), ("\u0301", LETTER), ("ि", LETTER), ("7", DIGIT), ("٣", DIGIT),
     ("½", DIGIT), ("中", BIGRAM), ("か", BIGRAM), ("한", BIGRAM), ("ก", BIGRAM), ("々", BIGRAM),
     ("\xad", IGNORED), ("\u200b", IGNORED), ("ـ", IGNORED), (".", NUMBER_SEPARATOR),
     (",", NUMBER_SEPARATOR), ("，", NUMBER_SEPARATOR), (" ", SEPARATOR), ("-", SEPARATOR),
     ("'", SEPARATOR), ("€", SEPARATOR), ("\ud800", SEPARATOR)],
)  # fmt: skip
def test_the_table_knows_what_a_character_is(char: str, expected: int) -> None:
    assert characters().classes[ord(char)] == expected


def test_the_table_covers_every_code_point_it_is_asked_for() -> None:
    table = characters()
    assert [len(part) for part in table] == [COVERED] * 3
    assert table.folds.max() < COVERED
    assert set(table.classes.tolist()) <= set(range(6))
