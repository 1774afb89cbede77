"""Messages, readers and upkeep: the same on every backend."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest
from servers import until

from dedupe.queues.base import Finished, Output, Queue

Open = Callable[[str], Queue]


def tell(queue: Queue, *messages: bytes) -> list[Output]:
    """Messages of one entry; all that there are."""
    queue.put([b"article"])
    [entry] = queue.take("teller", 1, 0)
    queue.finish([Finished(entry.id, messages)])
    return queue.outputs("", 1000)


def later() -> float:
    return time.time() + 60


def test_messages_are_read_from_anywhere(queue: Queue) -> None:
    one, two, three = tell(queue, b"1", b"2", b"3")
    assert [each.body for each in (one, two, three)] == [b"1", b"2", b"3"]
    assert queue.outputs(one.id, 1) == [two]
    assert queue.outputs(three.id, 1, 0.01) == []


def test_who_waits_for_a_message_gets_it(lasting_url: str, opened: Open) -> None:
    queue, got = opened(lasting_url), []
    thread = threading.Thread(target=lambda: got.extend(queue.outputs("", 5, 30)))
    thread.start()
    told = tell(opened(lasting_url), b"news")
    thread.join()
    assert got == told


def test_a_cursor_moves_from_where_it_was(queue: Queue) -> None:
    one, two = tell(queue, b"1", b"2")
    assert queue.cursor("hook") == ""
    assert queue.advance("hook", "", one.id)
    assert not queue.advance("hook", "", two.id)
    assert queue.cursor("hook") == one.id
    assert queue.advance("hook", one.id, two.id)
    assert queue.cursor("other") == ""
    queue.forget("hook")
    assert queue.cursor("hook") == ""
    queue.forget("nobody")


def test_what_is_copied_is_told_once(queue: Queue) -> None:
    assert queue.cursor("events") == ""
    assert queue.publish("events", "", "7", [b"6", b"7"])
    assert not queue.publish("events", "", "7", [b"6", b"7"])
    assert queue.publish("events", "7", "9", [])
    assert queue.cursor("events") == "9"
    assert [each.body for each in queue.outputs("", 9)] == [b"6", b"7"]


def test_who_copies_keeps_nothing_back(queue: Queue) -> None:
    queue.cursor("events")
    queue.publish("events", "", "0", [])
    tell(queue, b"1")
    assert queue.backlog().behind == {}
    assert queue.trim(later()) == 2


def test_who_copies_may_remember_any_text(queue: Queue) -> None:
    told = '{"position": 7, "begun": 1.5} ü'
    assert queue.publish("recluster", queue.cursor("recluster"), told, [])
    assert not queue.publish("recluster", "", "other", [])
    tell(queue, b"1")
    assert queue.backlog().behind == {}
    assert queue.trim(later()) == 2
    assert queue.cursor("recluster") == told


def test_nothing_is_trimmed_before_its_time(queue: Queue) -> None:
    tell(queue, b"1")
    assert queue.trim(time.time() - 60) == 0
    assert queue.trim(later()) == 2
    assert queue.outputs("", 9) == []
    assert queue.trim(later()) == 0


def test_what_is_not_finished_is_not_trimmed(queue: Queue) -> None:
    queue.put([b"a", b"b", b"c", b"d"])
    a, b, c = queue.take("one", 3, 0)
    queue.finish([Finished(a.id, ()), Finished(c.id, ())])
    assert queue.trim(later()) == 1
    assert queue.backlog().entries == 3
    assert queue.own("one", 9) == [b._replace(tries=1)]
    queue.finish([Finished(b.id, ())])
    assert queue.trim(later()) == 2
    assert [entry.body for entry in queue.take("one", 9, 0)] == [b"d"]


def test_what_a_reader_lacks_is_not_trimmed(queue: Queue) -> None:
    one, two, three = tell(queue, b"1", b"2", b"3")
    queue.cursor("slow")
    queue.advance("quick", "", three.id)
    assert queue.trim(later()) == 1  # the entry
    queue.advance("slow", "", one.id)
    assert queue.trim(later()) == 1
    assert queue.outputs("", 9) == [two, three]
    queue.forget("slow")
    assert queue.trim(later()) == 2


def test_the_dead_are_not_trimmed(queue: Queue) -> None:
    queue.put([b"a"])
    queue.bury(queue.take("one", 1, 0)[0], "why")
    assert queue.trim(later()) == 1
    assert [dead.body for dead in queue.dead()] == [b"a"]


def test_ids_go_on_after_all_was_trimmed(queue: Queue) -> None:
    [one] = tell(queue, b"1")
    queue.cursor("hook")
    queue.advance("hook", "", one.id)
    queue.trim(later())
    assert queue.backlog().behind == {"hook": 0}
    tell(queue, b"2")
    assert [each.body for each in queue.outputs(one.id, 9)] == [b"2"]
    assert queue.backlog().behind == {"hook": 1}


def test_thousands_are_trimmed(queue: Queue) -> None:
    queue.put([b"x"] * 2500)
    queue.finish([Finished(entry.id, ()) for entry in queue.take("one", 2400, 0)])
    assert queue.trim(later()) == 2400
    assert queue.backlog().entries == 100


def test_the_backlog_counts_what_waits(queue: Queue) -> None:
    empty = queue.backlog()
    assert (empty.entries, empty.waiting, empty.pending, empty.oldest) == (0, 0, 0, None)
    assert (empty.dead, empty.outputs, empty.behind) == (0, 0, {})
    before = time.time()
    queue.put([b"a", b"b"])
    until(lambda: time.time() > before + 0.01, "the clock")
    queue.put([b"c", b"d"])
    a, b, c = queue.take("one", 3, 0)
    queue.bury(b, "why", [b"1"])
    queue.finish([Finished(a.id, (b"2", b"3"))])
    queue.cursor("slow")
    queue.advance("quick", "", queue.outputs("", 2)[1].id)
    told = queue.backlog()
    assert (told.entries, told.waiting, told.pending, told.dead, told.outputs) == (4, 1, 1, 1, 3)
    assert told.behind == {"slow": 3, "quick": 1}
    assert told.oldest is not None
    assert before + 0.005 < told.oldest < time.time() + 1
    queue.finish([Finished(c.id, ())])
    assert queue.backlog().oldest == pytest.approx(told.oldest, abs=0.05)  # d
    queue.finish([Finished(entry.id, ()) for entry in queue.take("one", 1, 0)])
    assert queue.backlog().oldest is None
