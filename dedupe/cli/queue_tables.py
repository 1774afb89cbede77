"""What waits, and what was given up, as tables."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.text import Text

from dedupe.cli.figures import table_of, titled
from dedupe.cli.terminal import counted, harmless
from dedupe.queues.base import Backlog, Dead

_SHOWN = 60  # characters of a body


def backlog_shown(backlog: Backlog) -> Iterator[RenderableType]:
    """How much waits, and who is how far behind."""
    table = table_of("")
    table.add_column("", justify="right")
    table.show_header = False
    for name, number in (
        ("waiting", backlog.waiting),
        ("taken, not finished", backlog.pending),
        ("given up", backlog.dead),
        ("articles kept", backlog.entries),
        ("messages kept", backlog.outputs),
    ):
        table.add_row(name, f"{number:,}")
    if backlog.oldest is not None:
        table.add_row("oldest waits for", f"{max(0.0, time.time() - backlog.oldest):,.0f} s")
    yield titled("the queue", table, [])
    if backlog.behind:
        readers = table_of("reader")
        readers.add_column("messages behind", justify="right")
        for reader, behind in sorted(backlog.behind.items()):
            readers.add_row(Text(harmless(reader)), f"{behind:,}")
        yield titled("who reads what was decided", readers, [])


def dead_shown(dead: Sequence[Dead]) -> RenderableType:
    """A row for each."""
    table = table_of("id")
    for name in ("reason", "article"):
        table.add_column(name, overflow="fold")
    for each in dead:
        body = each.body[: 4 * _SHOWN].decode("utf-8", "replace")[:_SHOWN]
        table.add_row(each.id, Text(harmless(each.reason)), Text(harmless(body)))
    return titled(f"{counted(len(dead), 'article')} given up", table, [])
