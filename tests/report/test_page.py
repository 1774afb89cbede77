"""The page as text: it is whole, it holds its data, and no text gets out of its place."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from dedupe.models import Article
from dedupe.report.page import PLAIN_BYTES

HOSTILE = "</script><img src=x onerror=alert(1)>\"'&<!--{{ 7*7 }}"


class Elements(HTMLParser):
    """All start tags, as a browser finds them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def pair(**fields: Any) -> list[Article]:
    return [Article(id=id, **{"text": "Some words of a text.", **fields}) for id in ("a", "b")]


def test_hostile_words_stay_words_wherever_they_stand(told: Any, html: Any, data_in: Any) -> None:
    hostile = [
        Article(id=f"{HOSTILE}{i}", title=HOSTILE, text=HOSTILE, source=HOSTILE, author=HOSTILE,
                url=f"https://kite.example/{HOSTILE.replace(' ', '')}", lang=HOSTILE)
        for i in range(3)
    ]  # fmt: skip
    page = html(*told(hostile, credit=HOSTILE, canonical_reason=HOSTILE))
    elements = Elements(page).found
    assert [tag for tag, _ in elements if tag == "img"] == []
    assert [name for _, attrs in elements for name in attrs if name.startswith("on")] == []
    assert "49" not in page.split("<noscript>")[1].split("</noscript>")[0]
    (story,) = data_in(page, "stories")
    assert story["members"][0]["title"] == HOSTILE
    assert data_in(page, "texts-0") == {"s0": [HOSTILE] * 3}


def test_it_asks_for_nothing(told: Any, html: Any) -> None:
    elements = Elements(html(*told(pair(url="https://kite.example/")))).found
    assert [tag for tag, attrs in elements if "src" in attrs or tag in ("link", "iframe")] == []
    links = [attrs for tag, attrs in elements if tag == "a" and attrs["href"] != "#stories"]
    assert [(a["href"], a["rel"]) for a in links] == [
        ("https://kite.example/", "noopener noreferrer")
    ] * 2


def test_the_policy_allows_this_script_and_this_style_and_nothing_else(
    told: Any, html: Any
) -> None:
    page = html(*told(pair()))
    policy = re.search(r'Content-Security-Policy" content="(.*?)"', page)
    assert policy
    rules = dict(rule.strip().split(" ", 1) for rule in unescape(policy[1]).split(";"))
    assert set(rules) == {"default-src", "style-src", "script-src", "base-uri", "form-action"}
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert rules[f"{tag}-src"] == f"'sha256-{digest}'"
    assert not re.search(r'\sstyle="', page)


def test_much_data_is_compressed_and_little_is_not(told: Any, html: Any) -> None:
    stories = [
        [Article(id=f"{i}-{j}", text=f"Words number {i} and {j}. " * 20) for j in range(2)]
        for i in range(1000)
    ]
    small, large = html(*told(*stories[:5])), html(*told(*stories))
    kinds = re.compile(r'<script type="application/(\w+)" id="([\w-]+)">')
    assert kinds.findall(small) == [("json", "data-stories"), ("json", "data-texts-0")]
    assert ("gzip", "data-stories") in kinds.findall(large)
    assert len(large) < 3 * PLAIN_BYTES


def test_what_was_left_out_is_told(told: Any, html: Any) -> None:
    written = told(pair())
    assert "were left out" not in html(*written)
    words = " ".join(html(*written, budget=0).split())
    assert "the texts of 2 articles were left out" in words


@pytest.mark.parametrize(
    ("stories", "heading"),
    [([], "0 stories in 0 articles"), ([[Article(id="a", text="x")]], "0 stories in 1 article"),
     ([pair()], "1 story in 2 articles")],
)  # fmt: skip
def test_the_heading_counts(told: Any, html: Any, stories: Any, heading: str) -> None:
    page = html(*told(*stories))
    assert f"<h1>{heading}</h1>" in page
    assert ("No two articles tell the same story." in page) == ("0 stories" in heading)
