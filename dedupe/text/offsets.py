"""Where in a text as it was given its tokens stand, entities, invisible characters and all."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.text.characters import (
    BIGRAM,
    COVERED,
    DIGIT,
    IDEOGRAPHS_END,
    IGNORED,
    LETTER,
    NUMBER_SEPARATOR,
    characters,
)
from dedupe.text.normalise import TextBuffer
from dedupe.text.tokens import tokens

_CHUNK = re.compile(r"\S+")  # normalising never reaches over white space
# What may be an entity, also one escaped several times: &amp;amp;eacute;
_ENTITY = "[&\uff06\ufe60](?:#?[A-Za-z0-9]{1,32};?)*"


class Located(NamedTuple):
    """The tokens of a text, each with its place [start, end) in the text as it was given.

    Starts and ends never descend. Character pairs overlap. Where several tokens come of one
    character (½, ㍿) or of one entity, each has the place of all.
    """

    tokens: list[str]
    starts: NDArray[np.int64]  # (n,) in code points
    ends: NDArray[np.int64]


class _Traced(NamedTuple):
    """Normalised characters, each with the place in the given text that it came from."""

    chars: NDArray[np.uint32]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def locate(text: str) -> Located:
    """The tokens as `dedupe.text.tokens.tokens` gives them, and where they stand.

    Pieces of the text that cannot act on each other are normalised apart; a token stands where
    its pieces do. Should a crafted text (`&am&#112;;`) make them act on each other all the same,
    the pieces are its words between white space, and tokens of one word share its place.
    """
    found = tokens(text)
    for spans in (_units(text), (word.span() for word in _CHUNK.finditer(text))):
        traced = _trace(text, spans)
        first, behind = _token_bounds(traced.chars)
        if len(first) == len(found):
            break
    return Located(found, traced.starts[first], traced.ends[behind - 1])


def _units(text: str) -> Iterator[tuple[int, int]]:
    """The pieces of a text that normalising may change: an entity, a letter with its marks."""
    return (found.span() for found in _unit().finditer(text))


@cache
def _unit() -> re.Pattern[str]:
    unsettled = np.flatnonzero(characters().unsettled).tolist()
    joining = [char for char in unsettled if _joins(chr(char))]
    joins = f"[{_ranges(joining)}{chr(IDEOGRAPHS_END)}-\U0010ffff]"
    changed = f"[{_ranges(unsettled)}{chr(COVERED)}-\U0010ffff]"
    return re.compile(f"(?:{_ENTITY}|{changed}|.(?={joins})){joins}*", re.DOTALL)


def _joins(char: str) -> bool:
    """Whether a character may become part of the one before: marks, vowels of Hangul."""
    first = unicodedata.normalize("NFKD", char)[0]
    mark = unicodedata.category(first)[0] == "M" or "\u1161" <= first <= "\u11ff"
    return mark or characters().classes[ord(char)] == IGNORED


def _ranges(chars: list[int]) -> str:
    """Ascending code points as the inside of a character set."""
    edges = [0, *(i for i, (a, b) in enumerate(pairwise(chars), 1) if b > a + 1), len(chars)]
    return "".join(
        f"{re.escape(chr(chars[low]))}-{re.escape(chr(chars[high - 1]))}"
        for low, high in pairwise(edges)
    )


def _trace(text: str, spans: Iterator[tuple[int, int]]) -> _Traced:
    """Normalise the pieces at `spans`, ascending, one by one; what lies between stays."""
    places = list(spans)
    given = _code_points(text)
    laid, behind = _lay_out([text[start:end] for start, end in places])
    # Stretches of normalised characters: as they stand in the text, from there on, or changed.
    stretches = []
    done = low = 0
    for (start, end), high in zip(places, behind, strict=True):
        kept = _same_end(text[start:end], laid[low:high])  # what is behind an entity is as it was
        stretches.append((start - done, done, 0, -1))
        stretches.append((high - low - kept, start, end - kept, low))
        done, low = end - kept, high
    stretches.append((len(text) - done, done, 0, -1))
    lengths, firsts, lasts, sources = np.array(stretches, dtype=np.int64).T
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    stays = np.repeat(sources < 0, lengths)
    starts = np.repeat(firsts, lengths) + np.where(stays, within, 0)
    ends = np.where(stays, starts + 1, np.repeat(lasts, lengths))
    chars = np.empty(len(starts), dtype=np.uint32)
    chars[stays] = given[starts[stays]]
    chars[~stays] = _code_points(laid)[(np.repeat(sources, lengths) + within)[~stays]]
    return _visible(_Traced(chars, starts, ends))


def _lay_out(pieces: list[str]) -> tuple[str, list[int]]:
    """The normalised pieces end to end, and where each ends."""
    if not pieces:
        return "", []
    chars, ends = TextBuffer().lay_out(pieces)
    return chars.tobytes().decode("utf-32", "surrogatepass"), ends.tolist()


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32", "surrogatepass"), dtype=np.uint32)[1:]


def _same_end(one: str, other: str) -> int:
    """How many characters at their ends two pieces have in common."""
    same = 0
    for x, y in zip(reversed(one), reversed(other), strict=False):
        if x != y:
            break
        same += 1
    return same


def _visible(traced: _Traced) -> _Traced:
    kept = _classes(traced.chars) != IGNORED
    return _Traced(*(column[kept] for column in traced))


def _classes(chars: NDArray[np.uint32]) -> NDArray[np.uint8]:
    classes = np.full(len(chars), BIGRAM, dtype=np.uint8)
    covered = chars < COVERED
    classes[covered] = characters().classes[chars[covered]]
    classes[chars >= IDEOGRAPHS_END] = IGNORED
    return classes


def _token_bounds(chars: NDArray[np.uint32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First character and the one behind the last, for each token of normalised characters.

    What the kernel does a character at a time, from the classes of all: a word is a run of
    letters and digits, with the points between two digits; a pair is two neighbours.
    """
    classes = np.r_[np.uint8(0), _classes(chars), np.uint8(0)]  # a separator at either end
    digit = classes == DIGIT
    word = (classes == LETTER) | digit
    word[1:-1] |= (classes[1:-1] == NUMBER_SEPARATOR) & digit[:-2] & digit[2:]
    edges = np.flatnonzero(np.diff(word.view(np.int8)))
    paired = classes == BIGRAM
    pairs = np.flatnonzero(paired[1:-1] & paired[2:])
    single = np.flatnonzero(paired[1:-1] & ~paired[2:] & ~paired[:-2])
    first = np.r_[edges[::2], pairs, single]
    behind = np.r_[edges[1::2], pairs + 2, single + 1]
    order = np.argsort(first, kind="stable")
    return first[order], behind[order]
