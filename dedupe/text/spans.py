"""Where boilerplate stands in a text, for evidence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dedupe.hashing import xxh32
from dedupe.kernel import kernel
from dedupe.text.boilerplate import LEARNED_WORDS, UNLEARNED, Boilerplate, Segments
from dedupe.text.characters import characters
from dedupe.text.forms import Forms, forms, mark_forms
from dedupe.text.segments import BEGINS, ENDS, SEGMENT, split
from dedupe.text.tokens import BYTES_PER_CHAR, tokenise


def boilerplate_spans(
    text: str, learned: Boilerplate | None = None, source: int = 0
) -> list[tuple[int, int]]:
    """The stretches of a text that signatures ignore, as offsets in code points; ascending.

    Fixed forms are always found; `learned` adds what the source repeats, given by its hash as the
    learner knows it. Of a text that is nothing but boilerplate nothing is ignored. Looks at the
    text as it is given: decode entities first.
    """
    chars = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    bounds, hashes, words, dropped = _segments(chars, *characters()[:2], forms())
    if learned is not None:
        n = np.array([0, len(hashes)], dtype=np.int64)
        sources = np.array([source], dtype=np.uint64)
        dropped |= learned.repeated(Segments(sources, n, hashes, words))
    return [] if dropped.all() else [(a, b) for a, b in bounds[dropped].tolist()]


@kernel
def _segments(
    chars: NDArray[np.uint32],
    classes: NDArray[np.uint8],
    folds: NDArray[np.uint32],
    table: Forms,
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.int32], NDArray[np.bool_]]:
    """Of each segment that has words: start and end, hash, words, and whether it is a form."""
    room = len(chars) + 1
    piece_ends = np.empty(room, dtype=np.int64)
    marks = np.empty(room, dtype=np.uint8)
    data = np.empty(room * BYTES_PER_CHAR, dtype=np.uint8)
    bounds = np.empty((room, 2), dtype=np.int32)
    kinds = np.empty(room, dtype=np.uint8)
    places = np.empty((room, 2), dtype=np.int64)
    ends = np.empty(room, dtype=np.int32)
    hashes = np.empty(room, dtype=np.uint32)
    words = np.empty(room, dtype=np.int32)
    dropped = np.zeros(room, dtype=np.bool_)
    start = at = n = count = first = 0
    low = 0
    for k in range(split(chars, 0, len(chars), piece_ends, marks)):
        at, n = tokenise(chars, start, piece_ends[k], classes, folds, data, at, bounds, kinds, n)
        start = piece_ends[k]
        if marks[k] & SEGMENT:
            if n > first:
                places[count, 0], places[count, 1] = low, start
                ends[count], words[count], marks[count] = n, n - first, marks[k]
                hashes[count] = xxh32(data, bounds[first, 0], bounds[n - 1, 1], np.uint32(0))
                count += 1
            first = n
            low = start
    mark_forms(data, bounds, kinds, 0, ends, marks, hashes, count, table, dropped)
    for s in range(count):
        if words[s] < LEARNED_WORDS and not (marks[s] & BEGINS and marks[s] & ENDS):
            hashes[s] = UNLEARNED
    return places[:count], hashes[:count], words[:count], dropped[:count]
