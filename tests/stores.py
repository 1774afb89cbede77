"""Stores of every kind, for indexes and queues; each URL names one that is not there yet."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from servers import Cluster, Server, fresh

Urls = Callable[[], str]

# Backend, fixture that gives its URLs. What is in memory is gone when it is closed.
LASTING = {"sqlite": "sqlite_urls", "redis": "redis_urls", "cluster": "cluster_urls"}
BACKENDS = {"memory": "memory_urls"} | LASTING


@pytest.fixture
def memory_urls() -> Urls:
    return lambda: "memory:"


@pytest.fixture
def sqlite_urls(tmp_path: Path) -> Urls:
    numbers = count()
    return lambda: f"sqlite:///{tmp_path / f'store{next(numbers)}.db'}"


@pytest.fixture
def redis_urls(redis_server: Server) -> Urls:
    return lambda: fresh(redis_server.url)


@pytest.fixture
def cluster_urls(redis_cluster: Cluster) -> Urls:
    return lambda: fresh(redis_cluster.url)


@pytest.fixture
def sqlite_url(sqlite_urls: Urls) -> str:
    return sqlite_urls()


@pytest.fixture
def redis_url(redis_urls: Urls) -> str:
    return redis_urls()


@pytest.fixture
def cluster_url(cluster_urls: Urls) -> str:
    return cluster_urls()


@pytest.fixture(params=BACKENDS)
def urls(request: pytest.FixtureRequest) -> Urls:
    """Of each backend."""
    urls: Urls = request.getfixturevalue(BACKENDS[request.param])
    return urls


@pytest.fixture(params=LASTING)
def lasting_urls(request: pytest.FixtureRequest) -> Urls:
    """Of each backend that outlives the process, and that several handles may use."""
    urls: Urls = request.getfixturevalue(LASTING[request.param])
    return urls


@pytest.fixture
def lasting_url(lasting_urls: Urls) -> str:
    return lasting_urls()
