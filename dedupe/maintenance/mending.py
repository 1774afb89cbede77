"""Mends what verifying has found, where texts and records are left to do it from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from msgspec.structs import replace

from dedupe.deduper import Deduper
from dedupe.errors import DedupeError, IndexDamaged, RecordRejected
from dedupe.index.base import Change, Cluster, Event
from dedupe.index.records import Record, decode_article, decode_record
from dedupe.maintenance import verifying
from dedupe.maintenance.verifying import Problem
from dedupe.models import Article


def mend(deduper: Deduper, problems: Iterable[Problem]) -> Iterator[tuple[Problem, bool]]:
    """Mend problems; each is given with whether that was possible.

    Stories lose what is not there, unlinked articles are linked, merged ids that lead nowhere go,
    superseded versions too;
    an article whose record or buckets are damaged is taken out and added anew from its text.
    """
    stories_first = sorted(problems, key=lambda problem: problem.kind != verifying.STORY)
    for problem in stories_first:
        yield problem, _mended(deduper, problem)


def _mended(deduper: Deduper, problem: Problem) -> bool:
    try:
        match problem.kind:
            case verifying.UNLINKED:
                return _link(deduper, problem.place)
            case verifying.MEMBER:
                return _found(deduper, problem.place)
            case verifying.SUPERSEDED:
                deduper.finish(problem.where)
                return deduper.index.remove(problem.place, None, None)
            case verifying.STORY:
                return _without_strangers(deduper, problem.where)
            case verifying.REDIRECT:
                return _forget(deduper, problem)
            case verifying.RECORD | verifying.BUCKETS:
                return _renew(deduper, problem.place)
    except (DedupeError, ValueError):
        return False
    return False


def _link(deduper: Deduper, place: int) -> bool:
    article = _article(deduper, place)
    if article is None:
        return _found(deduper, place)
    return _added(deduper, article, _record(deduper, place))


def _added(deduper: Deduper, article: Article, record: Record | None) -> bool:
    """Add an article, for the second time, as of the time that it is filed under."""
    now = None
    if article.published is None and record is not None:
        now = datetime.fromtimestamp(record.hours * 3600.0, UTC)
    (outcome,) = deduper.add_batch([article], now, expire=False)
    return not isinstance(outcome, RecordRejected)


def _found(deduper: Deduper, place: int) -> bool:
    """A story of its own, whatever the article says of its story."""
    window = deduper.window
    window.heeded.read()
    draft = window.draft(careful=True)
    draft.adopt(place)
    draft.found(place)
    return deduper.index.link(draft.change(window.elect, window.heeded.hands, None))


def _without_strangers(deduper: Deduper, id: str) -> bool:
    """A story with those of its articles that are there and belong to it."""
    index = deduper.index
    (cluster,) = index.clusters([id])
    if cluster is None or cluster.id != id:
        return False
    places = list(cluster.members)
    kept = tuple(
        place
        for place, record, story in zip(
            places, index.records(places), index.memberships(places), strict=True
        )
        if record is not None and story == id
    )
    return _reduce(deduper, cluster, kept)


def _reduce(
    deduper: Deduper, cluster: Cluster, kept: tuple[int, ...], events: tuple[Event, ...] = ()
) -> bool:
    """Leave only some articles in a story."""
    window = deduper.window
    window.heeded.read()
    before = ((cluster.id, cluster.version),)
    hands = window.heeded.hands.version
    if not kept:
        return deduper.index.link(
            Change(expected=before, hands=hands, dropped=(cluster.id,), events=events)
        )
    elected = window.elect(kept, cluster)
    hours = [window.hours(place) for place in kept]
    after = replace(
        elected,
        id=cluster.id,
        version=cluster.version + 1,
        members=kept,
        first=min(hours),
        last=max(hours),
    )
    if after.canonical_id != cluster.canonical_id:
        events = (*events, Event("canonical_changed", cluster.id, (after.canonical_id,)))
    return deduper.index.link(
        Change(expected=before, hands=hands, clusters=(after,), events=events)
    )


def _forget(deduper: Deduper, problem: Problem) -> bool:
    """Drop the story that is not there, and the ids that lead to it with it."""
    to = dict(deduper.index.redirects())
    end = problem.where
    while end in to:
        end = to[end]
    hands = deduper.index.hands().version
    return deduper.index.link(Change(hands=hands, dropped=(end,)))


def _renew(deduper: Deduper, place: int) -> bool:
    """Take an article out and add it from its text."""
    article, record = _article(deduper, place), _record(deduper, place)
    if article is None:
        return False
    index = deduper.index
    (story,) = index.memberships([place])
    if story is not None:
        (cluster,) = index.clusters([story])
        if cluster is not None and cluster.id == story:
            kept = tuple(member for member in cluster.members if member != place)
            removed = (Event("removed", story, (article.id,)),)
            if not _reduce(deduper, cluster, kept, removed):
                return False
    if not index.remove(place, None, None):
        return False
    deduper.window.cache.forget(place)
    if not _added(deduper, article, record):
        return False
    if record is not None:
        deduper.carry(record)
    return True


def _article(deduper: Deduper, place: int) -> Article | None:
    (stored,) = deduper.index.texts([place])
    try:
        return None if stored is None else decode_article(stored, "")
    except IndexDamaged:
        return None


def _record(deduper: Deduper, place: int) -> Record | None:
    (stored,) = deduper.index.records([place])
    try:
        return None if stored is None else decode_record(stored, "")
    except IndexDamaged:
        return None
