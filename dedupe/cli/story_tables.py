"""Stories of an index as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

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
        shown = _fitting(rows, options.max_width)
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
_READABLE = {"title": 30, "source": 12}  # columns that these have at least


def _row(story: Listed) -> dict[str, Text]:
    told = {
        "size": f"{story.size:,}",
        "title": story.title or story.canonical_id,
        "source": story.source or "",
        "credit": f"{story.credit} ({story.credit_count:,})" if story.credit else "",
        "latest": time_of(story.last),
        "day": f"{story.last:%Y-%m-%d}" if story.last else "no date",
        "story": story.id,
    }
    return {name: _cell(text) for name, text in told.items()}


def _fitting(rows: Sequence[dict[str, Text]], width: int) -> Sequence[str]:
    """The names of the columns that leave enough room for titles; the fewest where none do."""
    layouts = (
        ("size", "title", "source", "credit", "latest", "story"),
        ("size", "title", "source", "day", "story"),
        ("size", "title", "day", "story"),
        ("size", "title", "story"),
    )
    for names in layouts:
        widths = (
            _READABLE.get(name) or max([len(name), *(row[name].cell_len for row in rows)])
            for name in names
        )
        if sum(widths) + 3 * len(names) + 1 <= width:  # what stands between them
            break
    return names


def story_table(story: StoryView, asked: str) -> Table:
    """One row for each article; the one that was asked for has an arrow.

    An id stands below its title: ids are addresses mostly, and too long for a column of their own.
    """
    table = _table(f"Story {harmless(story.id)}")
    table.add_column("relation", no_wrap=True, min_width=11)
    table.add_column("sim.", no_wrap=True, justify="right")
    table.add_column("published", no_wrap=True)
    table.add_column("article", ratio=3, overflow="fold")
    table.add_column("source", min_width=10, max_width=32, overflow="fold")
    table.add_column("credits", no_wrap=True)
    for member in story.members:
        canonical = member.id == story.canonical_id
        arrow = "→ " if member.id == asked else ""
        cells = _cells(member, "canonical" if canonical else member.relation, arrow)
        table.add_row(*cells, style="bold" if canonical else None)
    told = [f"why: {story.canonical_reason}"]
    if story.credit:
        told.append(f"{story.credit} credited by {story.credit_count:,}")
    told.append(f"{counted(len(story.members), 'article')}, {time_of(story.first)}")
    if story.first != story.last:
        told[-1] += f" to {time_of(story.last)}"
    table.caption = Text("; ".join(told))
    return table


def _cells(member: Member, relation: str, arrow: str) -> tuple[Text, ...]:
    similarity = "" if member.similarity is None else f"{member.similarity:.2f}"
    notice = f"[{member.notice}] " if member.notice else ""
    title, id = _cell(notice + (member.title or "")), _cell(member.id, style="dim")
    before = (arrow + relation, similarity, time_of(member.published))
    after = (member.source or "", member.credit or "")
    article = Text("\n").join([title, id]) if title else id
    return (*map(_cell, before), article, *map(_cell, after))


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


def _cell(text: str, style: str = "", indent: int = 0) -> Text:
    return Text(" " * indent + harmless(" ".join(text.split())), style=style)
