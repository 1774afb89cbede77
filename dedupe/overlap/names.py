"""The names and numbers that a text has and another lacks: what tells look-alikes apart."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dedupe.shingles.weighted import INFORMATIVE_ZIPF
from dedupe.shingles.weights import estimated_zipf
from dedupe.text.offsets import Located, locate
from dedupe.text.sentences import sentences

_RARE_ZIPF = 3.5  # a word so rare is a name wherever it has a capital
_MOSTLY = 0.7  # where more of the words have capitals, these say nothing
_LINKS = (" ", "-", "'", "’")  # between the words of one name


class NamesAndNumbers(NamedTuple):
    """As they stand in the text, each once, in order."""

    names: tuple[str, ...]
    numbers: tuple[str, ...]


def only_in(text: str, elsewhere: set[str]) -> NamesAndNumbers:
    """The names and numbers of `text` whose tokens are not in `elsewhere`.

    A name is a run of words that always have a capital and are rare, or less rare and have it
    inside a sentence too. Scripts without capitals give no names.
    """
    found = locate(text)
    spans = list(zip(found.starts.tolist(), found.ends.tolist(), strict=True))
    named = _names(text, found)
    names: list[tuple[int, int]] = []
    numbers: dict[str, str] = {}
    for token, (start, end) in zip(found.tokens, spans, strict=True):
        if token in elsewhere:
            continue
        if any(char.isdigit() for char in token):
            numbers.setdefault(token, text[start:end])
        elif token in named:
            if names and text[names[-1][1] : start] in _LINKS:
                start = names.pop()[0]
            names.append((start, end))
    return NamesAndNumbers(
        tuple(dict.fromkeys(text[start:end] for start, end in names)), tuple(numbers.values())
    )


def _names(text: str, found: Located) -> set[str]:
    """The tokens that are, or are part of, a name wherever they stand."""
    begins = np.searchsorted(found.starts, [start for start, _ in sentences(text)])
    first = np.zeros(len(found.tokens) + 1, dtype=np.bool_)
    first[begins] = True
    capital = [text[start].isupper() for start in found.starts.tolist()]
    told = sum(capital) <= _MOSTLY * len(capital)
    inside, never = set(), set()
    for token, upper, begin in zip(found.tokens, capital, first.tolist(), strict=False):
        if not upper:
            never.add(token)
        elif told and not begin:
            inside.add(token)
    return {
        token
        for token in set(found.tokens) - never
        if estimated_zipf(token) < (INFORMATIVE_ZIPF if token in inside else _RARE_ZIPF)
    }
