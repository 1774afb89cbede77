"""`Deduper`: looks up, decides and remembers articles as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from dedupe.deduper import hands
from dedupe.deduper.arriving import Arrivals
from dedupe.deduper.deciding import Newcomer
from dedupe.deduper.filing import Filing, Ready
from dedupe.deduper.linking import Linking, Outcome
from dedupe.deduper.lookup import Lookup
from dedupe.deduper.referring import referred
from dedupe.deduper.revising import Revising
from dedupe.deduper.takedown import take_down
from dedupe.deduper.versions import carried, marked
from dedupe.deduper.views import Evidence, StoryView, evidence, story_view
from dedupe.deduper.window import Window
from dedupe.errors import RecordRejected
from dedupe.index.base import Found, Index, Receipt
from dedupe.index.manifest import check, manifest_of
from dedupe.index.records import Record
from dedupe.models import Article, Decision
from dedupe.params import ScanParams
from dedupe.stories.verifiers import Maker

TOGETHER = 128  # articles that are looked up and linked at once
_EXPIRED_AT_ONCE = 512  # articles


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
        self.window = Window(index, params, verifier)
        self._linking = Linking(self.window)
        self._filing = Filing(manifest)
        self._revising = Revising(self.window, self._filing)
        self._arrivals = Arrivals(self.window, self._filing, self._revising)
        self._lookup = Lookup(index, self._filing, self._arrivals)
        self._life = index.incarnation()
        self._expired = -1  # slices before this one are known to be gone
        self.on_found: Callable[[Sequence[Found]], None] | None = None  # for who counts
        self.window.statistics.catch_up()

    # ---- articles --------------------------------------------------------------------------------

    def add(self, article: Article, now: datetime | None = None) -> Decision:
        """Decide on one article and remember it.

        `now` is when it arrived: its time where it has no date, or a later one. Where it is given,
        what lies more than the window before it falls away, a little with every call, except what
        was as old when the index began: an archive. Without it nothing does until `expire` is
        called. Where the id is there with another text this is a new version of it, if it is newer
        by its dates or comes for the first time; an older one changes nothing. Raises
        RecordRejected where the id was taken down.
        """
        (outcome,) = self.add_batch([article], now)
        if isinstance(outcome, RecordRejected):
            raise outcome
        return outcome

    def add_batch(
        self,
        articles: Sequence[Article],
        now: datetime | None = None,
        *,
        expire: bool = True,
        then: Sequence[Article] = (),
    ) -> list[Outcome]:
        """Decide on articles in their order, and remember them.

        The decisions are as of the end of the batch, or of TOGETHER articles of a longer one. An
        article that is refused has its RecordRejected in its place. With `expire` off nothing
        falls away meanwhile. `then` is the batch that will come next, where that is known: its
        first articles are looked up while the last of this one are decided.
        """
        self._look_at_server()
        outcomes: list[Outcome | None] = [None] * len(articles)
        parts = list(_of_unique_ids(articles))
        batches = [[articles[i] for i in part] for part in parts]
        after = [then[i] for i in next(_of_unique_ids(then), ())]
        for part, batch, looked in zip(
            parts, batches, self._lookup.ahead(batches, after, now), strict=True
        ):
            for i, outcome in zip(part, self._add(batch, *looked, now), strict=True):
                outcomes[i] = outcome
            self.window.cache.trim()
        if now is not None and expire:
            self._expire_some(now)
        return [outcome for outcome in outcomes if outcome is not None]

    def check_batch(
        self, articles: Sequence[Article], now: datetime | None = None
    ) -> list[Outcome]:
        """What `add_batch` would say of each article alone, without storing anything."""
        if not articles:
            return []
        self._look_at_server()
        self.window.statistics.catch_up()
        ready = self._filing.ready(articles, now)
        found = self.index.probe([each.filed for each in ready], self._arrivals.candidates)
        ready, found = self._revising.supersede(
            self.index, articles, (ready, found), self._arrivals.candidates, now, store=False
        )
        rows = self.window.cache.extend([each.record for each in ready])
        self.window.cache.rows.update((-1 - i, row) for i, row in enumerate(rows))
        news = self._arrivals.newcomers(
            ready, found, dict(enumerate(range(-1, -1 - len(ready), -1))), ()
        )
        outcomes: list[Outcome] = []
        for i, one in enumerate(found):
            refused = _refused(articles[i], one)
            known = self.decision(articles[i].id) if one.known else None
            outcomes.append(refused or known or self._linking.would(news[i]))
        for i in range(len(ready)):
            self.window.cache.forget(-1 - i)
        self.window.cache.trim()
        return outcomes

    def decision(self, id: str) -> Decision | None:
        """What holds of an article in the index now; None where it is not there, or not linked."""
        (place,) = self.index.places([id])
        if place is None or self.window.cache.load([place]):
            return None
        draft = self.window.draft([place])
        if draft.cluster_of(place) is None or (newcomer := self._arrivals.known(place)) is None:
            return None
        return self._linking.told(newcomer, draft)

    def story(self, id: str) -> StoryView | None:
        """A story by its id, an id that was merged into it, or the id of one of its articles."""
        (cluster,) = self.index.clusters([id])
        if cluster is None:
            (place,) = self.index.places([id])
            (of,) = self.index.memberships([place]) if place is not None else (None,)
            (cluster,) = self.index.clusters([of]) if of is not None else (None,)
        return story_view(self.window, cluster) if cluster is not None else None

    def stories(self) -> Iterator[StoryView]:
        """All stories, in no order."""
        for cluster in self.index.stories():
            yield story_view(self.window, cluster)
            self.window.cache.trim()

    def evidence(self, id: str, other: str) -> Evidence:
        """What two articles share. Raises UsageError where one, or its text, is not there."""
        return evidence(self.window, id, other)

    # ---- hands -----------------------------------------------------------------------------------

    def split(self, cluster: str, ids: Sequence[str], now: datetime | None = None) -> str:
        """Take articles out of a story into a new one, whose id it gives; they stay apart.

        Raises UsageError for articles that are not of the story, or are all of it.
        """
        return hands.split(self.window, cluster, ids, _hours(now))

    def merge(self, *clusters: str, now: datetime | None = None) -> str:
        """Make one story of several; they stay together. Raises UsageError for unknown ones."""
        return hands.merge(self.window, clusters, _hours(now))

    def pin(self, id: str, now: datetime | None = None) -> None:
        """Make an article canonical, whatever the election says. Raises UsageError."""
        hands.pin(self.window, id, _hours(now))

    def unpin(self, id: str, now: datetime | None = None) -> None:
        """Leave it to the election again."""
        hands.pin(self.window, id, _hours(now), pinned=False)

    def keep_apart(
        self, ids: Sequence[str], others: Sequence[str], now: datetime | None = None
    ) -> None:
        """Never have one of `ids` in a story with one of `others`. Raises UsageError."""
        hands.keep_apart(self.window, ids, others, _hours(now))

    def remove(self, id: str, reason: str, now: datetime) -> Receipt:
        """Take an article down: delete all that is kept of it, and refuse it from now on.

        Raises UsageError where it is not there.
        """
        hours = now.timestamp() / 3600.0
        return take_down(self.window, self._filing, id, Receipt(id, hours, reason))

    def finish(self, id: str, now: datetime | None = None) -> None:
        """Finish what was begun with an article and cut short, where it is in the index."""
        (place,) = self.index.places([id])
        if place is not None:
            self._settle(place, now)

    def carry(self, record: Record, now: datetime | None = None) -> None:
        """Give an article that is in the index the history that its record elsewhere has."""
        (place,) = self.index.places([record.id]) if record.versions else (None,)
        if place is not None:
            place = self._revising.refile(place, lambda old, at: carried(old, at, record))
        if place is not None:
            self._settle(place, now)

    def _look_at_server(self) -> None:
        """Forget what is at hand where the server was started again.

        It may have lost its last writes, and given their places to other articles since.
        """
        life = self.index.incarnation()
        if life != self._life:
            self._lookup.drop()
            self.window.renew()
            self._life = life

    # ---- adding ----------------------------------------------------------------------------------

    def _add(
        self,
        articles: Sequence[Article],
        ready: list[Ready],
        found: list[Found],
        fetched: dict[int, Record],
        now: datetime | None,
    ) -> list[Outcome]:
        self.window.cache.take_in(fetched)
        if any(one.other for one in found):
            ready, found = self._revising.supersede(
                self.index, articles, (ready, found), self._arrivals.candidates, now
            )
        if self.on_found is not None:
            self.on_found(found)
        refused = [_refused(article, one) for article, one in zip(articles, found, strict=True)]
        taken = [i for i, reason in enumerate(refused) if reason is None]
        self._arrivals.remember([ready[i] for i in taken], [found[i] for i in taken])
        places = {i: found[i].place for i in taken}
        batch = [found[i].place for i in taken if not found[i].known]
        news = list(self._arrivals.newcomers(ready, found, places, batch).values())
        if self._finish_others(news, now):  # what they superseded may be gone now
            news = list(self._arrivals.newcomers(ready, found, places, batch).values())
        decided = self._linking.link(news, _hours(now))
        linked = [n for n, told in zip(news, decided, strict=True) if told and not n.again]
        self._revising.finish(linked, self._linking.vacated)
        self._linking.vacated.clear()  # of what others have yet to finish
        for newcomer, told in zip(news, decided, strict=True):
            if told:
                self._refer(newcomer, now)
        decisions = iter(decided)
        outcomes = [reason or next(decisions) for reason in refused]
        return [each or self._lost(articles[i], found[i], now) for i, each in enumerate(outcomes)]

    def _lost(self, article: Article, found: Found, now: datetime | None) -> Outcome:
        """An article that another took out or superseded while it was added: look again."""
        (place,) = self.index.places([article.id])
        if place is None:
            why = "was taken out of the index while it was added"
            return RecordRejected(article.id, why, article.id)
        if place != found.place:
            self.index.remove(found.place, None, None)
            self.window.cache.forget(found.place)
        elif found.head in self.window.cache.rows:  # it is being superseded, or was cut short at it
            self.finish(self.window.name(found.head), now)
        return self._add([article], *self._lookup.now([article], now), now)[0]

    def _refer(self, newcomer: Newcomer, now: datetime | None) -> None:
        """Mark the article that a notice under an id of its own refers to."""
        record = self.window.cache.records[newcomer.row]
        if not record.notice or record.versions:
            return
        target = referred(self.window, newcomer)
        if target is None:
            return
        place = self._revising.refile(target, lambda old, place: marked(old, place, record, now))
        if place is not None:
            self._settle(place, now)

    def _finish_others(self, news: Sequence[Newcomer], now: datetime | None) -> bool:
        """Link those whose adding was cut short before what is like them; whether there are any.

        Else they would be found a story by it alone, and stay there when they come again.
        """
        near = {p for n in news for p in (n.head, *n.known)} - {n.place for n in news} - {-1}
        places = list(near)
        clusters = self.index.memberships(places) if places else ()
        unlinked = [p for p, cluster in zip(places, clusters, strict=True) if cluster is None]
        for place in sorted(unlinked):
            self._settle(place, now)
        return bool(unlinked)

    def _settle(self, place: int, now: datetime | None) -> None:
        """Link an article that is in the index, if it is not, and remove what it superseded."""
        if (newcomer := self._arrivals.known(place)) is None:
            return
        if self._linking.link([newcomer], _hours(now)) != [None]:
            self._revising.finish([newcomer], self._linking.vacated)

    # ---- going away ------------------------------------------------------------------------------

    def expire(self, now: datetime) -> int:
        """Let go of all that lies so far back that nothing of `now` can be of its stories.

        Gives how many articles.
        """
        gone = 0
        while some := self.index.expire(self._old_before(now), _EXPIRED_AT_ONCE):
            gone += some
        self.window.statistics.catch_up()
        return gone

    def _expire_some(self, now: datetime) -> None:
        """A little of that, with every batch; but what was old when the index began is an archive.

        The index began with its first event, as far as they are kept.
        """
        slice = self._old_before(now)
        if slice <= self._expired:
            return
        began = next(iter(self.index.events(0, 1)), None)
        if began is None or began.hours is None:
            return
        since = self._old_before(datetime.fromtimestamp(3600.0 * began.hours, UTC))
        if not self.index.expire(slice, _EXPIRED_AT_ONCE, since):
            self._expired = slice
            self.window.statistics.catch_up()

    def _old_before(self, now: datetime) -> int:
        """The slice before which all is old."""
        return self._filing.slice_of(now, -self.params.window_hours)


def _hours(now: datetime | None) -> float | None:
    return now.timestamp() / 3600.0 if now else None


def _refused(article: Article, found: Found) -> RecordRejected | None:
    if found.removed is not None:
        return RecordRejected(article.id, f"was taken down: {found.removed.reason}", article.id)
    return None


def _of_unique_ids(articles: Sequence[Article]) -> Iterator[list[int]]:
    """The articles' numbers in parts of up to TOGETHER, in order, so that no id is twice in one."""
    part: list[int] = []
    ids: set[str] = set()
    for i, article in enumerate(articles):
        if article.id in ids or len(part) == TOGETHER:
            yield part
            part, ids = [], set()
        part.append(i)
        ids.add(article.id)
    if part:
        yield part
