"""The articles at hand, in columns that a verifier judges: those in work and those of late."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dedupe.deduper.circumstances import entry_of_record, published_of
from dedupe.deduper.statistics import Statistics
from dedupe.deduper.tallies import joined_forms
from dedupe.index.base import Index
from dedupe.index.records import Record, decode_record
from dedupe.models import SEVERAL, Kind
from dedupe.params import ScanParams
from dedupe.similarity.features import Circumstances, Compared, totals_again
from dedupe.similarity.vectors import Vectors, weigh_again
from dedupe.similarity.verifier import Judgement
from dedupe.stories.entry import Entry
from dedupe.stories.recurring import FORMS, MARKS
from dedupe.stories.verifiers import Maker

ROWS = 16_384  # articles that are kept at hand, at most
_FORGOTTEN = 1024  # places; what is fetched ahead is a few batches old at most

_TERMS: dict[str, Any] = {
    "terms": np.uint32, "tfs": np.uint8, "zipfs": np.uint8, "marks": np.uint8,
    "weights": np.uint16, "crowds": np.uint8,
}  # fmt: skip


class Cache:
    """Rows of articles. A row is good until `trim` is called."""

    bounds: NDArray[np.int64]
    terms: NDArray[np.uint32]
    tfs: NDArray[np.uint8]
    zipfs: NDArray[np.uint8]
    marks: NDArray[np.uint8]
    weights: NDArray[np.uint16]
    crowds: NDArray[np.uint8]
    digests: NDArray[np.uint64]
    copy: NDArray[np.uint32]
    lengths: NDArray[np.int32]
    totals: NDArray[np.float32]
    sources: NDArray[np.int32]
    credits: NDArray[np.int32]
    kinds: NDArray[np.int8]
    formal: NDArray[np.int8]  # the kinds by form alone
    series: NDArray[np.int32]
    hours: NDArray[np.float64]  # of publication; NaN where it is not known
    filed: NDArray[np.float64]  # hours that it is filed under
    stamps: NDArray[np.int32]  # epoch in which it was weighed
    seen: NDArray[np.int64]  # version of the recurring forms that its series is of
    used: NDArray[np.int64]  # turn in which it was judged, or came
    forms: NDArray[np.uint64]
    form_marks: NDArray[np.uint8]

    def __init__(
        self, index: Index, statistics: Statistics, maker: Maker, params: ScanParams
    ) -> None:
        self._index, self._statistics = index, statistics
        self._maker, self._params = maker, params
        signature = index.manifest.signature
        self._articles: dict[str, Any] = {
            "bounds": (np.int64, ()),
            "digests": (np.uint64, ()),
            "copy": (np.uint32, (signature.copy_permutations,)),
            "lengths": (np.int32, ()),
            "totals": (np.float32, (4,)),
            "sources": (np.int32, ()),
            "credits": (np.int32, ()),
            "kinds": (np.int8, ()),
            "formal": (np.int8, ()),
            "series": (np.int32, ()),
            "hours": (np.float64, ()),
            "filed": (np.float64, ()),
            "stamps": (np.int32, ()),
            "seen": (np.int64, ()),
            "used": (np.int64, ()),
            "forms": (np.uint64, (len(FORMS),)),
            "form_marks": (np.uint8, (MARKS,)),
        }
        self._numbers: dict[object, int] = {}
        self._turn = 0
        self._forgotten: dict[int, None] = {}  # of late: what was fetched before may still have it
        self.clear()
        for name, (dtype, shape) in self._articles.items():
            setattr(self, name, np.zeros((1024, *shape), dtype=dtype))
        for name, dtype in _TERMS.items():
            setattr(self, name, np.zeros(1 << 16, dtype=dtype))

    # ---- rows ------------------------------------------------------------------------------------

    def clear(self) -> None:
        """Forget all rows."""
        self.rows: dict[int, int] = {}  # by place
        self.records: list[Record] = []
        self._entries: list[Entry | None] = []  # made when they are asked for
        self.n = 0

    def load(self, places: Iterable[int]) -> set[int]:
        """Fetch the records of places that are not at hand; gives those that are gone."""
        wanted = [place for place in dict.fromkeys(places) if place not in self.rows]
        stored = self._index.records(wanted) if wanted else []
        there = [(p, s) for p, s in zip(wanted, stored, strict=True) if s is not None]
        records = [decode_record(s, f"article {p:#x}") for p, s in there]
        rows = self.extend(records)
        for (place, _), row in zip(there, rows, strict=True):
            self.rows[place] = row
        return {p for p, s in zip(wanted, stored, strict=True) if s is None}

    def take_in(self, records: Mapping[int, Record]) -> None:
        """Add rows for articles that have been fetched, by place, and are not at hand yet."""
        new = {
            place: record
            for place, record in records.items()
            if place not in self.rows and place not in self._forgotten
        }
        self.rows.update(zip(new, self.extend(list(new.values())), strict=True))

    def extend(self, records: Sequence[Record]) -> range:
        """Add rows for articles; without places until `rows` has them."""
        first, count = self.n, len(records)
        if not count:
            return range(first, first)
        sizes = np.array([len(r.tfs) for r in records])
        start = int(self.bounds[first]) if first else 0
        bounds = start + np.concatenate(([0], np.cumsum(sizes)))
        self._room(first + count + 1, int(bounds[-1]))
        last = first + count
        self.bounds[first : last + 1] = bounds
        for name in ("terms", "tfs", "zipfs", "marks"):
            joined = b"".join(getattr(r, name) for r in records)
            getattr(self, name)[start : bounds[-1]] = np.frombuffer(joined, dtype=_TERMS[name])
        copies = b"".join(r.copy for r in records)
        self.copy[first:last] = np.frombuffer(copies, dtype=np.uint16).reshape(count, -1)
        self.digests[first:last] = np.array([r.digest for r in records], dtype=np.uint64)
        self.lengths[first:last] = [r.length for r in records]
        self.filed[first:last] = [r.hours for r in records]
        self.used[first:last] = self._turn
        self.stamps[first:last] = -1
        self.seen[first:last] = -1
        self.forms[first:last], self.form_marks[first:last] = joined_forms(records)
        for row, record in enumerate(records, first):
            self._note(row, record)
        self.n = last
        return range(first, last)

    def _note(self, row: int, record: Record) -> None:
        self.records.append(record)
        self._entries.append(None)
        source = record.source.casefold() if record.source else None
        self.sources[row] = self._number("source", source)
        self.credits[row] = self._number("agency", record.agency)
        published = published_of(record)
        self.hours[row] = published.timestamp() / 3600.0 if published else np.nan
        self.kinds[row] = self.formal[row] = record.kind
        self.series[row] = -1

    def entry(self, row: int) -> Entry:
        """The circumstances of the article of a row."""
        entry = self._entries[row]
        if entry is None:
            entry = self._entries[row] = entry_of_record(self.records[row])
        return entry

    def _number(self, sort: str, name: object) -> int:
        return -1 if name is None else self._numbers.setdefault((sort, name), len(self._numbers))

    def forget(self, place: int) -> None:
        """Let no one find the article of a place here any more."""
        self.rows.pop(place, None)
        self._forgotten[place] = None
        if len(self._forgotten) > _FORGOTTEN:
            del self._forgotten[next(iter(self._forgotten))]

    def trim(self) -> None:
        """Keep the half of the rows that was judged last, once there are too many."""
        if self.n < ROWS:
            return
        used = self.used[: self.n]
        found = np.zeros(self.n, dtype=np.bool_)
        found[list(self.rows.values())] = True
        late = np.flatnonzero(found & (used >= np.partition(used, self.n // 2)[self.n // 2]))
        self._keep(late[-(ROWS * 3 // 4) :])

    def _keep(self, kept: NDArray[np.int64]) -> None:
        """Move some rows, ascending, to the front and forget the others."""
        n = len(kept)
        starts, sizes = self.bounds[kept], np.diff(self.bounds[: self.n + 1])[kept]
        bounds = np.concatenate(([0], np.cumsum(sizes)))
        terms = np.repeat(starts - bounds[:-1], sizes) + np.arange(bounds[-1])
        for name in _TERMS:
            column = getattr(self, name)
            column[: len(terms)] = column[terms]
        for name in self._articles:
            column = getattr(self, name)
            column[:n] = column[kept]
        self.bounds[: n + 1] = bounds
        moved = dict(zip(kept.tolist(), range(n), strict=True))
        self.rows = {place: moved[row] for place, row in self.rows.items() if row in moved}
        self.records = [self.records[row] for row in moved]
        self._entries = [self._entries[row] for row in moved]
        self.n = n

    def _room(self, rows: int, terms: int) -> None:
        for names, needed in ((self._articles, rows), (_TERMS, terms)):
            for name in names:
                column = getattr(self, name)
                if needed > len(column):
                    wider = np.zeros(
                        (max(needed, 2 * len(column)), *column.shape[1:]), column.dtype
                    )
                    wider[: len(column)] = column
                    setattr(self, name, wider)

    # ---- judging ---------------------------------------------------------------------------------

    @property
    def compared(self) -> Compared:
        """The words of all rows."""
        vectors = Vectors(
            self.bounds, self.terms, self.weights, self.crowds, self.marks, self.totals
        )
        return Compared(self.digests, self.copy, self.lengths, vectors)

    @property
    def circumstances(self) -> Circumstances:
        """What is known of all rows besides."""
        return Circumstances(self.sources, self.credits, self.kinds, self.series, self.hours)

    @cached_property
    def threshold(self) -> float:
        """Of the verifier, whatever articles it judges."""
        return self._maker(self, self._params).threshold

    def judge(self, left: NDArray[np.int32], right: NDArray[np.int32]) -> Judgement:
        """Judge pairs of rows by what the window says now."""
        both = np.concatenate((left, right))
        self._turn += 1
        self.used[both] = self._turn
        self._weigh(both)
        self._recur(both)
        return self._maker(self, self._params).judge(left, right)

    def _weigh(self, rows: NDArray[np.int32]) -> None:
        statistics = self._statistics
        n, table = statistics.weighing()
        done = weigh_again(
            rows, self.stamps, statistics.epoch, self.bounds, self.terms, self.tfs, self.zipfs,
            *statistics.frequencies, n, table, self.weights, self.crowds,
        )  # fmt: skip
        if len(done):
            totals_again(done, self.bounds, self.weights, self.marks, self.totals)

    def _recur(self, rows: NDArray[np.int32]) -> None:
        """Say which rows are of a series or template by now."""
        recurring = self._statistics.recurring
        behind = self.seen[rows] != recurring.version
        if not behind.any():
            return
        stale = np.unique(rows[behind])
        self.kinds[stale], self.series[stale] = self.formal[stale], -1  # a form may be none again
        found = recurring.established(self.forms[stale])
        for row, forms in zip(stale[found.any(axis=1)], found[found.any(axis=1)], strict=True):
            series = recurring.series(self.forms[row][forms].tolist())
            self.series[row] = self._number("series", series)
            if self.formal[row] not in SEVERAL:
                self.kinds[row] = Kind.SERIES if forms[-1] else Kind.TEMPLATE
        self.seen[stale] = recurring.version
