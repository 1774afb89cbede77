"""The SQLite file of an index: made, opened, locked; and what its errors mean.

A commit is on the disk when it returns (write-ahead log, synchronous=FULL): neither a killed
process nor a power cut takes it back. The space of what is deleted is filled again by what comes;
the file does not shrink.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dedupe.errors import DedupeError, IndexDamaged, IndexUnavailable, UsageError
from dedupe.index import manifest as manifests
from dedupe.index.manifest import Manifest

PATIENCE = 30.0  # seconds that another process is waited for
_APPLICATION = 0x64647570  # "ddup", in the header of the file
_SCHEMA_VERSION = 1
_PAGE = 8192  # bytes
_CACHE = 32768  # KiB of pages that a process keeps

_OWN = (  # tables of the index; those of the queue may be there before it, and bring SQLite's own
    "SELECT count(*) FROM sqlite_master WHERE type = 'table'"
    " AND name NOT GLOB 'queue_*' AND name NOT GLOB 'sqlite_*'"
)

# Hashes are stored as signed integers; states, events, receipts and hands as msgpack. What grows
# large stands in tables of its own, so that the others stay dense. Buckets are not stored: each
# process fills its own from `entries`, a log.
_SCHEMA = """
CREATE TABLE meta ( -- manifest, hands
    name TEXT PRIMARY KEY, value BLOB
) WITHOUT ROWID;
CREATE TABLE slices (
    slice INTEGER PRIMARY KEY,
    live INTEGER, -- 0: expired; kept, so that no place is given twice
    next INTEGER, -- number of its next article
    articles INTEGER,
    capped INTEGER, -- bucket entries that were pushed out
    void INTEGER -- its entries up to this number are void
);
CREATE TABLE articles (
    place INTEGER PRIMARY KEY,
    id TEXT UNIQUE, -- NULL: it leads to a later version
    content INTEGER,
    digest INTEGER,
    entry INTEGER, -- number of the entry that has its keys; NULL: it is in no bucket
    cluster TEXT -- NULL: not linked
);
CREATE TABLE heads ( -- the first article of a digest in a slice that found no head near it
    digest INTEGER, slice INTEGER, place INTEGER, hours REAL, PRIMARY KEY (digest, slice)
) WITHOUT ROWID;
CREATE TABLE records (place INTEGER PRIMARY KEY, record BLOB);
CREATE TABLE texts (place INTEGER PRIMARY KEY, text BLOB);
CREATE TABLE entries ( -- what happened to the buckets, in order
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    slice INTEGER,
    places BLOB, -- int64 each: articles that entered, or the one that left
    keys BLOB, -- uint32, (places, bands); NULL: it left
    cuts BLOB -- int64, (n, 3) dedupe.index.buckets.Cut, where it left
);
CREATE INDEX entries_by_slice ON entries (slice);
CREATE TABLE tallies (
    slice INTEGER, position INTEGER, whole INTEGER, blob BLOB, PRIMARY KEY (slice, position)
);
CREATE TABLE clusters (id TEXT PRIMARY KEY, version INTEGER, state BLOB);
CREATE TABLE redirects (id TEXT PRIMARY KEY, cluster TEXT) WITHOUT ROWID;
CREATE INDEX redirects_by_cluster ON redirects (cluster);
CREATE TABLE events (position INTEGER PRIMARY KEY AUTOINCREMENT, hours REAL, event BLOB);
CREATE INDEX events_by_hours ON events (hours) WHERE hours IS NOT NULL;
CREATE TABLE receipts (id TEXT PRIMARY KEY, receipt BLOB) WITHOUT ROWID;
"""


class File:
    """One open database. Errors of SQLite come out as errors of the index, with the file's name."""

    def __init__(self, path: Path, db: sqlite3.Connection) -> None:
        self.path = path
        self.db = db

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One state of the database for a while."""
        with self._transaction("BEGIN"):
            yield self.db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Alone with the database; all that is done here is kept, or nothing."""
        with self._transaction("BEGIN IMMEDIATE"):
            yield self.db

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with explained(self.path):
            self.db.execute(begin)
            try:
                yield
                self.db.execute("COMMIT")
            finally:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of the file."""
        with explained(self.path):
            self.db.close()


def open_file(path: Path, wanted: Manifest | None) -> tuple[File, Manifest]:
    """Open the database, or make it where there is none, and check its manifest."""
    file = open_database(path)
    try:
        return file, _manifest(file, wanted)
    except BaseException:
        file.db.close()
        raise


def open_beside(path: Path, schema: str) -> File:
    """Open the database for tables that stand beside those of an index, made or not.

    `schema` makes those that are not there; their names begin with queue_.
    """
    file = open_database(path)
    try:
        with file.writing() as db:
            _is_new(db, path)
            _mark(db)
            _execute(db, schema)
    except BaseException:
        file.db.close()
        raise
    return file


def open_memory(schema: str) -> File:
    """Tables in memory, gone when they are closed."""
    db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    _execute(db, schema)
    return File(Path(":memory:"), db)


def open_database(path: Path) -> File:
    """Open the file of an index, whatever is in it yet."""
    if not path.parent.is_dir():
        raise UsageError(f"{path}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise UsageError(f"{path} is a folder; name a file in it: sqlite:///{path / 'index.db'}")
    with explained(path):
        # The threads of a program may hand an index on; two at once is for the caller to prevent.
        db = sqlite3.connect(path, PATIENCE, isolation_level=None, check_same_thread=False)
    try:
        with explained(path):
            if _is_new(db, path):
                _patiently(lambda: _prepare(db))
            db.execute(f"PRAGMA cache_size=-{_CACHE}")
            db.execute("PRAGMA synchronous=FULL")
    except BaseException:
        db.close()
        raise
    return File(path, db)


def _is_new(db: sqlite3.Connection, path: Path) -> bool:
    """Whether no index is in the file. Raises UsageError where something else is."""
    # In this order: another process may be making the index, tables and application at once.
    (every,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    (tables,) = db.execute(_OWN).fetchone()
    (application,) = db.execute("PRAGMA application_id").fetchone()
    if application != _APPLICATION and (application or every):
        raise UsageError(f"{path} is a database of another program; name another file")
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if tables and version != _SCHEMA_VERSION:
        raise UsageError(
            f"{path}: the format of the index is {version} there and {_SCHEMA_VERSION} here."
            " Use the version of dedupe that made it"
        )
    return not tables


def _prepare(db: sqlite3.Connection) -> None:
    """What cannot be done in a transaction, for a file that is empty."""
    db.execute(f"PRAGMA page_size={_PAGE}")
    db.execute("PRAGMA journal_mode=WAL")


def _patiently(attempt: Callable[[], None]) -> None:
    """Do what SQLite refuses at once, rather than wait, while another process makes the file."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return attempt()
        except sqlite3.OperationalError as error:
            if _code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.05)


def _manifest(file: File, wanted: Manifest | None) -> Manifest:
    where = f"sqlite:///{file.path}"
    select = "SELECT value FROM meta WHERE name = 'manifest'"
    with explained(file.path):
        new = _is_new(file.db, file.path)
    if new:
        with file.writing() as db:
            if _is_new(db, file.path):
                _create(db, wanted or manifests.manifest_of())
    with file.reading() as db:
        row = db.execute(select).fetchone()
    if row is None:
        raise IndexDamaged(f"{where}: the index has lost its manifest; restore it from a copy")
    stored = manifests.decode(row[0], where)
    if wanted is not None:
        manifests.check(stored, wanted, where)
    return stored


def _create(db: sqlite3.Connection, manifest: Manifest) -> None:
    _execute(db, _SCHEMA)
    db.execute("INSERT INTO meta VALUES ('manifest', ?)", (manifests.encode(manifest),))
    _mark(db)


def _execute(db: sqlite3.Connection, schema: str) -> None:
    for statement in schema.split(";\n")[:-1]:
        db.execute(statement)


def _mark(db: sqlite3.Connection) -> None:
    """Say in its header whose file it is, where it does not say so yet."""
    (application,) = db.execute("PRAGMA application_id").fetchone()
    if application != _APPLICATION:
        db.execute(f"PRAGMA application_id={_APPLICATION}")
        db.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")


# ---- errors --------------------------------------------------------------------------------------


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into the errors of an index."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # a mistake in dedupe
    except sqlite3.Error as error:
        raise _meaning(error, path) from error


def _meaning(error: sqlite3.Error, path: Path) -> DedupeError:
    match _code(error):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return IndexUnavailable(
                f"{path}: another process has kept the index locked for {PATIENCE:.0f} s;"
                " try again when it is done"
            )
        case sqlite3.SQLITE_FULL:
            return IndexUnavailable(
                f"{path}: no room is left for the index, nothing of this was stored;"
                " make room on its disk and try again"
            )
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return IndexUnavailable(
                f"{path}: the index may not be written; this user needs the right to write the"
                " file, its -wal and -shm beside it, and their folder"
            )
        case sqlite3.SQLITE_CANTOPEN:
            return IndexUnavailable(
                f"{path}: the file cannot be opened; this user needs the right to read and write"
                " it and its folder"
            )
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_NOMEM:
            return IndexUnavailable(
                f"{path}: the file cannot be read or written ({error}); nothing of this was"
                " stored; see whether its disk is full or fails"
            )
        case sqlite3.SQLITE_NOTADB:
            return IndexDamaged(
                f"{path} is no SQLite database, or its beginning is damaged; name another file,"
                " or restore it from a copy"
            )
        case _:
            return IndexDamaged(
                f"{path}: the index is damaged ({error}); restore it from a copy, or make it anew"
                " from its articles"
            )


def _code(error: sqlite3.Error) -> int:
    """The primary result code; 0 where Python itself raised it."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
