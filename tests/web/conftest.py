"""`dedupe serve` as a process of its own, on a free port of the loopback."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from servers import Server, fresh, until

START = Callable[..., "Serving"]
LINES = {"Content-Type": "application/x-ndjson"}


class Serving:
    """One such process."""

    def __init__(self, folder: Path, index: str, *options: str) -> None:
        self.index, self.log = index, folder / "log"
        environment = {n: v for n, v in os.environ.items() if not n.startswith("DEDUPE_")}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "dedupe", "serve", "--index", index,
                    "--listen", "127.0.0.1:0", "--log-format", "json", *options,
                ],
                stdin=subprocess.DEVNULL, stderr=log, cwd=folder, env=environment,
            )  # fmt: skip
        self.url = ""
        until(self._listens, "dedupe serve")
        self.client = httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def _listens(self) -> bool:
        told = self.log.read_text("utf-8")
        assert self.process.poll() is None, told
        if found := re.search(r'"url": "(http://[^"]+)"', told):
            self.url = found[1]
        return bool(self.url)

    def ready(self) -> Serving:
        """Wait until it is."""
        end = time.monotonic() + 180  # the first after a change compiles
        while self.client.get("/readyz").status_code != 200:
            assert time.monotonic() < end, self.log.read_text("utf-8")
            time.sleep(0.05)
        return self

    def add(self, *articles: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
        """Add articles, on a line each; what is said of them."""
        body = b"".join(json.dumps(article).encode() + b"\n" for article in articles)
        answer = self.client.post("/v1/articles", content=body, headers=LINES, params=query)
        assert answer.is_success, answer.text
        return lines(answer)

    def end(self) -> int:
        """Have it end as a supervisor does; its exit code."""
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait()


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    """What each line of an answer says."""
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.fixture(scope="session")
def started() -> Iterator[START]:
    """Starts services; all end with 0 when asked to."""
    running: list[Serving] = []

    def start(folder: Path, index: str, *options: str) -> Serving:
        running.append(Serving(folder, index, *options))
        return running[-1]

    yield start
    codes = {service.end() for service in running}
    logs = [service.log.read_text("utf-8") for service in running]
    assert [log for log in logs if "Traceback" in log] == []
    assert codes <= {0, 128 + signal.SIGTERM}  # a test may have ended one at once


@pytest.fixture(scope="session", params=["sqlite", "redis"])
def filled(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    started: START,
    redis_server: Server,
    root: Path,
) -> Serving:
    """A service whose index has the examples; tests may add articles of their own."""
    folder = tmp_path_factory.mktemp("serve")
    on_file = request.param == "sqlite"
    index = f"sqlite:///{folder / 'index.db'}" if on_file else fresh(redis_server.url)
    service = started(folder, index).ready()
    body = (root / "examples" / "stories.jsonl").read_bytes()
    answer = service.client.post("/v1/articles", content=body, headers=LINES)
    assert answer.status_code == 200
    return service
