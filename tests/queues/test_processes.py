"""Several at once, and killed ones: each entry ends once, and nothing is half done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from servers import Server, until

from dedupe.queues.base import Feed, Finished, Queue
from dedupe.queues.opening import open_queue

Open = Callable[[str], Queue]
BUSY = Path(__file__).with_name("busy.py")
A = "https://a.example/"


def start(url: str, name: str) -> subprocess.Popen[str]:
    """A process that is busy with the queue."""
    environment = os.environ | {"PYTHONPATH": str(BUSY.parents[2])}
    return subprocess.Popen(
        [sys.executable, str(BUSY), url, name],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


def rounds_of(process: subprocess.Popen[str], least: int) -> int:
    """The version of its feed that a process has told of, once it is so far."""
    assert process.stdout is not None
    told = 0
    while told < least:
        told = int(process.stdout.readline() or pytest.fail(process.stderr.read()))  # type: ignore[union-attr]
    return told


def last_told(process: subprocess.Popen[str]) -> int:
    """Kill a process in whatever it does; the last that it told, 0 where that was read before."""
    process.send_signal(signal.SIGKILL)
    assert process.stdout is not None
    told = process.stdout.read().splitlines()
    process.communicate()
    return int(told[-1]) if told else 0


def check_whole(queue: Queue, told: dict[str, int]) -> None:
    """What must hold whenever a process was killed."""
    versions = {feed.key: feed.version for feed in queue.feeds()}
    for name, version in told.items():
        assert version <= versions[name] <= version + 1
    backlog = queue.backlog()
    assert backlog.entries == 2 * sum(version - 1 for version in versions.values())
    messages = Counter(output.body.split()[0] for output in queue.outputs("", 100_000))
    assert set(messages.values()) <= {3}
    ended = backlog.entries - backlog.waiting - backlog.pending
    assert ended >= len(messages)


@pytest.mark.parametrize("least", [2, 5, 20, 31])
def test_a_killed_process_leaves_nothing_half_done(
    lasting_url: str, opened: Open, least: int
) -> None:
    process = start(lasting_url, A)
    try:
        rounds_of(process, least)
    finally:
        told = max(last_told(process), least)
    check_whole(opened(lasting_url), {A: told})


def test_a_killed_server_leaves_nothing_half_done(tmp_path: Path, opened: Open) -> None:
    server = Server(tmp_path, "--appendonly", "yes", "--appendfsync", "always")
    server.start()
    processes = {name: start(server.url, name) for name in ("one", "two")}
    try:
        for least in (10, 30, 50):
            for process in processes.values():
                rounds_of(process, least)
            server.kill()
            server.start()
        told = {name: rounds_of(process, 60) for name, process in processes.items()}
        told = {name: max(told[name], last_told(each)) for name, each in processes.items()}
        with_server = open_queue(server.url)
        check_whole(with_server, told)
        with_server.close()
    finally:
        for process in processes.values():
            process.kill()
            process.communicate()
        server.kill()


def test_each_entry_ends_once_whoever_takes_it_over(lasting_url: str, opened: Open) -> None:
    """Three take, and take over at once what the others are at."""
    filled = opened(lasting_url)
    some = [b"%d" % i for i in range(150)]
    filled.put(some)
    failed: list[BaseException] = []

    def work(name: str) -> None:
        queue = open_queue(lasting_url)
        try:
            while queue.backlog().oldest is not None:
                had = queue.take(name, 7, 0)
                over = queue.take_over(name, 0.0, 5)
                done = [Finished(e.id, (e.body, b"by " + name.encode())) for e in over + had]
                queue.finish(done)
        except BaseException as error:
            failed.append(error)
        finally:
            queue.close()

    workers = [threading.Thread(target=work, args=(name,)) for name in ("one", "two", "three")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failed == []
    told = [output.body for output in filled.outputs("", 1000) if output.body.isdigit()]
    assert sorted(told, key=int) == some
    assert len(filled.outputs("", 1000)) == 2 * len(some)


def test_of_pollers_that_are_at_one_feed_one_is_heard(lasting_url: str, opened: Open) -> None:
    queue = opened(lasting_url)
    queue.subscribe({A: b"new"})
    heard: list[bytes] = []

    def poll(name: bytes) -> None:
        mine = open_queue(lasting_url)
        for version in range(1, 21):
            if mine.polled(Feed(A, version, name), [name]):
                heard.append(name)
            until(lambda v=version: mine.feeds()[0].version > v, "the other")  # type: ignore[misc]
        mine.close()

    pollers = [threading.Thread(target=poll, args=(name,)) for name in (b"one", b"two")]
    for poller in pollers:
        poller.start()
    for poller in pollers:
        poller.join()
    assert queue.feeds() == [Feed(A, 21, queue.feeds()[0].state)]
    assert sorted(entry.body for entry in queue.take("one", 99, 0)) == sorted(heard)
    assert len(heard) == 20


def test_of_those_who_want_a_lock_one_has_it(lasting_url: str, opened: Open) -> None:
    holders = [opened(lasting_url) for _ in range(4)]
    assert [queue.hold("upkeep", str(i), 0.0, 60.0) for i, queue in enumerate(holders)] == [
        True, False, False, False,
    ]  # fmt: skip
