"""Articles are put aside until all are read, and signed again without what their source repeats."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from itertools import pairwise
from tempfile import TemporaryFile

import numpy as np
import xxhash
from numpy.typing import NDArray

from dedupe.batch.collection import Collection
from dedupe.batch.columns import Column
from dedupe.batch.recorded import Recorded, sign_recorded
from dedupe.errors import DedupeError
from dedupe.fingerprint import Fingerprints
from dedupe.params import SignatureParams
from dedupe.text.boilerplate import Boilerplate, Segments
from dedupe.text.recording import Record

_STRIDE = 128  # articles that one thread signs again at a time
_AHEAD = 8  # such strides that are in work at once


class Spool:
    """Recorded articles in the order they were read: words in a temporary file, sizes here.

    Raises DedupeError where the temporary folder has no room.
    """

    def __init__(self) -> None:
        with _on_disk():
            self._file = TemporaryFile()  # noqa: SIM115 - ended by `close`
        self._sizes = Column(np.int32, 4)
        self._hashes = Column(np.uint32)
        self._tokens = Column(np.int32)

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def add(self, records: Iterable[Record]) -> None:
        """Put a batch aside."""
        for packed, hashes, tokens, sizes in records:
            with _on_disk():
                self._file.write(packed.data)
            self._hashes.append(hashes)
            self._tokens.append(tokens)
            self._sizes.append(sizes)

    def sign_again(self, collection: Collection, params: SignatureParams, pool: Executor) -> None:
        """Give the articles with boilerplate new fingerprints. The spool is empty afterwards.

        What is learned, and so what is signed, does not depend on the order of the articles.
        """
        sizes = self._sizes.take()
        bounds = np.concatenate(([0], np.cumsum(sizes[:, 3], dtype=np.int64)))
        sources = source_hashes([entry.source for entry in collection.entries])
        segments = Segments(sources, bounds, self._hashes.take(), self._tokens.take())
        dropped = learned(segments).repeated(segments)
        repeats = np.concatenate(([0], np.cumsum(dropped)))
        places = np.flatnonzero(repeats[bounds[1:]] > repeats[bounds[:-1]])
        starts = np.concatenate(([0], np.cumsum(sizes[:, 0] + sizes[:, 1], dtype=np.int64)))
        with _on_disk():
            self._file.flush()

        def again(chunk: NDArray[np.int64]) -> tuple[Fingerprints, NDArray[np.bool_]]:
            own = np.concatenate([np.arange(bounds[i], bounds[i + 1]) for i in chunk])
            counts = np.concatenate(([0], np.cumsum(sizes[chunk, 3], dtype=np.int64)))
            packed = np.frombuffer(b"".join(self._read(starts, chunk)), dtype=np.uint8)
            tokens = segments.tokens[own]
            return sign_recorded(
                Recorded(packed, sizes[chunk], counts, tokens, dropped[own]), params
            )

        chunks = np.split(places, range(_STRIDE, len(places), _STRIDE)) if len(places) else []
        for first in range(0, len(chunks), _AHEAD):  # not all at once: results take room
            some = chunks[first : first + _AHEAD]
            for chunk, (fingerprints, in_lead) in zip(some, pool.map(again, some), strict=True):
                collection.replace(chunk, fingerprints, in_lead)

    def _read(self, starts: NDArray[np.int64], places: NDArray[np.int64]) -> Iterator[bytes]:
        """The packed articles; runs of neighbours are read at once."""
        edges = np.flatnonzero(np.r_[True, np.diff(places) > 1, True])
        with _on_disk():
            for low, high in pairwise(edges.tolist()):
                start, end = int(starts[places[low]]), int(starts[places[high - 1] + 1])
                yield os.pread(self._file.fileno(), end - start, start)


def learned(segments: Segments) -> Boilerplate:
    """What the sources of these articles repeat."""
    boilerplate = Boilerplate(len(segments.hashes))
    boilerplate.see(segments)
    boilerplate.testify(segments)
    return boilerplate


def source_hashes(sources: list[str | None]) -> NDArray[np.uint64]:
    """Sources as the learner wants them: a hash, 0 where there is none; case does not matter."""
    known: dict[str | None, int] = {None: 0}
    for source in set(sources) - {None}:
        assert source is not None
        folded = source.casefold().encode("utf-8", "surrogatepass")
        known[source] = xxhash.xxh3_64_intdigest(folded) or 1
    return np.array([known[source] for source in sources], dtype=np.uint64)


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DedupeError(
            f"the temporary folder cannot hold the texts of the scan: {error.strerror};"
            " set TMPDIR to a folder with as much room as the texts take"
        ) from error
