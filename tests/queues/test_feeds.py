"""Feeds with their states, members and locks: the same on every backend."""

from __future__ import annotations

from collections.abc import Callable

from dedupe.queues.base import Feed, Queue

Open = Callable[[str], Queue]
A, B = "https://a.example/feed", "https://b.example/feed?x=1 2"


def test_feeds_are_subscribed_once(queue: Queue) -> None:
    assert queue.subscribe({B: b"new b", A: b"new a"}) == 2
    assert queue.subscribe({A: b"other", "https://c.example/": b""}) == 1
    assert queue.feeds() == [
        Feed(A, 1, b"new a"),
        Feed(B, 1, b"new b"),
        Feed("https://c.example/", 1, b""),
    ]
    assert queue.subscribe({}) == 0


def test_many_feeds_are_all_read(queue: Queue) -> None:
    states = {f"https://{i:04}.example/": b"\x00 %d" % i for i in range(1500)}
    assert queue.subscribe(states) == 1500
    assert [(feed.key, feed.state) for feed in queue.feeds()] == sorted(states.items())


def test_feeds_are_unsubscribed_with_their_states(queue: Queue) -> None:
    queue.subscribe({A: b"a", B: b"b"})
    assert queue.unsubscribe([A, A, "https://c.example/"]) == 1
    assert queue.feeds() == [Feed(B, 1, b"b")]
    assert queue.unsubscribe([]) == 0


def test_state_and_articles_are_put_together(queue: Queue) -> None:
    queue.subscribe({A: b"0 1 2"})
    assert queue.polled(Feed(A, 1, b"\xff7 8"), [b"x", b"y"])
    assert queue.feeds() == [Feed(A, 2, b"\xff7 8")]
    assert [entry.body for entry in queue.take("one", 9, 0)] == [b"x", b"y"]
    assert queue.polled(Feed(A, 2, b""), [])
    assert queue.feeds() == [Feed(A, 3, b"")]


def test_a_state_that_was_replaced_meanwhile_is_not_replaced_again(
    lasting_url: str, opened: Open
) -> None:
    one, other = opened(lasting_url), opened(lasting_url)
    one.subscribe({A: b"new"})
    assert other.polled(Feed(A, 1, b"theirs"), [b"theirs"])
    assert not one.polled(Feed(A, 1, b"mine"), [b"mine"])
    assert one.feeds() == [Feed(A, 2, b"theirs")]
    assert [entry.body for entry in one.take("one", 9, 0)] == [b"theirs"]


def test_a_feed_that_is_gone_takes_no_articles(queue: Queue) -> None:
    queue.subscribe({A: b"new"})
    queue.unsubscribe([A])
    assert not queue.polled(Feed(A, 1, b"late"), [b"late"])
    assert queue.feeds() == []
    assert queue.take("one", 1, 0) == []


def test_members_are_those_whose_time_is_not_up(queue: Queue) -> None:
    assert queue.present("poller", "b", 100.0, 10.0) == ["b"]
    assert queue.present("poller", "a", 105.5, 10.0) == ["a", "b"]
    assert queue.present("worker", "c", 105.5, 10.0) == ["c"]
    assert queue.present("poller", "b", 109.0, 10.0) == ["a", "b"]
    assert queue.present("poller", "b", 115.5, 10.0) == ["b"]
    assert queue.present("poller", "b", 116.0, 0) == []


def test_a_lock_is_had_by_one_until_its_time_is_up(queue: Queue) -> None:
    assert queue.hold("upkeep", "a", 100.0, 10.0)
    assert not queue.hold("upkeep", "b", 109.9, 10.0)
    assert not queue.hold("upkeep", "b", 109.9, 0)
    assert queue.hold("other", "b", 109.9, 10.0)
    assert queue.hold("upkeep", "a", 105.25, 10.0)
    assert not queue.hold("upkeep", "b", 115.0, 10.0)
    assert queue.hold("upkeep", "b", 115.25, 10.0)
    assert queue.hold("upkeep", "b", 116.0, 0)
    assert queue.hold("upkeep", "a", 116.0, 10.0)
