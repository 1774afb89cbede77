"""Feeds as tables: which there are, how they are, what was found at an address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

from rich.console import Group
from rich.text import Text

from dedupe.cli.figures import table_of, titled
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


def status_shown(feeds: Sequence[FeedHealth], now: float) -> Group:
    """A row for each feed, those that need a look first; what is wrong stands below its address."""
    table = table_of("feed")
    table.columns[0].overflow = "fold"
    table.add_column("health")
    for name in ("success", "change", "every", "a day", "fails"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in sorted(feeds, key=lambda each: (each.health in ("ok", "new"), each.url)):
        lines = [_cell(each.url), *([_cell(each.error)] if each.error else [])]
        table.add_row(
            Text("\n").join(lines),
            Text(each.health, style=_STYLES.get(each.health, "")),
            _ago(each.last_success, now),
            _ago(each.last_change, now),
            "" if each.interval is None else span(each.interval),
            "" if each.per_day is None else f"{each.per_day:,.1f}",
            f"{each.failures:,}" if each.failures else "",
        )
    health = Counter(each.health for each in feeds)
    told = ", ".join(f"{count:,} {word}" for word, count in sorted(health.items()))
    return titled(f"{counted(len(feeds), 'feed')}{': ' if told else ''}{told}", table, [])


def checks_shown(found: Sequence[Checked]) -> Group:
    """A row for each address."""
    table = table_of("address")
    table.columns[0].overflow = "fold"
    table.add_column("title", overflow="fold")
    for name in ("entries", "dated", "full texts", "newest"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("what to know", overflow="fold")
    for each in found:
        notes = [note for note in (each.error, each.broken) if note]
        if each.moved:
            notes.append(f"has moved to {each.moved}")
        if each.ok and not each.validators:
            notes.append("its server cannot say that nothing has changed")
        numbers = (each.entries, each.dated, each.full) if each.ok else ()
        cells = [f"{number:,}" for number in numbers] or ["", "", ""]
        newest = "" if each.newest is None else f"{each.newest:%Y-%m-%d %H:%M}"
        table.add_row(
            _cell(each.url), _cell(each.title or ""), *cells, newest, _cell("; ".join(notes))
        )
    good = sum(each.ok for each in found)
    return titled(f"{good:,} of {counted(len(found), 'address', 'addresses')}: a feed", table, [])


def span(seconds: float) -> str:
    """A length of time in its largest unit: `5 min`, `2.5 h`, `3 d`."""
    for unit, length in (("d", 86_400.0), ("h", 3_600.0), ("min", 60.0)):
        if seconds >= length:
            return f"{round(seconds / length, 1):g} {unit}"
    return f"{max(seconds, 0.0):.0f} s"


def _ago(moment: datetime | None, now: float) -> str:
    if moment is None:
        return "never"
    return f"{span((datetime.fromtimestamp(now, UTC) - moment).total_seconds())} ago"


def _cell(text: str) -> Text:
    return Text(harmless(text))
