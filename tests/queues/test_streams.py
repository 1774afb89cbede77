"""The streams on Redis, for those who write and read them themselves, as docs/queue.md says."""

from __future__ import annotations

import json
import re
import shlex
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from servers import Cluster, Server, fresh, until

from dedupe import Article
from dedupe.queues.base import Entry, Finished, Queue

Open = Callable[[str], Queue]
ARTICLES, DECISIONS, DEAD = (f"dedupe:{{q}}:{name}" for name in ("articles", "decisions", "dead"))


@pytest.fixture
def client(redis_server: Server) -> Iterator[redis.Redis]:
    """A stranger, on a server where nobody has used the default namespace."""
    with redis_server.client() as client:
        yield client
        for key in client.scan_iter("dedupe:*"):
            client.delete(key)


@pytest.fixture
def queue(client: redis.Redis, redis_server: Server, opened: Open) -> Queue:
    return opened(redis_server.url)


def later() -> float:
    return time.time() + 60


# ---- the manual ----------------------------------------------------------------------------------


def manual(root: Path) -> str:
    return (root / "docs" / "queue.md").read_text("utf-8")


def test_every_example_of_the_manual_runs(root: Path, client: redis.Redis, queue: Queue) -> None:
    blocks = re.findall(r"^```redis\n(.*?)^```$", manual(root), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) >= 8
    first, *others = (shlex.split(line) for line in lines)
    client.execute_command(*first)
    [entry] = queue.take("one", 9, 0)
    assert entry.format == 1
    assert msgspec.json.decode(entry.body, type=Article).id == "https://kettleby.example/ferry"
    queue.finish([Finished(entry.id, (b"{}",))])
    for words in others:
        told = client.execute_command(*words)
        assert told or words[0] == "XACK" or DEAD in words


def test_every_field_of_an_article_is_in_the_manual(root: Path) -> None:
    section = manual(root).split("## Adding articles")[1].split("\n## ")[0]
    named = set(re.findall(r"`(\w+)`", section))
    assert {field.name for field in msgspec.structs.fields(Article)} <= named


# ---- strangers who write -------------------------------------------------------------------------


def test_entries_of_strangers_come_between_our_own(client: redis.Redis, queue: Queue) -> None:
    queue.put([b"ours"])
    client.xadd(ARTICLES, {"v": "1", "article": '{"id":"Zoë"}'})
    client.xadd(ARTICLES, {"article": b"{}"})
    client.xadd(ARTICLES, {"more": "x", "article": b"{}", "v": "2"})
    found = queue.take("one", 9, 0)
    assert [(entry.body, entry.format) for entry in found] == [
        (b"ours", 1),
        ('{"id":"Zoë"}'.encode(), 1),
        (b"{}", 1),
        (b"{}", 2),
    ]


def test_entries_from_before_there_was_a_queue_are_handed_out(
    client: redis.Redis, redis_server: Server, opened: Open
) -> None:
    client.xadd(ARTICLES, {"v": 1, "article": "{}"})
    queue = opened(redis_server.url)
    assert queue.trim(later()) == 0
    assert len(queue.take("one", 9, 0)) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "A ferry ran aground"},
        {"v": "one", "article": "{}"},
        {"v": "-1", "article": "{}"},
        {"v": "", "article": "{}"},
        {"v": "1" * 400, "article": "{}"},
        {b"\xff\x00": b"\xfe", "v": "1"},
        {"": ""},
    ],
)
def test_what_is_no_article_is_handed_out_and_buried(
    client: redis.Redis, queue: Queue, fields: Any
) -> None:
    client.xadd(ARTICLES, fields)
    [entry] = queue.take("one", 9, 0)
    assert entry.format == 0
    shown = json.loads(entry.body)
    assert set(map(str, shown)) >= {str(name) for name in fields if isinstance(name, str)}
    assert queue.bury(entry, "no article", [b"refused"])
    [dead] = queue.dead()
    assert (dead.entry, dead.body) == (entry.id, entry.body)
    assert queue.revive([dead.id]) == 1
    [again] = queue.take("one", 9, 0)
    assert (again.format, again.body) == (0, entry.body)


def test_ids_of_strangers_may_be_large(client: redis.Redis, queue: Queue) -> None:
    client.xadd(ARTICLES, {"article": "1"}, id=b"18446744073709551614-18446744073709551614")
    client.xadd(ARTICLES, {"article": "2"}, id=b"18446744073709551614-18446744073709551615")
    client.xadd(ARTICLES, {"article": "3"}, id=b"18446744073709551615-9")
    client.xadd(ARTICLES, {"article": "4"}, id=b"18446744073709551615-10")
    one, two, three = queue.take("one", 3, 0)
    queue.finish([Finished(one.id, ()), Finished(three.id, ())])
    assert queue.trim(later()) == 0  # it is from the far future
    assert queue.backlog().pending == 1
    assert queue.own("one", 9) == [two._replace(tries=1)]
    assert [entry.body for entry in queue.take("one", 9, 0)] == [b"4"]


def test_what_was_deleted_while_somebody_had_it_is_passed_over(
    client: redis.Redis, queue: Queue
) -> None:
    ids = queue.put([b"%d" % i for i in range(6)])
    queue.take("one", 6, 0)
    queue.own("one", 1)
    client.xdel(ARTICLES, ids[0], ids[1], ids[3])
    assert [entry.body for entry in queue.own("one", 1)] == [b"2"]
    now = time.time()
    until(lambda: time.time() > now + 0.003, "the clock")
    client.xdel(ARTICLES, ids[2])
    assert [entry.body for entry in queue.take_over("two", 0.0, 9)] == [b"4", b"5"]
    assert queue.finish([Finished(id, (b"x",)) for id in ids]) == 2
    assert queue.backlog().pending == 0


def test_what_waits_is_counted_though_some_was_deleted(client: redis.Redis, queue: Queue) -> None:
    ids = queue.put([b"x"] * 25_000)
    queue.take("one", 10, 0)
    client.xdel(ARTICLES, ids[5000])
    assert queue.backlog().waiting == 25_000 - 10 - 1


def test_a_stranger_among_the_messages_is_shown(client: redis.Redis, queue: Queue) -> None:
    queue.publish("log", "", "1", [b"{}"])
    queue.cursor("hook")
    client.xadd(DECISIONS, {"hello": "there"})
    assert [output.body for output in queue.outputs("", 9)] == [b"{}", b'{"hello": "there"}']
    assert queue.backlog().behind["hook"] >= 1
    client.xadd(DEAD, {"hello": "there"})
    [dead] = queue.dead()
    assert queue.revive([dead.id]) == 1
    assert queue.take("one", 9, 0)[0].format == 0


# ---- strangers who read --------------------------------------------------------------------------


def test_messages_are_numbered(client: redis.Redis, queue: Queue) -> None:
    queue.publish("log", "", "1", [b"a", b"b"])
    queue.trim(later())
    queue.publish("log", "1", "2", [b"c"])
    assert [fields for _, fields in client.xrange(DECISIONS)] == [{b"n": b"3", b"message": b"c"}]


@pytest.mark.parametrize("stream", [ARTICLES, DECISIONS])
def test_groups_of_strangers_keep_what_they_lack(
    client: redis.Redis, queue: Queue, stream: str
) -> None:
    client.xgroup_create(stream, "newsroom", "0", mkstream=True)
    queue.put([b"a", b"b", b"c"])
    taken = queue.take("one", 9, 0)
    queue.finish([Finished(entry.id, (entry.body,)) for entry in taken])
    assert queue.trim(later()) == 3  # of the other stream
    [[_, ((first, _), (second, _))]] = client.xreadgroup("newsroom", "desk", {stream: ">"}, count=2)  # type: ignore[misc]
    assert queue.trim(later()) == 0
    client.xack(stream, "newsroom", second)
    assert queue.trim(later()) == 0
    client.xack(stream, "newsroom", first)
    assert queue.trim(later()) == 2
    client.xgroup_destroy(stream, "newsroom")
    assert queue.trim(later()) == 1


def test_consumers_that_have_nothing_are_forgotten_after_a_day(
    client: redis.Redis, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue.put([b"a", b"b"])
    [mine] = queue.take("gone", 1, 0)
    queue.take("busy", 1, 0)
    queue.finish([Finished(mine.id, ())])
    queue.trim(0)
    assert len(client.xinfo_consumers(ARTICLES, "workers")) == 2
    monkeypatch.setattr("dedupe.queues.redis.queue._DAY", -1)
    queue.trim(0)
    assert [each["name"] for each in client.xinfo_consumers(ARTICLES, "workers")] == [b"busy"]


# ---- where it all lies ---------------------------------------------------------------------------


def use_all(queue: Queue) -> None:
    queue.subscribe({"https://a.example/": b"new"})
    queue.present("poller", "one", 0.0, 5.0)
    queue.hold("upkeep", "one", 0.0, 5.0)
    queue.put([b"a", b"b"])
    a, b = queue.take("one", 9, 0)
    queue.finish([Finished(a.id, (b"x",))])
    queue.bury(b, "why")
    queue.cursor("hook")
    queue.publish("log", "", "1", [b"y"])


def test_all_keys_are_in_one_slot(redis_cluster: Cluster, opened: Open) -> None:
    url = fresh(redis_cluster.url)
    name = url.partition("namespace=")[2]
    use_all(opened(url))
    found = {}
    for server in redis_cluster.servers:
        with server.client() as client:
            for key in client.scan_iter(f"{name}:*"):
                found[key] = client.execute_command("CLUSTER KEYSLOT", key)
    assert len(found) >= 8
    assert len(set(found.values())) == 1
    assert all(key.startswith(f"{name}:{{q}}:".encode()) for key in found)


def test_namespaces_know_nothing_of_each_other(redis_server: Server, opened: Open) -> None:
    one, other = opened(fresh(redis_server.url)), opened(fresh(redis_server.url))
    use_all(one)
    assert other.take("one", 9, 0) == []
    assert (other.feeds(), other.dead(), other.outputs("", 9)) == ([], [], [])
    assert not one.finish([Finished(Entry("1-1", b"", 1, 0).id, ())])
