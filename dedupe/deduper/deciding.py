"""What is said of an article once its story is settled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dedupe.deduper.draft import Draft
from dedupe.deduper.joining import sample
from dedupe.deduper.window import Window
from dedupe.index.base import Change, Cluster
from dedupe.models import SEVERAL, Decision, Kind, Relation
from dedupe.stories.links import find_links, find_stubs


class Newcomer(NamedTuple):
    """One article of a batch, and what the index says of it."""

    place: int
    row: int
    head: int  # place of its exact copy, or -1
    known: dict[int, float]  # candidates that may be of its story, with their scores
    candidates: tuple[int, ...]
    again: bool = False  # it was in the index before

    def without(self, gone: set[int]) -> Newcomer:
        """The same, but for articles that are there no more."""
        return self._replace(
            head=-1 if self.head in gone else self.head,
            known={p: score for p, score in self.known.items() if p not in gone},
            candidates=tuple(p for p in self.candidates if p not in gone),
        )

    def following(self, moved: dict[int, int]) -> Newcomer:
        """The same, with later versions in the stead of the articles that they superseded."""
        if not moved:
            return self
        now = self._replace(
            head=-1 if self.head in moved else self.head,
            known={moved.get(p, p): score for p, score in self.known.items()},
            candidates=tuple(dict.fromkeys(moved.get(p, p) for p in self.candidates)),
        )
        return now.without({self.place})


class Deciding:
    """Makes decisions of what is at hand."""

    def __init__(self, window: Window) -> None:
        self._window, self.cache = window, window.cache

    def decide(
        self, news: Sequence[Newcomer], draft: Draft, change: Change | None
    ) -> list[Decision]:
        """The decisions on articles, once their clusters are settled."""
        changed = {cluster.id: cluster for cluster in change.clusters} if change else {}
        rows = self.cache.rows
        clusters: list[Cluster] = []
        looked: list[list[int]] = []
        for newcomer in news:
            id = draft.cluster_of(newcomer.place)
            assert id is not None
            cluster = changed.get(id) or draft.before(id)
            assert cluster is not None
            members = set(cluster.members)
            near = {*newcomer.known, *sample(cluster.members), cluster.canonical} & members
            clusters.append(cluster)
            looked.append(sorted(near - {newcomer.place} - draft.seats.keys()))
        gone = self.cache.load(p for others in looked for p in others)
        looked = [[p for p in others if p not in gone] for others in looked]
        left = [n.row for n, others in zip(news, looked, strict=True) for _ in others]
        right = [rows[p] for others in looked for p in others]
        judged = self.cache.judge(np.array(left, np.int32), np.array(right, np.int32))
        relations = judged.relations.tolist()
        similarities = judged.similarities.tolist()
        stubs = self._stubs(news)
        decisions, at = [], 0
        for newcomer, cluster, others in zip(news, clusters, looked, strict=True):
            part = slice(at, at + len(others))
            at = part.stop
            told = list(zip(relations[part], similarities[part], others, strict=True))
            decisions.append(self._decision(newcomer, cluster, told, newcomer.row in stubs))
        return decisions

    def _decision(
        self,
        newcomer: Newcomer,
        cluster: Cluster,
        near: Sequence[tuple[int, float, int]],
        stub: bool,
    ) -> Decision:
        entry, record = self.cache.entry(newcomer.row), self.cache.records[newcomer.row]
        kind = Kind(int(self.cache.kinds[newcomer.row]))
        best = max(near, key=lambda n: (n[0], n[1], -n[2]), default=None)
        linked = self._linked(newcomer, cluster) if kind in SEVERAL else None
        return Decision(
            id=entry.id,
            cluster_id=cluster.id,
            canonical_id=cluster.canonical_id,
            is_canonical=cluster.canonical == newcomer.place,
            relation=Relation(best[0]).label if best else Relation.NONE.label,
            update=any(self._is_update(newcomer.row, relation, p) for relation, _, p in near),
            nearest_id=self._window.name(best[2]) if best else None,
            similarity=round(best[1], 4) if best else None,
            credit=cluster.credit,
            credit_count=cluster.credited,
            cluster_size=len(cluster.members),
            canonical_reason=cluster.reason,
            kind=Kind.STUB.label if stub and kind is Kind.ARTICLE else kind.label,
            linked_id=linked,
            version=record.versions[-1].number if record.versions else 1,
            notice=record.notice or None,
        )

    def _is_update(self, row: int, relation: int, other: int) -> bool:
        """Whether an article is a later version of another by the same source."""
        before, cache = self.cache.rows[other], self.cache
        one_source = cache.sources[row] == cache.sources[before] >= 0
        later = cache.hours[before] < cache.hours[row]
        return bool(one_source and later and Relation.STORY < relation < Relation.EXACT)

    def _stubs(self, news: Sequence[Newcomer]) -> set[int]:
        left = [n.row for n in news for _ in n.candidates]
        right = [self.cache.rows[p] for n in news for p in n.candidates]
        if not left:
            return set()
        found = find_stubs(self.cache, np.array(left, np.int32), np.array(right, np.int32))
        return set(found.tolist())

    def _linked(self, newcomer: Newcomer, cluster: Cluster) -> str | None:
        """The canonical article of the story outside its own that an entry has most to do with."""
        outside = [p for p in newcomer.candidates if p not in cluster.members]
        if not outside:
            return None
        rows = np.array([self.cache.rows[p] for p in outside], dtype=np.int32)
        links = find_links(self.cache, np.full(len(rows), newcomer.row, dtype=np.int32), rows)
        if not len(links.entries):
            return None
        best = int(links.articles[np.argmax(links.closeness)])
        place = outside[int(np.flatnonzero(rows == best)[0])]
        draft = self._window.draft([place])
        id = draft.cluster_of(place)
        other = draft.before(id) if id is not None else None
        return other.canonical_id if other else None
