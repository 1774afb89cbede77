"""What is kept of an article until its story is known."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from dedupe.models import Article
from dedupe.report.spool import Spool


@given(st.lists(st.text(max_size=50), min_size=1, max_size=8), st.integers(0, 40))
def test_an_article_is_found_again_by_its_place(texts: list[str], characters: int) -> None:
    articles = [Article(id=str(i), title="t", text=text) for i, text in enumerate(texts)]
    with Spool(characters) as spool:
        assert list(spool.watch(articles)) == articles
        assert len(spool) == len(texts)
        for place in reversed(range(len(texts))):
            kept = spool[place]
            assert (kept.text, kept.cut) == (
                texts[place][:characters], len(texts[place]) > characters,
            )  # fmt: skip
            assert spool.text_bytes(place) == len(kept.text.encode())


def test_what_can_be_told_of_an_article_is_kept() -> None:
    when = datetime(2025, 3, 4, 5, 6, tzinfo=UTC)
    article = Article(
        id="a", text="x", title=" Two\n lines ", source="Kite", url="https://kite.example/1",
        published=when, lang="de",
    )  # fmt: skip
    with Spool() as spool:
        spool.add(article)
        kept = spool[0]
    assert (kept.title, kept.source, kept.url) == ("Two lines", "Kite", "https://kite.example/1")
    assert (kept.time, kept.lang) == (when.timestamp(), "de")


def test_the_text_stands_in_for_a_missing_title() -> None:
    with Spool() as spool:
        spool.add(Article(id="a", text="Short text."))
        spool.add(Article(id="b", text="word " * 100))
        assert spool[0].title == "Short text."
        assert spool[1].title.endswith("…")
        assert len(spool[1].title) < 150


def test_lone_surrogates_do_not_stop_it() -> None:
    with Spool() as spool:
        spool.add(Article(id="a", text="a\ud800b", title="\udfff", source="\ud800"))
        assert (spool[0].text, spool[0].title, spool[0].source) == ("a?b", "?", "?")


def test_an_address_is_never_cut() -> None:
    with Spool() as spool:
        spool.add(Article(id="a", text="x", url="https://kite.example/" + "a" * 5000))
        assert spool[0].url is None
