"""The index in one SQLite file. dedupe.index.base.Index says what each method promises.

A batch of articles is one transaction, and so is a change of clusters. Candidates are read from
buckets in memory when the transaction that followed the log of entries is over.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from dedupe.errors import UsageError
from dedupe.index.base import (
    SLICE_BITS,
    Filed,
    Found,
    Receipt,
    SliceStats,
    Stats,
    Tally,
    slice_of,
)
from dedupe.index.manifest import Manifest
from dedupe.index.meeting import Meeting, answers, entering
from dedupe.index.sqlite.file import File, open_file
from dedupe.index.sqlite.ledger import Ledger
from dedupe.index.sqlite.replica import Replica

_PREFIX = "sqlite:///"
_LAST_ENTRY = "SELECT seq FROM sqlite_sequence WHERE name = 'entries'"


def open_sqlite(url: str, wanted: Manifest | None = None) -> SqliteIndex:
    """Open the index sqlite:///relative.db or sqlite:////absolute.db, or make it."""
    name = url.removeprefix(_PREFIX)
    if not url.startswith(_PREFIX) or not name or name == ":memory:":
        raise UsageError(
            f"{url!r} names no file; write sqlite:///relative.db or sqlite:////absolute.db"
            " (an index in memory is memory:)"
        )
    return SqliteIndex(*open_file(Path(name), wanted))


class SqliteIndex(Ledger):
    """One index in a file that other processes may use too."""

    def __init__(self, file: File, manifest: Manifest) -> None:
        super().__init__(file, manifest)
        self._replica = self._empty()

    def _empty(self) -> Replica:
        return Replica(self.manifest.signature.bands, self.manifest.depth)

    @contextmanager
    def _following(self, *, write: bool) -> Iterator[sqlite3.Connection]:
        """A transaction that the replica goes along with, or else is thrown away."""
        try:
            with self._writing() if write else self._reading() as db:
                yield db
        except BaseException:
            self._replica = self._empty()
            raise

    # ---- articles --------------------------------------------------------------------------------

    def add(self, filed: Sequence[Filed], most: int) -> list[Found]:
        """Store articles and return their candidates."""
        near = [each.near for each in filed]
        with self._following(write=False) as db:  # what takes long, while others may write
            if self._replica.lacks(near, db):
                self._replica.follow(db, near)
        with self._following(write=True) as db:
            met = [self._file(db, each) for each in filed]
            groups = entering(filed, met)
            self._replica.follow(db, [*near, *((slice, slice) for slice, *_ in groups)])
            for slice, places, some in groups:
                self._enter(db, slice, places, some)
        return answers(self._replica.buckets, filed, met, most)

    def probe(self, filed: Sequence[Filed], most: int) -> list[Found]:
        """What `add` would return."""
        with self._following(write=False) as db:
            met = [self._meet(db, each) for each in filed]
            self._replica.follow(db, [each.near for each in filed])
        return answers(self._replica.buckets, filed, met, most)

    def _meet(self, db: sqlite3.Connection, filed: Filed) -> Meeting:
        row = db.execute("SELECT receipt FROM receipts WHERE id = ?", (filed.id,)).fetchone()
        if row is not None:
            return Meeting(removed=self._decoded(row[0], Receipt))
        row = db.execute("SELECT place, content FROM articles WHERE id = ?", (filed.id,)).fetchone()
        if row is None or row[0] == filed.revises:
            head = self._head(db, filed, None)
            return Meeting(head=-1 if head == filed.revises else head)
        place, content = int(row[0]), row[1]
        if content != _signed(filed.content):
            return Meeting(place, other=True)
        return Meeting(place, known=True, head=self._head(db, filed, place))

    def _head(self, db: sqlite3.Connection, filed: Filed, own: int | None) -> int:
        if not filed.digest:
            return -1
        row = db.execute(
            "SELECT place FROM heads WHERE digest = ? AND slice BETWEEN ? AND ?"
            " AND abs(hours - ?) <= ? ORDER BY slice <> ?, slice LIMIT 1",
            (
                _signed(filed.digest),
                *filed.near,
                filed.hours,
                self.manifest.window_hours,
                filed.slice if own is None else slice_of(own),
            ),
        ).fetchone()
        return -1 if row is None or row[0] == own else int(row[0])

    def _file(self, db: sqlite3.Connection, filed: Filed) -> Meeting:
        met = self._meet(db, filed)
        if met.known:
            return self._again(db, met, filed)
        if met.other or met.removed:
            return met
        if filed.revises >= 0:
            db.execute(
                "UPDATE articles SET id = NULL WHERE place = ? AND id = ?",
                (int(filed.revises), filed.id),
            )
        place = self._next_place(db, filed.slice)
        db.execute(
            "INSERT INTO articles (place, id, content, digest) VALUES (?, ?, ?, ?)",
            (place, filed.id, _signed(filed.content), _signed(filed.digest)),
        )
        db.execute("INSERT INTO records VALUES (?, ?)", (place, filed.record))
        if filed.text is not None:
            db.execute("INSERT INTO texts VALUES (?, ?)", (place, filed.text))
        if met.head == -1:
            _lead(db, place, filed)
        return met._replace(place=place, enters=met.head == -1 and filed.bucketed)

    def _again(self, db: sqlite3.Connection, met: Meeting, filed: Filed) -> Meeting:
        """An article that is known: not linked yet, it stands for its text if nothing does."""
        entry, cluster = db.execute(
            "SELECT entry, cluster FROM articles WHERE place = ?", (met.place,)
        ).fetchone()
        if cluster is not None or met.head != -1:
            return met
        _lead(db, met.place, filed)
        return met._replace(enters=filed.bucketed and entry is None)

    def _next_place(self, db: sqlite3.Connection, slice: int) -> int:
        _enliven(db, slice)
        (number,) = db.execute("SELECT next FROM slices WHERE slice = ?", (slice,)).fetchone()
        db.execute(
            "UPDATE slices SET next = next + 1, articles = articles + 1 WHERE slice = ?", (slice,)
        )
        return slice << SLICE_BITS | int(number)

    def _enter(
        self, db: sqlite3.Connection, slice: int, places: Sequence[int], filed: Sequence[Filed]
    ) -> None:
        number = self._replica.enter(db, slice, places, filed)
        db.executemany(
            "UPDATE articles SET entry = ? WHERE place = ?", [(number, place) for place in places]
        )

    def tally(self, slice: int, blob: bytes) -> int:
        """Append a part."""
        with self._writing() as db:
            _enliven(db, slice)
            (position,) = db.execute(
                "SELECT coalesce(max(position), 0) + 1 FROM tallies WHERE slice = ?", (slice,)
            ).fetchone()
            db.execute("INSERT INTO tallies VALUES (?, ?, 0, ?)", (slice, position, blob))
            return int(position)

    def tallies(self, read: dict[int, int]) -> list[Tally]:
        """The parts beyond the positions that were read."""
        with self._reading() as db:
            return [
                Tally(slice, position, bool(whole), blob)
                for slice in _live_slices(db)
                for position, whole, blob in db.execute(
                    "SELECT position, whole, blob FROM tallies WHERE slice = ? AND position > ?"
                    " ORDER BY position",
                    (slice, read.get(slice, 0)),
                )
            ]

    def fold(self, slice: int, position: int, blob: bytes) -> bool:
        """Replace parts by one."""
        with self._writing() as db:
            folded = db.execute(
                "UPDATE tallies SET whole = 1, blob = ?"
                " WHERE slice = ? AND position = ? AND NOT whole",
                (blob, slice, position),
            ).rowcount
            if folded:
                db.execute(
                    "DELETE FROM tallies WHERE slice = ? AND position < ?", (slice, position)
                )
            return bool(folded)

    def records(self, places: Sequence[int]) -> list[bytes | None]:
        """Encoded records."""
        return self._each("SELECT record FROM records WHERE place = ?", map(int, places))

    def texts(self, places: Sequence[int]) -> list[bytes | None]:
        """Compressed texts."""
        return self._each("SELECT text FROM texts WHERE place = ?", map(int, places))

    def places(self, ids: Sequence[str]) -> list[int | None]:
        """Where the articles are."""
        return self._each("SELECT place FROM articles WHERE id = ?", ids)

    def slices(self) -> list[int]:
        """The live slices."""
        with self._reading() as db:
            return _live_slices(db)

    def scan(self, slice: int) -> Iterator[int]:
        """The places of a slice."""
        low, high = slice << SLICE_BITS, (slice + 1) << SLICE_BITS
        rows = self._paged(
            "SELECT place FROM articles WHERE place > ? AND place < ? ORDER BY place", low - 1, high
        )
        return (place for (place,) in rows)

    # ---- going away ------------------------------------------------------------------------------

    def remove(self, place: int, receipt: Receipt | None, heir: Filed | None) -> bool:
        """Delete all that is kept of an article."""
        place = int(place)
        with self._following(write=True) as db:
            row = db.execute(
                "SELECT digest, entry, cluster FROM articles WHERE place = ?", (place,)
            ).fetchone()
            if row is not None:
                digest, entry, cluster = row
                if cluster is not None:
                    return False
                slice = slice_of(place)
                self._replica.follow(db, [(slice, slice)])
                if entry is not None:
                    self._replica.leave(db, slice, place, entry)
                _delete(db, [(place, digest)])
            if receipt is not None:
                encoded = msgspec.msgpack.encode(receipt)
                db.execute("INSERT OR REPLACE INTO receipts VALUES (?, ?)", (receipt.id, encoded))
            if heir is not None:
                self._inherit(db, heir)
            return True

    def _inherit(self, db: sqlite3.Connection, heir: Filed) -> None:
        row = db.execute("SELECT place, entry FROM articles WHERE id = ?", (heir.id,)).fetchone()
        if row is None:
            return
        place, entry = row
        slice = slice_of(place)
        if self._head(db, heir, place) == -1:
            _lead(db, place, heir)
        if heir.bucketed and entry is None:
            self._replica.follow(db, [(slice, slice)])
            self._enter(db, slice, [place], [heir])

    def expire(self, slice: int, most: int, since: int = 0) -> int:
        """Delete old slices, some articles at a time."""
        with self._writing() as db:
            gone = 0
            for old in [s for s in _live_slices(db) if since <= s < slice]:
                left = most - gone
                void = f"UPDATE slices SET void = coalesce(({_LAST_ENTRY}), void)"
                db.execute(f"{void} WHERE slice = ?", (old,))
                rows = db.execute(
                    "SELECT place, digest, cluster FROM articles"
                    " WHERE place >= ? AND place < ? ORDER BY place LIMIT ?",
                    (old << SLICE_BITS, (old + 1) << SLICE_BITS, left + 1),
                ).fetchall()
                _delete(db, [(place, digest) for place, digest, _ in rows[:left]])
                self._prune(db, [(cluster, place) for place, _, cluster in rows[:left]])
                _delete_entries(db, old, left)
                gone += len(rows[:left])
                if len(rows) > left:
                    break
                _bury(db, old)
        if not gone:
            self._drop_events(slice * self.manifest.slice_hours)
        return gone

    def stats(self) -> Stats:
        """What the index holds."""
        with self._reading() as db:
            slices = db.execute(
                "SELECT slice, articles, capped FROM slices WHERE live ORDER BY slice"
            ).fetchall()
            (clusters,) = db.execute("SELECT count(*) FROM clusters").fetchone()
            (events,) = db.execute("SELECT count(*) FROM events").fetchone()
            (pages,) = db.execute("PRAGMA page_count").fetchone()
            (page,) = db.execute("PRAGMA page_size").fetchone()
        return Stats(
            articles=sum(articles for _, articles, _ in slices),
            clusters=clusters,
            events=events,
            slices=tuple(SliceStats(slice=s, articles=articles) for s, articles, _ in slices),
            capped=sum(capped for *_, capped in slices),
            bytes=pages * page,
        )


def _signed(value: int) -> int:
    """A 64-bit hash as SQLite keeps it."""
    return (int(value) ^ 1 << 63) - (1 << 63)


def _live_slices(db: sqlite3.Connection) -> list[int]:
    rows = db.execute("SELECT slice FROM slices WHERE live ORDER BY slice")
    return [slice for (slice,) in rows]


def _lead(db: sqlite3.Connection, place: int, filed: Filed) -> None:
    """Make an article the head of its digest in its slice, where there is none."""
    if filed.digest:
        db.execute(
            "INSERT OR IGNORE INTO heads VALUES (?, ?, ?, ?)",
            (_signed(filed.digest), slice_of(place), place, filed.hours),
        )


def _enliven(db: sqlite3.Connection, slice: int) -> None:
    db.execute(
        "INSERT INTO slices VALUES (?, 1, 0, 0, 0, 0) ON CONFLICT DO UPDATE SET live = 1"
        " WHERE NOT live",
        (slice,),
    )


def _delete(db: sqlite3.Connection, articles: Sequence[tuple[Any, ...]]) -> None:
    """Delete articles, given as (place, digest), but for their keys."""
    places = [(place,) for place, _ in articles]
    for table in ("articles", "records", "texts"):
        db.executemany(f"DELETE FROM {table} WHERE place = ?", places)
    db.executemany(
        "DELETE FROM heads WHERE digest = ? AND slice = ? AND place = ?",
        [(digest, slice_of(place), place) for place, digest in articles],
    )
    db.executemany(
        "UPDATE slices SET articles = articles - 1 WHERE slice = ?",
        [(slice_of(place),) for place, _ in articles],
    )


def _delete_entries(db: sqlite3.Connection, slice: int, most: int) -> None:
    """Delete the void entries of a slice, those of about `most` articles."""
    rows = db.execute(
        "SELECT number, length(places) / 8 FROM entries WHERE slice = ? ORDER BY number LIMIT ?",
        (slice, most),
    ).fetchall()
    for number, articles in rows:
        if most <= 0:
            break
        db.execute("DELETE FROM entries WHERE number = ?", (number,))
        most -= articles


def _bury(db: sqlite3.Connection, slice: int) -> None:
    """Delete what is left of a slice that has lost its articles."""
    for table in ("entries", "tallies"):
        db.execute(f"DELETE FROM {table} WHERE slice = ?", (slice,))
    db.execute("UPDATE slices SET live = 0, articles = 0, capped = 0 WHERE slice = ?", (slice,))
