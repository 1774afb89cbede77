"""`Deduper`: looks up, decides and remembers articles as they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.deduper.cache import Cache
from dedupe.deduper.draft import Draft
from dedupe.deduper.filing import Filing, Ready
from dedupe.deduper.hands import Heeded
from dedupe.deduper.joining import Rules, sample, settle
from dedupe.deduper.statistics import Statistics
from dedupe.deduper.tallies import tally_of
from dedupe.errors import IndexUnavailable, RecordRejected
from dedupe.index.base import Change, Cluster, Found, Index, slice_of
from dedupe.index.manifest import check, manifest_of
from dedupe.models import SEVERAL, Article, Decision, Kind, Relation
from dedupe.params import ScanParams
from dedupe.stories.levels import level_scores, level_threshold
from dedupe.stories.links import find_links, find_stubs
from dedupe.stories.story import story_of
from dedupe.stories.verifiers import Maker, maker_of

CANDIDATES = 32  # of an article that are verified; twice as many find no more
PINNED = "pinned by hand"
_FLOOR = 0.25  # of the threshold: candidates that score lower play no part
_TOGETHER = 3  # attempts to link a batch as one, before its articles go one by one
_ALONE = 100  # attempts to link one article; each that fails is another's that went through
_EXPIRED_AT_ONCE = 512  # articles

Outcome = Decision | RecordRejected


class Newcomer(NamedTuple):
    """One article of a batch, and what the index says of it."""

    place: int
    row: int
    head: int  # place of its exact copy, or -1
    known: dict[int, float]  # candidates that may be of its story, with their scores
    candidates: tuple[int, ...]
    again: bool = False  # it was in the index before


class Deduper:
    """Keeps the stories of one index. Not for several threads at once."""

    def __init__(
        self, index: Index, params: ScanParams | None = None, verifier: Maker | None = None
    ) -> None:
        """Take up an index.

        `params` say how pairs are judged and canonicals elected; level, window and signature must
        be those of the index. Raises IndexMismatch where they are not, UsageError for a verifier
        that cannot be had.
        """
        manifest = index.manifest
        if params is None:
            params = ScanParams(
                level=manifest.level,
                window_hours=manifest.window_hours,
                signature=manifest.signature,
            )
        wanted = manifest_of(params.signature, params.window_hours, manifest.texts, params.level)
        check(manifest, wanted, "the index")
        self.index, self.params = index, params
        self._statistics = Statistics(index)
        self.cache = Cache(index, self._statistics, maker_of(params, verifier), params)
        self._filing = Filing(manifest)
        self.heeded = Heeded(index)
        self._sources = {source.casefold(): place for place, source in enumerate(params.sources)}
        self._expired = -1  # slices before this one are known to be gone
        self._statistics.catch_up()

    # ---- articles --------------------------------------------------------------------------------

    def add(self, article: Article, now: datetime | None = None) -> Decision:
        """Decide on one article and remember it.

        `now` is when it arrived: its time where it has no date, or a later one. Where it is given,
        what lies more than the window before it falls away, a little with every call; without it
        nothing does until `expire` is called. Raises RecordRejected where the id belongs to another
        text, or was taken down.
        """
        (outcome,) = self.add_batch([article], now)
        if isinstance(outcome, RecordRejected):
            raise outcome
        return outcome

    def add_batch(self, articles: Sequence[Article], now: datetime | None = None) -> list[Outcome]:
        """Decide on articles in their order, and remember them.

        The decisions are as of the end of the batch. An article that is refused has its
        RecordRejected in its place.
        """
        outcomes: list[Outcome | None] = [None] * len(articles)
        for part in _of_unique_ids(articles):
            for i, outcome in zip(part, self._add([articles[i] for i in part], now), strict=True):
                outcomes[i] = outcome
        if now is not None:
            self._expire_some(articles, now)
        self.cache.trim()
        return [outcome for outcome in outcomes if outcome is not None]

    def check_batch(
        self, articles: Sequence[Article], now: datetime | None = None
    ) -> list[Outcome]:
        """What `add_batch` would say of each article alone, without storing anything."""
        if not articles:
            return []
        self._statistics.catch_up()
        ready = self._filing.ready(articles, now)
        found = self.index.probe([each.filed for each in ready], self._candidates)
        first = self.cache.n
        rows = self.cache.extend([each.record for each in ready])
        self.cache.rows.update((-1 - i, row) for i, row in enumerate(rows))
        news = self._newcomers(ready, found, dict(enumerate(range(-1, -1 - len(ready), -1))), ())
        outcomes: list[Outcome] = []
        for i, one in enumerate(found):
            refused = _refused(articles[i], one)
            known = self.decision(articles[i].id) if one.known else None
            outcomes.append(refused or known or self._would(news[i]))
        for i in range(len(ready)):
            self.cache.forget(-1 - i)
        self.cache.trim()
        assert self.cache.n >= first
        return outcomes

    def decision(self, id: str) -> Decision | None:
        """What holds of an article in the index now; None where it is not there, or not linked."""
        (place,) = self.index.places([id])
        if place is None or self.cache.load([place]):
            return None
        draft = self._draft([place])
        if draft.cluster_of(place) is None:
            return None
        newcomer = Newcomer(place, self.cache.rows[place], -1, {}, ())
        return self._decide([newcomer], draft, None)[0]

    # ---- adding ----------------------------------------------------------------------------------

    @property
    def _candidates(self) -> int:
        return min(CANDIDATES, self.params.candidates)

    def _add(self, articles: Sequence[Article], now: datetime | None) -> list[Outcome]:
        ready = self._filing.ready(articles, now)
        found = self.index.add([each.filed for each in ready], self._candidates)
        refused = [_refused(article, one) for article, one in zip(articles, found, strict=True)]
        taken = [i for i, reason in enumerate(refused) if reason is None]
        self._remember([ready[i] for i in taken], [found[i] for i in taken])
        places = {i: found[i].place for i in taken}
        batch = [found[i].place for i in taken]
        news = list(self._newcomers(ready, found, places, batch).values())
        hours = now.timestamp() / 3600.0 if now else None
        decisions = iter(self._link(news, hours))
        return [reason or next(decisions) for reason in refused]

    def _remember(self, ready: Sequence[Ready], found: Sequence[Found]) -> None:
        """Take new articles into the cache, and what they say together into the statistics."""
        missing = [
            (each, one)
            for each, one in zip(ready, found, strict=True)
            if one.place not in self.cache.rows
        ]
        rows = self.cache.extend([each.record for each, _ in missing])
        self.cache.rows.update(
            (one.place, row) for (_, one), row in zip(missing, rows, strict=True)
        )
        slices: dict[int, list[int]] = {}
        for one in found:
            if not one.known and one.head < 0:  # a press release in many copies counts once
                slices.setdefault(slice_of(one.place), []).append(self.cache.rows[one.place])
        for slice, new in slices.items():
            records = [self.cache.records[row] for row in new]
            forms, marks = self.cache.forms[new], self.cache.form_marks[new]
            self._statistics.append(slice, tally_of(records, forms, marks))

    def _newcomers(
        self,
        ready: Sequence[Ready],
        found: Sequence[Found],
        places: dict[int, int],
        batch: Sequence[int],
    ) -> dict[int, Newcomer]:
        """The articles at `places` of a batch with their candidates, all judged in one go."""
        order = {place: at for at, place in enumerate(batch)}
        window = self.params.window_hours
        fetched = {p for i in places for p in (*found[i].candidates.tolist(), found[i].head)}
        gone = self.cache.load(fetched - {-1})
        rows, filed = self.cache.rows, self.cache.filed
        candidates: dict[int, list[int]] = {}
        for i, place in places.items():
            hours = ready[i].record.hours
            candidates[i] = [
                other
                for other in found[i].candidates.tolist()
                if other not in gone
                and order.get(other, -1) < order.get(place, 0)
                and abs(filed[rows[other]] - hours) <= window
            ]
        left = [rows[places[i]] for i, others in candidates.items() for _ in others]
        right = [rows[other] for others in candidates.values() for other in others]
        scores = iter(self._scores(left, right).tolist() if left else ())
        floor = _FLOOR * self._threshold
        news = {}
        for i, place in places.items():
            scored = {other: next(scores) for other in candidates[i]}
            known = {other: score for other, score in scored.items() if score >= floor}
            head = found[i].head if found[i].head not in gone else -1
            if head >= 0:
                known[head] = 1.0
            again = found[i].known
            news[i] = Newcomer(place, rows[place], head, known, tuple(candidates[i]), again)
        return news

    @property
    def _threshold(self) -> float:
        return level_threshold(self.cache.threshold, self.params.level)

    def _scores(self, left: Sequence[int], right: Sequence[int]) -> NDArray[np.float32]:
        """Scores of pairs of rows, as clusters are made of."""
        judged = self.cache.judge(np.array(left, dtype=np.int32), np.array(right, dtype=np.int32))
        return level_scores(judged, self.cache.threshold, self.params.level)

    # ---- linking ---------------------------------------------------------------------------------

    def _link(self, news: Sequence[Newcomer], hours: float | None) -> list[Decision]:
        """Link the articles of a batch, at once if nobody is in the way, else one by one."""
        decisions = self._attempt(news, hours, _TOGETHER if len(news) > 1 else _ALONE)
        if decisions is not None:
            return decisions
        return [self._alone(newcomer, hours) for newcomer in news]

    def _alone(self, newcomer: Newcomer, hours: float | None) -> Decision:
        decisions = self._attempt([newcomer], hours, _ALONE)
        if decisions is None:
            raise IndexUnavailable(
                "other processes keep changing the same stories; nothing is lost, add it again"
            )
        return decisions[0]

    def _attempt(
        self, news: Sequence[Newcomer], hours: float | None, attempts: int
    ) -> list[Decision] | None:
        for attempt in range(attempts):
            self.heeded.read()
            rules = self.rules()
            draft = self._draft([], careful=attempt > 0)
            known = {p for newcomer in news for p in newcomer.known}
            if attempt:
                known -= self._gone(known)
            draft.load([*(newcomer.place for newcomer in news), *known])
            self._fetch_samples(draft, known)
            for newcomer in news:
                if newcomer.again and draft.cluster_of(newcomer.place) is not None:
                    continue  # what was decided stays
                if newcomer.head in known:
                    _settle_copy(draft, newcomer, rules)
                else:
                    scores = {p: score for p, score in newcomer.known.items() if p in known}
                    settle(draft, newcomer.place, scores, rules)
            change = draft.change(self.elect, self.heeded.hands, hours)
            if draft.is_empty or self.index.link(change):
                return self._decide(news, draft, change)
        return None

    def _gone(self, places: set[int]) -> set[int]:
        """Which articles have been removed since they were fetched."""
        ordered = list(places)
        stored = self.index.records(ordered) if ordered else []
        gone = {place for place, record in zip(ordered, stored, strict=True) if record is None}
        for place in gone:
            self.cache.forget(place)
        return gone

    def _draft(self, places: Sequence[int], careful: bool = False) -> Draft:
        draft = Draft(self.index, self.hours, self.name, careful)
        draft.load(places)
        return draft

    def _fetch_samples(self, draft: Draft, known: set[int]) -> None:
        """Fetch in one go what the clusters of candidates will be judged by."""
        clusters = {c for place in known if (c := draft.cluster_of(place)) is not None}
        self.cache.load(p for c in clusters for p in sample(draft.members(c)))

    def rules(self) -> Rules:
        """What decides which articles may be together now."""
        return Rules(
            score=self._score_places,
            threshold=self._threshold,
            window=self.params.window_hours,
            apart=self.heeded.apart if self.heeded.any_apart else None,
            digest=lambda place: int(self.cache.digests[self._row(place)]),
            hours=self.hours,
        )

    def _score_places(self, ones: Sequence[int], others: Sequence[int]) -> NDArray[np.float32]:
        self.cache.load((*ones, *others))
        rows = self.cache.rows
        if all(p in rows for p in ones) and all(p in rows for p in others):
            return self._scores([rows[p] for p in ones], [rows[p] for p in others])
        pairs = list(zip(ones, others, strict=True))
        scores = np.zeros(len(pairs), dtype=np.float32)  # what has just gone away is near nothing
        there = [i for i, (a, b) in enumerate(pairs) if a in rows and b in rows]
        if there:
            left, right = [rows[ones[i]] for i in there], [rows[others[i]] for i in there]
            scores[there] = self._scores(left, right)
        return scores

    def _row(self, place: int) -> int:
        if place not in self.cache.rows and self.cache.load([place]):
            raise IndexUnavailable(f"article {place:#x} has just been taken out of the index")
        return self.cache.rows[place]

    def hours(self, place: int) -> float:
        """The time that an article is filed under, in hours since 1970."""
        if place not in self.cache.rows and self.cache.load([place]):
            return slice_of(place) * self.index.manifest.slice_hours
        return float(self.cache.filed[self.cache.rows[place]])

    def name(self, place: int) -> str:
        """The id of an article."""
        return self.cache.entries[self._row(place)].id

    def elect(self, members: Sequence[int], before: Cluster | None) -> Cluster:
        """What holds for the members of a cluster together; only that is filled in."""
        gone = self.cache.load(members)
        places = [place for place in members if place not in gone]
        rows = [self.cache.rows[place] for place in places]
        entries = [self.cache.entries[row] for row in rows]
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

    # ---- decisions -------------------------------------------------------------------------------

    def _would(self, newcomer: Newcomer) -> Decision:
        """What would become of an article that is not in the index."""
        self.heeded.read()
        draft = self._draft(list(newcomer.known))
        draft.adopt(newcomer.place)
        self._fetch_samples(draft, set(newcomer.known))
        if newcomer.head >= 0:
            _settle_copy(draft, newcomer, self.rules())
        else:
            settle(draft, newcomer.place, newcomer.known, self.rules())
        change = draft.change(self.elect, self.heeded.hands, None)
        return self._decide([newcomer], draft, change)[0]

    def _decide(
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
            looked.append(sorted(near - {newcomer.place}))
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
        entry = self.cache.entries[newcomer.row]
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
            nearest_id=self.name(best[2]) if best else None,
            similarity=round(best[1], 4) if best else None,
            credit=cluster.credit,
            credit_count=cluster.credited,
            cluster_size=len(cluster.members),
            canonical_reason=cluster.reason,
            kind=Kind.STUB.label if stub and kind is Kind.ARTICLE else kind.label,
            linked_id=linked,
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
        draft = self._draft([place])
        id = draft.cluster_of(place)
        other = draft.before(id) if id is not None else None
        return other.canonical_id if other else None

    # ---- going away ------------------------------------------------------------------------------

    def expire(self, now: datetime, most: int | None = None) -> int:
        """Let go of what lies so far back that nothing of `now` can be of its stories.

        At most about `most` articles; gives how many.
        """
        slice, gone = self._filing.slice_of(now, -self.params.window_hours), 0
        while most is None or gone < most:
            some = self.index.expire(slice, _EXPIRED_AT_ONCE if most is None else most - gone)
            gone += some
            if not some:
                self._expired = slice
                self._statistics.catch_up()
                break
        return gone

    def _expire_some(self, articles: Sequence[Article], now: datetime) -> None:
        """A little of that, with every batch; unless most of the batch is as old: an archive."""
        slice = self._filing.slice_of(now, -self.params.window_hours)
        if slice <= self._expired:
            return
        old = [self._filing.slice_of(a.published or now, 0.0) < slice for a in articles]
        if sum(old) * 2 <= len(old):
            self.expire(now, _EXPIRED_AT_ONCE)


def _refused(article: Article, found: Found) -> RecordRejected | None:
    if found.removed is not None:
        return RecordRejected(article.id, f"was taken down: {found.removed.reason}", article.id)
    if found.other:
        why = "the id is in the index with another text; give a new version an id of its own"
        return RecordRejected(article.id, why, article.id)
    return None


def _settle_copy(draft: Draft, newcomer: Newcomer, rules: Rules) -> None:
    """An exact copy goes where the first of its text is, unless people or the window say no."""
    place, head = newcomer.place, newcomer.head
    if draft.cluster_of(place) is not None:
        return
    if draft.cluster_of(head) is None:
        draft.found(head)
    cluster = draft.cluster_of(head)
    assert cluster is not None
    first, last = draft.span(cluster)
    hours = rules.hours(place)
    fits = max(last, hours) - min(first, hours) <= rules.window
    if fits and not (rules.apart and rules.apart([place], draft.members(cluster))):
        draft.join(cluster, place)
    else:
        draft.found(place)


def _of_unique_ids(articles: Sequence[Article]) -> Iterator[list[int]]:
    """The articles' numbers in parts, in order, so that no id is twice in one."""
    part: list[int] = []
    ids: set[str] = set()
    for i, article in enumerate(articles):
        if article.id in ids:
            yield part
            part, ids = [], set()
        part.append(i)
        ids.add(article.id)
    if part:
        yield part
