"""What a text says that earlier ones do not, sentence by sentence."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from msgspec import Struct

from dedupe.evidence.novelty import NEW_SENTENCE, token_novelty
from dedupe.overlap.marking import mark
from dedupe.shingles.weighted import SIGNATURE_CEILING
from dedupe.shingles.weights import estimated_zipf
from dedupe.text.offsets import locate
from dedupe.text.sentences import sentences
from dedupe.text.tokens import tokens


class NewSentence(Struct, frozen=True, kw_only=True):
    """A sentence that no earlier text has."""

    start: int  # place in the text as given, in code points
    end: int
    text: str
    novelty: float  # 0.5 to 1: the share of what its words tell that is new


class Novelty(Struct, frozen=True, kw_only=True):
    """What a text adds to earlier ones."""

    score: float  # 0 to 1: the share of what its words tell that is in none of them
    sentences: tuple[NewSentence, ...]  # that are new, in order


def novelty(text: str, earlier: Iterable[str]) -> Novelty:
    """What `text` says that none of the `earlier` texts does.

    A word counts the more the rarer it is; a sentence is new when words that stand in none of the
    earlier texts make at least half of it. With nothing earlier all is new. Boilerplate of a fixed
    form does not count.
    """
    found = locate(text)
    places = sentences(text)
    edges = np.searchsorted(found.starts, [start for start, _ in places]).tolist()
    told = [max(0.0, SIGNATURE_CEILING - estimated_zipf(token)) for token in found.tokens]
    told = np.where(mark(text).boilerplate, 0.0, told).tolist()
    bounds = list(zip(edges, [*edges[1:], None], strict=False))
    parts = [found.tokens[a:b] for a, b in bounds]
    weights = [told[a:b] for a, b in bounds]
    known = {token for before in earlier for token in tokens(before)}
    judged = token_novelty(parts, known, weights)
    return Novelty(
        score=judged.score,
        sentences=tuple(
            NewSentence(start=start, end=end, text=text[start:end], novelty=share)
            for (start, end), share in zip(places, judged.sentences, strict=True)
            if share >= NEW_SENTENCE
        ),
    )
