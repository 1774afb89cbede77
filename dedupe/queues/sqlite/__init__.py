"""The queue in the SQLite file of the index, or in memory: tables beside those of the index."""

from __future__ import annotations

from pathlib import Path

from dedupe.errors import UsageError
from dedupe.index.opening import file_of
from dedupe.index.sqlite.file import open_beside, open_memory
from dedupe.queues.sqlite.queue import SqliteQueue

SCHEMA = """
CREATE TABLE IF NOT EXISTS queue_feeds (
    key TEXT PRIMARY KEY, version INTEGER, state BLOB
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue_members (
    role TEXT, name TEXT, till REAL, PRIMARY KEY (role, name)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue_locks (
    lock TEXT PRIMARY KEY, name TEXT, till REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS queue_entries (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time REAL, format INTEGER, body BLOB
);
CREATE TABLE IF NOT EXISTS queue_unfinished (
    id INTEGER PRIMARY KEY, -- of the entry
    consumer TEXT, -- NULL: nobody has had it
    since REAL,
    tries INTEGER -- how often it was handed out
);
CREATE INDEX IF NOT EXISTS queue_waiting ON queue_unfinished (id) WHERE consumer IS NULL;
CREATE INDEX IF NOT EXISTS queue_pending ON queue_unfinished (id) WHERE consumer IS NOT NULL;
CREATE TABLE IF NOT EXISTS queue_dead (
    id INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT, reason TEXT, format INTEGER, body BLOB
);
CREATE TABLE IF NOT EXISTS queue_outputs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time REAL, body BLOB
);
CREATE TABLE IF NOT EXISTS queue_cursors (
    reader TEXT PRIMARY KEY,
    position TEXT,
    copies INTEGER -- whether it is a position in another log
) WITHOUT ROWID;
"""


def open_sqlite(url: str) -> SqliteQueue:
    """Open the queue of memory: (a new one), sqlite:///relative.db or sqlite:////absolute.db."""
    if url.startswith("memory:"):
        return SqliteQueue(open_memory(SCHEMA))
    path = file_of(url)
    if path is None or path in (Path(), Path(":memory:")):
        raise UsageError(
            f"{url!r} names no file; write sqlite:///relative.db or sqlite:////absolute.db"
        )
    return SqliteQueue(open_beside(path, SCHEMA))
