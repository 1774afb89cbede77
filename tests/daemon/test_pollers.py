"""Several pollers, pollers that die, stores that do."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import pytest
from feedserver import FeedServer, Trouble, entries
from polling import FAST, listing, poller, run, taken
from servers import Server, fresh, running, until

from dedupe.daemon.feedstate import decode
from dedupe.daemon.poller import Polling
from dedupe.daemon.schedule import Pace
from dedupe.queues.base import Queue
from dedupe.queues.opening import open_queue

QUICK = msgspec.structs.replace(FAST, beat=0.1)


def _ids(queue: Queue) -> list[str]:
    return sorted(article["id"] for article in taken(queue))


def _all_asked_again(server: FeedServer) -> Callable[[], bool]:
    """Whether every feed was asked twice more: the first reply is stored then."""
    asked = {path: len(server.requests(path)) for path in server.feeds}
    return lambda: all(len(server.requests(path)) > asked[path] + 1 for path in asked)


@contextmanager
def _process(url: str, file: Path, name: str) -> Iterator[subprocess.Popen[bytes]]:
    """`dedupe poll` in a process of its own; killed in the end, if it still runs."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "dedupe", "poll", "--index", url, "--feeds", str(file),
            "--allow-address", "127.0.0.0/8", "--interval-min", "0.1s", "--interval-max", "0.2s",
            "--per-host-delay", "0", "--name", name,
        ],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def many(server: FeedServer, tmp_path: Path) -> tuple[Path, list[str]]:
    """A list of six feeds on three hosts, and the ids of all their articles."""
    urls = []
    ids = []
    for n in range(6):
        server.feed(f"/{n}", *entries(4, f"n{n}"))
        urls.append(server.url(f"/{n}", n % 3))
        ids += [f"{urls[-1]}#n{n}-{k}" for k in range(4)]
    file = tmp_path / "feeds.txt"
    file.write_text("\n".join(urls))
    return file, sorted(ids)


def test_two_pollers_put_every_entry_once(
    server: FeedServer, url: str, queue: Queue, many: tuple[Path, list[str]]
) -> None:
    file, ids = many
    feeds = listing(*file.read_text().split())
    both = [poller(url, feeds, member=name) for name in ("one", "two")]
    run(both, lambda: all(len(server.requests(f"/{n}")) > 3 for n in range(6)))
    assert _ids(queue) == ids


def test_two_pollers_with_one_name_put_every_entry_once(
    server: FeedServer, url: str, queue: Queue, many: tuple[Path, list[str]]
) -> None:
    file, ids = many
    feeds = listing(*file.read_text().split())
    both = [poller(url, feeds), poller(url, feeds)]
    run(both, lambda: all(len(server.requests(f"/{n}")) > 5 for n in range(6)))
    assert _ids(queue) == ids


@pytest.mark.parametrize("where", ["this machine", "another"])
def test_the_feeds_of_a_poller_that_died_are_taken_over(
    server: FeedServer, url: str, queue: Queue, many: tuple[Path, list[str]], where: str
) -> None:
    file, ids = many
    with _process(url, file, "one") as first:
        until(lambda: all(server.requests(f"/{n}") for n in range(6)), "all were asked")
        first.send_signal(signal.SIGKILL)
        first.wait()
    if where == "another":  # where nobody can see that it is dead, it is waited for
        [died] = queue.present("poller", "", 0.0, 0)
        queue.present("poller", died, 0.0, 0)
        queue.present("poller", "one@another.example:1", time.time(), 1.0)
    for n in range(6):
        server.feeds[f"/{n}"].add(*entries(1, f"n{n}", 4))
    run(poller(url, member="two", polling=QUICK), _all_asked_again(server))
    later = [f"{key}#n{n}-4" for n, key in enumerate(file.read_text().split())]
    assert _ids(queue) == sorted(ids + later)


def test_each_host_is_asked_by_one_poller(
    server: FeedServer, url: str, many: tuple[Path, list[str]]
) -> None:
    file, _ = many
    feeds = listing(*file.read_text().split())
    pollers = [
        poller(url, feeds, member=name, agent=name, polling=QUICK)
        for name in ("one", "two", "three", "four", "five")
    ]

    def settled() -> bool:
        askers = defaultdict(set)
        for seen in server.seen[-30:]:
            askers[seen.host].add(seen.headers["User-Agent"])
        return len(askers) == 3 and all(len(names) == 1 for names in askers.values())

    run(pollers, settled)


# ---- killed --------------------------------------------------------------------------------------


def test_a_poller_killed_between_request_and_write_loses_nothing_in_sqlite(
    server: FeedServer, sqlite_url: str, many: tuple[Path, list[str]]
) -> None:
    file, ids = many
    path = sqlite_url.removeprefix("sqlite:///")
    server.feed("/slow", troubles=[Trouble(307, {"Location": "/there"}, wait=float("inf"))])
    server.feed("/there", *entries(3, "slow"))
    slow_url = server.url("/slow", 2)
    file.write_text(f"{file.read_text()}\n{slow_url}")
    with _process(sqlite_url, file, "one") as first:
        until(lambda: "/slow" in server.begun, "it is asked")
        with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as db:
            db.execute("BEGIN IMMEDIATE")  # from here on nothing is written
            server.release()
            until(lambda: 200 in server.statuses("/there"), "it was read")
            first.send_signal(signal.SIGKILL)
            first.wait()
            db.execute("ROLLBACK")
    with closing(open_queue(sqlite_url)) as queue:
        server.feeds["/slow"] = server.feeds.pop("/there")
        run(poller(sqlite_url), _all_asked_again(server))
        assert _ids(queue) == sorted([*ids, *(f"{slow_url}#slow-{n}" for n in range(3))])


def test_a_poller_killed_while_redis_hangs_loses_nothing(
    server: FeedServer, tmp_path: Path, many: tuple[Path, list[str]]
) -> None:
    file, ids = many
    store = Server(tmp_path / "redis")
    store.start()
    try:
        url = fresh(store.url)
        for feed in server.feeds.values():
            feed.trouble = Trouble(503)
        with _process(url, file, "one") as first:
            until(lambda: len(server.seen) >= 6, "all were asked")
            store.pause()
            for feed in server.feeds.values():
                feed.trouble = None
            until(lambda: 200 in [seen.status for seen in server.seen], "one was read")
            first.send_signal(signal.SIGKILL)
            first.wait()
            store.resume()
        until(store.answers, "Redis answers")
        with closing(open_queue(url)) as queue:
            run(poller(url), _all_asked_again(server))
            assert _ids(queue) == ids
    finally:
        store.kill()


def test_however_often_a_poller_is_killed_every_entry_is_put_once(
    server: FeedServer, url: str, queue: Queue, many: tuple[Path, list[str]]
) -> None:
    file, ids = many
    draw = random.Random(7)
    keys = file.read_text().split()
    for round in range(4):
        with _process(url, file, "one") as process:
            asked = len(server.seen) + draw.randrange(1, 12)
            until(lambda asked=asked: len(server.begun) >= asked, "it asks")
            n = draw.randrange(6)
            server.feeds[f"/{n}"].add(*entries(1, f"late{round}"))
            ids.append(f"{keys[n]}#late{round}-0")
            process.send_signal(signal.SIGKILL)
            process.wait()
    run(poller(url), _all_asked_again(server))
    assert _ids(queue) == sorted(ids)


def test_a_store_that_dies_and_comes_back_is_waited_for(
    server: FeedServer, tmp_path: Path, many: tuple[Path, list[str]]
) -> None:
    file, ids = many
    store = Server(tmp_path / "redis", "--appendonly", "yes", "--appendfsync", "always")
    store.start()
    try:
        url = fresh(store.url)
        ours = poller(url, listing(*file.read_text().split()))
        died: list[int] = []

        def upset() -> bool:
            if not died and all(304 in server.statuses(path) for path in server.feeds):
                store.kill()
                died.append(len(server.seen))
                for n in range(6):
                    server.feeds[f"/{n}"].add(*entries(1, f"n{n}", 4))
            if len(died) == 1 and 200 in [seen.status for seen in server.seen[died[0] :]]:
                store.start()
                died.append(len(server.seen))
            return len(died) == 2 and all(
                [*server.statuses(path)[-2:]] == [304, 304] for path in server.feeds
            )

        run(ours, upset)
        later = [f"{key}#n{n}-4" for n, key in enumerate(file.read_text().split())]
        with closing(open_queue(url)) as queue:
            assert _ids(queue) == sorted(ids + later)
        assert ours.unready() is None
    finally:
        store.kill()


@pytest.mark.parametrize("at_once", [False, True])
def test_a_store_that_comes_back_empty_gets_the_feeds_of_the_list_again(
    server: FeedServer, tmp_path: Path, many: tuple[Path, list[str]], at_once: bool
) -> None:
    file, ids = many
    with running(tmp_path / "redis") as store:
        url = f"{fresh(store.url)}&patience=1"
        ours = poller(url, listing(*file.read_text().split()), polling=QUICK)
        died, back = False, set[str]()

        def upset() -> bool:
            nonlocal died
            if not died and all(304 in server.statuses(path) for path in server.feeds):
                store.kill()
                died = True
                if at_once:  # that it was away nobody sees, only that a feed is gone
                    store.start()
                    server.feeds["/0"].add(*entries(1, "n0", 4))
            if died and store.process is None and ours.unready():
                store.start()
            if died and store.process is not None:
                with closing(open_queue(url)) as queue:
                    back.update(_ids(queue))
            return back >= {*ids}

        run(ours, upset)
        with closing(open_queue(url)) as queue:
            assert len(queue.feeds()) == len(server.feeds)


def test_a_poller_with_nothing_to_ask_tells_soon_that_the_store_is_away(
    server: FeedServer, tmp_path: Path
) -> None:
    server.feed("/a", *entries(1))
    quiet = Polling(pace=Pace(3600.0, 3600.0), beat=3600.0)
    with running(tmp_path / "redis") as store:
        ours = poller(f"{fresh(store.url)}&patience=1", listing(server.url("/a")), polling=quiet)
        left = [
            (lambda: len(server.seen) == 1 and ours.unready() is None, store.pause),
            (lambda: ours.unready() is not None, store.resume),
            (lambda: ours.unready() is None, store.kill),
            (lambda: ours.unready() is not None, store.start),
            (lambda: ours.unready() is None, str),
        ]

        def done() -> bool:
            holds, then = left[0]
            if holds():
                then()
                left.pop(0)
            return not left

        run(ours, done)


# ---- the end -------------------------------------------------------------------------------------


def test_what_is_under_way_when_it_ends_is_still_put(
    server: FeedServer, url: str, queue: Queue
) -> None:
    server.feed("/a", *entries(3), troubles=[Trouble(307, {"Location": "/b"}, wait=0.5)])
    server.feed("/b", *entries(3))
    ours = poller(url, listing(server.url("/a")))
    run(ours, lambda: "/a" in server.begun)
    assert len(taken(queue)) == 3
    assert len(server.requests("/a")) == 1


def test_what_takes_too_long_when_it_ends_is_given_up(
    server: FeedServer, url: str, queue: Queue
) -> None:
    server.feed("/a", trouble=Trouble(wait=float("inf")))
    hasty = Polling(pace=FAST.pace, per_host_delay=0.0, grace=0.1)
    ours = poller(url, listing(server.url("/a")), polling=hasty)
    run(ours, lambda: "/a" in server.begun)
    [feed] = queue.feeds()
    assert decode(feed.state, feed.key).checked is None


def test_a_poller_that_ends_leaves_and_stores_when_it_last_asked(
    server: FeedServer, url: str, queue: Queue
) -> None:
    server.feed("/a", *entries(3))
    run(poller(url, listing(server.url("/a"))), lambda: len(server.seen) > 4)
    [feed] = queue.feeds()
    state = decode(feed.state, feed.key)
    assert state.succeeded is not None
    assert state.changed is not None
    assert state.succeeded > state.changed
    assert queue.present("poller", "another", 0.0, 0) == []


def test_sigterm_ends_it_with_0_and_sighup_has_it_read_the_list_again(
    server: FeedServer, sqlite_url: str, many: tuple[Path, list[str]]
) -> None:
    file, ids = many
    server.feed("/late", *entries(1, "late"))
    with _process(sqlite_url, file, "one") as process:
        until(lambda: all(server.requests(f"/{n}") for n in range(6)), "all were asked")
        file.write_text(f"{file.read_text()}\n{server.url('/late')}")
        os.kill(process.pid, signal.SIGHUP)
        until(lambda: len(server.requests("/late")) > 1, "the new one was asked")
        process.terminate()
        assert process.wait(20) == 0
    with closing(open_queue(sqlite_url)) as queue:
        assert _ids(queue) == sorted([*ids, f"{server.url('/late')}#late-0"])
