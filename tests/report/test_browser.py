"""The page as its readers meet it, in a real browser. None may log an error or ask for anything."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from cards import DAM, FERRY, HOSTILE, NOON, REWRITE, Stories, opened, titles
from playwright.sync_api import expect

from dedupe.models import Article

# ---- what it lists ------------------------------------------------------------------------------


def test_it_opens_from_a_file_and_lists_the_largest_story_first(
    open_page: Any, html: Any, stories: Stories
) -> None:
    page = open_page(html(*stories))
    expect(page.locator("#count")).to_have_text("2 stories")
    assert titles(page) == ["Villages cleared below cracked dam", HOSTILE]
    assert page.locator("h1").inner_text() == "2 stories in 5 articles"
    assert page.locator("svg.chart").count() == 2
    assert page.title() == "2 stories in 5 articles – dedupe"


@pytest.mark.parametrize(
    "words", ["corrin", "SAO TAMSIN", "kite.example", "reuters", "dam-2", "s0", "homes villages"]
)
def test_search_finds_title_source_agency_and_id(
    open_page: Any, html: Any, stories: Stories, words: str
) -> None:
    page = open_page(html(*stories))
    page.get_by_label("Search").fill(words)
    expect(page.locator("#count")).to_have_text("1 of 2 stories")
    assert titles(page) == ["Villages cleared below cracked dam"]
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#count")).to_have_text("2 stories")
    page.get_by_label("Search").fill("nothing has this")
    expect(page.locator("#count")).to_have_text("0 of 2 stories")


@pytest.mark.parametrize(
    ("filter", "choice", "found"),
    [("Relation", "exact", 1), ("Relation", "update", 1), ("Relation", "rewrite", 2),
     ("Credited agency", "Reuters", 1), ("Credited agency", "none", 1)],
)  # fmt: skip
def test_filters_keep_the_stories_that_fit(
    open_page: Any, html: Any, stories: Stories, filter: str, choice: str, found: int
) -> None:
    page = open_page(html(*stories))
    page.get_by_role("combobox", name=filter).select_option(choice)
    expect(page.locator("#stories .card")).to_have_count(found)
    chosen = page.get_by_role("combobox", name=filter).locator("option:checked")
    assert chosen.inner_text() == f"{choice} ({found})"


def test_the_newest_story_can_come_first(open_page: Any, html: Any, told: Any) -> None:
    def pair(name: str, when: datetime | None) -> list[Article]:
        return [Article(id=f"{name}{i}", title=name, text=name, published=when) for i in range(2)]

    late = NOON + timedelta(days=1)
    page = open_page(html(*told(pair("early", NOON), pair("never", None), pair("late", late))))
    page.get_by_label("Order").select_option("newest first")
    expect(page.locator("#stories h2").first).to_have_text("late")
    assert titles(page) == ["late", "early", "never"]


def test_a_link_to_a_story_opens_it(open_page: Any, html: Any, stories: Stories) -> None:
    page = open_page(html(*stories), fragment="#s1")
    expect(page.locator("#stories .card[open] h2")).to_have_text(HOSTILE)
    assert titles(page) == [HOSTILE]
    page = open_page(html(*stories), fragment="#%E0%A4%A")
    expect(page.locator("#count")).to_have_text("2 stories")


# ---- a story ------------------------------------------------------------------------------------


def test_an_opened_story_says_what_is_known_of_it(
    open_page: Any, html: Any, stories: Stories
) -> None:
    card = opened(open_page(html(*stories)))
    facts = card.locator(".facts").inner_text()
    for fact in ("Villages cleared", "Reuters, by 2 of 3 articles", "its own article", "s0"):
        assert fact in facts
    assert card.locator(".cells rect").count() == 3
    places = [float(cell.get_attribute("x")[:-1]) for cell in card.locator(".cells rect").all()]
    assert places == sorted(places)
    assert (places[0] < 1, 48 < places[1] < 52, places[2] > 98) == (True, True, True)
    assert card.locator(".timeline time").all_inner_texts() == [
        "4 Mar 2025, 12:00", "4 Mar 2025, 22:00",
    ]  # fmt: skip
    rows = card.locator(".member").all_inner_texts()
    assert len(rows) == 3
    assert all(word in rows[2] for word in ("rewrite, update", "0.90", "kite.example", "dam-2"))
    links = card.locator(".member a")
    assert links.first.get_attribute("href") == "https://dam.example/0"
    assert links.first.get_attribute("rel") == "noopener noreferrer"


def test_shared_passages_are_marked_on_both_sides(
    open_page: Any, html: Any, stories: Stories
) -> None:
    card = opened(open_page(html(*stories)))
    assert card.locator(".columns-of-text h3").all_inner_texts() == [
        "São Tamsin: 4,200 leave their homes", "Villages cleared below cracked dam",
    ]  # fmt: skip
    left, right = (card.locator(".text").nth(i).locator("mark").all_inner_texts() for i in (0, 1))
    long = "4,200 people from three villages of the Tamsin valley"
    assert left == [long, "The cracked Corrin Dam"]
    assert right == ["the cracked Corrin Dam", long]
    verdict = card.locator(".verdict").inner_text()
    assert verdict == (
        "2 shared passages, the longest of 10 words: 34 % of the first text, 41 % of the second."
    )
    assert card.locator(".text").first.inner_text() == REWRITE
    card.locator("mark").first.hover()
    assert card.locator("mark.paired").all_inner_texts() == [long, long]


def test_the_same_text_is_one_passage_and_the_panel_closes(
    open_page: Any, html: Any, stories: Stories
) -> None:
    card = opened(open_page(html(*stories)))
    member = card.locator(".member").nth(1)
    member.get_by_role("button").click()
    expect(member.locator(".verdict")).to_contain_text("88 % of the first text, 88 % of the second")
    member.get_by_role("button").click()
    expect(member.locator(".comparison")).to_have_count(0)


def test_titles_are_compared_where_an_entry_is_little_more(
    open_page: Any, html: Any, told: Any
) -> None:
    title = "Fire forces 244 off ferry in Calder Sound"
    bare = Article(id="a", title=title, text="")
    full = Article(id="b", title=f"{title} tonight", text=f"{FERRY} It is not true: {title}.")
    none = Article(id="c", text=FERRY)
    card = opened(open_page(html(*told([bare, full, none]))))
    columns = card.locator(".columns-of-text section")
    assert columns.locator("h3 mark").all_inner_texts() == [title, title]
    assert card.locator(".text mark").count() == 0
    assert columns.nth(1).locator(".text").inner_text() == "no text"
    card.locator(".member").nth(2).get_by_role("button").click()
    third = card.locator(".comparison").nth(1)
    expect(third.locator(".verdict")).to_contain_text("No passage of three words")
    assert third.locator("h3").first.inner_text() == FERRY


def test_a_passage_may_run_from_the_title_into_the_text(
    open_page: Any, html: Any, told: Any
) -> None:
    pair = [Article(id=id, title="Fog on Friday", text=FERRY) for id in ("a", "b")]
    card = opened(open_page(html(*told(pair))))
    assert card.locator("mark").all_inner_texts() == ["Fog on Friday", FERRY[:-1]] * 2
    expect(card.locator(".verdict")).to_contain_text("1 shared passage, the longest of 19 words")
    card.locator("mark").first.focus()
    assert card.locator("mark.paired").count() == 4


def test_a_comparison_with_another_article_can_be_chosen(
    open_page: Any, html: Any, stories: Stories
) -> None:
    decisions, articles = stories
    decisions[2] = msgspec.structs.replace(decisions[2], nearest_id="dam-1")
    card = opened(open_page(html(decisions, articles)))
    other = card.locator(".columns-of-text h3").nth(1)
    expect(other).to_have_text("Water falls behind Corrin Dam")
    card.get_by_label("Compared with").select_option("the canonical article")
    expect(other).to_have_text("Villages cleared below cracked dam")


@pytest.mark.parametrize(
    ("left", "right", "passages"),
    [
        ("", "", []),
        ("one two", "one two", []),
        ("it is one of the last", "a man is one of the many", []),  # says nothing
        ("Talks on ZERO-emission shipping", "talks on zero emission shipping end",
         ["Talks on ZERO-emission shipping"]),
        ("x " * 3000, "x " * 3000, [("x " * 3000).strip()]),
        ("発電所の再稼働を認めた", "政府は発電所の再稼働を", ["発電所の再稼働を"]),
        ("un été très chaud ici", "un e\u0301te\u0301 tre\u0300s chaud là",
         ["un été très chaud"]),
    ],
)  # fmt: skip
def test_passages_are_runs_of_equal_words(
    open_page: Any, html: Any, told: Any, left: str, right: str, passages: list[str]
) -> None:
    page = open_page(html(*told()))
    found = page.evaluate(
        """([left, right]) => {
            const words = wordsOf(left);
            return sharedPassages(words, wordsOf(right)).map((p) =>
                left.slice(words[p.left].start, words[p.left + p.words - 1].end));
        }""",
        [left, right],
    )
    assert found == passages


def test_a_word_is_in_one_passage_only(open_page: Any, html: Any, told: Any) -> None:
    page = open_page(html(*told()))
    text = "the bridge over the sound was closed "
    found = page.evaluate(
        "([a, b]) => sharedPassages(wordsOf(a), wordsOf(b))", [text * 3, f"{text * 2}again"]
    )
    for side in ("left", "right"):
        covered = [p[side] + i for p in found for i in range(p["words"])]
        assert len(covered) == len(set(covered)) == 14


def test_hostile_words_are_shown_as_they_are(open_page: Any, html: Any, stories: Stories) -> None:
    page = open_page(html(*stories))
    card = opened(page, 1)
    assert card.locator(".member .title").first.inner_text() == HOSTILE
    assert "No timeline" in card.inner_text()
    assert page.locator("img, #stories b").count() == 0


def test_what_was_left_out_is_said_where_it_is_missed(
    open_page: Any, html: Any, stories: Stories
) -> None:
    page = open_page(html(*stories, budget=len(DAM)))
    assert "the texts of 4 articles were left out" in page.locator(".notice").inner_text()
    page.locator("summary").first.click()
    expect(page.locator(".verdict")).to_contain_text("was left out")


# ---- much ---------------------------------------------------------------------------------------


def test_a_page_of_75_000_articles_opens_and_lists(open_page: Any, html: Any, told: Any) -> None:
    many, sizes = [], [2000, *[6] * 7_500, *[2] * 9_000, *[1] * 10_000]
    for i, size in enumerate(sizes):
        title = f"Ship {i} aground off Cape {i % 977}"
        many.append([
            Article(
                id=f"{i}-{j}", title=title, source=f"outlet-{j % 89}.example",
                text=f"{title}, said harbour master number {i * 7919 % 100_003}. " * 3,
                published=NOON + timedelta(minutes=i + 17 * j),
            )
            for j in range(size)
        ])  # fmt: skip
    assert sum(sizes) == 75_000
    page = open_page(html(*told(*many)))
    expect(page.locator("#count")).to_have_text("16,501 stories", timeout=60_000)
    assert page.locator("#stories .card").count() == 50
    page.locator("#more").click()
    assert page.locator("#stories .card").count() == 100
    assert page.evaluate("document.activeElement.closest('li').matches(':nth-child(51)')")
    card = opened(page)
    assert card.locator(".cells rect").count() == 2000
    assert card.locator(".member").count() == 50
    card.get_by_role("button", name="Show 50 of 1,950 more articles").click()
    assert card.locator(".member").count() == 100
    page.get_by_label("Search").fill("ship 16500 aground")
    expect(page.locator("#count")).to_have_text("1 of 16,501 stories", timeout=60_000)
    assert opened(page).locator(".member").count() == 2
