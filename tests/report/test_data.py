"""From decisions to what the page says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.models import Article
from dedupe.report.data import CHUNK_BYTES, Report, assemble
from dedupe.report.spool import Spool


def articles(*texts: str, prefix: str = "a", **fields: Any) -> list[Article]:
    return [
        Article(id=f"{prefix}{i}", title=f"Title {prefix}{i}", text=text, **fields)
        for i, text in enumerate(texts)
    ]


def report(given: tuple[Any, list[Article]], **settings: Any) -> Report:
    decisions, written = given
    with Spool() as spool:
        for article in written:
            spool.add(article)
        return assemble(decisions, spool, **settings)


def test_stories_of_two_or_more_come_by_size_and_the_rest_is_counted(told: Any) -> None:
    pair, alone, three = articles("x", "y"), articles("z", prefix="b"), articles(*"uvw", prefix="c")
    made = report(told(pair, alone, three), rejected=4)
    assert [story.id for story in made.stories] == ["s2", "s0"]
    assert (made.articles, made.grouped, made.alone, made.rejected) == (6, 5, 1, 4)
    assert made.relations == {"rewrite": 3}  # besides the canonical articles
    assert sum(map(sum, made.histogram)) == 5


def test_the_canonical_article_is_the_first_and_nearest_articles_are_found(told: Any) -> None:
    decisions, written = told(articles(*"uvw"))
    decisions[0] = msgspec.structs.replace(decisions[0], is_canonical=False, similarity=0.4)
    decisions[2] = msgspec.structs.replace(decisions[2], is_canonical=True, similarity=0.3)
    (story,) = report((decisions, written)).stories
    assert [member.id for member in story.members] == ["a2", "a1", "a0"]
    assert [story.members[member.nearest].id for member in story.members] == ["a0", "a0", "a1"]


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "ftp://kite.example", "//kite.example", "kite",
     " https://kite.example", "https://kite.example/\n", "vbscript:x", "file:///etc/passwd"],
)  # fmt: skip
def test_only_web_addresses_become_links(told: Any, url: str) -> None:
    written = [
        Article(id="a", text="x", url=url),
        Article(id="b", text="y", url="HTTPS://k.example"),
    ]
    first, second = report(told(written)).stories[0].members
    assert (first.url, second.url) == (None, "HTTPS://k.example")


def test_a_language_that_is_none_is_dropped(told: Any) -> None:
    written = [Article(id="a", text="x", lang='"><b>'), Article(id="b", text="y", lang="pt-BR")]
    assert [m.lang for m in report(told(written)).stories[0].members] == [None, "pt-BR"]


@given(
    st.lists(st.lists(st.integers(0, 60), min_size=2, max_size=5), min_size=1, max_size=8),
    st.integers(0, 500),
)
def test_texts_stay_within_the_budget_and_larger_stories_come_first(
    told: Any, lengths: list[list[int]], budget: int
) -> None:
    stories = [
        articles(*("é" * n for n in of_one), prefix=f"{i}-") for i, of_one in enumerate(lengths)
    ]
    decisions, written = told(*stories)
    made = report((decisions, written), budget=budget)
    places = {story: at for chunk in made.chunks for story, at in chunk.items()}
    sizes = [len(article.text.encode()) for article in written]
    assert sum(sizes[place] for at in places.values() for place in at) <= budget
    for story in made.stories:
        ids = [member.id for member in story.members]
        kept = places.get(story.id, ())
        assert [decisions[place].id for place in kept] == ids[: story.texts]
        if story.texts:
            assert made.chunks[story.chunk][story.id] == kept
    assert made.left_out == made.grouped - sum(story.texts for story in made.stories)
    if sum(sizes) <= budget:
        assert made.left_out == 0


def test_texts_are_unpacked_in_pieces(told: Any) -> None:
    stories = [articles("x" * 6000, "y" * 6000, prefix=f"{i}-") for i in range(200)]
    made = report(told(*stories))
    assert len(made.chunks) == -(-200 * 12_000 // (CHUNK_BYTES // 12_000 * 12_000))
    assert {story.chunk for story in made.stories} == set(range(len(made.chunks)))


def test_nothing_is_reported_of_nothing() -> None:
    made = report(([], []))
    assert (made.articles, made.stories, made.chunks, made.alone) == (0, (), (), 0)


def test_kinds_and_linked_entries_are_shown_with_the_story_they_belong_to(told: Any) -> None:
    pair, blogs = articles("x", "y"), articles("u", "v", prefix="b", url="https://kite.example/b")
    decisions, written = told(pair, blogs[:1], blogs[1:])
    decisions[1] = msgspec.structs.replace(decisions[1], kind="headline")
    for place in (2, 3):
        decisions[place] = msgspec.structs.replace(
            decisions[place], kind="live_blog", linked_id=decisions[0].id
        )
    (story,) = report((decisions, written)).stories
    assert [member.kind for member in story.members] == [None, "headline"]
    assert [(entry.title, entry.kind) for entry in story.linked] == [
        ("Title b0", "live_blog"),
        ("Title b1", "live_blog"),
    ]
    assert story.linked[0].url == "https://kite.example/b"
