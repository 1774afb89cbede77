"""What a list of feeds says is done, and a list that cannot be read undoes nothing."""

from __future__ import annotations

from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from feedserver import FeedServer, entries
from polling import listing, poller, run, state_of, taken

from dedupe.daemon.feedstate import encode
from dedupe.daemon.listing import List, subscribed
from dedupe.errors import SourceUnreadable
from dedupe.feeds.subscriptions import Subscription, Subscriptions, read_subscriptions
from dedupe.queues.base import Queue


@pytest.fixture
def url(sqlite_url: str) -> str:
    """What is done to feeds is the same whatever keeps them; test_pollers.py has the others too."""
    return sqlite_url


def _asked_again(server: FeedServer, asked: dict[str, int]) -> bool:
    """Whether each feed was asked twice more: the first reply is stored then."""
    return all(len(server.requests(path)) > times + 1 for path, times in asked.items())


def test_a_list_that_is_read_again_adds_and_removes_feeds(
    server: FeedServer, url: str, queue: Queue
) -> None:
    for path in ("/a", "/b", "/c"):
        server.feed(path, *entries(1, path[1:]))
    by_hand = server.url("/c")
    listed = [server.url("/a")]
    ours = poller(url, List("f.txt", lambda: listing(*listed).read()))
    queue.subscribe({by_hand: encode(subscribed(Subscription(url=by_hand), 0.0))})

    def goes_on() -> bool:
        if server.requests("/a") and server.requests("/c") and listed[0] == server.url("/a"):
            listed[0] = server.url("/b")
            ours.reread()
        return bool(server.requests("/b"))

    run(ours, goes_on)
    assert {feed.key for feed in queue.feeds()} == {server.url("/b"), by_hand}


def test_a_list_that_cannot_be_read_changes_nothing(
    server: FeedServer, url: str, queue: Queue
) -> None:
    server.feed("/a", *entries(1))

    def unreadable() -> Subscriptions:
        raise SourceUnreadable("f.txt", "is gone")

    run(poller(url, listing(server.url("/a"), name="f.txt")), lambda: bool(server.seen))
    asked = len(server.seen)
    run(poller(url, List("f.txt", unreadable)), lambda: len(server.seen) > asked)
    assert [feed.key for feed in queue.feeds()] == [server.url("/a")]


@pytest.mark.parametrize("damaged", ["", "<opml><body><outline", "<opml><body/></opml>"])
def test_a_list_that_was_half_written_removes_no_feed(
    damaged: str, server: FeedServer, url: str, queue: Queue, tmp_path: Path
) -> None:
    server.feed("/a", *entries(1))
    server.feed("/b", *entries(1, "b"))
    urls = {server.url("/a"), server.url("/b")}
    file = tmp_path / "f.opml"
    ours = List(str(file), lambda: read_subscriptions(str(file)))
    outlines = "".join(f'<outline xmlUrl="{each}"/>' for each in sorted(urls))
    file.write_text(f"<opml><body>{outlines}</body></opml>")
    run(poller(url, ours), lambda: bool(server.seen))
    file.write_text(damaged)
    asked = len(server.seen)
    run(poller(url, ours), lambda: len(server.seen) > asked)
    assert {feed.key for feed in queue.feeds()} == urls


def test_a_feed_that_is_put_back_is_new_and_its_articles_have_the_ids_they_had(
    server: FeedServer, url: str, queue: Queue
) -> None:
    server.feed("/a", *entries(2))
    server.feed("/b", *entries(1, "b"))
    a, b = server.url("/a"), server.url("/b")
    for listed in ((a, b), (b,), (a, b)):
        asked = {key[-2:]: len(server.requests(key[-2:])) for key in listed}
        run(poller(url, listing(*listed)), partial(_asked_again, server, asked))
    ids = [article["id"] for article in taken(queue)]
    assert sorted(ids) == sorted([f"{a}#story-0", f"{a}#story-1"] * 2 + [f"{b}#b-0"])


def test_a_poller_that_has_no_feeds_says_so(url: str, logged: StringIO) -> None:
    run(poller(url), lambda: "no feeds" in logged.getvalue())
    assert "name a list with --feeds" in logged.getvalue()


def test_a_poller_whose_list_has_no_feeds_is_not_told_to_name_one(
    url: str, logged: StringIO
) -> None:
    run(poller(url, listing(name="empty.txt")), lambda: "no feeds" in logged.getvalue())
    assert "put feeds into empty.txt" in logged.getvalue()
    assert "name a list" not in logged.getvalue()
    assert logged.getvalue().count("feeds listed") == 1


def test_what_a_list_says_of_a_feed_is_taken_over(
    server: FeedServer, url: str, queue: Queue
) -> None:
    server.feed("/a", *entries(1))
    key = server.url("/a")
    run(poller(url, listing(key)), lambda: bool(server.seen))
    named = listing(Subscription(url=key, source="The Herald"))
    asked = len(server.seen)
    run(poller(url, named), lambda: len(server.seen) > asked)
    assert state_of(queue, key).source == "The Herald"


def test_a_feed_whose_state_cannot_be_read_is_left_alone(
    server: FeedServer, url: str, queue: Queue
) -> None:
    server.feed("/a", *entries(1))
    server.feed("/b", *entries(1))
    queue.subscribe({server.url("/a"): b"\x99later"})
    run(poller(url, listing(server.url("/b"))), lambda: len(server.requests("/b")) > 1)
    assert server.requests("/a") == []
    assert [feed.state == b"\x99later" for feed in queue.feeds()] == [True, False]
