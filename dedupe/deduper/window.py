"""What is at hand of an index, and what is judged by it: scores, elections, rules of joining."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from dedupe.deduper.cache import Cache
from dedupe.deduper.draft import Draft
from dedupe.deduper.heeded import Heeded
from dedupe.deduper.joining import Rules, sample
from dedupe.deduper.statistics import Statistics
from dedupe.errors import IndexUnavailable
from dedupe.index.base import Cluster, Index, slice_of
from dedupe.index.records import Record
from dedupe.models import Relation
from dedupe.params import ScanParams
from dedupe.stories.levels import level_scores, level_threshold
from dedupe.stories.story import story_of
from dedupe.stories.verifiers import Maker, maker_of

PINNED = "pinned by hand"


class Vanished(IndexUnavailable):
    """An article has been taken out of the index since it was looked up."""


class Window:
    """The articles of the window, as far as they have been asked for. Articles go by places."""

    def __init__(self, index: Index, params: ScanParams, verifier: Maker | None) -> None:
        self.index, self.params = index, params
        self.statistics = Statistics(index)
        self.cache = Cache(index, self.statistics, maker_of(params, verifier), params)
        self.heeded = Heeded(index)
        self._foreseen: dict[tuple[int, int], float] = {}
        self._sources = {source.casefold(): place for place, source in enumerate(params.sources)}

    def renew(self) -> None:
        """Forget all that is at hand, and read what the window says together again."""
        self.cache.clear()
        self.statistics.renew()

    @property
    def threshold(self) -> float:
        """The average score from which clusters are one."""
        return level_threshold(self.cache.threshold, self.params.level)

    def scores(self, left: Sequence[int], right: Sequence[int]) -> NDArray[np.float32]:
        """Scores of pairs of rows, as clusters are made of."""
        judged = self.cache.judge(np.array(left, dtype=np.int32), np.array(right, dtype=np.int32))
        return level_scores(judged, self.cache.threshold, self.params.level)

    def draft(self, places: Iterable[int] = (), careful: bool = False) -> Draft:
        """A draft that knows the clusters of these articles."""
        draft = Draft(self.index, self.hours, self.name, careful, self.before)
        draft.load(places)
        return draft

    def fetch_samples(self, draft: Draft, known: set[int]) -> None:
        """Fetch in one go what the clusters of candidates will be judged by."""
        clusters = {c for place in known if (c := draft.cluster_of(place)) is not None}
        self.cache.load(p for c in clusters for p in sample(draft.members(c)))

    def gone(self, places: set[int]) -> set[int]:
        """Which articles have been removed since they were fetched."""
        ordered = list(places)
        stored = self.index.records(ordered) if ordered else []
        gone = {place for place, record in zip(ordered, stored, strict=True) if record is None}
        for place in gone:
            self.cache.forget(place)
        return gone

    def moved(self, places: set[int]) -> dict[int, int]:
        """Which of these articles have been superseded: where their ids lead to now.

        An article whose id leads nowhere is being taken down: it is not among them.
        """
        at_hand = [place for place in places if place in self.cache.rows]
        found = self.index.places([self.name(place) for place in at_hand]) if at_hand else []
        moved = {p: to for p, to in zip(at_hand, found, strict=True) if to not in (None, p)}
        gone = self.cache.load(moved.values())
        return {p: to for p, to in moved.items() if to not in gone}

    def rules(self) -> Rules:
        """What decides which articles may be together now."""
        return Rules(
            score=self._score_places,
            threshold=self.threshold,
            window=self.params.window_hours,
            apart=self.heeded.apart if self.heeded.any_apart else None,
            parted=self.heeded.parted,
            together=self.heeded.together,
            digest=lambda place: int(self.cache.digests[self.row(place)]),
            hours=self.hours,
        )

    def foresee(self, pairs: Sequence[tuple[int, int]]) -> None:
        """Judge pairs in one go that will be asked about one by one, until this is called again."""
        rows = self.cache.rows
        there = [(a, b) for a, b in pairs if a in rows and b in rows]
        self._foreseen = {}
        if there:
            scores = self.scores([rows[a] for a, _ in there], [rows[b] for _, b in there])
            self._foreseen = dict(zip(there, scores.tolist(), strict=True))

    def _score_places(self, ones: Sequence[int], others: Sequence[int]) -> NDArray[np.float32]:
        foreseen = [self._foreseen.get(pair) for pair in zip(ones, others, strict=True)]
        if None not in foreseen:
            return np.array(foreseen, dtype=np.float32)
        self.cache.load((*ones, *others))
        rows = self.cache.rows
        if all(p in rows for p in ones) and all(p in rows for p in others):
            return self.scores([rows[p] for p in ones], [rows[p] for p in others])
        pairs = list(zip(ones, others, strict=True))
        scores = np.zeros(len(pairs), dtype=np.float32)  # what has just gone away is near nothing
        there = [i for i, (a, b) in enumerate(pairs) if a in rows and b in rows]
        if there:
            left, right = [rows[ones[i]] for i in there], [rows[others[i]] for i in there]
            scores[there] = self.scores(left, right)
        return scores

    def row(self, place: int) -> int:
        """The row of an article in the cache. Raises Vanished where it is gone."""
        if place not in self.cache.rows and self.cache.load([place]):
            raise Vanished(f"article {place:#x} has just been taken out of the index")
        return self.cache.rows[place]

    def hours(self, place: int) -> float:
        """The time that an article is filed under, in hours since 1970."""
        if place not in self.cache.rows and self.cache.load([place]):
            return slice_of(place) * self.index.manifest.slice_hours
        return float(self.cache.filed[self.cache.rows[place]])

    def record(self, place: int) -> Record:
        """The record of an article. Raises Vanished where it is gone."""
        return self.cache.records[self.row(place)]

    def before(self, place: int) -> int:
        """The place of the version that an article superseded; -1: none, or nobody knows."""
        if place not in self.cache.rows and self.cache.load([place]):
            return -1
        return self.cache.records[self.cache.rows[place]].before

    def notice(self, place: int, members: Sequence[int]) -> tuple[str, tuple[str, ...]] | None:
        """What a version says of its article: the notice, and the ids that it concerns.

        Those are the article itself and the members of its cluster that republished it, before the
        notice or since.
        """
        record = self.record(place)
        if not record.versions or not (last := record.versions[-1]).notice:
            return None
        self.cache.load([*members, record.before])
        texts = [p for p in (place, record.before) if p in self.cache.rows]
        others = [p for p in members if p != place and p in self.cache.rows]
        pairs = [(self.cache.rows[text], self.cache.rows[p]) for p in others for text in texts]
        left, right = (np.array([pair[i] for pair in pairs], dtype=np.int32) for i in (0, 1))
        related = self.cache.judge(left, right).relations.reshape(-1, len(texts)).max(axis=1)
        names = [self.name(p) for p in others]
        found = zip(names, related.tolist(), strict=True)
        republished = [n for n, r in found if r >= Relation.REWRITE and n != last.by]
        return last.notice, (record.id, *republished)

    def name(self, place: int) -> str:
        """The id of an article."""
        return self.cache.entry(self.row(place)).id

    def elect(self, members: Sequence[int], before: Cluster | None) -> Cluster:
        """What holds for the members of a cluster together; only that is filled in.

        Raises Vanished where all of them are gone.
        """
        gone = self.cache.load(members)
        places = [place for place in members if place not in gone]
        if not places:
            raise Vanished("all articles of a story have just been taken out of the index")
        rows = [self.cache.rows[place] for place in places]
        entries = [self.cache.entry(row) for row in rows]
        lengths = [int(self.cache.lengths[row]) for row in rows]
        story = story_of(entries, lengths, self._sources, self.params.election)
        canonical, reason = story.canonical, story.reason
        pinned = [i for i, place in enumerate(places) if place in self.heeded.pins]
        if pinned:
            among = [entries[i] for i in pinned], [lengths[i] for i in pinned]
            canonical = story_of(*among, self._sources, self.params.election).canonical
            reason = PINNED
        place = next(p for p, e in zip(places, entries, strict=True) if e.id == canonical)
        return Cluster(
            story.id, 0, (), place, canonical, reason, story.credit, story.credited, None, None
        )
