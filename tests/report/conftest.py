"""Pages made from invented stories, and a real browser to look at them with."""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cards import DAM, FERRY, HOSTILE, NOON, REWRITE, Stories
from playwright.sync_api import Browser, Page, Request, sync_playwright

from dedupe.models import Article, Decision
from dedupe.params import ScanParams
from dedupe.report.data import TEXT_BUDGET, assemble
from dedupe.report.page import write_page
from dedupe.report.spool import Spool

MADE = datetime(2025, 3, 9, 12, tzinfo=UTC)
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

Told = Callable[..., tuple[list[Decision], list[Article]]]
Open = Callable[..., Page]


def told(*stories: Sequence[Article], **of_all: Any) -> tuple[list[Decision], list[Article]]:
    """The decisions on stories, each a list of articles with the canonical one first."""
    decisions = []
    for number, articles in enumerate(stories):
        for place, article in enumerate(articles):
            alone = len(articles) == 1
            settings = {
                "id": article.id,
                "cluster_id": f"s{number}",
                "canonical_id": articles[0].id,
                "is_canonical": place == 0,
                "relation": "none" if alone else "rewrite",
                "update": False,
                "nearest_id": None if alone else articles[0 if place else 1].id,
                "similarity": None if alone else round(0.9 - place / 1e5, 4),
                "credit": None,
                "credit_count": 0,
                "cluster_size": len(articles),
                "canonical_reason": "published first",
                "kind": "article",
                "linked_id": None,
            }
            decisions.append(Decision(**{**settings, **of_all}))
    return decisions, [article for articles in stories for article in articles]


@pytest.fixture(name="told", scope="session")
def told_fixture() -> Told:
    """Decisions and articles, in the same order."""
    return told


@pytest.fixture
def html() -> Callable[..., str]:
    """The page of stories, as text."""
    return page_of


def page_of(decisions: list[Decision], articles: list[Article], budget: int = TEXT_BUDGET) -> str:
    with Spool() as spool:
        for article in articles:
            spool.add(article)
        report = assemble(decisions, spool, budget=budget)
        stream = io.BytesIO()
        assert write_page(report, spool, ScanParams(), MADE, stream) == len(stream.getvalue())
    return stream.getvalue().decode()


def data_in(page: str, name: str) -> Any:
    """What a data block of a small page says."""
    found = re.search(rf'<script type="application/json" id="data-{name}">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


@pytest.fixture(name="data_in")
def data_in_fixture() -> Callable[[str, str], Any]:
    """Reads a data block."""
    return data_in


@pytest.fixture(scope="module")  # its loop runs in this thread, where no other could meanwhile
def browser() -> Iterator[Browser]:
    """Chromium; skips where there is none."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("there is no Chromium: install the package chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Opens a page from a file; in the end none of them may have complained or asked for more."""
    contexts, problems = [], []
    file = tmp_path / "report.html"

    def asked(request: Request) -> None:
        if request.url.split("#")[0] != file.as_uri():
            problems.append(f"asked for {request.url}")

    def opened(page: str, fragment: str = "", before: str = "", **settings: Any) -> Page:
        file.write_text(page, encoding="utf-8")
        context = browser.new_context(**settings)
        contexts.append(context)
        tab = context.new_page()
        if before:
            tab.add_init_script(before)
        tab.on("request", asked)
        tab.on("console", lambda message: problems.append(message.text))
        tab.on("pageerror", lambda error: problems.append(str(error)))
        tab.goto(file.as_uri() + fragment)
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def stories(told: Told) -> Stories:
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
