"""The passages that two texts share."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from dedupe.evidence.alignment import Passage, align
from dedupe.shingles.weighted import INFORMATIVE_ZIPF
from dedupe.shingles.weights import estimated_zipf
from dedupe.text.offsets import Located, locate


class SharedPassage(Struct, frozen=True, kw_only=True):
    """The same words in two texts, but for tiny edits. Places are code points, [start, end)."""

    a_start: int
    a_end: int
    b_start: int
    b_end: int
    text_a: str  # as it stands there
    text_b: str


def aligned(a: Located, b: Located) -> list[Passage]:
    """The passages that two texts share, as places among their tokens."""
    informative = np.array(
        [estimated_zipf(token) < INFORMATIVE_ZIPF for token in a.tokens], dtype=np.bool_
    )
    return align(a.tokens, b.tokens, informative)


def shared_passages(a: str, b: str) -> list[SharedPassage]:
    """The longest passages that two texts share, in the order of `a`; none overlap.

    At least three words with a telling one among them, or five; up to two other words in between
    do not end a passage.
    """
    found_a, found_b = locate(a), locate(b)
    return placed(a, b, found_a, found_b, aligned(found_a, found_b))


def placed(
    a: str, b: str, found_a: Located, found_b: Located, passages: list[Passage]
) -> list[SharedPassage]:
    """The passages of aligned texts, as places in those texts."""
    found = []
    for passage in passages:
        start_a, end_a = _span(found_a, passage.a_start, passage.a_end)
        start_b, end_b = _span(found_b, passage.b_start, passage.b_end)
        shared = SharedPassage(
            a_start=start_a, a_end=end_a, b_start=start_b, b_end=end_b,
            text_a=a[start_a:end_a], text_b=b[start_b:end_b],
        )  # fmt: skip
        found.append(shared)
    return found


def _span(found: Located, first: int, behind: int) -> tuple[int, int]:
    return int(found.starts[first]), int(found.ends[behind - 1])
