"""Series and templates in a stream: which forms an outlet has used often enough.

The same rules as in `series`, kept up article by article. Of every form of every outlet a few
marks are kept: what texts, titles, days and wordings it came with, as bytes of their hashes. Two
that share a byte count once, so now and then a series is seen an entry later.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.kernel import kernel
from dedupe.models import Kind
from dedupe.shingles.skeletons import OPENING, SERIES, TEMPLATE
from dedupe.stories.series import DAYS, DAYS_OF_ONE_TITLE, LEAST, LEAST_TEMPLATE

FORMS = (OPENING, TEMPLATE, SERIES)  # the last that applies says the kind
KINDS = (Kind.TEMPLATE, Kind.TEMPLATE, Kind.SERIES)
MARKS = 4  # what a form came with: text, title, day, wording
_KEPT = 4  # different ones of each
_TEXTS, _TITLES, _DAYS, _WORDINGS = range(MARKS)
_SMALLEST = 1 << 12


class Recurring:
    """The forms of a window, in an open-addressing table."""

    def __init__(self) -> None:
        self._keys = np.zeros(_SMALLEST, dtype=np.uint64)
        self._marks = np.zeros((_SMALLEST, MARKS, _KEPT), dtype=np.uint8)
        self._used = 0
        self._roots: dict[int, int] = {}
        self.version = 0  # how often a form has become established

    def note(self, keys: NDArray[np.uint64], marks: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Note the forms of articles: (n, 3) keys, 0 is none, in the order of FORMS; (n, MARKS).

        Gives which articles added anything.
        """
        while 5 * (self._used + keys.size) > 3 * len(self._keys):
            self._grow()
        added = np.zeros(len(keys), dtype=np.bool_)
        used, established = _note(keys, marks, self._keys, self._marks, added)
        self._used += used
        self.version += established
        return added

    def established(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Which of the forms (n, 3) are a series or template by now."""
        found = np.zeros(keys.shape, dtype=np.bool_)
        _established(keys, self._keys, self._marks, found)
        return found

    def series(self, keys: list[int]) -> int:
        """The series that established forms of one article belong to; they are one from now on."""
        roots = {self._root(key) for key in keys}
        root = min(roots)
        for other in roots - {root}:
            self._roots[other] = root
            self.version += 1
        return root

    def _root(self, key: int) -> int:
        while (parent := self._roots.get(key, key)) != key:
            key = parent
        return key

    def _grow(self) -> None:
        keys, marks = self._keys, self._marks
        self._keys = np.zeros(2 * len(keys), dtype=np.uint64)
        self._marks = np.zeros((2 * len(keys), MARKS, _KEPT), dtype=np.uint8)
        _move(keys, marks, self._keys, self._marks)


def form_keys(outlet: int, skeletons: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """The forms of an article: (3,) 64-bit keys, 0 where it has none.

    `outlet` is a 64-bit hash of who publishes, 0 unknown: in no series.
    """
    keys = np.zeros(len(FORMS), dtype=np.uint64)
    if outlet:
        for at, form in enumerate(FORMS):
            if skeletons[form]:
                mixed = (outlet ^ (int(skeletons[form]) * 0x9E3779B97F4A7C15)) + form
                keys[at] = (mixed * 0xC2B2AE3D27D4EB4F >> 7) & 0xFFFFFFFFFFFFFFFF or 1
    return keys


@njit(nogil=True)
def _place(table: NDArray[np.uint64], key: np.uint64) -> Any:
    mask = len(table) - 1
    at: Any = np.int64(key >> np.uint64(20)) & mask
    while table[at] != 0 and table[at] != key:
        at = (at + 1) & mask
    return at


@njit(nogil=True)
def _count(marks: NDArray[np.uint8]) -> int:
    kept = 0
    for mark in marks:
        kept += mark != 0
    return kept


@njit(nogil=True)
def _is_established(marks: NDArray[np.uint8], form: int) -> bool:
    texts, titles = _count(marks[_TEXTS]), _count(marks[_TITLES])
    if form == 2:  # SERIES
        days = _count(marks[_DAYS])
        spread = days >= DAYS and (titles > 1 or days >= DAYS_OF_ONE_TITLE)
        return texts >= LEAST and spread
    many = texts >= LEAST_TEMPLATE and titles >= LEAST_TEMPLATE
    return many and (form == 1 or _count(marks[_WORDINGS]) >= LEAST_TEMPLATE)


@kernel
def _note(
    keys: NDArray[np.uint64],
    marks: NDArray[np.uint8],
    table: NDArray[np.uint64],
    kept: NDArray[np.uint8],
    added: NDArray[np.bool_],
) -> tuple[int, int]:
    used = 0
    established = 0
    for i in range(len(keys)):
        for form in range(keys.shape[1]):
            if keys[i, form] == 0:
                continue
            at = _place(table, keys[i, form])
            if table[at] == 0:
                table[at] = keys[i, form]
                used += 1
            before = _is_established(kept[at], form)
            for m in range(marks.shape[1]):
                for k in range(kept.shape[2]):
                    if kept[at, m, k] == 0:
                        kept[at, m, k] = marks[i, m]
                        added[i] = True
                        break
                    if kept[at, m, k] == marks[i, m]:
                        break
            established += _is_established(kept[at], form) and not before
    return used, established


@kernel
def _established(
    keys: NDArray[np.uint64],
    table: NDArray[np.uint64],
    kept: NDArray[np.uint8],
    found: NDArray[np.bool_],
) -> None:
    for i in range(len(keys)):
        for form in range(keys.shape[1]):
            if keys[i, form] != 0:
                at = _place(table, keys[i, form])
                found[i, form] = table[at] != 0 and _is_established(kept[at], form)


@kernel
def _move(
    keys: NDArray[np.uint64],
    marks: NDArray[np.uint8],
    table: NDArray[np.uint64],
    kept: NDArray[np.uint8],
) -> None:
    for k in range(len(keys)):
        if keys[k] != 0:
            at = _place(table, keys[k])
            table[at] = keys[k]
            kept[at] = marks[k]
