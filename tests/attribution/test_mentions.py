"""The kernel that looks for names proposes every place at which the regular expression has one."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from dedupe.attribution import AGENCIES
from dedupe.attribution.mentions import any_of, mentions

_NAMES = sorted({name for agency in AGENCIES for name in (*agency.names, *agency.short)})


@given(st.lists(st.sampled_from([*_NAMES, " ", ", ", "\n", "(", "x", "the", "\ud800"]) | st.text()))
def test_every_name_between_spaces_is_found(parts: list[str]) -> None:
    spaced = "".join(f" {part} " for part in parts) + " " * 200
    found = [(start, name) for name, start, _ in mentions(spaced, 10_000)]
    at = 0
    for part in parts:
        at += 1
        if part in _NAMES:
            assert any(start <= at <= start + len(name) for start, name in found)
        at += len(part) + 1


@given(st.sampled_from(_NAMES), st.text(max_size=20))
@example("AP", "")
@example("Reuters", "")
def test_a_mention_gives_the_name_as_it_stands_with_its_place(name: str, before: str) -> None:
    text = f"{before} {name}"
    found = mentions(text, 100)
    assert found
    assert all(text[start:end] == written for written, start, end in found)


@given(st.lists(st.sampled_from([*_NAMES, " ", "x", "-", "\n"]) | st.text(max_size=5)))
def test_long_and_short_texts_are_searched_alike(parts: list[str]) -> None:
    text = " ".join(parts)[:190]
    assert mentions(text, 1_000) == mentions(text + " " * 200, 1_000)


def test_names_far_into_a_text_are_found_after_many_false_places() -> None:
    text = "Reutlingen " * 1_000 + "Reuters"
    assert mentions(text, 5) == [("Reuters", 11_000, 11_007)]


def test_no_more_mentions_than_asked_for_are_given() -> None:
    assert len(mentions("Reuters " * 100, 7)) == 7


@given(st.lists(st.text(min_size=1), min_size=1))
def test_a_trie_matches_the_words_it_is_made_of_and_prefers_the_longest(words: list[str]) -> None:
    pattern = re.compile(any_of(words))
    for word in words:
        match = pattern.match(word)
        assert match is not None
        assert match.group() == word
