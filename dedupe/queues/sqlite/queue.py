"""The queue in SQLite.

Each method that changes something is one transaction. Ids are numbers without gaps: only what lies
at the beginning of a table is deleted.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import takewhile
from typing import Any

from dedupe.index.sqlite.file import File
from dedupe.queues.base import FORMAT, Backlog, Dead, Entry, Feed, Finished, Output
from dedupe.queues.sqlite import steps

_TRIMMED = 1000  # entries that one transaction deletes
_LOOKING = 0.05  # seconds between two looks whether something has come
_Needed = Callable[[sqlite3.Connection], int]

_HANDED = (
    "SELECT e.id, e.body, e.format, u.tries FROM queue_unfinished u JOIN queue_entries e USING (id)"
)


class SqliteQueue:
    """One queue. dedupe.queues.base.Queue says what each method promises."""

    def __init__(self, file: File) -> None:
        self._file = file

    def _reading(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._file.reading()

    def _writing(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._file.writing()

    # ---- feeds -----------------------------------------------------------------------------------

    def feeds(self) -> list[Feed]:
        """All feeds."""
        with self._reading() as db:
            rows = db.execute("SELECT key, version, state FROM queue_feeds ORDER BY key").fetchall()
        return [Feed(*row) for row in rows]

    def subscribe(self, states: Mapping[str, bytes]) -> int:
        """Add feeds."""
        return self._many("INSERT OR IGNORE INTO queue_feeds VALUES (?, 1, ?)", states.items())

    def unsubscribe(self, keys: Sequence[str]) -> int:
        """Remove feeds."""
        return self._many("DELETE FROM queue_feeds WHERE key = ?", ((key,) for key in keys))

    def _many(self, statement: str, rows: Any) -> int:
        """Execute a statement for each row; how many rows of the table it changed."""
        with self._writing() as db:
            return max(0, db.executemany(statement, rows).rowcount)

    def polled(self, feed: Feed, articles: Sequence[bytes]) -> bool:
        """Replace the state of a feed and put the articles."""
        with self._writing() as db:
            changed = db.execute(
                "UPDATE queue_feeds SET version = version + 1, state = ?"
                " WHERE key = ? AND version = ?",
                (feed.state, feed.key, feed.version),
            ).rowcount
            if changed:
                steps.put(db, ((FORMAT, body) for body in articles))
        return bool(changed)

    def present(self, role: str, name: str, now: float, seconds: float) -> list[str]:
        """Be a member of a role."""
        with self._writing() as db:
            db.execute(
                "DELETE FROM queue_members WHERE role = ? AND (till <= ? OR name = ?)",
                (role, now, name),
            )
            if seconds > 0:
                db.execute(
                    "INSERT INTO queue_members VALUES (?, ?, ?)", (role, name, now + seconds)
                )
            rows = db.execute(
                "SELECT name FROM queue_members WHERE role = ? ORDER BY name", (role,)
            ).fetchall()
        return [name for (name,) in rows]

    def hold(self, lock: str, name: str, now: float, seconds: float) -> bool:
        """Have a lock."""
        with self._writing() as db:
            row = db.execute(
                "SELECT name, till FROM queue_locks WHERE lock = ?", (lock,)
            ).fetchone()
            if row and row[0] != name and row[1] > now:
                return False
            if seconds > 0:
                held = (lock, name, now + seconds)
                db.execute("INSERT OR REPLACE INTO queue_locks VALUES (?, ?, ?)", held)
            else:
                db.execute("DELETE FROM queue_locks WHERE lock = ?", (lock,))
        return True

    # ---- articles --------------------------------------------------------------------------------

    def put(self, articles: Sequence[bytes]) -> list[str]:
        """Append articles."""
        with self._writing() as db:
            return steps.put(db, ((FORMAT, body) for body in articles))

    def take(self, consumer: str, most: int, wait: float) -> list[Entry]:
        """Entries that nobody has had."""
        fresh = "SELECT 1 FROM queue_unfinished WHERE consumer IS NULL"
        end = time.monotonic() + wait
        taken: list[Entry] = []
        while not taken and self._comes(fresh, (), end - time.monotonic()):
            with self._writing() as db:
                rows = db.execute(
                    f"{_HANDED} WHERE u.consumer IS NULL ORDER BY u.id LIMIT ?", (most,)
                ).fetchall()
                taken = steps.handed(db, consumer, rows)
        return taken

    def own(self, consumer: str, most: int, after: str = "") -> list[Entry]:
        """Entries that this consumer has."""
        with self._writing() as db:
            rows = db.execute(
                f"{_HANDED} WHERE u.consumer = ? AND u.id > ? ORDER BY u.id LIMIT ?",
                (consumer, steps.number(after), most),
            ).fetchall()
            return steps.handed(db, consumer, steps.together(rows))

    def take_over(self, consumer: str, idle: float, most: int) -> list[Entry]:
        """Entries that others have had for long."""
        with self._writing() as db:
            rows = db.execute(
                f"{_HANDED} WHERE u.consumer <> ? AND u.since < ? ORDER BY u.id LIMIT ?",
                (consumer, time.time() - idle, most),
            ).fetchall()
            return steps.handed(db, consumer, steps.together(rows))

    def _comes(self, select: str, values: tuple[Any, ...], wait: float) -> bool:
        """Whether a query has a row, or gets one while it is waited."""
        end = time.monotonic() + wait
        while True:
            with self._reading() as db:
                found = db.execute(f"{select} LIMIT 1", values).fetchone()
            left = end - time.monotonic()
            if found or left <= 0:
                return found is not None
            time.sleep(min(left, _LOOKING))

    def finish(self, done: Sequence[Finished]) -> int:
        """End entries and append their outputs."""
        with self._writing() as db:
            return sum(steps.end(db, each.id, each.outputs) for each in done)

    def bury(self, entry: Entry, reason: str, outputs: Sequence[bytes] = ()) -> bool:
        """End an entry and keep it among the dead."""
        with self._writing() as db:
            ended = steps.end(db, entry.id, outputs)
            if ended:
                db.execute(
                    "INSERT INTO queue_dead (entry, reason, format, body) VALUES (?, ?, ?, ?)",
                    (entry.id, reason, entry.format, entry.body),
                )
        return ended

    def dead(self, after: str = "", most: int = 1000) -> list[Dead]:
        """The dead beyond an id."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT id, entry, reason, body FROM queue_dead WHERE id > ? ORDER BY id LIMIT ?",
                (steps.number(after), most),
            ).fetchall()
        return [Dead(str(id), *rest) for id, *rest in rows]

    def revive(self, ids: Sequence[str]) -> int:
        """Put dead entries into the queue again."""
        gone = "DELETE FROM queue_dead WHERE id = ? RETURNING format, body"
        with self._writing() as db:
            rows = [row for id in steps.numbers(ids) for row in db.execute(gone, (id,)).fetchall()]
            return len(steps.put(db, rows))

    # ---- outputs ---------------------------------------------------------------------------------

    def publish(self, reader: str, before: str, after: str, outputs: Sequence[bytes]) -> bool:
        """Append messages and move a cursor."""
        with self._writing() as db:
            moved = steps.move(db, reader, before, after, copies=True)
            if moved:
                steps.tell(db, outputs)
        return moved

    def outputs(self, after: str, most: int, wait: float = 0.0) -> list[Output]:
        """Messages beyond an id."""
        beyond = "FROM queue_outputs WHERE id > ?"
        if not self._comes(f"SELECT 1 {beyond}", (steps.number(after),), wait):
            return []
        with self._reading() as db:
            rows = db.execute(
                f"SELECT id, body {beyond} ORDER BY id LIMIT ?", (steps.number(after), most)
            ).fetchall()
        return [Output(str(id), body) for id, body in rows]

    def cursor(self, reader: str) -> str:
        """How far a reader is."""
        with self._writing() as db:
            db.execute("INSERT OR IGNORE INTO queue_cursors VALUES (?, '', 0)", (reader,))
            return steps.cursor(db, reader)

    def advance(self, reader: str, before: str, after: str) -> bool:
        """Move a reader's cursor."""
        steps.number(after)
        with self._writing() as db:
            return steps.move(db, reader, before, after, copies=False)

    def forget(self, reader: str) -> None:
        """Let a reader go."""
        self._many("DELETE FROM queue_cursors WHERE reader = ?", [(reader,)])

    # ---- upkeep ----------------------------------------------------------------------------------

    def trim(self, before: float) -> int:
        """Delete what nobody still needs."""
        return self._trim("queue_entries", before, steps.needed_entry) + self._trim(
            "queue_outputs", before, steps.needed_output
        )

    def _trim(self, table: str, before: float, needed: _Needed) -> int:
        total = 0
        while True:
            with self._writing() as db:
                rows = db.execute(
                    f"SELECT id, time FROM {table} WHERE id < ? ORDER BY id LIMIT {_TRIMMED}",
                    (needed(db),),
                ).fetchall()
                doomed = [id for id, _ in takewhile(lambda row: row[1] < before, rows)]
                if doomed:
                    db.execute(f"DELETE FROM {table} WHERE id <= ?", (doomed[-1],))
            total += len(doomed)
            if len(doomed) < _TRIMMED:
                return total

    def discard(self, ids: Sequence[str]) -> int:
        """Delete dead entries for good."""
        return self._many(
            "DELETE FROM queue_dead WHERE id = ?", ((id,) for id in steps.numbers(ids))
        )

    def backlog(self) -> Backlog:
        """How much waits."""

        def one(select: str) -> Any:
            return db.execute(f"SELECT {select}").fetchone()[0]

        with self._reading() as db:
            first, last = one("min(id) FROM queue_outputs"), one("max(id) FROM queue_outputs")
            readers = db.execute(
                "SELECT reader, position FROM queue_cursors WHERE NOT copies"
            ).fetchall()
            return Backlog(
                entries=one(
                    "coalesce((SELECT max(id) FROM queue_entries)"
                    " - (SELECT min(id) FROM queue_entries) + 1, 0)"
                ),
                waiting=one("count(*) FROM queue_unfinished WHERE consumer IS NULL"),
                pending=one("count(*) FROM queue_unfinished WHERE consumer IS NOT NULL"),
                oldest=one(
                    "(SELECT time FROM queue_entries"
                    " WHERE id = (SELECT min(id) FROM queue_unfinished))"
                ),
                dead=one("count(*) FROM queue_dead"),
                outputs=last - first + 1 if last else 0,
                behind={
                    reader: max(0, last - max(steps.number(position), first - 1)) if last else 0
                    for reader, position in readers
                },
            )

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
