"""Leads are put aside until all are read, and signed again without what their source repeats."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryFile

import numpy as np
from numpy.typing import NDArray

from dedupe.batch.collection import Collection
from dedupe.batch.columns import Column
from dedupe.errors import DedupeError
from dedupe.fingerprint import Signer
from dedupe.models import Article
from dedupe.params import SignatureParams
from dedupe.text.boilerplate import Boilerplate, source_hash
from dedupe.text.passages import Passages

_STRIDE = 128  # articles that are signed again at a time
_TOKEN = 6  # characters that are put aside for each token of the lead
_LEAST_SHARE = 0.05  # of the words of a lead; less boilerplate is not worth signing again


class Spool:
    """Leads in the order they were read: texts in a temporary file, hashes of passages here.

    Raises DedupeError where the temporary folder has no room.
    """

    def __init__(self, params: SignatureParams) -> None:
        with _on_disk():
            self._file = TemporaryFile()  # noqa: SIM115 - ended by `close`
        self._params = params
        self._longest = _TOKEN * params.vector_lead
        self._sizes = Column(np.int32)  # bytes
        self._counts = Column(np.int32)
        self._hashes = Column(np.uint32)
        self._words = Column(np.uint16)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def add(self, articles: Sequence[Article], passages: Passages) -> None:
        """Put a batch aside."""
        leads = [
            f"{len(title)} {title}{text[: self._longest]}".encode("utf-8", "surrogatepass")
            for title, text in ((a.title or "", a.text) for a in articles)
        ]
        with _on_disk():
            self._file.write(b"".join(leads))
        self._sizes.append(np.array([len(lead) for lead in leads], dtype=np.int32))
        self._counts.append(passages.counts)
        self._hashes.append(passages.hashes)
        self._words.append(passages.words)

    def sign_again(self, collection: Collection) -> None:
        """Give the articles with boilerplate new fingerprints. The spool is empty afterwards.

        What is learned, and so what is signed, does not depend on the order of the articles. Of an
        article that was cut the copy signature stays: boilerplate is a small part of it.
        """
        entries = collection.entries
        hashes = {source: source_hash(source) for source in {e.source for e in entries}}
        sources = np.array([hashes[e.source] for e in entries], dtype=np.uint64)
        counts, words = self._counts.take(), self._words.take()
        passages = Passages(sources, counts, self._hashes.take(), words)
        learned = Boilerplate(len(words))
        learned.see(passages)
        learned.testify(passages)
        whole = _sums(words, counts)
        repeated = _sums(words * learned.repeated(passages), counts)
        places = np.flatnonzero((repeated > 0) & (repeated >= _LEAST_SHARE * whole))
        signer = Signer(self._params, learned=learned)
        behind = np.cumsum(self._sizes.take(), dtype=np.int64)
        with _on_disk():
            self._file.flush()
        for low in range(0, len(places), _STRIDE):
            chunk = places[low : low + _STRIDE]
            leads = [self._read(behind, place) for place in chunk.tolist()]
            whole_texts = np.array([len(lead.text) < self._longest for lead in leads])
            collection.replace(chunk, signer.sign(leads, sources[chunk]), whole_texts)

    def _read(self, behind: NDArray[np.int64], place: int) -> Article:
        start = int(behind[place - 1]) if place else 0
        with _on_disk():
            lead = os.pread(self._file.fileno(), int(behind[place]) - start, start)
        titled, _, both = lead.decode("utf-8", "surrogatepass").partition(" ")
        return Article(id=str(place), title=both[: int(titled)], text=both[int(titled) :])


def _sums(values: NDArray[np.uint16], counts: NDArray[np.int32]) -> NDArray[np.int64]:
    """Of each article's passages."""
    running = np.concatenate(([0], np.cumsum(values, dtype=np.int64)))
    behind = np.cumsum(counts, dtype=np.int64)
    sums: NDArray[np.int64] = running[behind] - running[behind - counts]
    return sums


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DedupeError(
            f"the temporary folder cannot hold the beginnings of the texts: {error.strerror};"
            " set TMPDIR to a folder with as much room as the texts take"
        ) from error
