"""Pollers against a server of feeds, for tests."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

from servers import holding

from dedupe.daemon.feedstate import FeedState, decode
from dedupe.daemon.fetching import Fetcher, Limits
from dedupe.daemon.listing import List
from dedupe.daemon.poller import Poller, Polling
from dedupe.daemon.schedule import Pace
from dedupe.feeds.subscriptions import Subscription, Subscriptions
from dedupe.metrics import Metrics
from dedupe.queues.base import Queue
from dedupe.queues.opening import open_queue

AGENT = "newsdedupe-test/1"
FAST = Polling(pace=Pace(0.05, 0.1), per_host_delay=0.0, grace=2.0)


def listing(*feeds: str | Subscription, name: str = "feeds.txt") -> List:
    """A list of feeds, given by their addresses or with more."""
    read = tuple(Subscription(url=each) if isinstance(each, str) else each for each in feeds)
    return List(name, lambda: Subscriptions(read, ()))


def poller(
    url: str,
    feeds: List | None = None,
    *,
    member: str = "one",
    polling: Polling = FAST,
    limits: Limits = Limits(seconds=5.0),  # noqa: B008
    metrics: Metrics | None = None,
    agent: str = AGENT,
    **more: Any,
) -> Poller:
    """A poller on the queue of an index that may ask the loopback."""

    def fetcher() -> Fetcher:
        return Fetcher(user_agent=agent, allow=["127.0.0.0/8"], limits=limits)

    return Poller(
        lambda: open_queue(url),
        fetcher,
        metrics or Metrics(),
        polling,
        member=member,
        user_agent=agent,
        feeds=feeds,
        **more,
    )


def run(polling: Poller | Sequence[Poller], until: Callable[[], bool]) -> None:
    """Run pollers in one loop until something holds, and stop them."""
    pollers = [polling] if isinstance(polling, Poller) else polling

    async def main() -> None:
        stop = asyncio.Event()
        tasks = [asyncio.create_task(each.run(stop)) for each in pollers]
        try:
            await holding(lambda: until() or any(task.done() for task in tasks))
        finally:
            stop.set()
            await asyncio.gather(*tasks)

    asyncio.run(main())


def taken(queue: Queue) -> list[dict[str, Any]]:
    """The articles in the queue that nobody has had, in their order."""
    return [json.loads(entry.body) for entry in queue.take("test", 100_000, 0.0)]


def state_of(queue: Queue, key: str) -> FeedState:
    """What is stored of a feed; of one that is not there what nobody has asked."""
    states = [decode(feed.state, key) for feed in queue.feeds() if feed.key == key]
    return states[0] if states else FeedState(url=key, source="")
