"""What the articles of the window say together, followed from the index part by part."""

from __future__ import annotations

from dedupe.deduper.tallies import Tally, decode_tally, encode_tally, folded
from dedupe.index.base import Index
from dedupe.similarity.vectors import (
    Frequencies,
    Weighing,
    count_more,
    no_frequencies,
    weighing,
)
from dedupe.stories.recurring import Recurring

FRESH = 0.05  # of the window may be new before articles are weighed again
_FOLD = 256  # parts of a slice that are read one by one, at least


class Statistics:
    """In how many articles of the window a term is, and which forms recur in it.

    Weights depend on both. They change a little with every article: an epoch ends, and weights with
    it, when a twentieth of the window is new.
    """

    def __init__(self, index: Index) -> None:
        self._index = index
        self.recurring = Recurring()
        self.epoch = 0
        self._clear()

    def _clear(self) -> None:
        self._read: dict[int, int] = {}  # parts of each slice that are in here
        self._folded: dict[int, int] = {}  # parts of each slice that were read as one
        self.articles = 0
        version = self.recurring.version
        self.recurring = Recurring()
        self.recurring.version = version + 1  # what was looked up in the old forms is void
        self._frequencies = no_frequencies()
        self._distinct = 0
        self._counted = 0  # articles ever, since the last time all was read
        self._weighing = weighing(0.0)  # the next is another epoch
        self._weighed = 0  # articles that had been counted then

    @property
    def frequencies(self) -> Frequencies:
        """In how many articles each term is."""
        return self._frequencies

    def renew(self) -> None:
        """Read all of it again."""
        self._clear()
        self.catch_up()

    def catch_up(self) -> None:
        """Read what is new in the index."""
        live = set(self._index.slices())
        parts = self._index.tallies(self._read)
        known = {slice for slice, position in self._read.items() if position}
        if known - live or any(part.whole and part.slice in known for part in parts):
            self._clear()
            parts = self._index.tallies({})
        for part in parts:
            self._absorb(decode_tally(part.blob))
            self._read[part.slice] = part.position
            if part.whole:
                self._folded[part.slice] = part.position

    def append(self, slice: int, tally: Tally) -> None:
        """Add what new articles of a slice say, in the index and here."""
        position = self._index.tally(slice, encode_tally(tally))
        if position == self._read.get(slice, 0) + 1:
            self._absorb(tally)
            self._read[slice] = position
        else:  # others have been adding
            if position <= self._read.get(slice, 0):  # to a slice that went and came again
                self._clear()
            self.catch_up()
        alone = position - self._folded.get(slice, 0)
        if alone >= max(_FOLD, self._folded.get(slice, 0) // 2):
            self._fold(slice, position)

    def weighing(self) -> Weighing:
        """What weights are looked up in now; `epoch` says whether it is another than before."""
        if self._counted - self._weighed > FRESH * self._weighing.n or not self.epoch:
            self.epoch += 1
            self._weighing = weighing(float(self.articles))
            self._weighed = self._counted
        return self._weighing

    def _absorb(self, tally: Tally) -> None:
        terms, counts = tally.terms_counted()
        *table, self._distinct = count_more(*self._frequencies, self._distinct, terms, counts)
        self._frequencies = Frequencies(*table)
        self.recurring.note(*tally.forms_marked())
        self.articles += tally.articles
        self._counted += tally.articles

    def _fold(self, slice: int, position: int) -> None:
        """Make one part of many, so that whoever opens the index has less to read."""
        self._folded[slice] = position  # by us or by another: not soon again
        others = {other: read for other, read in self._read.items() if other != slice}
        parts = [part for part in self._index.tallies(others) if part.slice == slice]
        parts = [part for part in parts if part.position <= position]
        if parts:
            whole = folded([decode_tally(part.blob) for part in parts])
            self._index.fold(slice, parts[-1].position, encode_tally(whole))
