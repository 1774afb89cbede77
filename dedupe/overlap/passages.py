"""The passages that two texts share."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from dedupe.evidence.alignment import Passage, align
from dedupe.overlap.marking import mark
from dedupe.shingles.weighted import INFORMATIVE_ZIPF
from dedupe.shingles.weights import estimated_zipf
from dedupe.text.offsets import Located, locate

_ONLY_IN_A, _ONLY_IN_B = "<a>", "<b>"  # no tokens, and not the same


class SharedPassage(Struct, frozen=True, kw_only=True):
    """The same words in two texts, but for tiny edits. Places are code points, [start, end)."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int
    text_a: str  # as it stands there
    text_b: str


def shared_passages(a: str, b: str) -> list[SharedPassage]:
    """The longest passages that two texts share, in the order of `a`; none overlap.

    At least three words with a telling one among them, or five; up to two other words in between
    do not end a passage.
    """
    found_a, found_b = locate(a), locate(b)
    return placed(a, b, found_a, found_b, aligned(a, b, found_a, found_b))


def aligned(a: str, b: str, found_a: Located, found_b: Located) -> list[Passage]:
    """The passages that two texts share, as places among their tokens.

    Boilerplate of a fixed form is no part of any.
    """
    told = [estimated_zipf(token) < INFORMATIVE_ZIPF for token in found_a.tokens]
    words_a, words_b = _own(a, found_a, _ONLY_IN_A), _own(b, found_b, _ONLY_IN_B)
    return align(words_a, words_b, np.array(told, dtype=np.bool_))


def _own(text: str, found: Located, instead: str) -> list[str]:
    """The tokens of a text, with something else instead of boilerplate."""
    boilerplate = mark(text).boilerplate.tolist()
    return [instead if b else t for t, b in zip(found.tokens, boilerplate, strict=True)]


def placed(
    a: str, b: str, found_a: Located, found_b: Located, passages: list[Passage]
) -> list[SharedPassage]:
    """The passages of aligned texts, as places in those texts."""
    spans_a = _spans(found_a, [(passage.a_start, passage.a_end) for passage in passages])
    spans_b = _spans(found_b, [(passage.b_start, passage.b_end) for passage in passages])
    return [
        SharedPassage(
            a_start=start_a,
            a_end=end_a,
            b_start=start_b,
            b_end=end_b,
            text_a=a[start_a:end_a],
            text_b=b[start_b:end_b],
        )
        for (start_a, end_a), (start_b, end_b) in zip(spans_a, spans_b, strict=True)
        if start_a < end_a and start_b < end_b
    ]


def _spans(found: Located, runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Runs of tokens as places in the text; where pairs of two overlap, the first has the place."""
    spans = [(int(found.starts[first]), int(found.ends[behind - 1])) for first, behind in runs]
    done = 0
    for k in sorted(range(len(spans)), key=spans.__getitem__):
        start, end = spans[k]
        spans[k] = max(start, done), end
        done = max(done, end)
    return spans
