"""The buckets of an SQLite index in this process, filled from the log of entries."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.index.base import Filed
from dedupe.index.buckets import Buckets, Cut, stack

_PLACES = np.dtype("<i8")
_KEYS = np.dtype("<u4")


class _Read(NamedTuple):
    void: int  # of the slice, when it was read
    last: int  # number of the last entry that was read


class Replica:
    """Buckets of the slices that were needed so far. All methods are for within a transaction.

    Where the transaction is not committed, the replica must be thrown away.
    """

    def __init__(self, bands: int, depth: int) -> None:
        self.buckets = Buckets(bands, depth)
        self._bands = bands
        self._read: dict[int, _Read] = {}

    def lacks(self, near: Iterable[tuple[int, int]], db: sqlite3.Connection) -> bool:
        """Whether a slice was never read."""
        return not self._read.keys() >= _within(_live(db), near)

    def follow(self, db: sqlite3.Connection, near: Iterable[tuple[int, int]]) -> None:
        """Read what all processes have entered into these slices."""
        live = _live(db)
        for slice in self._read.keys() - live.keys():
            self.buckets.drop(slice)
            del self._read[slice]
        for slice in _within(live, near):
            void = live[slice]
            read = self._read.get(slice)
            if read is None or read.void != void:
                self.buckets.drop(slice)
                read = _Read(void, void)
            self._read[slice] = _Read(void, self._catch_up(db, slice, read.last))

    def _catch_up(self, db: sqlite3.Connection, slice: int, last: int) -> int:
        places: list[bytes] = []
        keys: list[bytes] = []
        for number, some, their_keys, cuts in db.execute(
            "SELECT number, places, keys, cuts FROM entries WHERE slice = ? AND number > ?"
            " ORDER BY number",
            (slice, last),
        ):
            last = number
            if their_keys is not None:
                places.append(some)
                keys.append(their_keys)
                continue
            self._enter(slice, places, keys)
            places, keys = [], []
            self.buckets.leave(int(np.frombuffer(some, _PLACES)[0]))
            lines = np.frombuffer(cuts, _PLACES).reshape(-1, 3).tolist()
            self.buckets.cut(slice, [Cut(*line) for line in lines])
        self._enter(slice, places, keys)
        return last

    def _enter(self, slice: int, places: Sequence[bytes], keys: Sequence[bytes]) -> None:
        if places:
            all_keys = np.frombuffer(b"".join(keys), _KEYS).reshape(-1, self._bands)
            self.buckets.enter(slice, np.frombuffer(b"".join(places), _PLACES), all_keys)

    def enter(
        self, db: sqlite3.Connection, slice: int, places: Sequence[int], filed: Sequence[Filed]
    ) -> int:
        """Log and enter articles of a slice that was followed; the number of the entry."""
        keys = stack((each.keys for each in filed), self._bands)
        number = _log(db, slice, places, keys, None)
        pushed = self.buckets.enter(slice, places, keys)
        self._read[slice] = self._read[slice]._replace(last=number)
        if pushed:
            db.execute("UPDATE slices SET capped = capped + ? WHERE slice = ?", (pushed, slice))
        return number

    def leave(self, db: sqlite3.Connection, slice: int, place: int, number: int) -> None:
        """Delete an article of a slice that was followed from its entry, and log that it left."""
        row = db.execute("SELECT places, keys FROM entries WHERE number = ?", (number,)).fetchone()
        if row is None:  # its slice is expiring
            return
        places = np.frombuffer(row[0], _PLACES)
        rest = places != place
        keys = np.frombuffer(row[1], _KEYS).reshape(-1, self._bands)[rest]
        if len(keys):
            db.execute(
                "UPDATE entries SET places = ?, keys = ? WHERE number = ?",
                (places[rest].tobytes(), keys.tobytes(), number),
            )
        else:
            db.execute("DELETE FROM entries WHERE number = ?", (number,))
        cuts = self.buckets.leave(place)
        number = _log(db, slice, [place], None, cuts)
        self._read[slice] = self._read[slice]._replace(last=number)


def _live(db: sqlite3.Connection) -> dict[int, int]:
    """The live slices, each with the number up to which its entries are void."""
    return dict(db.execute("SELECT slice, void FROM slices WHERE live").fetchall())


def _within(slices: Iterable[int], near: Iterable[tuple[int, int]]) -> set[int]:
    """The slices that are in any of some ranges."""
    ranges = set(near)
    return {slice for slice in slices if any(a <= slice <= b for a, b in ranges)}


def _log(
    db: sqlite3.Connection,
    slice: int,
    places: Sequence[int],
    keys: NDArray[np.uint32] | None,
    cuts: Sequence[Cut] | None,
) -> int:
    number = db.execute(
        "INSERT INTO entries (slice, places, keys, cuts) VALUES (?, ?, ?, ?)",
        (
            slice,
            np.array(places, _PLACES).tobytes(),
            None if keys is None else keys.astype(_KEYS, copy=False).tobytes(),
            None if cuts is None else np.array(cuts, _PLACES).tobytes(),
        ),
    ).lastrowid
    assert number is not None
    return number
