"""An index of each backend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filing import MANIFEST
from servers import Server, running
from stores import Urls

from dedupe.index.base import Index
from dedupe.index.manifest import Manifest
from dedupe.index.opening import open_index


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """One to break, which keeps all that it has acknowledged."""
    with running(tmp_path, "--appendonly", "yes", "--appendfsync", "always") as server:
        yield server


@pytest.fixture
def url(urls: Urls) -> str:
    """Of each backend."""
    return urls()


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
