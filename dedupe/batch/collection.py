"""What a scan keeps of the articles it has read: fingerprints and circumstances, never texts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.attribution import find_credit
from dedupe.banding import band_keys
from dedupe.fingerprint import Fingerprints
from dedupe.models import Article, Credit
from dedupe.params import SignatureParams
from dedupe.similarity.pairs import Compared, names_and_numbers
from dedupe.similarity.plane import Circumstances
from dedupe.similarity.vectors import document_frequencies, unit_weights
from dedupe.text.kinds import kind_of
from dedupe.text.links import named_original
from dedupe.text.urls import canonical_url, url_host


class Entry(NamedTuple):
    """One article without its text."""

    id: str
    url: str | None  # canonical
    source: str | None  # as given, else the host of the URL
    published: datetime | None
    credit: Credit | None
    original: str | None  # the canonical URL or the host it names as its original
    kind: int  # dedupe.text.kinds


def entry_of(article: Article) -> Entry:
    """What the scan remembers of an article besides its fingerprint."""
    url = canonical_url(article.url) if article.url else None
    return Entry(
        id=article.id,
        url=url,
        source=article.source or (url_host(article.url) if article.url else None),
        published=article.published,
        credit=find_credit(
            article.text,
            title=article.title,
            author=article.author,
            source=article.source,
            url=article.url,
            html=article.html,
        ),
        original=named_original(article.text, article.html, url),
        kind=int(kind_of(article.title, article.text)),
    )


class Collection:
    """Gathers batches in the order they are read, then hands them out in rank order.

    The rank is by date, then id, articles without a date last: nothing that is decided on ranks
    depends on the order of the input.
    """

    def __init__(self, params: SignatureParams) -> None:
        self.entries: list[Entry] = []
        self._params = params
        self._batches: list[Fingerprints] = []
        self._keys: list[NDArray[np.uint32]] = []

    def __len__(self) -> int:
        return len(self.entries)

    def add(self, articles: Sequence[Article], fingerprints: Fingerprints) -> None:
        """Keep a batch. Of the story signatures only the bucket keys are kept."""
        p = self._params
        keys = np.empty((len(articles), p.bands), dtype=np.uint32)
        band_keys(fingerprints.story, p.story_rows, 0, keys[:, : p.story_bands])
        band_keys(fingerprints.copy, p.copy_rows, p.story_bands, keys[:, p.story_bands :])
        self._keys.append(keys)
        self._batches.append(fingerprints._replace(story=np.empty((0, 0), dtype=np.uint32)))
        self.entries.extend(map(entry_of, articles))

    def ranked(self) -> Ranked:
        """All that was added, in rank order. The collection is empty afterwards."""
        entries = self.entries
        order = sorted(range(len(entries)), key=lambda i: _rank_key(entries[i]))
        rank = np.array(order, dtype=np.int64)
        keys = _drain(self._keys)[rank]
        batches, self._batches, self.entries = self._batches, [], []
        counts = np.concatenate([np.diff(batch.term_bounds) for batch in batches])
        starts = np.concatenate(([0], np.cumsum(counts)))
        bounds = np.concatenate(([0], np.cumsum(counts[rank])))
        places = np.repeat(starts[rank] - bounds[:-1], counts[rank]) + np.arange(bounds[-1])
        terms = np.concatenate([batch.terms for batch in batches])[places]
        zipfs = np.concatenate([batch.zipfs for batch in batches])[places]
        kinds = np.concatenate([batch.kinds for batch in batches])[places]
        tfs = np.concatenate([batch.tfs for batch in batches])[places]
        frequencies = document_frequencies(terms)
        compared = Compared(
            digests=np.concatenate([batch.digests for batch in batches])[rank],
            copy=np.concatenate([batch.copy for batch in batches])[rank],
            lengths=np.concatenate([batch.lengths for batch in batches])[rank],
            bounds=bounds,
            terms=terms,
            weights=unit_weights(bounds, tfs, zipfs, frequencies, float(len(rank))),
            names=names_and_numbers(zipfs, kinds),
        )
        informative = np.concatenate([batch.informative for batch in batches])[rank]
        return Ranked([entries[i] for i in order], rank, keys, informative, compared)


class Ranked(NamedTuple):
    """A collection in rank order."""

    entries: list[Entry]
    order: NDArray[np.int64]  # (n,) where in the input the article of each rank stands
    keys: NDArray[np.uint32]  # (n, bands) its buckets
    informative: NDArray[np.int32]  # (n,) informative words
    compared: Compared

    def times(self) -> NDArray[np.float64]:
        """Publication in hours; NaN without a date. Ascending, the NaN last."""
        stamps = [e.published.timestamp() if e.published else np.nan for e in self.entries]
        return np.array(stamps, dtype=np.float64) / 3600.0

    def circumstances(self) -> Circumstances:
        """Sources and credits as numbers."""
        return Circumstances(
            sources=_numbered([e.source.casefold() if e.source else None for e in self.entries]),
            credits=_numbered([e.credit.agency if e.credit else None for e in self.entries]),
            kinds=np.array([e.kind for e in self.entries], dtype=np.int8),
        )


def _rank_key(entry: Entry) -> tuple[bool, float, str]:
    stamp = entry.published.timestamp() if entry.published else 0.0
    return entry.published is None, stamp, entry.id


def _numbered(names: list[str | None]) -> NDArray[np.int32]:
    numbers: dict[str, int] = {}
    return np.array(
        [-1 if name is None else numbers.setdefault(name, len(numbers)) for name in names],
        dtype=np.int32,
    )


def _drain(parts: list[NDArray[np.uint32]]) -> NDArray[np.uint32]:
    whole = np.concatenate(parts)
    parts.clear()
    return whole
