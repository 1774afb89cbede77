"""What the queue in SQLite does inside a transaction."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from typing import Any

from dedupe.errors import UsageError
from dedupe.queues.base import ALONE, Entry

_NONE = 1 << 62  # an id that no entry reaches


def put(db: sqlite3.Connection, articles: Iterable[tuple[int, bytes]]) -> list[str]:
    """Append articles, each with the version of its format; the ids of their entries."""
    ids = []
    for format, body in articles:
        id = db.execute(
            "INSERT INTO queue_entries (time, format, body) VALUES (?, ?, ?)",
            (time.time(), format, body),
        ).lastrowid
        db.execute("INSERT INTO queue_unfinished VALUES (?, NULL, NULL, 0)", (id,))
        ids.append(str(id))
    return ids


def handed(db: sqlite3.Connection, consumer: str, rows: Sequence[Any]) -> list[Entry]:
    """Note that entries are handed out."""
    now = time.time()
    db.executemany(
        "UPDATE queue_unfinished SET consumer = ?, since = ?, tries = tries + 1 WHERE id = ?",
        [(consumer, now, row[0]) for row in rows],
    )
    return [Entry(str(id), *rest) for id, *rest in rows]


def together(rows: Sequence[Any]) -> Sequence[Any]:
    """The first that may be handed out together: one that was so too often comes alone."""
    alone = next((i for i, row in enumerate(rows) if row[3] >= ALONE), len(rows))
    return rows[: max(1, alone)]


def end(db: sqlite3.Connection, id: str, outputs: Sequence[bytes]) -> bool:
    """End an entry that is handed out and has not ended."""
    ended = db.execute(
        "DELETE FROM queue_unfinished WHERE id = ? AND consumer IS NOT NULL", (number(id),)
    ).rowcount
    if ended:
        tell(db, outputs)
    return bool(ended)


def tell(db: sqlite3.Connection, outputs: Sequence[bytes]) -> None:
    """Append messages."""
    now = time.time()
    db.executemany(
        "INSERT INTO queue_outputs (time, body) VALUES (?, ?)", [(now, body) for body in outputs]
    )


def cursor(db: sqlite3.Connection, reader: str) -> str:
    """How far a reader is; "" for one that is new."""
    select = "SELECT position FROM queue_cursors WHERE reader = ?"
    row = db.execute(select, (reader,)).fetchone()
    return str(row[0]) if row else ""


def move(db: sqlite3.Connection, reader: str, before: str, after: str, *, copies: bool) -> bool:
    """Move a cursor from where it was; False, and nothing, where it is not there."""
    if cursor(db, reader) != before:
        return False
    db.execute("INSERT OR REPLACE INTO queue_cursors VALUES (?, ?, ?)", (reader, after, copies))
    return True


def needed_entry(db: sqlite3.Connection) -> int:
    """The first entry that is not finished."""
    (first,) = db.execute("SELECT min(id) FROM queue_unfinished").fetchone()
    return _NONE if first is None else int(first)


def needed_output(db: sqlite3.Connection) -> int:
    """The first message that a reader lacks."""
    rows = db.execute("SELECT position FROM queue_cursors WHERE NOT copies").fetchall()
    return min((number(position) + 1 for (position,) in rows), default=_NONE)


def number(id: str) -> int:
    """The number that an id is; 0 for "". Raises UsageError for what is none."""
    if id and not _is_number(id):
        raise UsageError(f"{id[:40]!r} is no id of this queue; in SQLite they are whole numbers")
    return int(id or 0)


def numbers(ids: Sequence[str]) -> list[int]:
    """Those of some ids that are ids."""
    return [int(id) for id in ids if _is_number(id)]


def _is_number(id: str) -> bool:
    return id.isascii() and id.isdecimal() and len(id) < 19
