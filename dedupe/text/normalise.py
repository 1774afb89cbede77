"""Text as the tokeniser wants it: entities decoded, invisible characters gone, composed to NFKC.

Case and white space are left to the tokeniser, which needs the capitals.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from dedupe.kernel import kernel
from dedupe.text.characters import COVERED, IDEOGRAPHS_END, IGNORED, characters

_MAX_ENTITY_ROUNDS = 4
_FIRST_PLANE = 0x10000
_ENDLESS_NUMBER = re.compile(r"&#[0-9]{64,};?")  # no character, and too long for int()
_OTHER_AMPERSANDS = str.maketrans("\uff06\ufe60", "  ")  # become `&` under NFKC
_MARK = re.compile("[\u0300-\u0345]")  # all that compose with letters that have a case
_WORD = re.compile(r"\S+")


def decode(text: str) -> str:
    """Decode HTML entities, to the end.

    Feeds escape twice and more; what is still escaped after four rounds is no text, and its
    ampersands become spaces.
    """
    for _ in range(_MAX_ENTITY_ROUNDS):
        if "&" not in text:
            return text
        plain = html.unescape(_ENDLESS_NUMBER.sub("\ufffd", text))
        if plain == text:
            return text
        text = plain
    return text.replace("&", " ")


@cache
def _invisible() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What to remove from the first plane, and from the others.

    Apart, since `re` looks up a set of the first plane at once, but tries any other one by one.
    """
    ignored = np.flatnonzero(characters().classes == IGNORED).tolist()
    low = "".join(re.escape(chr(char)) for char in ignored if char < _FIRST_PLANE)
    high = "".join(re.escape(chr(char)) for char in ignored if char >= _FIRST_PLANE)
    return re.compile(f"[{low}]+"), re.compile(f"[{high}{chr(IDEOGRAPHS_END)}-\U0010ffff]+")


@cache
def _folds() -> dict[int, int | str]:
    folds = characters().folds
    moved = np.flatnonzero(folds != np.arange(COVERED)).tolist()
    return {char: int(folds[char]) for char in moved} | {ord("ß"): "ss", ord("ẞ"): "ss"}


def settle(text: str) -> str:
    """Remove invisible characters and compose to NFKC, as often as that brings forth entities.

    As with `decode`, what is still escaped after four rounds is no text.
    """
    for _ in range(_MAX_ENTITY_ROUNDS):
        plain = decode(_compose(text))
        if plain == text:
            return text
        text = plain
    return _compose(text.replace("&", " ").translate(_OTHER_AMPERSANDS))


def _compose(text: str) -> str:
    low, high = _invisible()
    text = low.sub("", text)
    if len(text.encode("utf-16-le", "surrogatepass")) > 2 * len(text):
        text = high.sub("", text)
    text = unicodedata.normalize("NFKC", text)
    return _WORD.sub(_compose_folded, text) if _MARK.search(text) else text


def _compose_folded(word: re.Match[str]) -> str:
    """A word in lower case where only that composes: J with a caron has no character, ǰ has one."""
    if not _MARK.search(word[0]):
        return word[0]
    folded = word[0].translate(_folds())
    composed = unicodedata.normalize("NFC", folded)
    return word[0] if composed == folded else composed


@kernel
def _find_unsettled(
    chars: NDArray[np.uint32], ends: NDArray[np.int64], unsettled: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Which of the texts laid end to end in `chars` have a character that settling may touch."""
    found = np.zeros(len(ends), dtype=np.bool_)
    start = 0
    for k in range(len(ends)):
        for i in range(start, ends[k]):
            char = np.int64(chars[i])
            if char >= COVERED or unsettled[char]:
                found[k] = True
                break
        start = ends[k]
    return found


class TextBuffer:
    """Room for the code points of a batch of texts, used again for every batch.

    Fresh memory costs more than all the normalising. Not for several threads at once.
    """

    def __init__(self) -> None:
        self._room = np.empty(1 << 16, dtype=np.uint32)

    def lay_out(self, texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """The code points of all texts, decoded and settled, end to end, and where each ends.

        The array is the buffer itself: the next call writes over it. Nearly no text needs to be
        settled, and looking costs a tenth of composing.
        """
        decoded = [decode(text) if "&" in text else text for text in texts]
        chars, ends = self._fill(decoded)
        suspects = np.flatnonzero(_find_unsettled(chars, ends, characters().unsettled)).tolist()
        if suspects:
            for k in suspects:
                decoded[k] = settle(decoded[k])
            chars, ends = self._fill(decoded)
        return chars, ends

    def _fill(self, texts: list[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
        if ends[-1] > len(self._room):
            self._room = np.empty(int(ends[-1] * 1.25), dtype=np.uint32)
        start = 0
        for text in texts:
            if text:  # NumPy's own copy from str to UTF-32; a lone surrogate stands as itself
                np.ndarray(1, f"<U{len(text)}", self._room, 4 * start)[0] = text
                start += len(text)
        return self._room[:start], ends
