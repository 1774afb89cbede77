"""The feeds of a file, as the queue keeps them: what is new is subscribed, what went is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from dedupe.daemon.feedstate import FeedState, decode, encode
from dedupe.daemon.schedule import MINUTE
from dedupe.errors import IndexDamaged
from dedupe.feeds.identity import source_of
from dedupe.feeds.subscriptions import Subscription, Subscriptions
from dedupe.queues.base import Queue


class List(Struct, frozen=True):
    """Where feeds are listed."""

    name: str  # of the file
    read: Callable[[], Subscriptions]


class Listed(NamedTuple):
    """What reading a list again has changed."""

    added: int
    removed: int
    altered: int


def subscribed(subscription: Subscription, now: float, file: str | None = None) -> FeedState:
    """The first state of a feed. `file` is where it is listed, None where it was added by hand."""
    return FeedState(url=subscription.url, added=now, listed=file, **_settings(subscription))


def _settings(subscription: Subscription) -> dict[str, Any]:
    return {
        "source": source_of(subscription.url, subscription.source),
        "fixed": MINUTE * (subscription.interval_minutes or 0),
        "fetch_pages": subscription.fetch_pages,
    }


def listed(queue: Queue, subscriptions: Sequence[Subscription], file: str, now: float) -> Listed:
    """Make the feeds of a queue those of a file; feeds from elsewhere stay as they are.

    What the file says of a feed that is there (its source, its interval) is taken over.
    """
    wanted = {each.url: each for each in subscriptions}
    there = {feed.key: feed for feed in queue.feeds()}
    added = queue.subscribe(
        {
            key: encode(subscribed(each, now, file))
            for key, each in wanted.items()
            if key not in there
        }
    )
    gone, altered = [], 0
    for key, feed in there.items():
        try:
            state = decode(feed.state, key)
        except IndexDamaged:
            continue  # the poller tells of it
        if key in wanted:
            settled = msgspec.structs.replace(state, listed=file, **_settings(wanted[key]))
            if settled.fixed != state.fixed:
                settled = msgspec.structs.replace(settled, due=0.0)
            if settled != state:
                altered += queue.polled(feed._replace(state=encode(settled)), [])
        elif state.listed == file:
            gone.append(key)
    return Listed(added, queue.unsubscribe(gone) if gone else 0, altered)
