"""Where a text names an agency, found in one pass over its code points.

A pass of the `re` module over the text costs five times as much as this kernel, and every article
pays it. The kernel only proposes places by the first three or four characters of a name; the
regular expression decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.attribution.agencies import BY_NAME, SHORT

Mention = tuple[str, int, int]  # an agency's name as it stands in the text, its start and end

_PLACES = 256  # places the kernel proposes in one call
_PAD = "\n\n\n\n"  # lets the kernel look four characters ahead at the end
_AFTER_TWO = "\n \t\xa0.,;:!?'’”\"»)]}/-–—_|(*&"  # what may follow a name of two letters
_LETTERS = re.compile(r"[^\W\d_]*")


def any_of(names: Iterable[str]) -> str:
    """A regular expression for any of `names`, longest first, as a trie.

    A trie of literals lets the `re` module skip text by first character, and try few branches.
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


_NAME = re.compile(any_of(BY_NAME))


def mentions(text: str, limit: int) -> list[Mention]:
    """The first `limit` names of agencies that stand as words of their own in `text`."""
    codes = np.frombuffer((text + _PAD).encode("utf-32-le", "surrogatepass"), np.uint32)
    found: list[Mention] = []
    places = np.empty(_PLACES, np.int64)
    begin, free = 0, 0
    while begin >= 0:
        count, begin = _propose(codes, begin, _THREE, _FOUR, places)
        for start in places[:count].tolist():
            match = _NAME.match(text, start) if start >= free else None
            if match is None:
                continue
            free = match.end()
            if _stands_alone(text, start, free):
                found.append((match.group(), start, free))
                if len(found) == limit:
                    return found
    return found


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


@njit(inline="always")  # type: ignore[untyped-decorator]
def _hash(a, b, c, d):  # type: ignore[no-untyped-def]
    mixed = (
        np.uint32(a) * np.uint32(0x9E3779B1)
        ^ np.uint32(b) * np.uint32(0x85EBCA6B)
        ^ np.uint32(c) * np.uint32(0xC2B2AE35)
        ^ np.uint32(d) * np.uint32(0x27D4EB2F)
    )
    return (mixed & np.uint32(0xFFFFFFFF)) >> np.uint32(16)


@njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _propose(codes, begin, three, four, places):  # type: ignore[no-untyped-def]
    """Places at which a name may start, and where to go on (-1 at the end)."""
    count = 0
    for at in range(begin, codes.size - 3):
        kind = three[_hash(codes[at], codes[at + 1], codes[at + 2], 0)]
        if kind == 0:
            continue
        if kind == 2 and not four[_hash(codes[at], codes[at + 1], codes[at + 2], codes[at + 3])]:
            continue
        places[count] = at
        count += 1
        if count == places.size:
            return count, at + 1
    return count, -1


def _tables() -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """By hash of three characters: 1 a name may be whole, 2 look at the fourth; and of four."""
    three, four = np.zeros(1 << 16, np.uint8), np.zeros(1 << 16, np.uint8)
    for name in sorted(BY_NAME, key=len, reverse=True):
        starts = [name[:3]] if len(name) > 2 else [name + after for after in _AFTER_TWO]
        for start in starts:
            codes = [np.uint32(ord(char)) for char in start]
            three[_hash(*codes, np.uint32(0))] = 2 if len(name) > 3 else 1
        if len(name) > 3:
            four[_hash(*(np.uint32(ord(char)) for char in name[:4]))] = 1
    return three, four


_THREE, _FOUR = _tables()
