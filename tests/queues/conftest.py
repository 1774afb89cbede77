"""A queue of each backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from stores import Urls

from dedupe.queues.base import Queue
from dedupe.queues.opening import open_queue

Open = Callable[[str], Queue]


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens queues that are closed when the test is over."""
    handles: list[Queue] = []

    def open_one(url: str) -> Queue:
        handles.append(open_queue(url))
        return handles[-1]

    yield open_one
    for handle in handles:
        handle.close()


@pytest.fixture
def queue(urls: Urls, opened: Open) -> Queue:
    """A new queue of each backend."""
    return opened(urls())


@pytest.fixture
def redis_queue(redis_url: str, opened: Open) -> Queue:
    """A new queue on Redis."""
    return opened(redis_url)
