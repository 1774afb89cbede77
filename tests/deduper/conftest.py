"""Processes that add, and indexes that outlive them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest
from servers import Cluster, Server, fresh

Urls = Callable[[], str]  # each call names an index that is not there yet
_numbers = count()


class Adding:
    """One process of adding.py."""

    def __init__(self, root: Path) -> None:
        paths = [str(root), str(root / "tests"), os.environ.get("PYTHONPATH", "")]
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("adding.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )  # fmt: skip

    def tell(self, *words: object) -> None:
        """Have it do something."""
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        """What it answers; empty where it has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        """Let it end, and wait for that."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="session")
def adding(root: Path) -> Callable[[int], object]:
    """Starts so many processes, and ends them."""

    @contextmanager
    def started(number: int) -> Iterator[list[Adding]]:
        processes = [Adding(root) for _ in range(number)]
        try:
            assert [process.hear() for process in processes] == ["ready"] * number
            yield processes
        finally:
            for process in processes:
                process.end()

    return started


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
