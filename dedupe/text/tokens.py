"""The tokeniser: code points in, the normalised text out, as UTF-8 tokens with one space between.

A token is a run of letters, digits and marks, case-folded. Scripts without spaces give overlapping
pairs of characters. `.` and `,` between two digits are part of the number and leave no trace, so
that 1,000 and 1.000 are one token.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from dedupe.kernel import kernel
from dedupe.text.characters import (
    BIGRAM,
    COVERED,
    DIGIT,
    IDEOGRAPHS_END,
    IGNORED,
    LETTER,
    NUMBER_SEPARATOR,
    SEPARATOR,
    characters,
)
from dedupe.text.normalise import TextBuffer

# What a token is made of; bits.
CAPITAL = 1  # began with an upper-case letter where it stood
NUMBER = 2  # has a digit
PAIR = 4  # a character pair of a script without spaces
TITLE = 8  # stands in the title
QUOTED = 64  # stands in a quote or an embedded tweet

# ASCII punctuation and line breaks that may end a segment or a label, or open a quote, as bits.
_CUTTING = np.uint64(sum(1 << ord(char) for char in '\n\v\f\r.!?":'))

BYTES_PER_CHAR = 9  # a character begins one pair of at most 4 bytes each, with a space behind
_SHARP_S = 0xDF
_CAPITAL_SHARP_S = 0x1E9E


@njit(inline="always")
def _class_of(char: int, classes: NDArray[np.uint8]) -> int:
    if char < COVERED:
        return classes[char]
    return BIGRAM if char < IDEOGRAPHS_END else IGNORED


@njit(inline="always")
def _put(out: NDArray[np.uint8], at: int, char: int) -> int:
    """Write one code point as UTF-8; return the position behind it."""
    if char < 0x80:
        out[np.uintp(at)] = char
        return at + 1
    if char < 0x800:
        out[at] = 0xC0 | (char >> 6)
        out[at + 1] = 0x80 | (char & 0x3F)
        return at + 2
    if char < 0x10000:
        out[at] = 0xE0 | (char >> 12)
        out[at + 1] = 0x80 | ((char >> 6) & 0x3F)
        out[at + 2] = 0x80 | (char & 0x3F)
        return at + 3
    out[at] = 0xF0 | (char >> 18)
    out[at + 1] = 0x80 | ((char >> 12) & 0x3F)
    out[at + 2] = 0x80 | ((char >> 6) & 0x3F)
    out[at + 3] = 0x80 | (char & 0x3F)
    return at + 4


@njit(inline="always")
def _next_class(chars: NDArray[np.uint32], i: int, end: int, classes: NDArray[np.uint8]) -> int:
    """The class of the first visible character from `i` on."""
    while i < end:
        kind = _class_of(np.int64(chars[i]), classes)
        if kind != IGNORED:
            return kind
        i += 1
    return SEPARATOR


@njit(nogil=True)
def tokenise(
    chars: NDArray[np.uint32],
    start: int,
    end: int,
    classes: NDArray[np.uint8],
    folds: NDArray[np.uint32],
    out: NDArray[np.uint8],
    at: int,
    bounds: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    n: int,
    cuts: NDArray[np.int64],
) -> tuple[int, int, int]:
    """Tokenise `chars[start:end]` behind what `out` holds already.

    `out` takes the normalised bytes from `at` on, `bounds[k]` is (start, end) of token `k` in it,
    `kinds[k]` its bits. `cuts` takes (place, tokens before it) of every separator that may end a
    segment or belong to a quote, as far as it has room. Returns the new `at`, the number of tokens,
    both counted from `n`, and the number of cuts. The caller makes room: BYTES_PER_CHAR bytes and
    one token for every character.
    """
    cut = 0
    open_at = -1  # start of the open word in `out`, or -1
    kind_bits = 0
    previous: np.int64 | int = -1  # last character of a run of pairs, or -1
    paired = False
    last_class = SEPARATOR
    i = start
    char: np.int64 | int
    folded: np.int64 | int
    while i < end:
        char = np.int64(chars[np.uintp(i)])
        i += 1
        kind = _class_of(char, classes)
        if kind == LETTER or kind == DIGIT:
            if previous >= 0:
                at, n = _end_run(out, at, bounds, kinds, n, previous, paired)
                previous = -1
            folded = np.int64(folds[char])
            if open_at < 0:
                open_at = at
                kind_bits = CAPITAL if folded != char else 0
            if kind == DIGIT:
                kind_bits |= NUMBER
            if char == _SHARP_S or char == _CAPITAL_SHARP_S:
                at = _put(out, at, 115)
                folded = 115
            at = _put(out, at, folded)
            last_class = kind
            # The rest of a word in ASCII, which most of the world's news is.
            while i < end:
                lower = np.int64(chars[np.uintp(i)]) | 0x20
                if lower < 97 or lower > 122:
                    break
                out[np.uintp(at)] = lower
                at += 1
                i += 1
                last_class = LETTER
            continue
        if kind == IGNORED:
            continue
        if kind == NUMBER_SEPARATOR:
            if last_class == DIGIT and _next_class(chars, i, end, classes) == DIGIT:
                last_class = NUMBER_SEPARATOR
                continue
            kind = SEPARATOR
        last_class = kind
        if open_at >= 0:
            at, n = _end_token(out, at, bounds, kinds, n, open_at, kind_bits)
            open_at = -1
        if kind == BIGRAM:
            folded = np.int64(folds[char]) if char < COVERED else char
            paired = bool(previous >= 0)
            if paired:
                at, n = _pair(out, at, bounds, kinds, n, previous, folded)
            previous = folded
        elif previous >= 0:
            at, n = _end_run(out, at, bounds, kinds, n, previous, paired)
            previous = -1
        if kind != BIGRAM and cut < len(cuts):
            if char >= 0x80 or (char < 64 and (_CUTTING >> np.uint64(char)) & np.uint64(1)):
                cuts[cut, 0] = i - 1
                cuts[cut, 1] = n
                cut += 1
    if open_at >= 0:
        at, n = _end_token(out, at, bounds, kinds, n, open_at, kind_bits)
    elif previous >= 0:
        at, n = _end_run(out, at, bounds, kinds, n, previous, paired)
    return at, n, cut


@njit(inline="always")
def _end_token(
    out: NDArray[np.uint8],
    at: int,
    bounds: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    n: int,
    opened: int,
    bits: int,
) -> tuple[int, int]:
    """Close the token that began at `opened`, and write the space behind it."""
    token = np.uintp(n)
    bounds[token, 0] = opened
    bounds[token, 1] = at
    kinds[token] = bits
    out[np.uintp(at)] = 32
    return at + 1, n + 1


@njit(inline="always")
def _pair(
    out: NDArray[np.uint8],
    at: int,
    bounds: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    n: int,
    first: int,
    second: int,
) -> tuple[int, int]:
    """Write the token of two characters of a script without spaces."""
    behind = _put(out, _put(out, at, first), second)
    return _end_token(out, behind, bounds, kinds, n, at, PAIR)


@njit(inline="always")
def _end_run(
    out: NDArray[np.uint8],
    at: int,
    bounds: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    n: int,
    last: int,
    paired: bool,
) -> tuple[int, int]:
    """End a run of pairs; a run of a single character is a token of its own."""
    if paired:
        return at, n
    return _end_token(out, _put(out, at, last), bounds, kinds, n, at, PAIR)


def normalise(text: str) -> str:
    """The normal form of a text: its tokens, one space between. Idempotent.

    Two articles with the same normal form are `exact` copies. Pairs that overlap are written as
    the run they came from, so that the form is text with the same tokens.
    """
    written: list[str] = []
    last = ""  # of the pair before, its second character
    for token, kind in _read(text):
        paired = kind == PAIR and len(token) == 2
        written.append(token[1] if paired and token[0] == last else f" {token}")
        last = token[1] if paired else ""
    return "".join(written)[1:]


def tokens(text: str) -> list[str]:
    """The tokens of a text, as the signatures see them."""
    return [token for token, _ in _read(text)]


@kernel
def _tokenise_one(
    chars: NDArray[np.uint32],
    classes: NDArray[np.uint8],
    folds: NDArray[np.uint32],
    out: NDArray[np.uint8],
    bounds: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    cuts: NDArray[np.int64],
) -> tuple[int, int, int]:
    """`tokenise` for a single text, kept on disk, so that looking at one text costs no second."""
    return tokenise(chars, 0, len(chars), classes, folds, out, 0, bounds, kinds, 0, cuts)


def _read(text: str) -> list[tuple[str, int]]:
    """The tokens of a text, each with its bits."""
    chars, _ = TextBuffer().lay_out([text])
    table = characters()
    out = np.empty(len(chars) * BYTES_PER_CHAR + BYTES_PER_CHAR, dtype=np.uint8)
    bounds = np.empty((len(chars) + 1, 2), dtype=np.int32)
    kinds = np.empty(len(chars) + 1, dtype=np.uint8)
    cuts = np.empty((0, 2), dtype=np.int64)
    end, n, _ = _tokenise_one(chars, table.classes, table.folds, out, bounds, kinds, cuts)
    data = out[:end].tobytes()
    return [
        (data[a:b].decode(), kind)
        for (a, b), kind in zip(bounds[:n].tolist(), kinds[:n].tolist(), strict=True)
    ]
