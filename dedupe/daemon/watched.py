"""A feed that a poller has."""

from __future__ import annotations

import asyncio

from dedupe.daemon.feedstate import FeedState, address
from dedupe.daemon.hosts import host_of
from dedupe.queues.base import Feed


class Watched:
    """What a poller knows of a feed, and whether it is at it."""

    def __init__(self, feed: Feed, state: FeedState, due: float, saved: float) -> None:
        self.task: asyncio.Task[None] | None = None
        self.take(feed, state, due, saved)

    def take(self, feed: Feed, state: FeedState, due: float, saved: float) -> None:
        """Go on from a state that is stored since `saved`."""
        self.feed = feed._replace(state=b"")  # that would be held twice
        self.state = self.stored = state  # the first may know more
        self.due, self.saved = due, saved

    def host(self) -> str:
        """The host that is asked next."""
        return host_of(address(self.state, self.feed.key))
