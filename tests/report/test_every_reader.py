"""The page for every reader: by keyboard, on a phone, on paper, in the dark, without scripts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cards import DAM, HOSTILE, NOON, Stories, opened
from playwright.sync_api import expect

from dedupe.models import Article

PHONE = {"viewport": {"width": 375, "height": 812}, "has_touch": True}


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
