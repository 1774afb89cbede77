"""Texts cut into segments: lines, and the sentences of a line; and what in them is quoted.

A segment is what a source may repeat. A quote is what stands between paired quotation marks within
one line, from MIN_QUOTE to MAX_QUOTE characters, and an embedded tweet, told by its signature
"— Name (@handle)". An unpaired mark opens nothing.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

# What a piece is; bits.
SEGMENT = 1  # a segment ends with this piece
BEGINS = 2  # which began its line
ENDS = 4  # which ends its line
LABEL = 8  # which has a colon near its beginning
RIGHTS = 16  # which has a copyright sign near its beginning
QUOTE = 32  # the piece is a quote, or part of one

MIN_QUOTE = 25
MAX_QUOTE = 1500
_LABEL = 24  # characters before the colon of a label, or the copyright sign
# The characters below 64 that may end a segment or a label, or open a quote, as bits.
_ENDING = np.uint64(sum(1 << ord(char) for char in '\n\v\f\r.!?":'))
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
def _quote_end(chars: NDArray[np.uint32], i: int, end: int) -> int:
    """Where the quote that opens at `i` closes, or -1 where none opens."""
    opener = np.int64(chars[i])
    straight = opener == 0x22
    last = min(end, i + MAX_QUOTE)
    for j in range(i + 1, last):
        char = np.int64(chars[j])
        if _is_newline(char):
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
            return j if j - i >= MIN_QUOTE else -1
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
def _tweet_signature(chars: NDArray[np.uint32], i: int, end: int) -> int:
    """Where the signature of an embedded tweet that stands at `i` ends, or -1 where none does."""
    if i + 4 >= end or chars[i] != 0x2014:
        return -1
    signed = False
    for j in range(i + 1, min(end, i + 3 * _NAME)):
        if _is_newline(np.int64(chars[j])):
            return j if signed else -1
        signed |= j < i + _NAME and j + 1 < end and chars[j] == 0x28 and chars[j + 1] == 0x40
    return min(end, i + 3 * _NAME) if signed else -1


@njit(nogil=True)
def split(
    chars: NDArray[np.uint32],
    start: int,
    end: int,
    ends: NDArray[np.int64],
    marks: NDArray[np.uint8],
) -> int:
    """Cut `chars[start:end]` into pieces; return how many.

    A piece ends where a segment ends, and where a quote begins or ends. Piece k ends at `ends[k]`,
    its bits are `marks[k]`. There is room for one piece more than there are characters. Pieces end
    between tokens, so that tokenising them one by one is tokenising the whole.
    """
    count = 0
    piece = start  # where the open piece began
    segment = start  # and the open segment
    begins = BEGINS  # for a segment that began its line
    label = 0
    quote = start  # where the open quote ends
    line = start  # where the last line began that is not empty
    begin = start  # where this line began
    i = start
    while i < end:
        char = np.int64(chars[np.uintp(i)])
        if (
            i != quote
            and char < 0x80
            and (char > 63 or not (_ENDING >> np.uint64(char)) & np.uint64(1))
        ):
            i += 1
            continue
        if i == quote and piece < quote:
            ends[count] = i
            marks[count] = QUOTE
            count += 1
            piece = i
            if not _is_newline(char):
                i += 1
                continue
        j = i + 1
        newline = _is_newline(char)
        if newline:
            line = begin if i > begin else line
            begin = j
        elif _is_stop(char) or _is_wide_stop(char):
            if char == 0x2E and _abbreviates(chars, i, start):
                i = j
                continue
            wide = _is_wide_stop(char)
            while j < end and _goes_with_stop(np.int64(chars[j])):
                j += 1
            if not wide and j < end and not _is_space(np.int64(chars[j])):
                i = quote if i < quote < j else j
                continue
        else:
            if (char == 0x3A or char == 0xA9) and i - segment <= _LABEL:
                label |= LABEL if char == 0x3A else RIGHTS
            elif i >= quote and _opens(chars, i, start, end):
                close = _quote_end(chars, i, end)
                if close >= 0:
                    if i > piece:
                        ends[count] = i
                        marks[count] = 0
                        count += 1
                        piece = i
                    quote = close
            i += 1
            continue
        line_ends = newline or j >= end or _is_newline(np.int64(chars[j]))
        if not newline or segment < i:
            ends[count] = j
            marks[count] = SEGMENT | begins | label | (ENDS if line_ends else 0)
            if piece < quote:
                marks[count] |= QUOTE
            count += 1
        if newline:
            signed = _tweet_signature(chars, j, end)
            if signed >= 0:
                k = count - 1
                while k >= 0 and ends[k] > line:
                    marks[k] |= QUOTE
                    k -= 1
                quote = signed
        piece = segment = i = j
        label = 0
        begins = BEGINS if line_ends else 0
    if piece < end:
        ends[count] = end
        marks[count] = SEGMENT | begins | label | ENDS
        if piece < quote:
            marks[count] |= QUOTE
        count += 1
    return count
