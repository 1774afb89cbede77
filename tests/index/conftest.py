"""Every backend, by its URL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from filing import MANIFEST
from servers import Cluster, Server, fresh, running

from dedupe.index.base import Index
from dedupe.index.manifest import Manifest
from dedupe.index.opening import open_index

Urls = Callable[[], str]  # each call names an index that is not there yet

# Backend, fixture that gives its URLs. The index in memory is gone when it is closed.
LASTING = {"sqlite": "sqlite_urls", "redis": "redis_urls", "cluster": "cluster_urls"}
BACKENDS = {"memory": "memory_urls"} | LASTING


@pytest.fixture
def memory_urls() -> Urls:
    return lambda: "memory:"


@pytest.fixture
def sqlite_urls(tmp_path: Path) -> Urls:
    numbers = count()
    return lambda: f"sqlite:///{tmp_path / f'index{next(numbers)}.db'}"


@pytest.fixture
def redis_urls(redis_server: Server) -> Urls:
    return lambda: fresh(redis_server.url)


@pytest.fixture
def cluster_urls(redis_cluster: Cluster) -> Urls:
    return lambda: fresh(redis_cluster.url)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """One to break, which keeps all that it has acknowledged."""
    with running(tmp_path, "--appendonly", "yes", "--appendfsync", "always") as server:
        yield server


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest) -> str:
    """Of each backend."""
    return str(request.getfixturevalue(BACKENDS[request.param])())


@pytest.fixture(params=LASTING)
def lasting_urls(request: pytest.FixtureRequest) -> Urls:
    """Of each backend that outlives the process."""
    urls: Urls = request.getfixturevalue(LASTING[request.param])
    return urls


@pytest.fixture
def lasting_url(lasting_urls: Urls) -> str:
    """One of them."""
    return lasting_urls()


@pytest.fixture
def opened() -> Iterator[Callable[..., Index]]:
    """Opens indexes that are closed when the test is over."""
    handles: list[Index] = []

    def open_one(url: str, wanted: Manifest | None = MANIFEST) -> Index:
        handles.append(open_index(url, wanted))
        return handles[-1]

    yield open_one
    for handle in handles:
        handle.close()


@pytest.fixture
def index(url: str, opened: Callable[..., Index]) -> Index:
    """A new index of each backend."""
    return opened(url)
