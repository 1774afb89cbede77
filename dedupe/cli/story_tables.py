"""Stories of an index as tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from dedupe.cli.layouts import fitting
from dedupe.cli.side_by_side import Texts
from dedupe.cli.terminal import counted, harmless
from dedupe.deduper import Evidence, Member, StoryView, Version
from dedupe.maintenance.listing import Listed, Page
from dedupe.models import Article


class StoriesTable:
    """One row for each story. Where there is little room, titles have it: other columns go."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table, as wide as the console is."""
        rows = [_row(story) for story in self._page.stories]
        shown = fitting(_OF_STORIES, rows, _READABLE, options.max_width)
        table = _table("Stories")
        for name in shown:
            table.add_column(_HEADS.get(name, name), no_wrap=True, **_LAYOUT.get(name, {}))
        for row in rows:
            table.add_row(*(row[name] for name in shown))
        table.caption = counted(self._page.total, "story", "stories")
        if self._page.next:
            part = f"{len(rows):,} of {self._page.total:,} stories"
            table.caption = f"{part}; --limit NUMBER shows more"
        yield table


_HEADS = {"title": "canonical article", "day": "latest"}
_LAYOUT: dict[str, dict[str, Any]] = {
    "size": {"justify": "right"},
    "title": {"ratio": 3, "overflow": "ellipsis"},
    "source": {"ratio": 1, "overflow": "ellipsis"},
}
_OF_STORIES = (
    ("size", "title", "source", "credit", "latest", "story"),
    ("size", "title", "source", "day", "story"),
    ("size", "title", "day", "story"),
    ("size", "title", "story"),
)
_READABLE = {"title": 30, "source": 12}  # columns that these have at least


def _row(story: Listed) -> dict[str, Text]:
    told = {
        "size": f"{story.size:,}",
        "title": story.title or story.canonical_id,
        "source": story.source or "",
        "credit": f"{story.credit} ({story.credit_count:,})" if story.credit else "",
        "latest": time_of(story.last),
        "day": _day_of(story.last),
        "story": story.id,
    }
    return {name: _cell(text) for name, text in told.items()}


class StoryTable:
    """One row for each article; the one that was asked for has an arrow.

    An id stands below its title: ids are addresses mostly, and too long for a column of their own.
    Empty columns go, and others where there is little room for titles.
    """

    def __init__(self, story: StoryView, asked: str) -> None:
        self._story, self._asked = story, asked

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table, as wide as the console is."""
        story = self._story
        rows = [self._row(member) for member in story.members]
        shown = fitting(_OF_ONE, rows, _READABLE_OF_ONE, options.max_width)
        table = _table(f"Story {harmless(story.id)}")
        for name in shown:
            table.add_column(
                _HEADS_OF_ONE.get(name, name), **_LAYOUT_OF_ONE.get(name, {"no_wrap": True})
            )
        for member, row in zip(story.members, rows, strict=True):
            style = "bold" if member.id == story.canonical_id else None
            table.add_row(*(row[name] for name in shown), style=style)
        table.caption = Text(_told_of(story))
        yield table

    def _row(self, member: Member) -> dict[str, Text]:
        arrow = "→ " if member.id == self._asked else ""
        canonical = member.id == self._story.canonical_id
        notice = f"[{member.notice}] " if member.notice else ""
        title, id = _cell(notice + (member.title or "")), _cell(member.id, style="dim")
        return {
            "relation": _cell(arrow + ("canonical" if canonical else member.relation)),
            "sim.": _cell("" if member.similarity is None else f"{member.similarity:.2f}"),
            "published": _cell(time_of(member.published)),
            "day": _cell(_day_of(member.published)),
            "article": Text("\n").join([title, id]) if title else id,
            "source": _cell(member.source or ""),
            "credits": _cell(member.credit or ""),
        }


_OF_ONE = (
    ("relation", "sim.", "published", "article", "source", "credits"),
    ("relation", "sim.", "published", "article", "source"),
    ("relation", "sim.", "day", "article", "source"),
    ("relation", "day", "article", "source"),
    ("relation", "article"),
)
_HEADS_OF_ONE = {"day": "published"}
_LAYOUT_OF_ONE: dict[str, dict[str, Any]] = {
    "sim.": {"no_wrap": True, "justify": "right"},
    "article": {"ratio": 3, "overflow": "fold"},
    "source": {"ratio": 1, "overflow": "fold"},
}
_READABLE_OF_ONE = {"article": 30, "source": 12}


def _told_of(story: StoryView) -> str:
    told = [f"why: {story.canonical_reason}"]
    if story.credit:
        told.append(f"{story.credit} credited by {story.credit_count:,}")
    told.append(f"{counted(len(story.members), 'article')}, {time_of(story.first)}")
    if story.first != story.last:
        told[-1] += f" to {time_of(story.last)}"
    return "; ".join(told)


def versions_shown(story: StoryView, asked: str) -> Iterator[RenderableType]:
    """What changed from version to version of the article that was asked for, the latest first."""
    for member in story.members:
        if member.id == asked and member.versions:
            yield Text(f"  Versions of {harmless(member.id)}\n", style="bold")
            for version in reversed(member.versions):
                yield _cell(_version_told(version), indent=2)
                for mark, style, some in (
                    ("+", "green", version.added),
                    ("−", "red", version.removed),
                ):
                    yield from (_cell(f"{mark} {sentence}", style, indent=4) for sentence in some)


def _version_told(version: Version) -> str:
    moment = version.came or version.updated or version.published
    told = [f"{version.number}: {time_of(moment)}"]
    if version.notice:
        told.append(version.notice + (f" by {version.by}" if version.by else ""))
    if version.changed is not None:
        told.append(f"{version.changed:.0%} of the words changed")
    if version.titles is not None:
        before, after = (title or "no title" for title in version.titles)
        told.append(f"title: {before} → {after}")
    return "; ".join(told)


def evidence_shown(evidence: Evidence) -> Iterator[RenderableType]:
    """Both texts with what they share marked."""
    for name, article in (("A", evidence.article), ("B", evidence.other)):
        yield _cell(f"  {name}: {_told(article)}")
    yield Text(f"  {counted(len(evidence.passages), 'shared passage')}\n")
    yield Texts(evidence.article.text, evidence.other.text, evidence.passages)


def _told(article: Article) -> str:
    parts = (article.id, article.title, article.source, time_of(article.published))
    return " · ".join(part for part in parts if part)


def _table(title: str) -> Table:
    return Table(
        title=title, title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD,
        padding=(0, 1), expand=True,
    )  # fmt: skip


def time_of(moment: datetime | None) -> str:
    """To the minute, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "no date"


def _day_of(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "no date"


def _cell(text: str, style: str = "", indent: int = 0) -> Text:
    return Text(" " * indent + harmless(" ".join(text.split())), style=style)
