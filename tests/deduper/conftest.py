"""Processes that add, and indexes of each backend."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from adding import Adding
from stores import Urls
from streams import Partition, clear_cut, partition

from dedupe.deduper import Deduper
from dedupe.index.base import Index
from dedupe.index.opening import open_index


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


@pytest.fixture(scope="session")
def expected() -> Partition:
    """The stories that one process makes, without being killed."""
    deduper = Deduper(open_index("memory:"))
    deduper.add_batch(clear_cut())
    return partition(deduper.index)


@pytest.fixture(params=["sqlite", "redis"])
def lasting_urls(request: pytest.FixtureRequest) -> Urls:
    """Of a file, and on a server."""
    urls: Urls = request.getfixturevalue(f"{request.param}_urls")
    return urls


@pytest.fixture
def index(urls: Urls) -> Iterator[Index]:
    """Of each backend."""
    opened = open_index(urls())
    yield opened
    opened.close()
