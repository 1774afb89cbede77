"""Where a text names an agency, found in one pass over its code points.

A pass of the `re` module over the text costs five times as much as this kernel, and every article
pays it. The kernel only proposes places by the first three to six characters of a name; the
regular expression decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.attribution.agencies import NAMES, SHORT
from dedupe.kernel import kernel

Mention = tuple[str, int, int]  # an agency's name as it stands in the text, its start and end

_SHORT_TEXT = 200  # characters below which a plain search is faster than the kernel
_PLACES = 256  # places the kernel proposes in one call
_PAD = "\n" * 6  # lets the kernel look six characters ahead at the end
_AFTER_TWO = "\n \t\xa0.,;:!?'’”\"»)]}/-–—_|(*&"  # what may follow a name of two letters
_LETTERS = re.compile(r"[^\W\d_]*")


def any_of(names: Iterable[str]) -> str:
    """A regular expression for any of `names`, longest first, as a trie.

    In a trie the `re` module tries few branches.
    """
    tails: dict[str, list[str]] = {}
    optional = False
    for name in sorted(set(names)):
        if name:
            tails.setdefault(name[0], []).append(name[1:])
        else:
            optional = True
    branches = [re.escape(first) + any_of(rest) for first, rest in tails.items()]
    if not branches:
        return ""
    if len(branches) == 1 and not optional:
        return branches[0]
    return "(?:" + "|".join(branches) + (")?" if optional else ")")


_NAME = re.compile(any_of(NAMES))


def mentions(text: str, limit: int) -> list[Mention]:
    """The first `limit` names of agencies that stand as words of their own in `text`."""
    found: list[Mention] = []
    for match in _NAME.finditer(text) if len(text) < _SHORT_TEXT else _matches(text):
        if _stands_alone(text, match.start(), match.end()):
            found.append((match.group(), match.start(), match.end()))
            if len(found) == limit:
                break
    return found


def _matches(text: str) -> Iterator[re.Match[str]]:
    """The names in a longer text: `_NAME.finditer`, but for those inside a Latin word."""
    codes = np.array(text + _PAD).reshape(1).view(np.uint32)  # NumPy holds text as UTF-32
    places = np.empty(_PLACES, np.int64)
    begin, free, more = 0, 0, True
    while more:
        count, seen = _propose(codes[begin:], *_TABLES, places)
        for place in places[:count].tolist():
            match = _NAME.match(text, begin + place) if begin + place >= free else None
            if match:
                yield match
                free = match.end()
        begin += seen
        more = seen > 0


def _stands_alone(text: str, start: int, end: int) -> bool:
    before, after = text[start - 1 : start], text[end : end + 1]
    first = text[start]
    if first > "\u0590":  # scripts that attach particles, or have no spaces
        return True
    if before and (before in "@#" or (before.isalnum() and before < "\u0590")):
        return False
    if not after.isalnum() or after > "\u0590":
        return True
    # Case endings: "Reutersin", "Интерфаксу". Acronyms take none.
    ending = _LETTERS.match(text, end, end + 5)
    length = len(ending.group()) if ending else 0
    return end - start >= 4 and text[start:end] not in SHORT and length <= 3 and after.islower()


@njit(inline="always")
def _hash(a: int, b: int, c: int) -> int:
    """16 bits of three code points; one for each triple in most of ASCII."""
    return ((a * 91 + b) * 91 + c) & 0xFFFF


@partial(kernel, nogil=False)
def _propose(
    codes: NDArray[np.uint32],
    starts: NDArray[np.uint8],
    nexts: NDArray[np.uint8],
    places: NDArray[np.int64],
) -> tuple[int, int]:
    """Places at which a name may start, and where to go on (0: seen to the end)."""
    count = 0
    for at in range(codes.size - 5):
        kind = starts[_hash(codes[at], codes[at + 1], codes[at + 2])]
        if kind == 0:  # nearly always: the rest need not be fast
            continue
        if kind == 2 and not nexts[_hash(codes[at + 3], codes[at + 4], codes[at + 5])]:
            continue
        if at > 0 and codes[at] < 128 and 97 <= codes[at - 1] | 32 <= 122:  # inside a word
            continue
        places[count] = at
        count += 1
        if count == places.size:
            return count, at + 1
    return count, 0


def _tables() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """By hash of a name's first three characters (2: see the next); of the next three.

    A name of two letters counts as three with what may follow it.
    """
    starts, nexts = np.zeros(1 << 16, np.uint8), np.zeros(1 << 16, np.uint8)
    hashed = _hash.py_func
    for name in sorted(NAMES, key=len, reverse=True):
        for start in [name[:3]] if len(name) > 2 else [name + after for after in _AFTER_TWO]:
            starts[hashed(*map(ord, start))] = 2 if len(name) > 5 else 1
        if len(name) > 5:
            nexts[hashed(*map(ord, name[3:6]))] = 1
    return starts, nexts


_TABLES = _tables()
