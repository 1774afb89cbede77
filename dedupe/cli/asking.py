"""Show two articles and ask whether they tell the same story."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import click
from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dedupe.cli.terminal import harmless
from dedupe.models import Article
from dedupe.shingles.weights import zipf

SAME, OTHER, UNSURE, STOP = "y", "n", "u", "q"
_WORDS = {
    "y": SAME, "yes": SAME, "n": OTHER, "no": OTHER,
    "u": UNSURE, "unsure": UNSURE, "?": UNSURE, "q": STOP, "quit": STOP, "stop": STOP,
}  # fmt: skip
_LEAD = 600  # characters shown of a text
_RARE = 4.0  # zipf below which a shared word is marked
_WORD = re.compile(r"\d[\d.,]*\d|\w{2,}")
_BESIDE = 100  # columns from which two articles stand side by side

Show = Callable[[Console, Article, Article], None]


class Asked(NamedTuple):
    """One answer: SAME, OTHER or UNSURE."""

    left: Article
    right: Article
    answer: str


def ask(pairs: Iterable[tuple[Article, Article]], total: int, show: Show) -> Iterator[Asked]:
    """Yield the answers one by one, until the pairs end or whoever answers stops.

    Stopping is `q`, Ctrl-D or Ctrl-C.
    """
    console = Console(stderr=True, highlight=False)
    console.print(
        "Do the two tell the same news story, at the same state of affairs?", style="bold"
    )
    for number, (left, right) in enumerate(pairs, 1):
        try:
            show(console, left, right)
            answer = _answer(f"[{number} of {total}] y = same story, n = not, u = unsure, q = stop")
        except (click.Abort, KeyboardInterrupt):
            console.print()
            return
        if answer == STOP:
            return
        yield Asked(left, right, answer)


def _answer(question: str) -> str:
    while True:
        given = click.prompt(question, prompt_suffix=": ", err=True, default="", show_default=False)
        if word := _WORDS.get(given.strip().casefold()):
            return word


def show_side_by_side(console: Console, left: Article, right: Article) -> None:
    """Titles, sources, times and leads, with the rare words that both have marked."""
    shared = rare_words(left) & rare_words(right)
    panels = [_panel(left, shared), _panel(right, shared)]
    if console.width < _BESIDE:
        console.print(*panels, sep="\n")
        return
    grid = Table.grid(expand=True)
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    grid.add_row(*panels)
    console.print(grid)


def rare_words(article: Article) -> set[str]:
    """The rare words of what is shown of an article."""
    words = {word.casefold() for word in _WORD.findall(f"{article.title or ''} {_lead(article)}")}
    return {word for word in words if (known := zipf(word)) is None or known < _RARE}


def _panel(article: Article, shared: set[str]) -> Panel:
    body = Text(overflow="fold")
    if article.title:
        body.append(_line(article.title) + "\n", style="bold")
    body.append(_lead(article))
    for word in _WORD.finditer(body.plain):
        if word[0].casefold() in shared:
            body.stylize("yellow", word.start(), word.end())
    when = article.published.strftime("%Y-%m-%d %H:%M") if article.published else "no date"
    about = Text(f"{_line(article.source or article.url or 'no source')} · {when}")
    return Panel(body, box=box.ROUNDED, title=about, title_align="left", border_style="dim")


def _lead(article: Article) -> str:
    text = _line(article.text[: 2 * _LEAD])
    return text if len(text) <= _LEAD else text[:_LEAD].rsplit(" ", 1)[0] + " …"


def _line(text: str) -> str:
    return harmless(" ".join(text.split()))
