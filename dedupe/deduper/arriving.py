"""Articles that have just come: remembered, their candidates fetched and judged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dedupe.deduper.deciding import Newcomer
from dedupe.deduper.filing import Filing, Ready
from dedupe.deduper.revising import Revising
from dedupe.deduper.tallies import tally_of
from dedupe.deduper.window import Window
from dedupe.index.base import Found, Index, slice_of
from dedupe.index.records import Record, decode_record

CANDIDATES = 32  # of an article that are verified; twice as many find no more
SURE = 12  # candidates that are verified even where they share one bucket only
_FLOOR = 0.25  # of the threshold: candidates that score lower play no part


class Arrivals:
    """Makes newcomers of what the index says of articles."""

    def __init__(self, window: Window, filing: Filing, revising: Revising) -> None:
        self.window, self._filing, self._revising = window, filing, revising
        self.candidates = min(CANDIDATES, window.params.candidates)

    def fetched(self, index: Index, found: Sequence[Found]) -> dict[int, Record]:
        """The records of candidates that are not at hand; safe beside the thread that decides."""
        rows = self.window.cache.rows
        wanted = {p for one in found for p in (*_likely(one), one.head) if p not in rows} - {-1}
        places = list(wanted)
        stored = zip(places, index.records(places), strict=True) if places else ()
        return {p: decode_record(s, f"article {p:#x}") for p, s in stored if s is not None}

    def remember(self, ready: Sequence[Ready], found: Sequence[Found]) -> None:
        """Take new articles into the cache, and what they say together into the statistics."""
        missing = [
            (each, one)
            for each, one in zip(ready, found, strict=True)
            if not one.known and one.place not in self.window.cache.rows
        ]
        rows = self.window.cache.extend([each.record for each, _ in missing])
        self.window.cache.rows.update(
            (one.place, row) for (_, one), row in zip(missing, rows, strict=True)
        )
        slices: dict[int, list[int]] = {}
        for each, one in zip(ready, found, strict=True):
            # A press release in many copies counts once, and so does an article in many versions.
            if not one.known and one.head < 0 and each.record.before < 0:
                slices.setdefault(slice_of(one.place), []).append(self.window.cache.rows[one.place])
        for slice, new in slices.items():
            records = [self.window.cache.records[row] for row in new]
            self.window.statistics.append(slice, tally_of(records))

    def newcomers(
        self,
        ready: Sequence[Ready],
        found: Sequence[Found],
        places: dict[int, int],
        batch: Sequence[int],
    ) -> dict[int, Newcomer]:
        """The articles at `places` with their candidates, all judged in one go.

        Of the new ones, the `batch`, only the earlier are candidates of the later.
        """
        order = {place: at for at, place in enumerate(batch)}
        window = self.window.params.window_hours
        likely = {i: _likely(found[i]) for i in places}
        fetched = {p for i in places for p in (*likely[i], found[i].head)}
        fetched.update(place for i, place in places.items() if found[i].known)  # with its history
        gone = self.window.cache.load(fetched - {-1})
        for i, place in places.items():
            if place in gone:  # it was killed before it was stored, or is being taken out
                self.window.cache.rows[place] = self.window.cache.extend([ready[i].record])[0]
        rows, filed = self.window.cache.rows, self.window.cache.filed
        candidates: dict[int, list[int]] = {}
        for i, place in places.items():
            hours = ready[i].record.hours
            candidates[i] = [
                other
                for other in likely[i]
                if other not in gone
                and other != ready[i].record.before
                and order.get(other, -1) < order.get(place, 0)
                and abs(filed[rows[other]] - hours) <= window
            ]
        left = [rows[places[i]] for i, others in candidates.items() for _ in others]
        right = [rows[other] for others in candidates.values() for other in others]
        scores = iter(self.window.scores(left, right).tolist() if left else ())
        there = [place for i, place in places.items() if found[i].known]
        unfinished = self._revising.unfinished(there)
        floor = _FLOOR * self.window.threshold
        news = {}
        for i, place in places.items():
            scored = {other: next(scores) for other in candidates[i]}
            known = {other: score for other, score in scored.items() if score >= floor}
            head = found[i].head if found[i].head not in gone else -1
            if head >= 0:
                known[head] = 1.0
            again = found[i].known and place not in unfinished
            news[i] = Newcomer(place, rows[place], head, known, tuple(candidates[i]), again)
        return news

    def known(self, place: int) -> Newcomer | None:
        """An article that is in the index, with its candidates; None where it is gone."""
        if self.window.cache.load([place]):
            return None
        record = self.window.record(place)
        ready = Ready(record, self._filing.filed(record, None))
        found = self.window.index.probe([ready.filed], self.candidates)
        return self.newcomers([ready], found, {0: place}, ())[0]


def _likely(found: Found) -> list[int]:
    """The candidates that are worth a look: beyond the best few, one shared bucket says nothing."""
    likely: list[int] = found.candidates[: max(SURE, np.count_nonzero(found.hits > 1))].tolist()
    return likely
