"""Where decisions go: a writer of the feeds layer, or a table for people."""

from __future__ import annotations

import io
import os
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, Literal, Protocol

from rich import box
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from dedupe.cli.terminal import counted, harmless
from dedupe.errors import UsageError
from dedupe.feeds import DecisionWriter, open_writer
from dedupe.models import Article, Decision

Format = Literal["jsonl", "csv", "parquet", "table"]
_SUFFIXES: dict[str, Format] = {".csv": "csv", ".parquet": "parquet"}
_TITLE = 200  # characters kept of a title
_LEAD = 72  # characters of a text that stand for a missing title
_WIDTH = 120  # columns of a table that goes to no terminal, where COLUMNS does not say


class Output(Protocol):
    """Takes the decisions of a scan, in order."""

    def watch(self, articles: Iterator[Article]) -> Iterator[Article]:
        """Pass the articles on, and note what the output shows of them."""
        ...

    def write(self, decision: Decision) -> None:
        """Put out one decision."""
        ...

    def flush(self) -> None:
        """Let whoever reads have what was written, where it comes line by line."""
        ...

    def __enter__(self) -> Output: ...

    def __exit__(self, *error: Any) -> None: ...


def open_output(path: str, to: Format | None, *, stream: bool = False) -> Output:
    """The output for `-o` and `--to`. Raises UsageError for a table in a file.

    With `stream` the table has the articles as they come, without it the stories in the end.
    """
    stdout = path == "-"
    suffix = PurePath(path.removesuffix(".gz")).suffix
    chosen = to or _SUFFIXES.get(suffix, "table" if stdout and sys.stdout.isatty() else "jsonl")
    if chosen == "table":
        if not stdout:
            raise UsageError("a table goes to standard output; for a file use --to jsonl or csv")
        return _ArticleTable() if stream else _StoryTable()
    return _Lines(open_writer(path, chosen))


def show(*parts: RenderableType) -> None:
    """Print tables and their headings on standard output, as wide as it is."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every terminal speaks UTF-8
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    console = Console(width=None if known else _WIDTH, highlight=False)
    for part in parts:
        console.print(part)
    sys.stdout.flush()


class _Lines:
    def __init__(self, writer: DecisionWriter) -> None:
        self._writer = writer

    def watch(self, articles: Iterator[Article]) -> Iterator[Article]:
        return articles

    def write(self, decision: Decision) -> None:
        self._writer.write(decision)

    def flush(self) -> None:
        self._writer.flush()

    def __enter__(self) -> _Lines:
        self._writer.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._writer.__exit__(*error)


class _StoryTable:
    """Stories of two or more, largest first, the canonical article on top."""

    def __init__(self) -> None:
        self._shown: dict[str, tuple[str, str]] = {}
        self._stories: dict[str, list[Decision]] = defaultdict(list)
        self._linked: dict[str, list[Decision]] = defaultdict(list)  # by canonical article

    def watch(self, articles: Iterator[Article]) -> Iterator[Article]:
        for article in articles:
            self._shown[article.id] = _told(article)
            yield article

    def write(self, decision: Decision) -> None:
        self._stories[decision.cluster_id].append(decision)
        if decision.linked_id is not None:
            self._linked[decision.linked_id].append(decision)

    def flush(self) -> None:
        pass  # it is shown when it is whole

    def __enter__(self) -> _StoryTable:
        return self

    def __exit__(self, kind: Any, *error: Any) -> None:
        if kind is None:
            show(self._table())

    def _table(self) -> Table:
        table = Table(
            title="Stories", title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1), expand=True
        )
        table.add_column("relation", no_wrap=True, min_width=9)
        table.add_column("sim.", no_wrap=True, min_width=4, justify="right")
        table.add_column("article", no_wrap=True, overflow="ellipsis", ratio=3)
        table.add_column("source", no_wrap=True, overflow="ellipsis", ratio=1)
        stories = [members for members in self._stories.values() if len(members) > 1]
        for members in sorted(stories, key=lambda m: (-len(m), m[0].cluster_id)):
            members.sort(key=lambda d: (not d.is_canonical, -(d.similarity or 0), d.id))
            for decision in members:
                style = "bold" if decision.is_canonical else None
                table.add_row(*self._row(decision), style=style)
            for decision in sorted(self._linked[members[0].id], key=lambda d: d.id):
                title, source = self._shown[decision.id]
                table.add_row("linked", "", Text(title), Text(source), style="dim")
            why = Text(_why(members[0]), style="italic dim", no_wrap=False, overflow="fold")
            table.add_row("", "", why, "", end_section=True)
        alone = sum(len(members) == 1 for members in self._stories.values())
        table.caption = f"{counted(len(stories), 'story', 'stories')}; {alone:,} alone"
        return table

    def _row(self, d: Decision) -> tuple[str | Text, ...]:
        title, source = self._shown[d.id]
        relation = "update" if d.update else d.relation
        similarity = f"{d.similarity:.2f}" if d.similarity is not None else ""
        if d.is_canonical:
            relation, similarity = "canonical", ""
        return relation, similarity, Text(title), Text(source)


class _ArticleTable:
    """A row for each article, as it is decided on."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[str, str]] = {}
        self._rows: list[tuple[str, ...]] = []
        self._begun = False

    def watch(self, articles: Iterator[Article]) -> Iterator[Article]:
        for article in articles:
            self._told[article.id] = _told(article)
            yield article

    def write(self, decision: Decision) -> None:
        alone = decision.cluster_size == 1
        related = "canonical" if decision.is_canonical else decision.relation
        related = "alone" if alone else "update" if decision.update else related
        similarity = "" if decision.similarity is None else f"{decision.similarity:.2f}"
        title, source = self._told.pop(decision.id)
        story = "" if alone else f"{decision.cluster_id} ({decision.cluster_size:,})"
        self._rows.append((related, similarity, title, source, story))

    def flush(self) -> None:
        table = Table(
            box=box.SIMPLE_HEAD, show_header=not self._begun, padding=(0, 1), expand=True,
            show_edge=False,
        )  # fmt: skip
        table.add_column("relation", no_wrap=True, width=9)
        table.add_column("sim.", no_wrap=True, width=4, justify="right")
        table.add_column("article", no_wrap=True, overflow="ellipsis", ratio=3)
        table.add_column("source", no_wrap=True, overflow="ellipsis", ratio=1)
        table.add_column("story", no_wrap=True, overflow="ellipsis", width=24)
        for cells in self._rows:
            table.add_row(*map(Text, cells), style="bold" if cells[0] == "canonical" else None)
        if self._rows or not self._begun:
            show(table)
        self._begun = True
        self._rows.clear()

    def __enter__(self) -> _ArticleTable:
        return self

    def __exit__(self, kind: Any, *error: Any) -> None:
        if kind is None and not self._begun:
            self.flush()


def _told(article: Article) -> tuple[str, str]:
    """Title and source, for a row."""
    title = (article.title or article.text[:_LEAD])[:_TITLE]
    return _cell(title), _cell(article.source or "")


def _cell(text: str) -> str:
    return harmless(" ".join(text.split()))


def _why(canonical: Decision) -> str:
    """What holds for the whole story, for the line below its members."""
    why = f"  why: {canonical.canonical_reason}"
    if canonical.credit is None:
        return why
    return f"{why}; {canonical.credit} credited by {canonical.credit_count}"
