"""What Redis and the network may do to a queue: nothing is lost, nothing is done twice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from losing import Losing, losing
from servers import Server, Watched, fresh, running, until

from dedupe.errors import IndexDamaged, IndexUnavailable, UsageError
from dedupe.queues.base import Feed, Finished, Queue
from dedupe.queues.opening import open_queue

Open = Callable[[str], Queue]
A = "https://a.example/"


@pytest.fixture
def way(redis_server: Server) -> Iterator[Losing]:
    with losing(redis_server.port) as way:
        yield way


@pytest.fixture
def queue(way: Losing) -> Iterator[Queue]:
    """A queue whose replies may get lost."""
    queue = open_queue(fresh(f"redis://127.0.0.1:{way.port}/0") + "&patience=1")
    yield queue
    queue.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """One to break, which keeps all that it has acknowledged."""
    with running(tmp_path, "--appendonly", "yes", "--appendfsync", "always") as server:
        yield server


# ---- replies that get lost -----------------------------------------------------------------------


def once(way: Losing, ask: Callable[[], Any]) -> Any:
    """Ask, with the first reply lost."""
    way.lose, way.lost = 1, 0
    told = ask()
    assert way.lost == 1
    return told


def test_articles_are_put_once_though_the_reply_was_lost(way: Losing, queue: Queue) -> None:
    ids = once(way, lambda: queue.put([b"a", b"b"]))
    assert [entry.id for entry in queue.take("one", 9, 0)] == ids


def test_a_poll_succeeds_once_though_the_reply_was_lost(way: Losing, queue: Queue) -> None:
    assert once(way, lambda: queue.subscribe({A: b"new"})) == 1
    assert once(way, lambda: queue.polled(Feed(A, 1, b"next"), [b"a"]))
    assert queue.feeds() == [Feed(A, 2, b"next")]
    assert queue.backlog().entries == 1
    assert once(way, lambda: queue.unsubscribe([A])) == 1


def test_entries_are_handed_out_though_the_reply_was_lost(way: Losing, queue: Queue) -> None:
    queue.put([b"a", b"b", b"c"])
    taken = once(way, lambda: queue.take("one", 2, 0))
    assert [(entry.body, entry.tries) for entry in taken] == [(b"a", 0), (b"b", 0)]
    own = once(way, lambda: queue.own("one", 9))
    assert [(entry.body, entry.tries) for entry in own] == [(b"a", 1), (b"b", 1)]
    now = time.time()
    until(lambda: time.time() > now + 0.003, "the clock")
    over = once(way, lambda: queue.take_over("two", 0.0, 9))
    assert [(entry.body, entry.tries) for entry in over] == [(b"a", 2)]
    assert [entry.body for entry in queue.take("one", 9, 0)] == [b"c"]


def test_entries_end_once_though_the_reply_was_lost(way: Losing, queue: Queue) -> None:
    queue.put([b"a", b"b"])
    a, b = queue.take("one", 2, 0)
    assert once(way, lambda: queue.finish([Finished(a.id, (b"1", b"2"))])) == 1
    assert once(way, lambda: queue.bury(b, "why", [b"3"]))
    assert [output.body for output in queue.outputs("", 9)] == [b"1", b"2", b"3"]
    dead = queue.dead()
    assert once(way, lambda: queue.revive([dead[0].id])) == 1
    assert queue.dead() == []
    [b] = queue.take("one", 9, 0)
    queue.bury(b, "why")
    dead = queue.dead()
    assert once(way, lambda: queue.discard([dead[0].id])) == 1


def test_cursors_move_once_though_the_reply_was_lost(way: Losing, queue: Queue) -> None:
    assert once(way, lambda: queue.publish("log", "", "1", [b"a"]))
    [told] = queue.outputs("", 9)
    assert once(way, lambda: queue.cursor("hook")) == ""
    assert once(way, lambda: queue.advance("hook", "", told.id))


def test_what_was_handed_out_when_the_line_was_cut_for_good_is_given_next(
    way: Losing, queue: Queue
) -> None:
    queue.put([b"a", b"b", b"c"])
    way.lose = 1 << 30
    with pytest.raises(IndexUnavailable):
        queue.take("one", 2, 0)
    way.lose = 0
    assert [(entry.body, entry.tries) for entry in queue.take("one", 2, 0)] == [
        (b"a", 0),
        (b"b", 0),
    ]
    assert [entry.body for entry in queue.take("one", 2, 0)] == [b"c"]


def test_what_was_handed_out_when_the_line_was_cut_is_given_by_one_call_alone(
    way: Losing, queue: Queue
) -> None:
    queue.put([b"a", b"b"])
    way.lose = 1 << 30
    with pytest.raises(IndexUnavailable):
        queue.take("one", 1, 0)
    way.lose = 0
    assert [entry.body for entry in queue.own("one", 9)] == [b"a"]
    assert [entry.body for entry in queue.take("one", 9, 0)] == [b"b"]
    assert queue.take("one", 9, 0) == []


def test_who_waits_bears_lost_replies(way: Losing, queue: Queue) -> None:
    assert once(way, lambda: queue.take("one", 1, 0.1)) == []
    assert once(way, lambda: queue.outputs("", 1, 0.1)) == []


def test_a_wait_may_be_longer_than_an_answer_takes(redis_url: str, opened: Open) -> None:
    queue = opened(f"{redis_url}&patience=0.5")
    start = time.monotonic()
    assert queue.take("one", 1, 0.8) == []
    assert queue.outputs("", 1, 0.8) == []
    assert time.monotonic() - start >= 1.6


# ---- servers that go away ------------------------------------------------------------------------


def test_all_that_was_acknowledged_outlives_a_killed_server(server: Server, opened: Open) -> None:
    queue = opened(server.url)
    queue.subscribe({A: b"new"})
    queue.polled(Feed(A, 1, b"next"), [b"a", b"b", b"c", b"d"])
    a, b = queue.take("one", 2, 0)
    queue.finish([Finished(a.id, (b"1",))])
    before = queue.backlog()
    server.kill()
    timer = threading.Timer(0.5, server.start)
    timer.start()
    try:
        assert queue.feeds() == [Feed(A, 2, b"next")]
    finally:
        timer.join()
    assert queue.backlog() == before
    assert queue.own("one", 9) == [b._replace(tries=1)]
    assert [entry.body for entry in queue.take("one", 9, 0)] == [b"c", b"d"]
    assert [output.body for output in queue.outputs("", 9)] == [b"1"]


def test_how_much_waits_is_right_after_a_restart(server: Server, opened: Open) -> None:
    queue = opened(server.url)
    queue.put([b"{}"] * 9)
    taken = queue.take("one", 6, 0)
    server.kill()
    server.start()
    assert (queue.backlog().waiting, queue.backlog().pending) == (3, 6)
    queue.finish([Finished(entry.id, ()) for entry in [*taken, *queue.take("one", 9, 0)]])
    server.kill()
    server.start()
    assert (queue.backlog().waiting, queue.backlog().pending) == (0, 0)


def test_who_waits_outlasts_a_restart_and_gets_what_comes_then(
    server: Server, opened: Open
) -> None:
    queue, got = opened(server.url), []
    thread = threading.Thread(target=lambda: got.extend(queue.take("one", 1, 30)))
    thread.start()
    server.kill()
    server.start()
    opened(server.url).put([b"late"])
    thread.join()
    assert [entry.body for entry in got] == [b"late"]


def test_a_server_that_lost_all_gets_articles_again(server: Server, opened: Open) -> None:
    queue = opened(server.url)
    queue.put([b"a"])
    queue.take("one", 1, 0)
    with server.client() as client:
        client.flushall()
    queue.put([b"b"])
    assert queue.own("one", 9) == []
    assert queue.take_over("one", 0.0, 9) == []
    assert [entry.body for entry in queue.take("one", 9, 0)] == [b"b"]


def test_articles_are_put_once_though_the_server_stood_still(
    server: Server, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dedupe.index.redis.connecting.ANSWERING", 0.5)
    queue = opened(server.url)
    server.pause()
    timer = threading.Timer(1.5, server.resume)  # longer than some attempts wait
    timer.start()
    try:
        ids = queue.put([b"a"])
    finally:
        timer.join()
    assert [entry.id for entry in queue.take("one", 9, 0)] == ids


def test_a_request_that_was_given_up_is_done_once_at_most(server: Server, opened: Open) -> None:
    queue = opened(f"{server.url}?patience=0.5")
    server.pause()
    try:
        with pytest.raises(IndexUnavailable):
            queue.put([b"given up"])  # lies in the server's socket, several times
    finally:
        server.resume()
    queue.put([b"next"])
    taken = [entry.body for entry in queue.take("one", 9, 0)]
    assert taken in ([b"next"], [b"given up", b"next"])


def test_a_request_that_arrives_behind_a_later_one_does_nothing(
    server: Server, opened: Open
) -> None:
    queue: Any = opened(server.url)
    late = queue._command("put", 1, b"late")
    queue.put([b"next"])
    with pytest.raises(IndexUnavailable, match="given up"):
        queue._store.ask(*late)
    assert [entry.body for entry in queue.take("one", 9, 0)] == [b"next"]


def test_a_failover_is_waited_for(watched: Watched, opened: Open) -> None:
    queue = opened(watched.url)
    queue.put([b"a"])
    with watched.master.client() as client:
        client.wait(1, 5000)  # else the replica may miss what was just written
    watched.master.kill()
    assert [entry.body for entry in queue.take("one", 9, 5.0)] == [b"a"]


# ---- refusals ------------------------------------------------------------------------------------


def test_a_full_memory_is_told_and_nothing_is_half_done(server: Server, opened: Open) -> None:
    queue = opened(server.url)
    queue.subscribe({A: b"new"})
    with server.client() as client:
        client.config_set("maxmemory", 1)
        with pytest.raises(IndexUnavailable, match="maxmemory"):
            queue.put([b"a"])
        with pytest.raises(IndexUnavailable, match="maxmemory"):
            queue.polled(Feed(A, 1, b"next"), [b"a"])
        client.config_set("maxmemory", 0)
        assert queue.feeds() == [Feed(A, 1, b"new")]
        assert queue.take("one", 9, 0) == []
        assert queue.polled(Feed(A, 1, b"next"), [b"a"])
        [entry] = queue.take("one", 9, 0)
        client.config_set("maxmemory", 1)
        assert queue.finish([Finished(entry.id, (b"1", b"2"))]) == 1  # what was decided is told
        client.config_set("maxmemory", 0)
    assert [output.body for output in queue.outputs("", 9)] == [b"1", b"2"]


def test_a_foreign_key_in_the_namespace_is_told(server: Server, opened: Open) -> None:
    with server.client() as client:
        client.set("one:{q}:articles", "mine")
        with pytest.raises(IndexDamaged, match="namespace"):
            opened(f"{server.url}?namespace=one")
        client.hset("two:{q}:feeds", A, "nonsense")
        client.set("two:{q}:decisions", "mine")
    queue = opened(f"{server.url}?namespace=two")
    with pytest.raises(IndexDamaged, match=r"a\.example"):
        queue.feeds()
    with pytest.raises(IndexDamaged, match="namespace"):
        queue.outputs("", 9)
    queue.put([b"a"])
    [entry] = queue.take("one", 1, 0)
    with pytest.raises(IndexDamaged, match="namespace"):
        queue.finish([Finished(entry.id, (b"1",))])
    with pytest.raises(IndexDamaged, match="namespace"):
        queue.bury(entry, "why", [b"1"])
    assert queue.own("one", 9) == [entry._replace(tries=1)]
    assert queue.dead() == []


def test_a_server_that_evicts_is_refused(tmp_path: Path) -> None:
    with (
        running(tmp_path, "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru") as evicting,
        pytest.raises(UsageError, match="maxmemory-policy noeviction"),
    ):
        open_queue(evicting.url)


def test_scripts_that_a_server_forgot_are_loaded_again(server: Server, opened: Open) -> None:
    queue = opened(server.url)
    with server.client() as client:
        client.script_flush()
    assert len(queue.put([b"a"])) == 1
