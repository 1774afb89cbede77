"""Boilerplate that needs no learning: lines and sentences of a fixed form, in the feeds' languages.

A form is told by its first words, so that the kernel finds it by their hash. What a source says in
words of its own is learned instead, see `boilerplate.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import xxhash
from numba import njit
from numpy.typing import NDArray

from dedupe.hashing import xxh32
from dedupe.text.segments import BEGINS, ENDS, LABEL, RIGHTS
from dedupe.text.tokens import NUMBER

# Whole segments.
_WHOLE = """
read more|read more here|read full article|read the full article|read full story|keep reading
read the full story|read the rest of this story|read the whole story|continue reading
story continues below|continue reading the main story|story continued below
story continues below advertisement|learn more|article continues below advertisement|advertisement
advertisement advertisement|sponsored content|scroll down for video|scroll down for videos
view gallery|view comments|click here|see also|click here to read more|related articles
related stories|more on this story|more on this|share this article|share this story
share tweet post email|share this article share tweet post email|share on facebook
share on twitter|follow us|follow us on twitter|follow us on facebook|subscribe now|sign up now
video loading|poll loading|link comments|all rights reserved|show more|leave a comment
to read this article in full please click here|enlarge this image|table of contents hide
czytaj więcej|czytaj dalej|czytaj także|czytaj też|zobacz więcej|zobacz także|zobacz też|reklama
dalsza część artykułu pod materiałem wideo|dalszy ciąg materiału pod wideo
więcej informacji wkrótce|pozostała część tekstu pod wideo|udostępnij|podziel się|obserwuj nas
wszelkie prawa zastrzeżone|materiał sponsorowany|artykuł sponsorowany|przeczytaj także
przeczytaj też|weiterlesen|mehr lesen|lesen sie mehr|lesen sie auch|mehr dazu|anzeige|werbung
artikel teilen|alle rechte vorbehalten|zum artikel|hier weiterlesen|lire la suite|lire aussi
en savoir plus|publicité|partager|voir aussi|tous droits réservés|la suite après la publicité
lire l article|à lire aussi|leer más|seguir leyendo|continuar leyendo|sigue leyendo|lee también
leer también|publicidad|compartir|ver más|todos los derechos reservados|leggi tutto
continua a leggere|leggi anche|leggi di più|pubblicità|condividi|tutti i diritti riservati
riproduzione riservata
"""
# First words of a sentence, and how many words it may have.
_OPENINGS = {
    12: "click here to|read more at|read more about|read more on|read the full story"
    "|read the full article|read full story|read the rest of|continue reading at"
    "|continue reading on|czytaj więcej na|czytaj dalej na|follow us on|follow us at"
    "|like us on|share this article|all rights reserved|síguenos en|seguici su|suivez nous"
    "|folgen sie uns|polub nas|obserwuj nas|śledź nas",
    25: "continue reading|czytaj także|czytaj też|zobacz także|zobacz też|przeczytaj także"
    "|przeczytaj też|lesen sie auch|lesen sie hier|à lire aussi|lire aussi|leggi anche"
    "|lea también|lee también|leer también|photo by|photos by|illustration by|image by"
    "|zdjęcie ilustracyjne",
    30: "sign up for our|sign up to our|sign up here|subscribe to our|zapisz się na"
    "|zapisz się do|abonnieren sie|abonnez vous|inscrivez vous|suscríbete a|suscríbase a"
    "|iscriviti alla",
}  # fmt: skip
# First words of a line, before a colon, and how many words it may have. A number follows the last.
_LABELS = {
    40: "article url|comments url|photo|photos|photo credit|photograph|image|images"
    "|image credit|illustration|file photo|read more|read also|see also|related|also read"
    "|foto|fot|zdjęcie|zdjęcia|źródło zdjęcia|czytaj więcej|czytaj też|czytaj także"
    "|zobacz też|zobacz także|bild|bildquelle|mehr dazu|lesen sie auch|crédit photo"
    "|crédits photo|lire aussi|à lire aussi|foto de archivo|lee también|leggi anche",
    2: "points|comments",
}
# A line with the first words and, further on, the others.
_FRAMES = {
    "the post": "appeared first on",
    "der beitrag": "erschien zuerst auf",
    "l article": "est apparu en premier sur",
    "cet article": "est apparu en premier sur",
    "la entrada": "se publicó primero en",
    "l articolo": "proviene da",
    "artykuł": "pochodzi z serwisu",
    "submitted by u": "comments",
}
_FRAME_WORDS = 60
_RIGHTS_WORDS = 30
_NOTICE = "copyright"  # with a year
_MOST_WORDS = 4  # of first words
_LONGEST_WHOLE = 13
_HINTS = 1 << 14  # a power of two
_SPREAD = 0x9E3779B1

_COLON = 1  # conditions; bits
_WHOLE_LINE = 2  # the form takes all of its line
_YEAR = 4


class Forms(NamedTuple):
    """The forms as the kernel looks for them."""

    whole: NDArray[np.uint32]  # ascending xxh32 of whole segments
    first: NDArray[np.uint32]  # ascending xxh32 of first words
    most: NDArray[np.int32]  # words of the segment, or line, at most
    conditions: NDArray[np.uint8]
    then: NDArray[np.uint32]  # xxh32 of words that must follow; 0 is none
    then_words: NDArray[np.int32]
    hints: NDArray[np.uint8]  # by the lower bits of `_begins`: whether a form may begin so


@cache
def forms() -> Forms:
    """The table of forms, made once."""
    whole = {_hash(phrase) for phrase in _phrases(_WHOLE.replace("\n", "|"))}
    rows = sorted(_rows())
    columns: list[tuple[int, ...]] = list(zip(*rows, strict=True))
    types = (np.uint32, np.int32, np.uint8, np.uint32, np.int32)
    first, most, conditions, then, then_words = (
        np.array(column, dtype=dtype) for column, dtype in zip(columns, types, strict=True)
    )
    hints = np.zeros(_HINTS, dtype=np.uint8)
    for phrase in (*_phrases(_WHOLE.replace("\n", "|")), *_openings()):
        word, other = map(_hash, f"{phrase} ".split(" ")[:2])
        hints[(word ^ (other * _SPREAD if " " in phrase else 0)) % _HINTS] = 1
    return Forms(
        np.array(sorted(whole), np.uint32), first, most, conditions, then, then_words, hints
    )


def _openings() -> Iterator[str]:
    for phrases in (*_OPENINGS.values(), *_LABELS.values()):
        yield from _phrases(phrases)
    yield from (*_FRAMES, _NOTICE)


def _rows() -> Iterator[tuple[int, int, int, int, int]]:
    for most, phrases in _OPENINGS.items():
        for phrase in _phrases(phrases):
            yield _hash(phrase), most, 0, 0, 0
    for most, phrases in _LABELS.items():
        for phrase in _phrases(phrases):
            yield _hash(phrase), most, _COLON | _WHOLE_LINE, 0, 0
    for phrase, then in _FRAMES.items():
        yield _hash(phrase), _FRAME_WORDS, _WHOLE_LINE, _hash(then), len(then.split())
    yield _hash(_NOTICE), _RIGHTS_WORDS, _WHOLE_LINE | _YEAR, 0, 0


def _phrases(text: str) -> list[str]:
    return [phrase for phrase in text.split("|") if phrase]


def _hash(phrase: str) -> int:
    """Of a phrase in normal form, as all of them are written here."""
    return xxhash.xxh32_intdigest(phrase.encode(), 0)


@njit(inline="always")
def _begins(word: np.uint32, other: np.uint32) -> Any:
    """The hashes of the first two words as one; of a single word, the other is 0."""
    return np.uint32(word ^ (other * np.uint32(_SPREAD)))


@njit(nogil=True)
def _contains(sorted_values: NDArray[np.uint32], value: np.uint32) -> bool:
    at = np.searchsorted(sorted_values, value)
    return bool(at < len(sorted_values) and sorted_values[at] == value)


@njit(nogil=True)
def _follows(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int32],
    start: int,
    end: int,
    words: int,
    then: np.uint32,
) -> bool:
    for t in range(start, end - words + 1):
        if xxh32(data, bounds[t, 0], bounds[t + words - 1, 1], np.uint32(0)) == then:
            return True
    return False


@njit(nogil=True)
def mark_forms(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    hashes: NDArray[np.uint32],
    start: int,
    ends: NDArray[np.int32],
    marks: NDArray[np.uint8],
    count: int,
    table: Forms,
    dropped: NDArray[np.bool_],
) -> int:
    """Say in `dropped` which of the segments are of a fixed form; return how many.

    Segment s has the tokens from `ends[s - 1]` (`start` for the first) to `ends[s]` and the bits
    `marks[s]` of dedupe.text.segments; `hashes` are the xxh32 of the tokens.
    """
    hints = table.hints
    found = 0
    until = 0  # segments before this one are part of a form that takes its line
    low = np.int64(start)
    for s in range(count):
        if s >= until:
            if marks[s] & BEGINS and marks[s] & RIGHTS:
                behind = _line(marks, s, count)
                if ends[behind - 1] - low <= _RIGHTS_WORDS:
                    until = behind
            word, other = hashes[low], hashes[low + 1] if ends[s] > low + 1 else np.uint32(0)
            hinted = (
                hints[_begins(word, np.uint32(0)) % _HINTS]
                or (hints[_begins(word, other) % _HINTS])
            )
            if s >= until and hinted:
                until = _form(data, bounds, kinds, low, ends, marks, s, count, table)
        dropped[s] = s < until
        found += dropped[s]
        low = np.int64(ends[s])
    return found


@njit(nogil=True)
def _form(
    data: NDArray[np.uint8],
    bounds: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    low: int,
    ends: NDArray[np.int32],
    marks: NDArray[np.uint8],
    s: int,
    count: int,
    table: Forms,
) -> int:
    """The segment behind the form that segment `s`, from token `low` on, begins; 0: it has none."""
    whole, first, most, conditions, then, then_words, _ = table
    high = np.int64(ends[s])
    if high - low <= _LONGEST_WHOLE and _contains(
        whole, xxh32(data, bounds[low, 0], bounds[high - 1, 1], np.uint32(0))
    ):
        return s + 1
    longest: Any = min(_MOST_WORDS, high - low)
    for words in range(1, longest + 1):
        opening = xxh32(data, bounds[low, 0], bounds[low + words - 1, 1], np.uint32(0))
        for k in range(np.searchsorted(first, opening), len(first)):
            if first[k] != opening:
                break
            behind = _line(marks, s, count) if conditions[k] & _WHOLE_LINE else s + 1
            last = np.int64(ends[behind - 1])
            if last - low > most[k] or (conditions[k] & _COLON and not marks[s] & LABEL):
                continue
            if conditions[k] & _YEAR and not (last > low + words and kinds[low + words] & NUMBER):
                continue
            if then_words[k] == 0 or _follows(
                data, bounds, low + words, last, then_words[k], then[k]
            ):
                return behind
    return 0


@njit(nogil=True)
def _line(marks: NDArray[np.uint8], s: int, count: int) -> int:
    """The segment behind the last of the line that segment `s` is in."""
    while s < count - 1 and not marks[s] & ENDS:
        s += 1
    return s + 1
