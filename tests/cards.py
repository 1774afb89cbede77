"""Stories for the page, and their cards in a browser."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

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

Stories = tuple[list[Decision], list[Article]]


def titles(page: Page) -> list[str]:
    return page.locator("#stories h2").all_inner_texts()


def opened(page: Page, place: int = 0) -> Any:
    """The card of a story, opened, once its first comparison is there."""
    card = page.locator("#stories .card").nth(place)
    card.locator("summary").click()
    expect(card.locator(".columns-of-text > section")).to_have_count(2)
    return card
