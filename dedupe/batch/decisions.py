"""From clusters to decisions: the nearest article, the credit and the election in each story."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from dedupe.batch.collection import Ranked
from dedupe.models import Decision, Kind, Relation
from dedupe.params import ScanParams
from dedupe.similarity.verifier import Verifier
from dedupe.stories.entry import Entry
from dedupe.stories.story import Story, story_of


class Nearest(NamedTuple):
    """The closest other member of each article's cluster."""

    article: NDArray[np.int64]  # (n,) -1 where it is alone
    relation: NDArray[np.int8]
    similarity: NDArray[np.float32]


def decide(
    ranked: Ranked,
    labels: NDArray[np.int64],
    left: NDArray[np.int32],
    right: NDArray[np.int32],
    verifier: Verifier,
    params: ScanParams,
    linked: NDArray[np.int64],
) -> list[Decision]:
    """The decision on every article, in the order of the input.

    `left` and `right` are the candidate pairs inside clusters and the exact copies: with the pairs
    of each member and the first of its cluster they are where the nearest article is looked for.
    `linked` is for each article the one whose story it is linked to, or -1.
    """
    rest = np.flatnonzero(labels != np.arange(len(labels)))
    firsts = labels[rest].astype(np.int32)
    left, right = np.r_[left, firsts], np.r_[right, rest.astype(np.int32)]
    nearest = _nearest(left, right, verifier, len(labels))
    updates = _updates(ranked, labels, verifier)
    by_label = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(labels[by_label]) != 0])
    decisions: list[Decision | None] = [None] * len(labels)
    lengths = ranked.compared.lengths
    best = {source.casefold(): place for place, source in enumerate(params.sources)}
    for members in np.split(by_label, starts[1:]):
        ranks = members.tolist()
        entries = [ranked.entries[i] for i in ranks]
        story = story_of(entries, lengths[members].tolist(), best, params.election)
        for i, entry in zip(ranks, entries, strict=True):
            decisions[ranked.order[i]] = _decision(i, entry, story, nearest, updates, ranked)
    decided = [decision for decision in decisions if decision is not None]
    for i in np.flatnonzero(linked >= 0):
        place, other = ranked.order[i], ranked.order[linked[i]]
        decided[place] = replace(decided[place], linked_id=decided[other].canonical_id)
    return decided


def _nearest(
    left: NDArray[np.int32], right: NDArray[np.int32], verifier: Verifier, n: int
) -> Nearest:
    """By relation, then similarity, then rank."""
    judged = verifier.judge(left, right)
    whose, other = np.r_[left, right], np.r_[right, left]
    relations = np.r_[judged.relations, judged.relations]
    similarities = np.r_[judged.similarities, judged.similarities]
    order = np.lexsort((other, -similarities, -relations, whose))
    firsts = order[np.r_[True, np.diff(whose[order]) != 0][: len(order)]]
    nearest = Nearest(np.full(n, -1), np.zeros(n, dtype=np.int8), np.zeros(n, dtype=np.float32))
    nearest.article[whose[firsts]] = other[firsts]
    nearest.relation[whose[firsts]] = relations[firsts]
    nearest.similarity[whose[firsts]] = similarities[firsts]
    return nearest


def _updates(ranked: Ranked, labels: NDArray[np.int64], verifier: Verifier) -> NDArray[np.bool_]:
    """Which articles are a newer version of the one before by the same source in their cluster."""
    sources, times = ranked.circumstances.sources, ranked.times()
    order = np.lexsort((np.arange(len(labels)), sources, labels))
    before, after = order[:-1], order[1:]
    versions = (labels[before] == labels[after]) & (sources[before] == sources[after])
    versions &= (sources[before] >= 0) & (times[before] < times[after])
    before, after = before[versions].astype(np.int32), after[versions].astype(np.int32)
    relations = verifier.judge(before, after).relations
    updates = np.zeros(len(labels), dtype=np.bool_)
    updates[after] = (relations > Relation.STORY) & (relations < Relation.EXACT)
    return updates


def _decision(
    i: int,
    entry: Entry,
    story: Story,
    nearest: Nearest,
    updates: NDArray[np.bool_],
    ranked: Ranked,
) -> Decision:
    other = int(nearest.article[i])
    alone = other < 0
    relation = Relation(int(nearest.relation[i])) if not alone else Relation.NONE
    return Decision(
        id=entry.id,
        cluster_id=story.id,
        canonical_id=story.canonical,
        is_canonical=entry.id == story.canonical,
        relation=relation.label,
        update=bool(updates[i]),
        nearest_id=None if alone else ranked.entries[other].id,
        similarity=None if alone else round(float(nearest.similarity[i]), 4),
        credit=story.credit,
        credit_count=story.credited,
        cluster_size=story.size,
        canonical_reason=story.reason,
        kind=Kind(int(ranked.circumstances.kinds[i])).label,
        linked_id=None,
    )
