"""The index in one SQLite file: durable, without a server, for several processes at once."""

from dedupe.index.sqlite.index import SqliteIndex, open_sqlite

__all__ = ["SqliteIndex", "open_sqlite"]
