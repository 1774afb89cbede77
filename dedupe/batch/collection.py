"""What a scan keeps of the articles it has read: fingerprints and circumstances, never texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.batch.columns import Column
from dedupe.fingerprint import Fingerprints, bucket_keys
from dedupe.kernel import kernel
from dedupe.models import SEVERAL, Article, Kind
from dedupe.params import SignatureParams
from dedupe.shingles.skeletons import SKELETONS
from dedupe.similarity.features import Circumstances, Compared, mark, totals
from dedupe.similarity.vectors import Vectors, document_frequencies, weighted
from dedupe.stories.entry import Entry, entry_of, outlet_of
from dedupe.stories.series import find_series, recurring


class Collection:
    """Gathers batches in the order they are read, then hands them out in rank order.

    The rank is by date, then id, articles without a date last: nothing that is decided on ranks
    depends on the order of the input.
    """

    def __init__(self, params: SignatureParams) -> None:
        self.entries: list[Entry] = []
        self._params = params
        self._columns = {
            "digests": Column(np.uint64),
            "copy": Column(np.uint32, params.copy_permutations),
            "lengths": Column(np.int32),
            "informative": Column(np.int32),
            "terms": Column(np.uint32),
            "zipfs": Column(np.uint8),
            "kinds": Column(np.uint8),
            "tfs": Column(np.uint8),
            "skeletons": Column(np.uint32, SKELETONS),
        }
        self._counts = Column(np.int64)  # terms of each article
        self._starts = Column(np.int64)  # where they start
        self._keys = Column(np.uint32, params.bands)

    def __len__(self) -> int:
        return len(self.entries)

    def note(self, articles: Sequence[Article]) -> None:
        """Keep the circumstances of a batch; its fingerprints follow through `keep`."""
        self.entries.extend(map(entry_of, articles))

    def keep(self, fingerprints: Fingerprints, keys: NDArray[np.uint32] | None = None) -> None:
        """Keep a batch's fingerprints. Of the story signatures only the bucket keys are kept.

        Where the (n, bands) `keys` are given, the story signatures need not be there.
        """
        self._keys.append(bucket_keys(fingerprints, self._params) if keys is None else keys)
        self._counts.append(np.diff(fingerprints.term_bounds))
        self._starts.append(len(self._columns["terms"].view()) + fingerprints.term_bounds[:-1])
        for name, column in self._columns.items():
            column.append(getattr(fingerprints, name))

    def replace(
        self, places: NDArray[np.int64], fingerprints: Fingerprints, copies: NDArray[np.bool_]
    ) -> None:
        """Give the articles at `places` other story signatures and terms.

        Where `copies` says so, other copy signatures and lengths too.
        """
        bands = self._params.story_bands
        keys = bucket_keys(fingerprints, self._params)
        self._keys.view()[places, :bands] = keys[:, :bands]
        self._columns["informative"].view()[places] = fingerprints.informative
        self._keys.view()[places[copies], bands:] = keys[copies, bands:]
        for name in ("copy", "lengths"):
            self._columns[name].view()[places[copies]] = getattr(fingerprints, name)[copies]
        counts = self._counts.view()
        starts = self._starts.view()[places].tolist()
        for k, (place, start) in enumerate(zip(places.tolist(), starts, strict=True)):
            low, high = fingerprints.term_bounds[k : k + 2].tolist()
            high = min(high, low + int(counts[place]))  # fewer words hardly make more terms
            for name in ("terms", "zipfs", "kinds", "tfs"):
                room = self._columns[name].view()
                room[start : start + high - low] = getattr(fingerprints, name)[low:high]
            counts[place] = high - low

    def ranked(self) -> Ranked:
        """All that was added, in rank order. The collection is empty afterwards.

        Raises ValueError where two articles have one id.

        Column by column, each freed before the next is gathered: this is where memory peaks.
        """
        entries, self.entries = self.entries, []
        if len({entry.id for entry in entries}) < len(entries):
            twice, _ = Counter(entry.id for entry in entries).most_common(1)[0]
            raise ValueError(f"the id {twice!r} belongs to several articles; ids must be unique")
        places = [(e.published is None, _stamp(e), e.id, i) for i, e in enumerate(entries)]
        order = np.array([place[-1] for place in sorted(places)], dtype=np.int64)
        del places
        counts = self._counts.take()
        starts = self._starts.take()
        bounds = np.concatenate(([0], np.cumsum(counts[order])))

        def row(name: str) -> Any:
            return self._columns[name].take()[order]

        def of_terms(name: str) -> Any:
            values = self._columns[name].take()
            regrouped = np.empty(bounds[-1], dtype=values.dtype)  # some terms may be gone
            _regroup(values, starts, order, bounds, regrouped)
            return regrouped

        ranks = [entries[i] for i in order.tolist()]
        digests, copy = row("digests"), row("copy")
        circumstances = _circumstances(ranks, row("skeletons"), digests)
        lengths, informative = row("lengths"), row("informative")
        terms, zipfs = of_terms("terms"), of_terms("zipfs")
        originals = _originals(digests)  # a press release in a thousand copies is one article
        frequencies, n = document_frequencies(bounds, terms, originals), float(originals.sum())
        weights, crowd = weighted(bounds, terms, of_terms("tfs"), zipfs, frequencies, n)
        del frequencies
        marks = of_terms("kinds")
        mark(zipfs, marks)
        vectors = Vectors(bounds, terms, weights, crowd, marks, totals(bounds, weights, marks))
        keys = self._keys.take()
        compared = Compared(digests, copy, lengths, vectors)
        return Ranked(ranks, order, keys, informative, compared, circumstances)


def _originals(digests: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which articles are the first of their text; the digest 0 is no text at all."""
    first = np.zeros(len(digests), dtype=np.bool_)
    first[np.unique(digests, return_index=True)[1]] = True
    first |= digests == 0
    return first


@kernel
def _regroup(
    values: NDArray[Any],
    starts: NDArray[np.int64],
    order: NDArray[np.int64],
    bounds: NDArray[np.int64],
    regrouped: NDArray[Any],
) -> None:
    """Copy the values of each article from where they start in input order to rank order."""
    for r in range(len(order)):
        start = starts[order[r]]
        for t in range(bounds[r], bounds[r + 1]):
            regrouped[t] = values[start + t - bounds[r]]


class Ranked(NamedTuple):
    """A collection in rank order."""

    entries: list[Entry]
    order: NDArray[np.int64]  # (n,) where in the input the article of each rank stands
    keys: NDArray[np.uint32]  # (n, bands) the buckets, in the order of the input
    informative: NDArray[np.int32]  # (n,) informative words
    compared: Compared
    circumstances: Circumstances

    def times(self) -> NDArray[np.float64]:
        """Publication in hours; NaN without a date. Ascending, the NaN last."""
        return self.circumstances.hours


def _circumstances(
    entries: list[Entry], skeletons: NDArray[np.uint32], digests: NDArray[np.uint64]
) -> Circumstances:
    """What the verifier is to know besides the words; sources and credits as numbers."""
    kinds, series = _kinds(entries, skeletons, digests)
    stamps = [e.published.timestamp() if e.published else np.nan for e in entries]
    return Circumstances(
        sources=_numbered([e.source.casefold() if e.source else None for e in entries]),
        credits=_numbered([e.agency for e in entries]),
        kinds=kinds,
        series=series,
        hours=np.array(stamps, dtype=np.float64) / 3600.0,
    )


def _kinds(
    entries: list[Entry], skeletons: NDArray[np.uint32], digests: NDArray[np.uint64]
) -> tuple[NDArray[np.int8], NDArray[np.int32]]:
    """The kind of each entry and the number of its series.

    What tells of several stories stays that; else a series or template is what an entry is first.
    """
    again = recurring(skeletons).tolist()
    outlets = _numbered([outlet_of(e) if r else None for e, r in zip(entries, again, strict=True)])
    days = [e.published.toordinal() if e.published else np.nan for e in entries]
    found = find_series(skeletons, digests, outlets, np.array(days))
    kinds = np.array([e.kind for e in entries], dtype=np.int8)
    by_repetition = (found.kinds != Kind.ARTICLE) & ~np.isin(kinds, SEVERAL)
    return np.where(by_repetition, found.kinds, kinds), found.numbers


def _stamp(entry: Entry) -> float:
    return entry.published.timestamp() if entry.published else 0.0


def _numbered(names: list[str | None]) -> NDArray[np.int32]:
    numbers: dict[str, int] = {}
    return np.array(
        [-1 if name is None else numbers.setdefault(name, len(numbers)) for name in names],
        dtype=np.int32,
    )
