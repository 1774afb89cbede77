"""How feeds are, as whoever looks after them wants to know it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from msgspec import Struct

from dedupe.daemon.feedstate import decode, per_day
from dedupe.errors import IndexDamaged
from dedupe.queues.base import Feed


class FeedHealth(Struct, frozen=True, kw_only=True):
    """One feed, as it was stored last: figures of one that is as it was may be 15 minutes old."""

    url: str  # as it was listed
    health: str  # new, ok, broken, failing, gone or unreadable
    source: str | None = None
    now_at: str | None = None  # where it has moved to
    listed: str | None = None  # the file that it is listed in
    last_success: datetime | None = None
    last_change: datetime | None = None
    interval: float | None = None  # seconds from the last request to the next; None: there is none
    due: datetime | None = None
    per_day: float | None = None  # new entries a day, over the last week
    failures: int = 0  # in a row
    error: str | None = None  # what is wrong, in plain words


def healths(feeds: list[Feed], now: float) -> Iterator[FeedHealth]:
    """How each feed is, in their order."""
    for feed in feeds:
        try:
            state = decode(feed.state, feed.key)
        except IndexDamaged as error:
            yield FeedHealth(url=feed.key, health="unreadable", error=str(error))
            continue
        yield FeedHealth(
            url=feed.key,
            health=state.health,
            source=state.source,
            now_at=None if state.url == feed.key else state.url,
            listed=state.listed,
            last_success=_moment(state.succeeded),
            last_change=_moment(state.changed),
            interval=None if state.gone else round(state.interval, 1) or None,
            due=None if state.gone else _moment(state.due or None),
            per_day=per_day(state, now),
            failures=state.failures,
            error=state.error or state.broken,
        )


def _moment(time: float | None) -> datetime | None:
    return None if time is None else datetime.fromtimestamp(int(time), UTC)
