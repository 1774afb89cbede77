"""Every backend, by its URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from servers import Cluster, Server, fresh

from dedupe.queues.base import Queue
from dedupe.queues.opening import open_queue

Urls = Callable[[], str]  # each call names a queue that is not there yet
Open = Callable[[str], Queue]

LASTING = {"sqlite": "sqlite_urls", "redis": "redis_urls", "cluster": "cluster_urls"}
BACKENDS = {"memory": "memory_urls"} | LASTING


@pytest.fixture
def memory_urls() -> Urls:
    return lambda: "memory:"


@pytest.fixture
def sqlite_urls(tmp_path: Path) -> Urls:
    numbers = count()
    return lambda: f"sqlite:///{tmp_path / f'queue{next(numbers)}.db'}"


@pytest.fixture
def redis_urls(redis_server: Server) -> Urls:
    return lambda: fresh(redis_server.url)


@pytest.fixture
def cluster_urls(redis_cluster: Cluster) -> Urls:
    return lambda: fresh(redis_cluster.url)


@pytest.fixture(params=BACKENDS)
def urls(request: pytest.FixtureRequest) -> Urls:
    """Of each backend."""
    urls: Urls = request.getfixturevalue(BACKENDS[request.param])
    return urls


@pytest.fixture(params=LASTING)
def lasting_url(request: pytest.FixtureRequest) -> str:
    """Of each backend that several handles may use."""
    return str(request.getfixturevalue(LASTING[request.param])())


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
