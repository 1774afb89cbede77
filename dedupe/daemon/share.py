"""A poller's share of the feeds: those of the hosts that are its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import structlog

from dedupe.daemon.feedstate import FeedState, decode
from dedupe.daemon.hosts import host_of, owner
from dedupe.daemon.schedule import FOREVER, Pace, begin
from dedupe.daemon.watched import Watched
from dedupe.errors import IndexDamaged
from dedupe.queues.base import Feed

log = structlog.get_logger()


class Share:
    """Which feeds a poller has, and when they are due."""

    def __init__(
        self,
        member: str,
        pace: Pace,
        clock: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        """`member`, `clock` and `chance` are those of the poller."""
        self._member = member
        self._pace = pace
        self._clock = clock
        self._chance = chance
        self._watched: dict[str, Watched] = {}
        self._unreadable: set[str] = set()

    def take(self, feeds: Sequence[Feed], members: list[str], asked: float) -> None:
        """Have the feeds that are the poller's among these members, as stored when asked."""
        now = self._clock()
        for key in self._watched.keys() - {feed.key for feed in feeds}:
            self._drop(key)
        fresh = []
        for feed in feeds:
            watched = self._watched.get(feed.key)
            own = watched and (
                watched.task or watched.saved >= asked or watched.feed.version == feed.version
            )
            state = watched.state if watched and own else self._readable(feed)
            if state is None:
                continue
            if owner(host_of(state.url), members) != self._member:
                self._drop(feed.key)
            elif watched is None:
                fresh.append(Watched(feed, state, self._due(state), now))
            elif state is not watched.state:
                watched.take(feed, state, self._due(state), now)
        for watched in fresh:
            watched.due = begin(self._pace, watched.due, now, self._chance(), len(fresh))
            self._watched[watched.feed.key] = watched

    def refresh(self, watched: Watched, feeds: Sequence[Feed]) -> bool:
        """Take the state that another has stored; False where the feed is gone."""
        feed = next((feed for feed in feeds if feed.key == watched.feed.key), None)
        state = feed and self._readable(feed)
        if not feed or not state:
            self._drop(watched.feed.key)
            return False
        watched.take(feed, state, state.next, self._clock())
        return True

    def due(self, now: float) -> tuple[list[Watched], float]:
        """The feeds to be asked now, the longest due first, and when the next one is due."""
        idle = [each for each in self._watched.values() if not each.task]
        due = sorted((each for each in idle if each.due <= now), key=lambda each: each.due)
        return due, min((each.due for each in idle if each.due > now), default=FOREVER)

    def unsaved(self) -> list[Watched]:
        """Those of which more is known than is stored."""
        return [each for each in self._watched.values() if each.state is not each.stored]

    def health(self) -> Counter[str]:
        """How many are how."""
        return Counter(watched.state.health for watched in self._watched.values())

    def _due(self, state: FeedState) -> float:
        """When to ask a feed that another has left; the other may have been slower."""
        if state.failures or state.fixed:
            return state.next
        return min(state.next, (state.checked or 0.0) + self._pace.most)

    def _drop(self, key: str) -> None:
        """What is under way for it goes on; the queue refuses it where the feed is gone."""
        self._watched.pop(key, None)

    def _readable(self, feed: Feed) -> FeedState | None:
        try:
            state = decode(feed.state, feed.key)
        except IndexDamaged as error:
            if feed.key not in self._unreadable:
                log.error("feed left alone", feed=feed.key, error=str(error))
                self._unreadable.add(feed.key)
            return None
        self._unreadable.discard(feed.key)
        return state
