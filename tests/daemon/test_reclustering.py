"""What the order of arrival did to stories is evened out, by one worker, when nothing waits."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import psutil
import pytest
from servers import until
from streams import (
    Partition,
    all_events,
    assert_sound,
    clear_cut,
    copy,
    partition,
    runs,
)
from working import (
    decided,
    index_of,
    messages,
    of_type,
    queue_of,
    service,
    working,
)

from dedupe.batch.scan import scan
from dedupe.daemon.handles import Handles
from dedupe.daemon.reclustering import LOOK, Reclustering, is_settled
from dedupe.index.opening import open_index
from dedupe.metrics import Metrics
from dedupe.models import Article
from dedupe.params import ScanParams
from dedupe.queues.opening import open_queue

HOUR = 3600.0
RUNS = runs()


class Clock:
    """Goes when the test says so."""

    def __init__(self) -> None:
        self.now = 1.9e9

    def __call__(self) -> float:
        return self.now


@contextmanager
def evening(url: str, clock: Clock, **given: Any) -> Iterator[Reclustering]:
    """The part, for a test that takes its turns."""
    params = given.pop("params", ScanParams())
    handles = Handles(partial(open_queue, url), partial(open_index, url))
    part = Reclustering(
        url, params, handles, Metrics(), clock=clock, **{"holder": "one", "every": HOUR, **given}
    )
    try:
        yield part
    finally:
        handles.close()


def scanned(articles: list[Article], params: ScanParams | None = None) -> Partition:
    stories: dict[str, set[str]] = {}
    for decision in scan(articles, params):
        stories.setdefault(decision.cluster_id, set()).add(decision.id)
    return {frozenset(story) for story in stories.values()}


def done(logged: StringIO) -> list[dict[str, Any]]:
    """The lines that tell of it."""
    lines = map(json.loads, logged.getvalue().splitlines())
    return [line for line in lines if "reclustered" in line["event"]]


def test_stories_become_those_of_a_scan_and_every_change_is_told(
    url: str, logged: StringIO
) -> None:
    clock = Clock()
    decided(url, RUNS[::-1])
    with queue_of(url) as queue, index_of(url) as index, evening(url, clock) as part:
        assert partition(index) != scanned(RUNS)
        part.turn()
        assert not is_settled(queue, index)
        clock.now += HOUR
        part.turn()
        assert is_settled(queue, index)
        assert partition(index) == scanned(RUNS)
        assert_sound(index)
        with working(url):
            last = all_events(index)[-1].position
            until(lambda: queue.cursor("events") == str(last), "all is told")
        told = of_type(messages(queue), "event")
        assert [e["position"] for e in told] == [e.position for e in all_events(index)]
        [line] = done(logged)
        assert (line["articles"], line["stories"], line["missed"]) == (len(RUNS), 14, 0)
        assert line["changed"] > 0
        figures = part._metrics.exposition()
        assert b"dedupe_recluster_seconds_count 1.0" in figures
        assert f"dedupe_reclustered_total {line['changed']}.0".encode() in figures


def test_pairs_are_judged_and_canonicals_elected_as_the_service_was_told(sqlite_url: str) -> None:
    clock, articles = Clock(), list(clear_cut())
    last = articles[-1].source
    assert last is not None
    params = ScanParams(verifier="plane", threshold=0.9, sources=(last,), election=("ranked",))
    assert scanned(articles, params) != scanned(articles)
    decided(sqlite_url, articles)
    with index_of(sqlite_url) as index, evening(sqlite_url, clock, params=params) as part:
        part.turn()
        clock.now += HOUR
        part.turn()
        assert partition(index) == scanned(articles, params)
        changed = {e.cluster for e in all_events(index) if e.hours == clock.now / HOUR}
        assert changed
        assert all(c.reason != "earliest" for c in index.clusters(sorted(changed)) if c)


def test_the_first_time_is_one_interval_after_the_first_start_whatever_restarts_there_are(
    sqlite_url: str, logged: StringIO
) -> None:
    clock = Clock()
    decided(sqlite_url, RUNS[::-1])
    for _ in range(4):
        with evening(sqlite_url, clock) as part:
            part.turn()
            assert 0 < part.turn() <= 60
            assert done(logged) == []
            clock.now += HOUR / 4
    with evening(sqlite_url, clock) as part:
        part.turn()
    assert len(done(logged)) == 1


def test_only_what_others_changed_has_it_done_again(sqlite_url: str, logged: StringIO) -> None:
    clock = Clock()
    decided(sqlite_url, RUNS[::-1])
    with evening(sqlite_url, clock) as part:
        for times in (0, 1, 1, 1):
            part.turn()
            assert len(done(logged)) == times
            clock.now += HOUR
        decided(sqlite_url, [copy(RUNS[0], "one-more")])
        part.turn()
        assert len(done(logged)) == 2


def test_nothing_is_done_while_an_article_waits_or_is_in_hand(
    sqlite_url: str, logged: StringIO
) -> None:
    clock = Clock()
    decided(sqlite_url, RUNS[::-1])
    with queue_of(sqlite_url) as queue, evening(sqlite_url, clock) as part:
        part.turn()
        clock.now += HOUR
        queue.put([b"bad"])
        part.turn()
        [entry] = queue.take("other", 1, 0.0)
        part.turn()
        assert done(logged) == []
        queue.bury(entry, "it is bad")
        part.turn()
        assert len(done(logged)) == 1


def test_the_pause_is_twenty_times_as_long_as_it_took(sqlite_url: str) -> None:
    clock = Clock()
    with queue_of(sqlite_url) as queue, evening(sqlite_url, clock) as part:
        queue.publish("recluster", "", f'{{"position":0,"begun":{clock.now},"seconds":600}}', [])
        clock.now += 20 * 600 - 7
        assert part.turn() == 7
        clock.now += 7
        assert part.turn() == LOOK


def test_of_two_workers_one_does_it_and_the_other_knows(url: str, logged: StringIO) -> None:
    clock = Clock()
    decided(url, RUNS[::-1])
    with queue_of(url) as queue, evening(url, clock) as part, evening(
        url, clock, holder="two"
    ) as other:  # fmt: skip
        part.turn()
        clock.now += HOUR
        assert queue.hold("recluster", "three", clock.now, 10)
        part.turn()
        assert done(logged) == []
        queue.hold("recluster", "three", clock.now, 0)
        both = [threading.Thread(target=each.turn) for each in (part, other)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        part.turn()
        other.turn()
        assert len(done(logged)) == 1
        assert queue.hold("recluster", "three", clock.now, 10)


def test_a_clock_that_was_wrong_does_not_put_it_off_for_ever(sqlite_url: str) -> None:
    clock = Clock()
    with evening(sqlite_url, clock) as part:
        clock.now += 1000 * HOUR
        part.turn()
        clock.now -= 1000 * HOUR
        part.turn()
        clock.now += HOUR - 7
        assert part.turn() == 7


def test_a_failure_is_one_line_and_tried_again_later(sqlite_url: str, logged: StringIO) -> None:
    clock = Clock()
    decided(sqlite_url, RUNS[::-1])
    with evening(sqlite_url, clock, params=ScanParams(window_hours=1.0)) as part:
        part.turn()
        clock.now += HOUR
        part.turn()
        part.turn()
        [line] = done(logged)
        assert (line["event"], line["level"]) == ("not reclustered", "warning")
        assert "window" in line["error"]
        assert "exception" not in line
        assert b"dedupe_recluster_failures_total 1.0" in part._metrics.exposition()
        clock.now += HOUR
        part.turn()
        assert len(done(logged)) == 2


def test_where_no_process_can_be_started_the_service_goes_on(
    sqlite_url: str, logged: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    due(sqlite_url)
    monkeypatch.setattr(sys, "executable", "/absent/python")
    with evening(sqlite_url, Clock()) as part:
        assert part.turn() == LOOK
    [line] = done(logged)
    assert line["error"] == "no process can be started: No such file or directory"


# ---- processes -----------------------------------------------------------------------------------


def child_of(pid: int) -> psutil.Process:
    """The process that reclusters, stopped in its tracks."""
    found: list[psutil.Process] = []

    def begun() -> bool:
        for child in psutil.Process(pid).children():
            with suppress(psutil.Error):  # it is about to be that, or has ended
                if "dedupe.daemon.reclusterer" in child.cmdline():
                    child.suspend()
                    found.append(child)
        return bool(found)

    until(begun, "it begins")
    return found[0]


def has_ended(process: psutil.Process) -> bool:
    """Whether nothing of it runs; there may be nobody to bury it."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def due(url: str) -> list[Any]:
    """An index that is to be made anew as soon as somebody looks; its events."""
    decided(url, RUNS[::-1])
    with queue_of(url) as queue, index_of(url) as index:
        queue.publish("recluster", "", '{"position":0,"begun":0,"seconds":1}', [])
        return all_events(index)


def test_a_process_that_is_killed_is_told_of(sqlite_url: str, logged: StringIO) -> None:
    due(sqlite_url)
    with evening(sqlite_url, Clock()) as part:
        thread = threading.Thread(target=part.turn)
        thread.start()
        child_of(os.getpid()).kill()
        thread.join()
    [line] = done(logged)
    assert line["error"] == "its process ended by SIGKILL"


def test_told_to_stop_it_ends_at_once_and_is_due_when_it_is_started_again(url: str) -> None:
    events = due(url)
    with service("work", "--index", url) as process:
        child = child_of(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert not child.is_running()
    with queue_of(url) as queue, index_of(url) as index:
        assert all_events(index) == events
        with evening(url, Clock()) as part:
            part.turn()
        assert is_settled(queue, index)
        assert partition(index) == scanned(RUNS)


def test_it_does_not_outlive_the_worker_that_is_killed(sqlite_url: str) -> None:
    events = due(sqlite_url)
    with service("work", "--index", sqlite_url) as process:
        child = child_of(process.pid)
        process.kill()
        process.wait()
        child.resume()
        until(lambda: has_ended(child), "it ends")
    with index_of(sqlite_url) as index:
        assert all_events(index) == events


def test_it_leaves_processors_and_memory_to_others_and_its_arguments_tell_nothing(
    sqlite_url: str,
) -> None:
    due(sqlite_url)
    with service("work", "--index", sqlite_url) as process:
        child, nice = child_of(process.pid), psutil.Process(process.pid).nice()
        assert "sqlite" not in " ".join(child.cmdline())
        child.resume()
        until(lambda: child.nice() > nice, "it is nice")
        first = Path(f"/proc/{child.pid}/oom_score_adj")
        if first.exists():
            until(lambda: first.read_text() == "1000\n", "it would be ended first")


def test_turned_off_there_is_no_such_part(tmp_path: Path) -> None:
    for word, there in (("off", False), ("1h", True)):
        url = f"sqlite:///{tmp_path / word}.db"
        with service("work", "--index", url, "--recluster", word, "--log-format", "json") as it:
            assert it.stderr is not None
            started = json.loads(it.stderr.readline())
        assert ("recluster" in started["parts"]) == there
