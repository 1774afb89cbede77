"""Processes that add, and indexes that outlive them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from adding import Adding
from servers import Cluster, Server, fresh

Urls = Callable[[], str]  # each call names an index that is not there yet
_numbers = count()


@pytest.fixture(scope="session")
def processes(root: Path) -> Iterator[list[Adding]]:
    """Eight of them."""
    started = [Adding(root)]
    try:
        assert started[0].hear() == "ready"  # kernels that are new are compiled once, not by all
        started += [Adding(root) for _ in range(7)]
        assert [process.hear() for process in started[1:]] == ["ready"] * 7
        yield started
    finally:
        for process in started:
            process.end()


@pytest.fixture
def sqlite_urls(tmp_path: Path) -> Urls:
    return lambda: f"sqlite:///{tmp_path / f'index{next(_numbers)}.db'}"


@pytest.fixture
def redis_urls(redis_server: Server) -> Urls:
    return lambda: fresh(redis_server.url)


@pytest.fixture
def cluster_urls(redis_cluster: Cluster) -> Urls:
    return lambda: fresh(redis_cluster.url)


@pytest.fixture(params=["sqlite", "redis"])
def lasting_urls(request: pytest.FixtureRequest) -> Urls:
    """Of a file, and on a server."""
    urls: Urls = request.getfixturevalue(f"{request.param}_urls")
    return urls
