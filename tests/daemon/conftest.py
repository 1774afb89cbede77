"""Queues of each backend, and a server of feeds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from feedserver import FeedServer

from dedupe.queues.base import Queue
from dedupe.queues.opening import open_queue


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of an index that is not there yet, in a file."""
    return f"sqlite:///{tmp_path / 'index.db'}"


@pytest.fixture(params=["sqlite_url", "redis_url"])
def url(request: pytest.FixtureRequest) -> str:
    """Of each backend that several processes can share."""
    return str(request.getfixturevalue(request.param))


@pytest.fixture
def queue(url: str) -> Iterator[Queue]:
    """The queue of `url`."""
    queue = open_queue(url)
    yield queue
    queue.close()


@pytest.fixture
def server() -> Iterator[FeedServer]:
    """Feeds on three hosts."""
    with FeedServer(3) as server:
        yield server
