"""Build `dedupe/data/characters.npz`: what each code point is to the tokeniser, and how it folds.

The table is shipped, not computed, for two reasons: signatures must not change when Python's
Unicode database does, and starting up must not walk 131,072 code points.

    python scripts/build_characters.py
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np

from dedupe.text.characters import (
    BIGRAM,
    COVERED,
    DIGIT,
    IGNORED,
    LETTER,
    NUMBER_SEPARATOR,
    SEPARATOR,
)

TARGET = Path(__file__).parent.parent / "dedupe" / "data" / "characters.npz"

# Scripts written without spaces, and Hangul, whose particles stick to the word before them.
UNSPACED = (
    "CJK UNIFIED",
    "CJK COMPATIBILITY IDEOGRAPH",
    "HIRAGANA",
    "KATAKANA",
    "HANGUL",
    "BOPOMOFO",
    "THAI",
    "LAO",
    "KHMER",
    "MYANMAR",
    "YI ",
)
IDEOGRAPHIC_EXTRAS = "々〇〻"
TATWEEL = "\u0640"  # stretches an Arabic word, changes nothing


def classify(char: str) -> int:
    """The tokeniser's class of one character."""
    category = unicodedata.category(char)
    if char == TATWEEL or category == "Cf" or "VARIATION SELECTOR" in unicodedata.name(char, ""):
        return IGNORED
    if char in IDEOGRAPHIC_EXTRAS:
        return BIGRAM
    if category[0] in "LM":
        return BIGRAM if unicodedata.name(char, "").startswith(UNSPACED) else LETTER
    if category[0] == "N":
        return DIGIT
    # With their full-width forms, so that settling a text does not change where its numbers end.
    return NUMBER_SEPARATOR if unicodedata.normalize("NFKC", char) in (".", ",") else SEPARATOR


def fold(char: str) -> int:
    """The folded code point; the expansion of ß is the tokeniser's, Turkish İ folds to i."""
    if char == "İ":
        return ord("i")
    folded = char.casefold()
    return (
        ord(folded)
        if len(folded) == 1
        else ord(char.lower())
        if len(char.lower()) == 1
        else ord(char)
    )


def unsettled(char: str, composed: frozenset[str]) -> bool:
    """Whether a text with this character may change, in what the tokeniser sees, under NFKC.

    An invisible character alone may not: the tokeniser passes over it, and what it kept apart is
    unsettled itself.
    """
    if unicodedata.combining(char) or char in composed:
        return True
    form = unicodedata.normalize("NFKC", char)
    return form != char and any(classify(c) not in (SEPARATOR, NUMBER_SEPARATOR) for c in form)


def second_elements(chars: list[str]) -> frozenset[str]:
    """The characters that canonical composition joins to the one before."""
    pairs = (unicodedata.decomposition(c).split() for c in chars)
    jamo = (chr(c) for c in range(0x1161, 0x11C3))
    return frozenset(chr(int(p[1], 16)) for p in pairs if len(p) == 2 and p[0][0] != "<").union(
        jamo
    )


def main() -> None:
    """Write the table as runs of equal class and a list of the characters that fold."""
    chars = [chr(c) for c in range(COVERED)]
    classes = np.array([classify(c) for c in chars], dtype=np.uint8)
    folded = np.array([fold(c) for c in chars], dtype=np.uint32)
    composed = second_elements(chars)
    edges = np.flatnonzero(np.diff(classes)) + 1
    starts = np.concatenate(([0], edges))
    moved = np.flatnonzero(folded != np.arange(COVERED)).astype(np.uint32)
    np.savez_compressed(
        TARGET,
        run_class=classes[starts],
        run_length=np.diff(np.concatenate((starts, [COVERED]))).astype(np.uint32),
        folds_from=moved,
        folds_to=folded[moved],
        unsettled=np.packbits([unsettled(c, composed) for c in chars]),
    )
    size = TARGET.stat().st_size
    print(f"{len(starts)} runs, {len(moved)} folds, {size:,} bytes, {unicodedata.unidata_version}")


if __name__ == "__main__":
    main()
