"""Workers for tests: in a thread of this process, and in processes that can be killed.

As a program it is told `NAME URL` by lines, works on that queue in a child until nothing waits
there, and answers with the child's process id, then the status that it ended with.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from servers import until
from telling import Program

from dedupe.daemon.logs import configure
from dedupe.daemon.part import Part
from dedupe.daemon.threads import Threaded
from dedupe.daemon.worker import Settings, Worker
from dedupe.deduper import Deduper
from dedupe.index.base import Index
from dedupe.index.opening import open_index
from dedupe.metrics import Metrics
from dedupe.models import Article
from dedupe.queues.base import Queue
from dedupe.queues.opening import open_queue

Message = dict[str, Any]


def opened(url: str) -> Deduper:
    """A deduper as the worker has it."""
    return Deduper(open_index(url))


@contextmanager
def working(
    url: str,
    name: str = "one",
    open_deduper: Callable[[str], Deduper] = opened,
    clock: Callable[[], float] = time.time,
    **settings: Any,
) -> Iterator[Worker]:
    """A worker in a thread, as long as the context lasts."""
    worker = Worker(
        partial(open_queue, url), partial(open_deduper, url), Metrics(),
        Settings(name, **{"wait": 0.1, **settings}), clock,
    )  # fmt: skip
    with in_thread(worker):
        yield worker


@contextmanager
def queue_of(url: str) -> Iterator[Queue]:
    """A handle for the test."""
    queue = open_queue(url)
    try:
        yield queue
    finally:
        queue.close()


def encoded(articles: Sequence[Article]) -> list[bytes]:
    """As they stand in the queue."""
    return [msgspec.json.encode(article) for article in articles]


def messages(queue: Queue) -> list[Message]:
    """All that is told."""
    told: list[Message] = []
    after = ""
    while some := queue.outputs(after, 100):
        told += [msgspec.json.decode(output.body) for output in some]
        after = some[-1].id
    return told


def of_type(told: Sequence[Message], type: str) -> list[Message]:
    """Those of one type."""
    return [message for message in told if message["type"] == type]


def is_done(queue: Queue) -> bool:
    """Whether nothing waits."""
    backlog = queue.backlog()
    return backlog.waiting == backlog.pending == 0


@contextmanager
def service(*arguments: object, **settings: Any) -> Iterator[subprocess.Popen[str]]:
    """`dedupe …` until the context ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dedupe", *map(str, arguments)],
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **settings},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def asked(port: int, path: str) -> tuple[int, str]:
    """Status and body; 0 where nobody answers."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


@asynccontextmanager
async def in_loop(part: Part) -> AsyncIterator[None]:
    """Let a part run in this loop as long as the context lasts."""
    stop = asyncio.Event()
    task = asyncio.create_task(part.run(stop))
    try:
        yield
    finally:
        stop.set()
        await task


class Forking(Program):
    """The program, as a test sees it."""

    def __init__(self, root: Path) -> None:
        super().__init__(__file__, root)

    def start(self, name: str, url: str) -> int:
        """Start a worker; its process id."""
        self.tell(name, url)
        return int(self.hear())


@contextmanager
def in_thread(part: Threaded) -> Iterator[None]:
    """Let a part work as long as the context lasts."""
    thread = threading.Thread(target=part.work)
    thread.start()
    try:
        yield
    finally:
        part.stopping.set()
        thread.join()


def main() -> None:
    """Do as each line says."""
    from streams import clear_cut

    configure(level="error")
    Deduper(open_index("memory:")).add_batch(clear_cut())  # what follows is not about loading
    print("ready", flush=True)
    for line in sys.stdin:
        name, url = line.split()
        child = os.fork()
        if child == 0:
            with (
                queue_of(url) as queue,
                working(url, name, batch=7, takeover=1.0) as worker,
            ):
                while not (is_done(queue) and _has_told(queue, url)):
                    time.sleep(0.05)
                assert worker.hung() is None
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _has_told(queue: Queue, url: str) -> bool:
    """Whether all events are told of."""
    index = open_index(url)
    try:
        return not index.events(int(queue.cursor("events") or 0), 1)
    finally:
        index.close()


if __name__ == "__main__":
    main()


@contextmanager
def index_of(url: str) -> Iterator[Index]:
    """A handle for the test."""
    index = open_index(url)
    try:
        yield index
    finally:
        index.close()


def decided(url: str, articles: list[Article]) -> None:
    """Have articles decided."""
    with queue_of(url) as queue:
        queue.put(encoded(articles))
        with working(url):
            until(lambda: is_done(queue), "the articles are decided")
