"""Which article a notice refers to that comes under an id of its own (KILL: the headline)."""

from __future__ import annotations

import numpy as np

from dedupe.deduper.deciding import Newcomer
from dedupe.deduper.window import Window
from dedupe.models import Relation
from dedupe.text.notices import without_notice
from dedupe.text.tokens import tokens

_ALIKE = 0.6  # share of the words of two headlines that both have


def referred(window: Window, notice: Newcomer) -> int | None:
    """The earlier article by the same source with the most similar headline, or else text.

    None where neither is similar enough.
    """
    cache, row = window.cache, notice.row
    record = cache.records[row]
    places = dict.fromkeys((*notice.candidates, *notice.known))
    others = [
        p for p in places
        if p in cache.rows and p != notice.place
        and cache.sources[cache.rows[p]] == cache.sources[row] >= 0
        and not (cache.records[cache.rows[p]].notice and not cache.records[cache.rows[p]].versions)
        and cache.filed[cache.rows[p]] <= cache.filed[row]
    ]  # fmt: skip
    if not others:
        return None
    rows = np.array([cache.rows[p] for p in others], dtype=np.int32)
    judged = cache.judge(np.full(len(rows), row, dtype=np.int32), rows)
    words = _words(record.title)
    best: list[tuple[float, float, int]] = []
    for place, relation, similarity in zip(
        others, judged.relations.tolist(), judged.similarities.tolist(), strict=True
    ):
        headline = _alike(words, _words(cache.records[cache.rows[place]].title))
        if headline >= _ALIKE or relation >= Relation.REWRITE:
            best.append((headline, similarity, place))
    return max(best)[2] if best else None


def _words(title: str | None) -> set[str]:
    return set(tokens(without_notice(title))) if title else set()


def _alike(ones: set[str], others: set[str]) -> float:
    return len(ones & others) / len(ones | others) if ones and others else 0.0
