"""An article's own word on where it was first published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.text.links import named_original

OWN = "https://example.org/copy"
ORIGINAL = "https://example.com/story"


@pytest.mark.parametrize(
    "html",
    [
        f'<head><link rel="canonical" href="{ORIGINAL}"></head>',
        f"<link href='{ORIGINAL}' rel='canonical' />",
        f"<LINK REL=canonical HREF={ORIGINAL}>",
        f'<link rel="icon" href="/x.ico"><link rel="canonical" href="{ORIGINAL}?utm_source=x">',
    ],
)
def test_the_canonical_link_of_the_page_names_the_original(html: str) -> None:
    assert named_original("Text.", html, OWN) == ORIGINAL


@pytest.mark.parametrize(
    ("text", "original"),
    [
        (f"This article was originally published at {ORIGINAL}.", ORIGINAL),
        (f"First appeared in {ORIGINAL}?fbclid=1", ORIGINAL),
        ("Originally published on example.com.", "example.com"),
        ("This report first appeared in the example.com", "example.com"),
    ],
)
def test_the_text_can_name_its_original(text: str, original: str) -> None:
    assert named_original(text, None, OWN) == original


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Nothing is said here.", None),
        ("The novel was originally published in 1932.", None),
        ("Text.", f'<link rel="canonical" href="{OWN}">'),
        ("Text.", '<link rel="canonical" href="">'),
        ("Text.", '<link rel="canonical">'),
        ("Text.", f'<link rel="stylesheet" href="{ORIGINAL}">'),
    ],
)
def test_an_article_that_names_nobody_else_names_no_original(text: str, html: str | None) -> None:
    assert named_original(text, html, OWN) is None


@given(st.text(), st.none() | st.text(alphabet="<link rel=canonical href>\"'/:h", max_size=200))
def test_any_page_is_read_without_complaint(text: str, html: str | None) -> None:
    assert named_original(f"originally published at {text}", html, None) != ""
