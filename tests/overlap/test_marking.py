"""Fixed forms and quotes are found word by word."""

from __future__ import annotations

from itertools import compress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.overlap.marking import mark
from dedupe.text.tokens import tokens


def ignored(text: str) -> str:
    return " ".join(compress(tokens(text), mark(text).boilerplate))


def quoted(text: str) -> str:
    return " ".join(compress(tokens(text), mark(text).quoted))


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("A ferry burned.\nRead more...", "read more"),
        ("A ferry burned. Czytaj więcej", "czytaj więcej"),
        ("A ferry burned. Read more at harbour.example", "read more at harbour example"),
        ("It burned.\nPhoto: J. Doe / The Lantern\nAll got off.", "photo j doe the lantern"),
        (
            "It burned.\nThe post A ferry burned appeared first on The Lantern.",
            "the post a ferry burned appeared first on the lantern",
        ),
        ("It burned.\nCopyright © 2031 The Lantern", "copyright 2031 the lantern"),
        ("It burned.\n&copy; 2031 The Lantern", "2031 the lantern"),
        ("Points of order.\nPoints: 3\n# Comments: 0", "points 3 comments 0"),
        ("He had read more than most. The post office closed. Photo shows it.", ""),
        ("Read more", "read more"),
        ("", ""),
    ],
)
def test_fixed_forms_are_found_where_they_stand(text: str, form: str) -> None:
    assert ignored(text) == form


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ('She said: "We saw the smoke rise over the harbour." Then she left.', 25),
        ("She said: “We saw the smoke rise over the harbour.” Then she left.", 25),
        ("Sie sagte: „We saw the smoke rise over the harbour.“ Then she left.", 25),
        ('The "harbour" was closed, she said, and "nobody came".', 0),
        ('An inch is 1" and we saw the smoke rise over the harbour all day long.', 0),
        ("“We saw the smoke rise over the harbour.\nThen she left.” It was noon.", 0),
    ],
)
def test_quotes_are_told_by_their_marks(text: str, quote: int) -> None:
    assert quoted(text) == ("we saw the smoke rise over the harbour" if quote else "")


def test_an_embedded_tweet_is_a_quote_with_its_signature() -> None:
    text = "It burned.\nSmoke over the harbour now\n— Jo Doe (@jodoe) March 3, 2031\nAll got off."
    assert quoted(text) == "smoke over the harbour now jo doe jodoe march 3 2031"


@settings(max_examples=200)
@given(st.text(alphabet="aB1 .!?:\"“”„«»'\n—(@)©。中&;#x", max_size=80))
def test_every_word_is_marked(text: str) -> None:
    marked = mark(text)
    assert len(marked.boilerplate) == len(marked.quoted) == len(tokens(text))
