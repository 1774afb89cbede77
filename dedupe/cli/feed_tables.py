"""Feeds as tables: which there are, how they are, what was found at an address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.text import Text

from dedupe.cli.figures import table_of, titled
from dedupe.cli.layouts import fitting
from dedupe.cli.terminal import counted, harmless
from dedupe.daemon.checking import Checked
from dedupe.daemon.feedhealth import FeedHealth

_STYLES = {"ok": "green", "broken": "yellow", "failing": "red", "gone": "red", "unreadable": "red"}


def feeds_shown(feeds: Sequence[FeedHealth]) -> Group:
    """A row for each feed."""
    table = table_of("feed")
    table.columns[0].overflow = "fold"
    for name in ("source", "listed in"):
        table.add_column(name, overflow="fold")
    for each in feeds:
        moved = f" → {each.now_at}" if each.now_at else ""
        table.add_row(
            _cell(each.url + moved), _cell(each.source or ""), _cell(each.listed or "by hand")
        )
    return titled(counted(len(feeds), "feed"), table, [])


class AddressTable:
    """A row for each address, what is to be known of it below. Where there is little room,
    addresses have it: other columns go.
    """

    def __init__(
        self,
        title: str,
        rows: Sequence[dict[str, Text]],
        layouts: Sequence[Sequence[str]],
        lines: Sequence[str] = (),
    ) -> None:
        """`layouts` name the columns, the richest first; the first column has the addresses."""
        self._title, self._rows, self._layouts, self._lines = title, rows, layouts, lines

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The table, as wide as the console allows."""
        first, *rest = fitting(self._layouts, self._rows, _READABLE, options.max_width)
        table = table_of(first)
        table.columns[0].overflow = "fold"
        for name in rest:
            if name == "title":
                table.add_column(name, overflow="fold", max_width=_READABLE[name])
            else:
                table.add_column(name, no_wrap=True, justify=_JUSTIFIED.get(name, "right"))
        for row in self._rows:
            table.add_row(row[first], *(row[name] for name in rest))
        yield titled(self._title, table, [*self._lines])


_READABLE = {"feed": 36, "address": 36, "title": 24}  # columns that are enough for these
_JUSTIFIED: dict[str, Literal["left"]] = {"health": "left"}
_STATUS = (
    ("feed", "health", "success", "change", "every", "a day", "fails"),
    ("feed", "health", "success", "change", "every", "fails"),
    ("feed", "health", "success", "change", "every"),
    ("feed", "health", "success", "every"),
    ("feed", "health", "success"),
    ("feed", "health"),
)
_CHECK = (
    ("address", "title", "entries", "dated", "full texts", "newest"),
    ("address", "entries", "dated", "full texts", "newest"),
    ("address", "entries", "dated", "newest"),
    ("address", "entries", "newest"),
    ("address", "entries"),
)
_NOTED = "success of a feed in which nothing changes is noted every 15 minutes at most"


def status_shown(feeds: Sequence[FeedHealth], now: float) -> AddressTable:
    """A row for each feed, those that need a look first; what is wrong stands below its address."""
    rows = [
        {
            "feed": _with(each.url, [each.error] if each.error else []),
            "health": Text(each.health, style=_STYLES.get(each.health, "")),
            "success": Text(_ago(each.last_success, now)),
            "change": Text(_ago(each.last_change, now)),
            "every": Text(_every(each)),
            "a day": Text("" if each.per_day is None else f"{each.per_day:,.1f}"),
            "fails": Text(f"{each.failures:,}" if each.failures else ""),
        }
        for each in sorted(feeds, key=lambda each: (each.health in ("ok", "new"), each.url))
    ]
    health = Counter(each.health for each in feeds)
    told = ", ".join(f"{count:,} {word}" for word, count in sorted(health.items()))
    title = f"{counted(len(feeds), 'feed')}{': ' if told else ''}{told}"
    return AddressTable(title, rows, _STATUS, [_NOTED] if feeds else [])


def checks_shown(found: Sequence[Checked]) -> AddressTable:
    """A row for each address; what to know of it stands below."""
    rows = []
    for each in found:
        notes = [note for note in (each.error, each.broken) if note]
        if each.moved:
            notes.append(f"has moved to {each.moved}")
        if each.ok and not each.validators:
            notes.append("its server cannot say that nothing has changed")
        numbers = {"entries": each.entries, "dated": each.dated, "full texts": each.full}
        rows.append(
            {name: Text(f"{number:,}" if each.ok else "") for name, number in numbers.items()}
            | {
                "address": _with(each.url, notes),
                "title": _cell(each.title or ""),
                "newest": Text("" if each.newest is None else f"{each.newest:%Y-%m-%d %H:%M}"),
            }
        )
    good = sum(each.ok for each in found)
    title = f"{good:,} of {counted(len(found), 'address', 'addresses')}: a feed"
    return AddressTable(title, rows, _CHECK)


def span(seconds: float) -> str:
    """A length of time in its largest unit: `5 min`, `2.5 h`, `3 d`."""
    for unit, length in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{round(seconds / length, 1):g} {unit}"
    return f"{max(seconds, 0.0):.0f} s"


def _every(feed: FeedHealth) -> str:
    if feed.health == "gone":
        return "never"  # again
    return "" if feed.interval is None else span(feed.interval)


def _ago(moment: datetime | None, now: float) -> str:
    if moment is None:
        return "never"
    return f"{span((datetime.fromtimestamp(now, UTC) - moment).total_seconds())} ago"


def _with(url: str, notes: Sequence[str]) -> Text:
    """An address, and what to know of it on lines of its own."""
    return Text("\n").join([_cell(url), *map(_cell, notes)])


def _cell(text: str) -> Text:
    return Text(harmless(text))
