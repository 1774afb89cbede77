"""The clusters of an SQLite index, their changes and what people decided about them."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from dedupe.errors import IndexDamaged
from dedupe.index.base import Change, Cluster, Event, Hands, Receipt
from dedupe.index.manifest import Manifest
from dedupe.index.sqlite.file import File

_PAGE = 512  # rows that an iterator reads at once, so that it never holds a transaction open

_MANY = 10_000  # events that are deleted at once

_T = TypeVar("_T")


class Ledger:
    """The half of SqliteIndex that is about clusters."""

    def __init__(self, file: File, manifest: Manifest) -> None:
        self.manifest = manifest
        self._opened: File | None = file

    # ---- transactions ----------------------------------------------------------------------------

    @property
    def _db(self) -> File:
        if self._opened is None:
            raise ValueError("the index is closed")
        return self._opened

    def _reading(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._db.reading()

    def _writing(self) -> AbstractContextManager[sqlite3.Connection]:
        return self._db.writing()

    def _each(self, select: str, keys: Iterable[Any]) -> list[Any]:
        """The one value that a query has for each key; None where it has no row."""
        with self._reading() as db:
            rows = [db.execute(select, (key,)).fetchone() for key in keys]
        return [row and row[0] for row in rows]

    def _paged(self, select: str, first: Any, *rest: Any) -> Iterator[Any]:
        """The rows of a query that begins after `first`, its first column, and is ordered by it."""
        self._reading()  # a closed index says so now, not at the first row
        return self._pages(select, first, *rest)

    def _pages(self, select: str, first: Any, *rest: Any) -> Iterator[Any]:
        while True:
            with self._reading() as db:
                rows = db.execute(f"{select} LIMIT {_PAGE}", (first, *rest)).fetchall()
            yield from rows
            if len(rows) < _PAGE:
                return
            first = rows[-1][0]

    def _decoded(self, blob: bytes, kind: type[_T]) -> _T:
        try:
            return msgspec.msgpack.decode(blob, type=kind)
        except msgspec.MsgspecError as error:
            raise IndexDamaged(
                f"{self._db.path}: a {kind.__name__} cannot be read: {error}; restore the file"
                " from a copy"
            ) from error

    def incarnation(self) -> str:
        """There is no server."""
        return ""

    def memory(self) -> None:
        """There is no server."""

    def beside(self) -> None:
        """None: there is no server to wait for."""

    def close(self) -> None:
        """Let go of the file."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    # ---- reading ---------------------------------------------------------------------------------

    def memberships(self, places: Sequence[int]) -> list[str | None]:
        """The cluster of each."""
        return self._each("SELECT cluster FROM articles WHERE place = ?", map(int, places))

    def clusters(self, ids: Sequence[str]) -> list[Cluster | None]:
        """The clusters, through redirects."""
        with self._reading() as db:
            return [self._cluster(db, _led(db, id)) for id in ids]

    def _cluster(self, db: sqlite3.Connection, id: str) -> Cluster | None:
        row = db.execute("SELECT state FROM clusters WHERE id = ?", (id,)).fetchone()
        return row and self._decoded(row[0], Cluster)

    def stories(self) -> Iterator[Cluster]:
        """All clusters."""
        select = "SELECT rowid, state FROM clusters WHERE rowid > ? ORDER BY rowid"
        return (self._decoded(state, Cluster) for _, state in self._paged(select, 0))

    def redirects(self) -> Iterator[tuple[str, str]]:
        """All merged ids."""
        return self._paged("SELECT id, cluster FROM redirects WHERE id > ? ORDER BY id", "")

    def receipts(self) -> Iterator[Receipt]:
        """All receipts."""
        select = "SELECT id, receipt FROM receipts WHERE id > ? ORDER BY id"
        return (self._decoded(receipt, Receipt) for _, receipt in self._paged(select, ""))

    def events(self, after: int, most: int) -> list[Event]:
        """Events above a position."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT position, event FROM events WHERE position > ? ORDER BY position LIMIT ?",
                (after, most),
            ).fetchall()
        return [replace(self._decoded(event, Event), position=n) for n, event in rows]

    def hands(self) -> Hands:
        """What people decided."""
        with self._reading() as db:
            return self._hands(db)

    def _hands(self, db: sqlite3.Connection) -> Hands:
        row = db.execute("SELECT value FROM meta WHERE name = 'hands'").fetchone()
        return self._decoded(row[0], Hands) if row else Hands()

    # ---- changing --------------------------------------------------------------------------------

    def lay(self, hands: Hands) -> bool:
        """Replace the hands."""
        with self._writing() as db:
            if hands.version != self._hands(db).version + 1:
                return False
            encoded = msgspec.msgpack.encode(hands)
            db.execute("INSERT OR REPLACE INTO meta VALUES ('hands', ?)", (encoded,))
            return True

    def link(self, change: Change) -> bool:
        """Apply a change whole, or not."""
        with self._writing() as db:
            if not self._holds(db, change):
                return False
            self._move(db, change)
            db.executemany("INSERT OR REPLACE INTO redirects VALUES (?, ?)", change.redirects)
            _unredirect(db, set(change.dropped) - {id for id, _ in change.redirects})
            db.executemany(
                "INSERT INTO events (hours, event) VALUES (?, ?)",
                [(e.hours, msgspec.msgpack.encode(replace(e, position=0))) for e in change.events],
            )
            return True

    def _holds(self, db: sqlite3.Connection, change: Change) -> bool:
        expected = dict(change.expected)
        for id, version in change.expected:
            if db.execute("SELECT version FROM clusters WHERE id = ?", (id,)).fetchone() != (
                version,
            ):
                return False
        for place in change.unlinked:
            select = "SELECT cluster, id IS NULL FROM articles WHERE place = ?"
            if db.execute(select, (int(place),)).fetchone() != (None, 0):
                return False
        taken = "SELECT 1 FROM clusters WHERE id = ?1 UNION SELECT 1 FROM redirects WHERE id = ?1"
        for id in (*(cluster.id for cluster in change.clusters), *dict(change.redirects)):
            if id not in expected and db.execute(taken, (id,)).fetchone():
                return False
        return self._hands(db).version == change.hands

    def _move(self, db: sqlite3.Connection, change: Change) -> None:
        """Replace the states of clusters, and the memberships that are others now."""
        gone = {*change.dropped, *(id for id, _ in change.redirects)}
        before: dict[int, str] = {}
        after: dict[int, str | None] = {}
        for id in gone | {cluster.id for cluster in change.clusters}:
            if (old := self._cluster(db, id)) is not None:
                before.update(dict.fromkeys(old.members, id))
                after.update(dict.fromkeys(old.members))
        for cluster in change.clusters:
            after.update(dict.fromkeys(cluster.members, cluster.id))
        db.executemany("DELETE FROM clusters WHERE id = ?", [(id,) for id in gone])
        _keep(db, change.clusters)
        db.executemany(
            "UPDATE articles SET cluster = ? WHERE place = ?",
            [(to, int(place)) for place, to in after.items() if before.get(place) != to],
        )

    def _drop_events(self, hours: float) -> None:
        """Delete the events from before an hour, some in each transaction."""
        deleted = _MANY
        while deleted == _MANY:
            with self._writing() as db:
                deleted = db.execute(
                    "DELETE FROM events WHERE position IN"
                    " (SELECT position FROM events WHERE hours < ? LIMIT ?)",
                    (hours, _MANY),
                ).rowcount

    def _prune(self, db: sqlite3.Connection, gone: Iterable[tuple[str | None, int]]) -> None:
        """Take members, given as (cluster, place), that are gone out of their clusters."""
        losing: dict[str, set[int]] = defaultdict(set)
        for id, place in gone:
            if id is not None:
                losing[id].add(place)
        for id, places in losing.items():
            cluster = self._cluster(db, id)
            assert cluster is not None
            members = tuple(place for place in cluster.members if place not in places)
            if members:
                _keep(db, [replace(cluster, version=cluster.version + 1, members=members)])
            else:
                db.execute("DELETE FROM clusters WHERE id = ?", (id,))
                _unredirect(db, {id})


def _led(db: sqlite3.Connection, id: str) -> str:
    select = "SELECT cluster FROM redirects WHERE id = ?"
    while (row := db.execute(select, (id,)).fetchone()) is not None:
        (id,) = row
    return id


def _keep(db: sqlite3.Connection, clusters: Iterable[Cluster]) -> None:
    db.executemany(
        "INSERT INTO clusters VALUES (?, ?, ?)"
        " ON CONFLICT DO UPDATE SET version = excluded.version, state = excluded.state",
        [(c.id, c.version, msgspec.msgpack.encode(c)) for c in clusters],
    )


def _unredirect(db: sqlite3.Connection, gone: set[str]) -> None:
    """Forget the ids that lead to clusters that are gone."""
    while gone:
        leading: set[str] = set()
        for to in gone:
            leading.update(
                id for (id,) in db.execute("SELECT id FROM redirects WHERE cluster = ?", (to,))
            )
        db.executemany("DELETE FROM redirects WHERE id = ?", [(id,) for id in leading])
        gone = leading
