"""Articles are put, handed out and ended: the same on every backend."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from servers import until

from dedupe.errors import UsageError
from dedupe.queues.base import Dead, Entry, Finished, Queue

Open = Callable[[str], Queue]


def bodies(found: list[Entry]) -> list[bytes]:
    return [entry.body for entry in found]


def idle(queue: Queue, consumer: str, most: int) -> list[Entry]:
    """What is taken over, once the clock of the store has gone on."""
    found: list[Entry] = []

    def took() -> bool:
        found.extend(queue.take_over(consumer, 0.0, most))
        return bool(found)

    until(took, "entries of others")
    return found


def test_entries_are_handed_out_once_in_their_order(queue: Queue) -> None:
    ids = queue.put([b"a", b"b", b"c"])
    assert len(set(ids)) == 3
    assert queue.take("one", 2, 0) == [Entry(ids[0], b"a", 1, 0), Entry(ids[1], b"b", 1, 0)]
    assert queue.take("two", 2, 0) == [Entry(ids[2], b"c", 1, 0)]
    assert queue.take("one", 2, 0) == []


def test_nothing_put_is_nothing(queue: Queue) -> None:
    assert queue.put([]) == []
    assert queue.finish([]) == 0
    assert queue.take("one", 5, 0.01) == []


def test_bodies_are_any_bytes(queue: Queue) -> None:
    some = [b"", b"\x00\xff\r\n", "Zoë 🗞".encode(), b"x" * 300_000]
    queue.put(some)
    assert bodies(queue.take("one", 10, 0)) == some


def test_thousands_of_articles_are_put_at_once(queue: Queue) -> None:
    some = [b"%d" % i for i in range(12_000)]
    assert len(queue.put(some)) == len(some)
    assert bodies(queue.take("one", 20_000, 0)) == some


def test_who_waits_gets_what_is_put_meanwhile(lasting_url: str, opened: Open) -> None:
    queue, got = opened(lasting_url), []
    thread = threading.Thread(target=lambda: got.extend(queue.take("one", 5, 30)))
    thread.start()
    opened(lasting_url).put([b"late"])
    thread.join()
    assert bodies(got) == [b"late"]


def test_a_consumer_gets_back_what_it_had_when_it_was_killed(
    lasting_url: str, opened: Open
) -> None:
    queue = opened(lasting_url)
    queue.put([b"a", b"b", b"c", b"d"])
    first = queue.take("one", 3, 0)
    queue.take("two", 1, 0)
    queue.finish([Finished(first[1].id, ())])
    queue.close()
    again = opened(lasting_url)
    assert again.own("one", 1) == [first[0]._replace(tries=1)]
    assert again.own("one", 5, first[0].id) == [first[2]._replace(tries=1)]
    assert again.own("one", 5, first[2].id) == []
    assert again.own("three", 5) == []


def test_what_others_have_had_for_long_is_taken_over(queue: Queue) -> None:
    queue.put([b"a", b"b", b"c"])
    had = queue.take("one", 2, 0)
    queue.take("two", 1, 0)
    assert queue.take_over("two", 3600.0, 5) == []
    assert idle(queue, "two", 5) == [entry._replace(tries=1) for entry in had]
    assert queue.own("one", 5) == []
    assert bodies(queue.own("two", 5, had[1].id)) == [b"c"]


def test_what_is_taken_over_is_fresh_again(queue: Queue) -> None:
    queue.put([b"a"])
    queue.take("one", 1, 0)
    idle(queue, "two", 1)
    assert queue.take_over("three", 60.0, 1) == []


def test_what_was_handed_out_twice_comes_alone(queue: Queue) -> None:
    ids = queue.put([b"a", b"b", b"c", b"d"])
    queue.take("one", 2, 0)
    queue.own("one", 1)  # a: twice
    queue.own("one", 1, ids[0])  # b: twice
    queue.take("one", 2, 0)
    assert [(e.body, e.tries) for e in idle(queue, "two", 9)] == [(b"a", 2)]
    assert [(e.body, e.tries) for e in idle(queue, "two", 9)] == [(b"b", 2)]
    assert [(e.body, e.tries) for e in idle(queue, "two", 9)] == [(b"c", 1), (b"d", 1)]
    assert [(e.body, e.tries) for e in queue.own("two", 9)] == [(b"a", 3)]
    assert [(e.body, e.tries) for e in queue.own("two", 9, ids[0])] == [(b"b", 3)]
    assert [(e.body, e.tries) for e in queue.own("two", 9, ids[1])] == [(b"c", 2)]


def test_those_before_one_that_was_handed_out_twice_come_without_it(queue: Queue) -> None:
    ids = queue.put([b"a", b"b", b"c"])
    queue.take("one", 3, 0)
    queue.own("one", 1, ids[0])
    assert bodies(queue.own("one", 9)) == [b"a"]
    assert bodies(queue.own("one", 9, ids[0])) == [b"b"]


def test_an_entry_ends_once_with_its_outputs(queue: Queue) -> None:
    queue.put([b"a", b"b"])
    a, b = queue.take("one", 2, 0)
    assert queue.finish([Finished(a.id, (b"a1", b"a2"))]) == 1
    assert queue.finish([Finished(a.id, (b"again",)), Finished(b.id, (b"b1",))]) == 1
    assert queue.finish([Finished(a.id, (b"again",)), Finished(b.id, (b"b1",))]) == 0
    assert [output.body for output in queue.outputs("", 9)] == [b"a1", b"a2", b"b1"]
    assert queue.own("one", 9) == []


def test_who_was_too_slow_is_not_heard(queue: Queue) -> None:
    queue.put([b"a"])
    [slow] = queue.take("one", 1, 0)
    [quick] = idle(queue, "two", 1)
    assert queue.finish([Finished(quick.id, (b"quick",))]) == 1
    assert queue.finish([Finished(slow.id, (b"slow",))]) == 0
    assert not queue.bury(slow, "too late", [b"buried"])
    assert [output.body for output in queue.outputs("", 9)] == [b"quick"]
    assert queue.dead() == []


def test_what_nobody_has_had_cannot_end(queue: Queue) -> None:
    [id] = queue.put([b"a"])
    assert queue.finish([Finished(id, (b"x",))]) == 0
    assert not queue.bury(Entry(id, b"a", 1, 0), "no reason")
    assert bodies(queue.take("one", 1, 0)) == [b"a"]


def test_what_is_buried_is_kept_with_its_reason(queue: Queue) -> None:
    queue.put([b"a", b"b", b"c"])
    taken = queue.take("one", 3, 0)
    assert queue.bury(taken[1], "no text", [b"refused"])
    assert queue.bury(taken[0], "too\nlong")
    assert not queue.bury(taken[0], "again")
    b, a = queue.dead()
    assert b == Dead(b.id, taken[1].id, "no text", b"b")
    assert a == Dead(a.id, taken[0].id, "too\nlong", b"a")
    assert queue.dead(b.id) == [a]
    assert queue.dead("", 1) == [b]
    assert [output.body for output in queue.outputs("", 9)] == [b"refused"]
    assert bodies(queue.own("one", 9)) == [b"c"]


def test_the_dead_are_revived_at_the_end(queue: Queue) -> None:
    queue.put([b"a", b"b"])
    for entry in queue.take("one", 2, 0):
        queue.bury(entry, "for now")
    queue.put([b"c"])
    b = queue.dead()[1].id
    assert queue.revive([b, b, "nonsense", "99", "9-9"]) == 1
    assert [(e.body, e.format, e.tries) for e in queue.take("one", 9, 0)] == [
        (b"c", 1, 0),
        (b"b", 1, 0),
    ]
    assert [dead.body for dead in queue.dead()] == [b"a"]


def test_the_dead_are_discarded(queue: Queue) -> None:
    queue.put([b"a", b"b"])
    for entry in queue.take("one", 2, 0):
        queue.bury(entry, "for now")
    first = queue.dead()[0].id
    assert queue.discard([first, first, "nonsense", ""]) == 1
    assert [dead.body for dead in queue.dead()] == [b"b"]


@pytest.mark.parametrize("id", ["nonsense", "-1", "1-", "١", "1-1-1", "*", "$"])
def test_an_id_that_is_none_is_told(queue: Queue, id: str) -> None:
    for ask in (
        lambda: queue.own("one", 1, id),
        lambda: queue.dead(id),
        lambda: queue.outputs(id, 1),
        lambda: queue.finish([Finished(id, ())]),
        lambda: queue.bury(Entry(id, b"", 1, 0), "why"),
        lambda: queue.advance("reader", "", id),
    ):
        with pytest.raises(UsageError, match="no id of this queue"):
            ask()


@pytest.mark.parametrize("url", ["", "queue.db", "mysql://host/db", "sqlite:///", "sqlite://x"])
def test_what_names_no_queue_is_refused(url: str, opened: Open) -> None:
    with pytest.raises(UsageError, match="names no"):
        opened(url)
