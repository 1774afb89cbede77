"""The feeds of a file, as the queue keeps them: what is new is subscribed, what went is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import structlog
from msgspec import Struct

from dedupe.daemon.feedstate import FeedState, decode, encode
from dedupe.daemon.schedule import MINUTE
from dedupe.errors import IndexDamaged
from dedupe.feeds.identity import source_of
from dedupe.feeds.subscriptions import Subscription, Subscriptions, same_feed
from dedupe.queues.base import Queue

log = structlog.get_logger()


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


def listed(queue: Queue, read: Subscriptions, file: str, now: float) -> Listed:
    """Make the feeds of a queue those of a file; feeds from elsewhere stay as they are.

    What the file says of a feed that is there (its source, its interval) is taken over. A file
    that is damaged or has no feed in it removes none: it was hardly meant so.
    """
    wanted = {same_feed(each.url): each for each in read.feeds}
    there = queue.feeds()
    missing = wanted.keys() - {same_feed(feed.key) for feed in there}
    added = queue.subscribe(
        {wanted[name].url: encode(subscribed(wanted[name], now, file)) for name in missing}
    )
    gone, altered = [], 0
    for feed in there:
        try:
            state = decode(feed.state, feed.key)
        except IndexDamaged:
            continue  # the poller tells of it
        subscription = wanted.get(same_feed(feed.key))
        if subscription is not None:
            settled = _settled(state, feed.key, subscription, file)
            if settled != state:
                altered += queue.polled(feed._replace(state=encode(settled)), [])
        elif state.listed == file:
            gone.append(feed.key)
    if gone and not (read.whole and wanted):
        why = "the file names no feed" if read.whole else "the file is damaged"
        log.error("feeds kept that are not listed", file=file, feeds=len(gone), why=why)
        gone = []
    return Listed(added, queue.unsubscribe(gone) if gone else 0, altered)


def _settled(state: FeedState, key: str, subscription: Subscription, file: str) -> FeedState:
    settled = msgspec.structs.replace(state, listed=file, **_settings(subscription))
    if state.url == key:  # the list may spell it otherwise now: https instead of http
        settled = msgspec.structs.replace(settled, url=subscription.url)
    if settled.fixed != state.fixed:
        return msgspec.structs.replace(settled, due=0.0)
    return settled
