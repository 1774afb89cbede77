"""The page as its readers meet it, in a real browser. None may log an error or ask for anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from playwright.sync_api import Page, expect

from dedupe.models import Article, Decision

NOON = datetime(2025, 3, 4, 12, tzinfo=UTC)
DAM = (
    "Engineers lowered the water behind the cracked Corrin Dam by four metres on Tuesday night,"
    " while 4,200 people from three villages of the Tamsin valley slept in schools."
)
REWRITE = (
    "Schools in the region took them in: 4,200 people from three villages of the Tamsin valley"
    " had to leave home when a crack was found. The cracked Corrin Dam is watched by divers."
)
FERRY = "A ferry with 244 passengers ran onto a sandbank off Norrholm in thick fog on Friday."
HOSTILE = "</script><img src=x onerror=alert(1)><b>bold</b> & 'quoted'"
PHONE = {"viewport": {"width": 375, "height": 812}, "has_touch": True}

Stories = tuple[list[Decision], list[Article]]


@pytest.fixture
def stories(told: Any) -> Stories:
    """A story of three with everything known, and one of two with next to nothing."""
    dam = [
        Article(
            id=f"dam-{i}", text=text, title=title, source=source, lang="en",
            url=f"https://dam.example/{i}", published=NOON + timedelta(hours=5 * i),
        )
        for i, (text, title, source) in enumerate([
            (DAM, "Villages cleared below cracked dam", "Reuters"),
            (DAM, "Water falls behind Corrin Dam", "Harbour Post"),
            (REWRITE, "São Tamsin: 4,200 leave their homes", "https://www.kite.example/feed.xml"),
        ])
    ]  # fmt: skip
    ferry = [Article(id=f"ferry-{i}", text=FERRY, title=HOSTILE, source=HOSTILE) for i in range(2)]
    decisions, articles = told(dam, ferry)
    known = {"credit": "Reuters", "credit_count": 2, "canonical_reason": "its own article"}
    for i in range(3):
        decisions[i] = msgspec.structs.replace(
            decisions[i], relation=("exact", "exact", "rewrite")[i], update=i == 2, **known
        )
    return decisions, articles


def titles(page: Page) -> list[str]:
    return page.locator("#stories h2").all_inner_texts()


def opened(page: Page, place: int = 0) -> Any:
    """The card of a story, opened, once its first comparison is there."""
    card = page.locator("#stories .card").nth(place)
    card.locator("summary").click()
    expect(card.locator(".columns-of-text > section")).to_have_count(2)
    return card


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


# ---- for every reader ---------------------------------------------------------------------------


def test_it_is_used_with_the_keyboard_alone(open_page: Any, html: Any, stories: Stories) -> None:
    page = open_page(html(*stories))
    page.get_by_label("Search").focus()
    for _ in range(5):  # relation, agency, order, clear, the first story
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".columns-of-text > section")).to_have_count(2)
    while "MARK" != page.evaluate("document.activeElement.tagName"):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement !== document.body")
    assert page.locator("mark.paired").count() == 2


@pytest.mark.parametrize("width", [320, 375, 768, 1280])
def test_nothing_is_wider_than_the_window(open_page: Any, html: Any, told: Any, width: int) -> None:
    long = [
        Article(id="i" * 90, title="t" * 200, text="w" * 900, source="s" * 90, published=NOON),
        Article(id="b", title="b " * 99, text="w " * 99, published=NOON + timedelta(days=400)),
    ]
    page = open_page(
        html(*told(long)),
        viewport={"width": width, "height": 812},
    )
    opened(page)
    for selector in ("html", ".masthead", ".controls", ".card", ".comparison", ".member"):
        over = page.locator(selector).first.evaluate("e => e.scrollWidth - e.clientWidth")
        assert over <= 0, selector
        box = page.locator(selector).first.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(
    open_page: Any, html: Any, stories: Stories, scheme: str
) -> None:
    """WCAG 2.2, 1.4.3: a contrast of 4.5 at least; 3 for what is no text (1.4.11)."""
    page = open_page(html(*stories), color_scheme=scheme)
    opened(page)
    texts = [
        "h1", ".figures dt", ".meta", ".member a", ".relation", ".similarity", "mark", ".verdict",
        "#theme", "input", "label", "figcaption", "footer p", ".facts .id",
    ]  # fmt: skip
    drawn = [f".dot.{relation}" for relation in ("canonical", "exact", "rewrite")]
    contrasts = page.evaluate(CONTRAST, [texts + drawn])
    assert {k: v for k, v in contrasts.items() if v < (3 if k in drawn else 4.5)} == {}
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 28)"
    assert dark == (scheme == "dark")


CONTRAST = """([selectors]) => {
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = (colour) => {
        const [r, g, b] = channels(colour).map((c) =>
            c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const behind = (e) => {
        for (; e; e = e.parentElement) {
            const colour = getComputedStyle(e).backgroundColor;
            if (channels(colour)[3] !== 0) return colour;
        }
    };
    return Object.fromEntries(selectors.map((selector) => {
        const element = document.querySelector("#stories " + selector)
            ?? document.querySelector(selector);
        const dot = selector.startsWith(".dot");
        const style = getComputedStyle(element);
        const pair = [dot ? style.backgroundColor : style.color,
                      behind(dot ? element.parentElement : element)].map(light);
        return [selector, (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05)];
    }));
}"""


def test_the_reader_chooses_light_or_dark_and_it_is_remembered(
    open_page: Any, html: Any, stories: Stories
) -> None:
    page = open_page(html(*stories), color_scheme="light")
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(background) != light
    page.reload()
    assert page.evaluate(background) != light
    page.get_by_role("button", name="Light").click()
    assert page.evaluate(background) == light


def test_on_paper_stories_are_open_and_controls_gone(
    open_page: Any, html: Any, stories: Stories
) -> None:
    page = open_page(html(*stories), color_scheme="dark")
    opened(page)
    page.emulate_media(media="print")
    expect(page.locator(".card[open]")).to_have_count(2)
    for gone in ("#controls", "#theme", "#more", "#count", ".member button"):
        expect(page.locator(gone).first).to_be_hidden()
    box = page.locator(".text").first
    assert box.evaluate("e => getComputedStyle(e).maxHeight") == "none"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.emulate_media(media="screen")
    expect(page.locator(".card[open]")).to_have_count(1)


def test_without_scripts_the_largest_stories_can_be_read(
    open_page: Any, html: Any, stories: Stories
) -> None:
    page = open_page(html(*stories), java_script_enabled=False)
    assert page.locator(".card h2").all_inner_texts() == [
        "Villages cleared below cracked dam", HOSTILE,
    ]  # fmt: skip
    expect(page.locator("#controls")).to_be_hidden()
    page.locator("summary").first.click()
    assert "Reuters credited by 2 of 3" in page.locator(".why").first.inner_text()
    assert "2025-03-04T22:00Z" in page.locator(".member").nth(2).inner_text()
    assert page.locator("svg.chart").count() == 2


def test_a_browser_that_cannot_unpack_the_stories_says_so(
    open_page: Any, html: Any, told: Any
) -> None:
    many = [[Article(id=f"{i}-{j}", text=f"{DAM} {i}") for j in range(2)] for i in range(900)]
    page = open_page(html(*told(*many)), before="delete window.DecompressionStream")
    expect(page.locator("#count")).to_contain_text("This browser cannot unpack the stories")
    expect(page.locator("#stories")).to_be_empty()


@pytest.mark.parametrize("settings", [{}, PHONE], ids=["desktop", "phone"])
def test_nothing_jumps_while_it_loads(
    open_page: Any, html: Any, told: Any, settings: dict[str, Any]
) -> None:
    many = [
        [Article(id=f"{i}-{j}", title=f"Story {i}", text=f"{DAM} {i} {j} " * 9) for j in range(3)]
        for i in range(300)
    ]
    page = open_page(html(*told(*many)), **settings)
    expect(page.locator("#count")).to_have_text("300 stories")
    moved = page.evaluate(
        """() => new Promise((done) => {
            let sum = 0;
            new PerformanceObserver((list) => {
                for (const shift of list.getEntries()) sum += shift.value;
            }).observe({ type: "layout-shift", buffered: true });
            requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));
        })"""
    )
    assert moved < 0.02  # Core Web Vitals call 0.1 good


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
