"""What each code point is to the tokeniser, and its folded form, from a shipped table."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SEPARATOR = 0  # ends a token
LETTER = 1  # letters and marks of scripts with spaces
DIGIT = 2
BIGRAM = 3  # scripts without spaces, and Hangul: tokens are overlapping character pairs
IGNORED = 4  # invisible: soft hyphen, zero-width, direction marks, variation selectors
NUMBER_SEPARATOR = 5  # '.' and ',': part of a number between two digits, else a separator

COVERED = 0x20000  # code points in the table; above are ideographs and little else
IDEOGRAPHS_END = 0x40000  # planes 2 and 3


class Characters(NamedTuple):
    """Arrays of length COVERED, indexed by code point."""

    classes: NDArray[np.uint8]  # one of the classes above
    folds: NDArray[np.uint32]  # the case-folded code point
    unsettled: NDArray[np.bool_]  # text with such a character must go through `normalise.settle`


@cache
def characters() -> Characters:
    """The shipped table, read once."""
    with (files("dedupe") / "data" / "characters.npz").open("rb") as file, np.load(file) as table:
        classes = np.repeat(table["run_class"], table["run_length"])
        folds = np.arange(COVERED, dtype=np.uint32)
        folds[table["folds_from"]] = table["folds_to"]
        unsettled = np.unpackbits(table["unsettled"]).view(np.bool_)
    return Characters(classes, folds, unsettled)
