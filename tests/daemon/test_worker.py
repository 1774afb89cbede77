"""Articles from the queue are decided once each, whatever happens to workers and store."""

from __future__ import annotations

import json
import os
import random
import resource
import select
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from servers import Server, fresh, running, until
from streams import LATER, all_events, assert_sound, clear_cut, examples, partition, shuffled
from working import Forking, encoded, is_done, messages, of_type, opened, queue_of, working

from dedupe.daemon.members import Member
from dedupe.deduper import Deduper, Outcome
from dedupe.errors import IndexDamaged, UsageError
from dedupe.index.memory import MemoryIndex
from dedupe.index.opening import open_index
from dedupe.models import Article


def test_every_article_is_decided_once_as_if_it_were_added(url: str) -> None:
    direct = Deduper(MemoryIndex())
    expected = direct.add_batch(examples())
    with queue_of(url) as queue:
        queue.put(encoded(examples()))
        with working(url):
            until(lambda: is_done(queue), "the articles are decided")
        told = messages(queue)
    decisions = of_type(told, "decision")
    assert [d["id"] for d in decisions] == [article.id for article in examples()]
    named = [msgspec.to_builtins(decision) for decision in expected]
    assert [{**d, "cluster_id": ""} for d in decisions] == [
        {"v": 1, "type": "decision", **d, "cluster_id": ""} for d in named
    ]
    index = open_index(url)
    assert partition(index) == partition(direct.index)
    assert_sound(index)
    events = of_type(told, "event")
    assert [e["position"] for e in events] == [e.position for e in all_events(index)]
    assert [e["kind"] for e in events] == [e.kind for e in all_events(index)]
    index.close()


def test_on_a_cluster_every_article_is_decided_once_too(cluster_url: str) -> None:
    with queue_of(cluster_url) as queue:
        queue.put(encoded(clear_cut()))
        with working(cluster_url, batch=50) as worker:
            until(lambda: is_done(queue), "the articles are decided")
            assert len(worker._now_opened.life.split()) == 3  # a run id of each master
        told = messages(queue)
    index = open_index(cluster_url)
    assert [d["id"] for d in of_type(told, "decision")] == [a.id for a in clear_cut()]
    assert [e["position"] for e in of_type(told, "event")] == [
        e.position for e in all_events(index)
    ]
    assert_sound(index)
    assert (index.memory() or 0) > 0
    index.close()


def test_what_cannot_be_used_is_buried_with_its_reason_and_the_others_are_decided(url: str) -> None:
    good = encoded(clear_cut()[:3])
    bad = [b"not JSON at all", b'{"id": "no-text"}', b"[1, 2]", b"\xff\x00"]
    with queue_of(url) as queue:
        queue.put([good[0], bad[0], bad[1], good[1], bad[2], bad[3], good[2]])
        with working(url) as worker:
            until(lambda: is_done(queue), "all are done with")
        told = messages(queue)
        dead = queue.dead()
    assert [d["id"] for d in of_type(told, "decision")] == [a.id for a in clear_cut()[:3]]
    assert [each.body for each in dead] == bad
    assert [each.reason for each in dead] == [
        "not valid JSON: Expecting value", "no text", "not an object with fields but a list",
        "not valid JSON: Expecting value",
    ]  # fmt: skip
    refused = of_type(told, "refused")
    assert [(r["entry"], r["reason"]) for r in refused] == [(d.entry, d.reason) for d in dead]
    assert b'dedupe_refused_total{why="unreadable"} 4.0' in worker._metrics.exposition()


def test_an_article_in_a_format_of_the_future_is_buried(
    redis_url: str, redis_server: Server
) -> None:
    namespace = redis_url.partition("namespace=")[2]
    with queue_of(redis_url) as queue, redis_server.client() as client:
        key = f"{namespace}:{{q}}:articles"
        client.xadd(key, {"v": 2, "article": b'{"id": "a", "text": "A text."}'})
        client.xadd(key, {"v": 1, "article": b'{"id": "b", "text": "A text."}'})
        with working(redis_url):
            until(lambda: is_done(queue), "both are done with")
        assert [d["id"] for d in of_type(messages(queue), "decision")] == ["b"]
        [dead] = queue.dead()
    assert dead.reason == "format version 2 is not known; this dedupe reads 1"


class Poisoned(Deduper):
    """Fails on some articles: as an index does that is damaged there."""

    def add_batch(self, articles: Sequence[Article], *given: Any, **named: Any) -> list[Outcome]:
        outcomes = super().add_batch(articles, *given, **named)
        if any("poison" in article.id for article in articles):
            raise IndexDamaged("a record that is needed here cannot be read")
        return outcomes


def test_an_article_that_fails_three_times_alone_is_buried_and_the_good_ones_are_not(
    url: str, logged: StringIO
) -> None:
    poison = replace(clear_cut()[0], id="poison")
    with queue_of(url) as queue:
        queue.put(encoded([*clear_cut()[1:4], poison, *clear_cut()[4:6]]))
        with working(url, open_deduper=lambda url: Poisoned(open_index(url))):
            until(lambda: is_done(queue), "all are done with")
        told = messages(queue)
        [dead] = queue.dead()
    assert [d["id"] for d in of_type(told, "decision")] == [a.id for a in clear_cut()[1:6]]
    assert [r["id"] for r in of_type(told, "refused")] == ["poison"]
    assert dead.reason == (
        "failed 3 times: IndexDamaged: a record that is needed here cannot be read"
    )
    assert [line["failures"] for line in map(json.loads, logged.getvalue().splitlines())
            if line["event"] == "an article failed"] == [1, 2, 3]  # fmt: skip


def test_an_article_whose_worker_died_three_times_over_it_alone_is_buried(url: str) -> None:
    with queue_of(url) as queue:
        queue.put(encoded(clear_cut()[:2]))
        queue.take("one", 10, 0.0)  # both are in the hands of one that dies
        queue.own("one", 10)
        for _ in range(3):
            [alone] = queue.own("one", 10)
        assert alone.tries == 4
        with working(url):
            until(lambda: is_done(queue), "both are done with")
        assert [d["id"] for d in of_type(messages(queue), "decision")] == [clear_cut()[1].id]
        assert "its worker ended each time" in queue.dead()[0].reason


def test_what_was_taken_down_is_refused_and_nothing_of_it_is_kept(url: str) -> None:
    article = clear_cut()[0]
    deduper = opened(url)
    deduper.add(article)
    deduper.remove(article.id, "by order of a court", LATER)
    deduper.index.close()
    with queue_of(url) as queue:
        queue.put(encoded([article]))
        with working(url):
            until(lambda: is_done(queue), "it is done with")
        [refused] = of_type(messages(queue), "refused")
        assert refused["id"] == article.id
        assert "by order of a court" in refused["reason"]
        assert queue.dead() == []


def test_what_a_dead_worker_has_left_is_taken_over(url: str) -> None:
    with queue_of(url) as queue:
        queue.put(encoded(clear_cut()[:5]))
        assert len(queue.take("dead", 3, 0.0)) == 3
        with working(url, takeover=0.2):
            until(lambda: is_done(queue), "all are decided")
        decided = {d["id"] for d in of_type(messages(queue), "decision")}
    assert decided == {a.id for a in clear_cut()[:5]}


def test_what_was_left_lying_comes_before_what_is_new(url: str) -> None:
    articles = clear_cut()[:42]
    with queue_of(url) as queue:
        queue.put(encoded(articles))
        assert len(queue.take("one", 14, 0.0)) == 14  # and was killed, and so was another
        assert len(queue.take("dead", 14, 0.0)) == 14
        with working(url, batch=7, takeover=0.01):
            until(lambda: is_done(queue), "all are decided")
        decided = [d["id"] for d in of_type(messages(queue), "decision")]
    assert decided == [article.id for article in articles]


def test_events_that_others_bring_about_are_told_too_in_their_order(url: str) -> None:
    with queue_of(url) as queue:
        queue.put(encoded(examples()[::9]))
        with working(url, "one"), working(url, "two"):
            until(lambda: is_done(queue), "all are decided")
            deduper = opened(url)
            deduper.merge(*(story.id for story in deduper.stories()))
            last = all_events(deduper.index)[-1]
            assert last.kind in ("merged", "canonical_changed")

            def told() -> list[int]:
                return [e["position"] for e in of_type(messages(queue), "event")]

            until(lambda: told()[-1:] == [last.position], "the last event")
            assert told() == [e.position for e in all_events(deduper.index)]
            deduper.index.close()


def test_a_new_version_and_a_kill_are_told_with_whom_they_concern(url: str) -> None:
    first, copy = clear_cut()[0], replace(clear_cut()[0], id="copy", source="copy.example")
    newer = replace(first, text=f"{first.text}\n\nThe railway opened again on Thursday.")
    killed = replace(newer, status="canceled")
    with queue_of(url) as queue:
        queue.put(encoded([first, copy, newer, killed]))
        with working(url):
            until(lambda: is_done(queue), "all are decided")
        told = messages(queue)
    assert [d.get("version", 1) for d in of_type(told, "decision") if d["id"] == first.id][1] == 2
    events = {e["kind"]: e for e in of_type(told, "event")}
    assert first.id in events["updated"]["articles"]
    assert events["killed"]["articles"] == [first.id, "copy"]


def test_two_workers_of_one_name_on_one_machine_are_refused(url: str) -> None:
    with queue_of(url) as queue, subprocess.Popen(["sleep", "60"]) as other:
        host = Member("worker", "one").holder.rpartition("@")[2].rpartition(":")[0]
        queue.present("worker", f"one@{host}:{other.pid}", time.time(), 60.0)
        member = Member("worker", "one")
        with pytest.raises(UsageError, match=f"process {other.pid}; give this one a --name"):
            member.claim(queue, time.time)
        other.kill()
        other.wait()
        assert member.claim(queue, time.time) is None
        assert queue.present("worker", member.holder, time.time(), 60.0) == [member.holder]


def test_while_the_store_is_away_the_worker_waits_and_goes_on_when_it_is_back(
    tmp_path: Path,
) -> None:
    with running(tmp_path, "--appendonly", "yes") as server:
        url = f"{fresh(server.url)}&patience=0.2"
        with working(url) as worker:
            until(lambda: worker.unready() is None, "the worker is ready")
            server.kill()
            until(lambda: worker.unready() is not None, "it notices")
            assert "no answer" in str(worker.unready())
            server.start()
            until(lambda: worker.unready() is None, "the worker is ready again")
        with queue_of(url) as queue:
            queue.put(encoded(clear_cut()))
            with working(url):
                until(lambda: is_done(queue), "all are decided")
            assert len(of_type(messages(queue), "decision")) == len(clear_cut())


def test_a_full_disk_is_told_of_once_and_its_end_when_something_was_written(
    tmp_path: Path, logged: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dedupe.daemon.worker._BACKOFF", (0.02, 0.02))
    url, opens = f"sqlite:///{tmp_path}/index.db", []

    def open_deduper(url: str) -> Deduper:
        opens.append(url)
        return opened(url)

    def told(event: str) -> int:
        return sum(json.loads(line)["event"] == event for line in logged.getvalue().splitlines())

    opened(url).index.close()
    with queue_of(url) as queue:
        queue.put(encoded(clear_cut()))
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        most = max(path.stat().st_size for path in tmp_path.iterdir()) + 300_000
        with working(url, open_deduper=open_deduper) as worker:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
            try:
                until(lambda: len(opens) >= 4, "it was tried again")
                assert "whether its disk is full" in str(worker.unready())
                assert (told("the store is away"), told("the store is back")) == (1, 0)
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            until(lambda: is_done(queue), "all are decided")
            until(lambda: worker.unready() is None, "it is ready")
    assert (told("the store is away"), told("the store is back")) == (1, 1)


def test_a_server_that_was_restarted_without_its_last_second_is_noticed(tmp_path: Path) -> None:
    with running(tmp_path) as server:  # it keeps nothing: all is lost when it is killed
        url = fresh(server.url)
        opens = []

        def open_deduper(url: str) -> Deduper:
            opens.append(url)
            return opened(url)

        with working(url, open_deduper=open_deduper) as worker:
            with queue_of(url) as queue:
                queue.put(encoded(clear_cut()[:20]))
                until(lambda: is_done(queue), "the first are decided")
            assert len(opens) == 1
            server.kill()
            server.start()
            with queue_of(url) as queue:
                queue.put(encoded(clear_cut()))
                until(lambda: len(of_type(messages(queue), "decision")) == len(clear_cut()),
                      "all are decided")  # fmt: skip
            assert len(opens) > 1
        index = open_index(url)
        assert_sound(index)
        direct = Deduper(MemoryIndex())
        direct.add_batch(clear_cut())
        assert partition(index) == partition(direct.index)
        index.close()
        assert worker.unready() == "has ended"


# ---- kills ---------------------------------------------------------------------------------------

KILLS = int(os.environ.get("DEDUPE_KILLS", "10"))
MOST = 0.25  # seconds that a worker is left alone the first time, at most; the n-th n times as long


@pytest.fixture(scope="module")
def forking(root: Path) -> Iterator[Forking]:
    started = Forking(root)
    try:
        assert started.hear() == "ready"
        yield started
    finally:
        started.end()


@pytest.mark.parametrize("kind", ["sqlite", "redis"])
def test_killed_and_started_again_at_random_nothing_is_lost_and_nothing_told_twice(
    kind: str, forking: Forking, tmp_path: Path
) -> None:
    chance, kills = random.Random(KILLS), 0
    direct = Deduper(MemoryIndex())
    direct.add_batch(clear_cut())
    with running(tmp_path / "server", "--appendonly", "yes") as server:
        while kills < KILLS:
            url = fresh(server.url) if kind == "redis" else f"sqlite:///{tmp_path}/{kills}.db"
            with queue_of(url) as queue:
                queue.put(encoded(shuffled(clear_cut(), kills)))
            for turn in count(1):
                child = forking.start("one", url)
                alone = chance.uniform(0, MOST * turn)
                if not select.select([forking.answers], [], [], alone)[0]:
                    if kind == "redis" and chance.random() < 0.3:
                        server.kill()
                        server.start()
                    else:
                        with suppress(ProcessLookupError):  # it has just ended
                            os.kill(child, signal.SIGKILL)
                    kills += 1
                if (status := int(forking.hear())) == 0:
                    break
                assert status == -signal.SIGKILL
            with queue_of(url) as queue:
                told = messages(queue)
                assert queue.dead() == []
            assert Counter(d["id"] for d in of_type(told, "decision")) == Counter(
                article.id for article in clear_cut()
            )
            index = open_index(url)
            assert_sound(index)
            assert partition(index) == partition(direct.index)
            positions = [e["position"] for e in of_type(told, "event")]
            assert positions == [e.position for e in all_events(index)]
            index.close()
