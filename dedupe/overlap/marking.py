"""Which words of a text are boilerplate of a fixed form, and which are quoted: for evidence."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.kernel import kernel
from dedupe.shingles.words import hash_tokens
from dedupe.text.characters import characters
from dedupe.text.forms import Forms, forms, mark_forms
from dedupe.text.normalise import TextBuffer
from dedupe.text.segments import split
from dedupe.text.tokens import BYTES_PER_CHAR, QUOTED, tokenise


class Marked(NamedTuple):
    """Of each token of a text, as `dedupe.text.tokens.tokens` gives them, what it belongs to."""

    boilerplate: NDArray[np.bool_]  # (n,) a fixed form, which signatures and evidence ignore
    quoted: NDArray[np.bool_]  # (n,) a quote or an embedded tweet


def mark(text: str) -> Marked:
    """Mark the tokens of a text."""
    chars, _ = TextBuffer().lay_out([text])
    return Marked(*_mark(chars, *characters()[:2], forms()))


@kernel
def _mark(
    chars: NDArray[np.uint32], classes: NDArray[np.uint8], folds: NDArray[np.uint32], table: Forms
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    room = len(chars) + 1
    data = np.empty(room * BYTES_PER_CHAR, dtype=np.uint8)
    bounds = np.empty((room, 2), dtype=np.int32)
    kinds = np.empty(room, dtype=np.uint8)
    hashes = np.empty(room, dtype=np.uint32)
    cuts = np.empty((room, 2), dtype=np.int64)
    ends = np.empty(room, dtype=np.int32)
    marks = np.empty(room, dtype=np.uint8)
    dropped = np.empty(room, dtype=np.bool_)
    _, n, cut = tokenise(chars, 0, len(chars), classes, folds, data, 0, bounds, kinds, 0, cuts)
    hash_tokens(data, bounds, n, hashes)
    count = split(chars, 0, len(chars), cuts, cut, 0, n, kinds, ends, marks)
    mark_forms(data, bounds, kinds, hashes, 0, ends, marks, count, table, dropped)
    boilerplate = np.zeros(n, dtype=np.bool_)
    start = 0
    for s in range(count):
        boilerplate[start : ends[s]] = dropped[s]
        start = ends[s]
    return boilerplate, (kinds[:n] & QUOTED) != 0
