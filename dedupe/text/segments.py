"""Texts cut into segments: lines, and the sentences of a line; and what in them is quoted.

A segment is what a source may repeat. A quote is what stands between paired quotation marks within
one line, from MIN_QUOTE to MAX_QUOTE characters, and an embedded tweet, told by its signature
"— Name (@handle)". An unpaired mark opens nothing.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.text.tokens import QUOTED

# What a segment is; bits.
BEGINS = 1  # begins its line
ENDS = 2  # ends its line
LABEL = 4  # has a colon near its beginning
RIGHTS = 8  # has a copyright sign near its beginning

MIN_QUOTE = 25
MAX_QUOTE = 1500
_LABEL = 24  # characters before the colon of a label, or the copyright sign
_SHORT = 4  # letters of an abbreviation
_NAME = 60  # characters of a tweet's signature before the handle


@njit(inline="always")
def _is_newline(char: int) -> bool:
    return 0x0A <= char <= 0x0D or char == 0x85 or char == 0x2028 or char == 0x2029


@njit(inline="always")
def _is_space(char: int) -> bool:
    return char <= 0x20 or char == 0xA0 or 0x2000 <= char <= 0x200A or char == 0x3000


@njit(inline="always")
def _is_stop(char: int) -> bool:
    """Ends a sentence where white space follows: . ! ? and the ellipsis."""
    return char == 0x2E or char == 0x21 or char == 0x3F or char == 0x2026


@njit(inline="always")
def _is_wide_stop(char: int) -> bool:
    """Ends a sentence whatever follows: the stops of Chinese and Japanese."""
    return char == 0x3002 or char == 0xFF01 or char == 0xFF1F


@njit(inline="always")
def _is_closer(char: int) -> bool:
    """Belongs to the sentence that ended before it: quotes and brackets."""
    return (
        char == 0x22 or char == 0x27 or char == 0x29 or char == 0x5D or char == 0xBB
        or 0x2019 <= char <= 0x201D
    )  # fmt: skip


@njit(inline="always")
def _is_word(char: int) -> bool:
    """A letter or digit, as far as a straight quotation mark needs to know."""
    lower = char | 0x20
    return 0x30 <= char <= 0x39 or 97 <= lower <= 122 or 0xC0 <= char < 0x2000


@njit(nogil=True)
def _quote_end(
    chars: NDArray[np.uint32], end: int, cuts: NDArray[np.int64], opening: int, cut: int
) -> int:
    """Which of the `cut` cuts closes the quote that the cut `opening` opens; -1: none opens."""
    i = cuts[opening, 0]
    opener = np.int64(chars[i])
    straight = opener == 0x22
    for k in range(opening + 1, cut):
        j = cuts[k, 0]
        char = np.int64(chars[j])
        if j >= i + MAX_QUOTE or _is_newline(char):
            return -1
        if straight:
            closes = char == 0x22
        elif opener == 0x201C:  # English
            closes = char == 0x201D
        elif opener == 0x201E:  # German, Polish
            closes = char == 0x201C or char == 0x201D
        else:
            closes = char == 0xBB
        if closes:
            if straight and (j + 1 < end and _is_word(np.int64(chars[j + 1]))):
                return -1  # that one opens: the first has no partner
            return k if j - i >= MIN_QUOTE else -1
        if char == opener:  # the first has no partner
            return -1
    return -1


@njit(inline="always")
def _opens(chars: NDArray[np.uint32], i: int, start: int, end: int) -> bool:
    char = np.int64(chars[i])
    if char == 0x22:
        if i > start and _is_word(np.int64(chars[i - 1])):
            return False
        return i + 1 < end and not _is_space(np.int64(chars[i + 1]))
    return char == 0x201C or char == 0x201E or char == 0xAB


@njit(inline="always")
def _abbreviates(chars: NDArray[np.uint32], i: int, start: int) -> bool:
    """Whether the full stop at `i` follows a short capitalised word, as in J. Doe or Sen. Doe."""
    j = i - 1
    while j >= start and j >= i - _SHORT and _is_word(np.int64(chars[j])):
        j -= 1
    if j + 1 >= i or not 0x41 <= chars[j + 1] <= 0x5A:
        return False
    return j < start or not _is_word(np.int64(chars[j]))


@njit(inline="always")
def _goes_with_stop(char: int) -> bool:
    return _is_stop(char) or _is_closer(char) or _is_wide_stop(char)


@njit(nogil=True)
def _signs_tweet(chars: NDArray[np.uint32], start: int, end: int) -> bool:
    """Whether the line `chars[start:end]` is the signature of an embedded tweet."""
    if start >= end or chars[start] != 0x2014:
        return False
    for j in range(start + 1, min(end - 1, start + _NAME)):
        if chars[j] == 0x28 and chars[j + 1] == 0x40:
            return end - start <= 3 * _NAME
    return False


@njit(nogil=True)
def split(
    chars: NDArray[np.uint32],
    start: int,
    end: int,
    cuts: NDArray[np.int64],
    cut: int,
    titled: int,
    n: int,
    kinds: NDArray[np.uint8],
    ends: NDArray[np.int32],
    marks: NDArray[np.uint8],
) -> int:
    """Cut the text `chars[start:end]` into segments at its `cut` cuts; return how many.

    The text has the tokens `titled` to `n`, and every segment some of them: segment s those from
    where the one before ended to `ends[s]`; it has the bits `marks[s]`.
    Quoted tokens get the bit QUOTED in `kinds`.
    """
    count = 0
    segment = np.int64(titled)  # where the open segment began, in tokens
    place = np.int64(start)  # and in characters
    line = np.int64(titled)  # likewise the open line
    line_place = np.int64(start)
    before = np.int64(titled)  # where the last line that is not empty began
    begins = BEGINS  # for a segment that begins its line
    label = 0
    quoted = np.int64(start)  # where the open quote ends
    done = np.int64(start)  # cuts before this one belong to a segment that has ended
    for k in range(cut + 1):
        i, t = (cuts[k, 0], cuts[k, 1]) if k < cut else (np.int64(end), np.int64(n))
        if i < done:
            continue
        char = np.int64(chars[i]) if k < cut else np.int64(0x0A)
        behind = min(np.int64(end), i + 1)
        newline = _is_newline(char)
        if not newline and not _is_stop(char) and not _is_wide_stop(char):
            if char == 0x3A or char == 0xA9:
                if i - place <= _LABEL:
                    label |= LABEL if char == 0x3A else RIGHTS
            elif i >= quoted and _opens(chars, i, start, end):
                close = _quote_end(chars, end, cuts, k, cut)
                if close >= 0:
                    quoted = cuts[close, 0]
                    _quote(kinds, t, cuts[close, 1])
            continue
        if not newline:
            if char == 0x2E and _abbreviates(chars, i, start):
                continue
            while behind < end and _goes_with_stop(np.int64(chars[behind])):
                behind += 1
            if behind < end and not (_is_wide_stop(char) or _is_space(np.int64(chars[behind]))):
                continue
        if t > segment:
            ends[count] = t
            marks[count] = begins | label
            count += 1
            begins = 0
        label = 0
        segment = t
        place = done = behind
        if newline:
            begins = BEGINS
            if count > 0:
                marks[count - 1] |= ENDS
            if t > line:
                if _signs_tweet(chars, line_place, i):
                    _quote(kinds, before, t)
                before = line
            line = t
            line_place = behind
    return count


@njit(inline="always")
def _quote(kinds: NDArray[np.uint8], first: int, last: int) -> None:
    for t in range(first, last):
        kinds[t] |= QUOTED
