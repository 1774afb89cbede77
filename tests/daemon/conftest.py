"""Stores of each kind, a server of feeds, and a log that tests can read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import StringIO

import pytest
import structlog
from feedserver import FeedServer
from servers import Server, fresh

from dedupe.daemon.logs import configure
from dedupe.queues.base import Queue
from dedupe.queues.opening import open_queue


@pytest.fixture(params=["sqlite", "redis"])
def url(request: pytest.FixtureRequest) -> str:
    """A store that is not there yet: a file, and on a server."""
    return str(request.getfixturevalue(f"{request.param}_url"))


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


@pytest.fixture
def fresh_url() -> Callable[[Server], str]:
    return lambda server: fresh(server.url)


@pytest.fixture(autouse=True)
def logged() -> Iterator[StringIO]:
    """What is logged."""
    lines = StringIO()
    configure("json", "debug", lines)
    yield lines
    structlog.reset_defaults()
