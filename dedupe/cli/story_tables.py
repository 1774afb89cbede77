"""Stories of an index as tables."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from dedupe.cli.side_by_side import Texts
from dedupe.cli.terminal import counted, harmless
from dedupe.deduper import Evidence, Member, StoryView, Version
from dedupe.maintenance.listing import Page
from dedupe.models import Article


def stories_table(page: Page) -> Table:
    """One row for each story."""
    table = _table("Stories")
    table.add_column("size", justify="right", no_wrap=True)
    table.add_column("canonical article", ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column("source", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("credit", no_wrap=True)
    table.add_column("latest", no_wrap=True)
    table.add_column("story", no_wrap=True)
    for story in page.stories:
        credit = f"{story.credit} ({story.credit_count:,})" if story.credit else ""
        cells = (story.title or story.canonical_id, story.source or "", credit, time_of(story.last))
        table.add_row(f"{story.size:,}", *map(_cell, cells), _cell(story.id))
    table.caption = counted(page.total, "story", "stories")
    if page.next:
        shown = f"{len(page.stories):,} of {page.total:,} stories"
        table.caption = f"{shown}; --limit NUMBER shows more"
    return table


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
