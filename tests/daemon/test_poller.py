from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO

import pytest
from feedserver import FIRST, Entry, FeedServer, Format, Trouble, entries
from msgspec import structs
from polling import FAST, listing, poller, run, state_of, taken

from dedupe.daemon.fetching import Limits
from dedupe.daemon.poller import Polling
from dedupe.feeds.subscriptions import Subscription
from dedupe.metrics import Metrics
from dedupe.queues.base import Queue


@pytest.fixture
def url(sqlite_url: str) -> str:
    """What is done to feeds is the same whatever keeps them; test_pollers.py has the others too."""
    return sqlite_url


def _titles(articles: list[dict[str, str]]) -> list[str]:
    return [article["title"] for article in articles]


def _wanted(given: list[Entry]) -> list[str]:
    return [each.title for each in given]


@pytest.mark.parametrize("format", ["rss", "atom", "rdf", "json"])
def test_each_entry_of_a_feed_is_put_once_in_its_order(
    server: FeedServer, url: str, queue: Queue, format: Format
) -> None:
    given = entries(8)
    server.feed("/a", *given, format=format)
    run(poller(url, listing(server.url("/a"))), lambda: len(server.seen) > 2)
    assert _titles(taken(queue)) == _wanted(given)


def test_a_long_feed_is_put_in_parts_and_in_its_order(
    server: FeedServer, url: str, queue: Queue
) -> None:
    given = entries(95)
    server.feed("/a", *given, shown=100)
    run(poller(url, listing(server.url("/a"))), lambda: len(server.seen) > 2)
    assert server.statuses("/a")[1] == 304
    assert _titles(taken(queue)) == _wanted(given)


def test_a_poller_that_ends_amid_a_long_feed_puts_the_rest_when_it_comes_back(
    server: FeedServer, url: str, queue: Queue
) -> None:
    for n in range(50):
        server.pages[f"/page/{n}"] = _page(f"{_LONG} And so it went on day {n}.")
    given = [
        Entry(str(n), f"Day {n}", "The ferry …", link=server.url(f"/page/{n}")) for n in range(50)
    ]
    server.feed("/a", *given)
    feeds, polling = listing(server.url("/a")), structs.replace(FAST, fetch_pages=True)
    run(poller(url, feeds, polling=polling), lambda: server.begun.count("/page/25") > 0)
    asked = len(server.requests("/a"))
    run(poller(url, feeds, polling=polling), lambda: len(server.requests("/a")) > asked + 1)
    assert _titles(taken(queue)) == _wanted(given)
    again = [n for n in range(50) if len(server.requests(f"/page/{n}")) > 1]
    assert not {*range(20)} & {*again}


def test_an_article_has_its_source_and_three_times(
    server: FeedServer, url: str, queue: Queue
) -> None:
    server.feed("/a", Entry("1", "Ferry late", "The ferry is late.", published=FIRST))
    before = datetime.now(UTC).replace(microsecond=0)
    feeds = listing(Subscription(url=server.url("/a"), source="Kettleby Herald"))
    run(poller(url, feeds), lambda: len(server.seen) > 1)
    [article] = taken(queue)
    assert article["source"] == "Kettleby Herald"
    assert article["id"] == f"{server.url('/a')}#1"
    assert datetime.fromisoformat(article["published"]) == FIRST
    assert before <= datetime.fromisoformat(article["first_seen"]) <= datetime.now(UTC)


def test_a_feed_does_not_get_at_the_article_of_another_host(
    server: FeedServer, url: str, queue: Queue
) -> None:
    theirs = server.url("/story")
    server.feed("/theirs", Entry(theirs, "A gate", "The gate was rusted through.", theirs))
    server.feed("/forged", Entry(theirs, "A gate", "Nothing of that is true.", theirs))
    listed = [server.url("/theirs"), server.url("/forged", 1)]
    run(poller(url, listing(*listed)), lambda: all(server.requests(p) for p in server.feeds))
    articles = {article["id"]: article["text"] for article in taken(queue)}
    assert articles == {
        theirs.replace("http:", "https:"): "The gate was rusted through.",
        f"{listed[1]}#{theirs}": "Nothing of that is true.",
    }


def test_what_is_published_later_is_put_later(server: FeedServer, url: str, queue: Queue) -> None:
    first, later = entries(3), entries(2, first=3)
    feed = server.feed("/a", *first)

    def goes_on() -> bool:
        if len(server.seen) == 2:
            feed.add(*later)
        return server.statuses("/a").count(200) == 2 and len(server.seen) > 4

    run(poller(url, listing(server.url("/a"))), goes_on)
    assert _titles(taken(queue)) == _wanted(first + later)


def test_an_entry_whose_text_changes_is_put_again_with_the_time_it_was_first_seen(
    server: FeedServer, url: str, queue: Queue
) -> None:
    feed = server.feed("/a", *entries(2))

    def goes_on() -> bool:
        if len(server.seen) == 2:
            feed.entries[0].text = "The harbour says that none of it was so."
        return server.statuses("/a").count(200) == 2 and len(server.seen) > 4

    run(poller(url, listing(server.url("/a"))), goes_on)
    old, new = (a for a in taken(queue) if a["id"].endswith("#story-1"))
    assert new["text"] == "The harbour says that none of it was so."
    assert new["first_seen"] == old["first_seen"]


# ---- feeds that stay as they are -----------------------------------------------------------------


def test_a_feed_that_has_not_changed_answers_304(server: FeedServer, url: str) -> None:
    server.feed("/a", *entries(3), packed=True)
    server.feed("/b", *entries(3), etag=False)
    both = listing(server.url("/a"), server.url("/b"))
    run(poller(url, both), lambda: all(len(server.requests(p)) > 3 for p in ("/a", "/b")))
    for path in ("/a", "/b"):
        assert set(server.statuses(path)[1:]) == {304}


def test_a_restart_goes_on_where_it_was(server: FeedServer, url: str, queue: Queue) -> None:
    first, later = entries(3), entries(2, first=3)
    feed = server.feed("/a", *first)
    feeds = listing(server.url("/a"))
    run(poller(url, feeds), lambda: len(server.seen) > 1)
    asked = len(server.seen)
    run(poller(url, feeds), lambda: len(server.seen) > asked)
    assert set(server.statuses("/a")[1:]) == {304}
    feed.add(*later)
    run(poller(url), lambda: server.statuses("/a").count(200) == 2)
    assert _titles(taken(queue)) == _wanted(first + later)


# ---- feeds with troubles -------------------------------------------------------------------------


def test_a_feed_with_troubles_holds_up_no_other(server: FeedServer, url: str, queue: Queue) -> None:
    good = entries(3)
    server.feed("/good", *good)
    server.feed("/hangs", trouble=Trouble(wait=float("inf")))
    server.feed("/500", trouble=Trouble(500))
    server.feed("/404", trouble=Trouble(404))
    server.feed("/page", body=b"<html><body>No feed here</body></html>")
    server.feed("/gone", trouble=Trouble(410))
    cut = server.feed("/cut", *entries(9, "cut"))
    cut.body = cut.rendered()[:-900]
    paths = [*server.feeds]
    urls = {path: server.url(path, n % 3) for n, path in enumerate(paths)}
    run(
        poller(
            url,
            listing(*urls.values(), "http://127.0.0.1:1/refused"),
            limits=Limits(seconds=1.0),
        ),
        lambda: len(server.requests("/good")) > 3 and all(server.requests(p) for p in paths[2:]),
    )
    articles = taken(queue)
    assert [t for t in _titles(articles) if "story" in t] == _wanted(good)
    assert any("cut" in title for title in _titles(articles))
    health = {path: state_of(queue, key).health for path, key in urls.items() if path != "/hangs"}
    assert health == {
        "/good": "ok", "/500": "failing", "/404": "failing", "/page": "failing", "/gone": "gone",
        "/cut": "broken",
    }  # fmt: skip
    assert "404" in (state_of(queue, urls["/404"]).error or "")
    assert len(server.requests("/gone")) == 1


def test_a_host_that_asks_for_a_pause_gets_it_for_all_its_feeds(
    server: FeedServer, url: str, queue: Queue
) -> None:
    server.feed("/busy", trouble=Trouble(429, {"Retry-After": "3600"}))
    server.feed("/beside", *entries(2))
    server.feed("/elsewhere", *entries(2))
    busy = server.url("/busy")
    feeds = listing(busy, server.url("/beside"), server.url("/elsewhere", 1))
    run(
        poller(url, feeds),
        lambda: len(server.requests("/elsewhere")) > 8 and "/busy" in server.begun,
    )
    assert server.statuses("/busy") == [429]
    assert [seen.path for seen in server.seen if seen.host == 0][-1] == "/busy"
    state = state_of(queue, busy)
    assert state.due - (state.checked or 0) == pytest.approx(3600)


def test_a_feed_that_moves_for_good_is_asked_at_its_new_address(
    server: FeedServer, url: str, queue: Queue
) -> None:
    given = entries(3)
    old, new = server.url("/old"), server.url("/new", 1)
    server.feed("/old", trouble=Trouble(301, {"Location": new}))
    server.feed("/new", *given)
    run(poller(url, listing(old)), lambda: len(server.requests("/new")) > 3)
    assert len(server.requests("/old")) == 1
    assert state_of(queue, old).url == new
    articles = taken(queue)
    assert _titles(articles) == _wanted(given)
    assert all(article["id"].startswith(f"{old}#") for article in articles)


def test_a_feed_that_is_elsewhere_for_now_stays_where_it_is(
    server: FeedServer, url: str, queue: Queue
) -> None:
    old = server.url("/old")
    server.feed("/old", trouble=Trouble(302, {"Location": server.url("/new")}))
    server.feed("/new", *entries(1))
    run(poller(url, listing(old)), lambda: len(server.requests("/new")) > 2)
    assert len(server.requests("/old")) > 2
    assert state_of(queue, old).url == old


def test_a_feed_that_takes_too_long_to_read_fails_alone(
    server: FeedServer, url: str, queue: Queue
) -> None:
    bomb = server.feed("/bomb")
    bomb.body = _bomb()
    server.feed("/good", *entries(2))
    quick = Polling(pace=FAST.pace, per_host_delay=0.0, parse_seconds=1.0)
    urls = server.url("/bomb"), server.url("/good", 1)
    run(
        poller(url, listing(*urls), polling=quick),
        lambda: bool(state_of(queue, urls[0]).failures) and len(server.requests("/good")) > 5,
    )
    assert "1 s" in (state_of(queue, urls[0]).error or "")
    assert len(taken(queue)) == 2


def _bomb() -> bytes:
    """A feed of some megabytes that keeps a parser busy for many seconds."""
    item = "<item><guid>{}</guid><title>t</title><description>" + "&lt;b&gt;x" * 300
    items = "".join((item + "</description></item>").format(n) for n in range(4_000))
    return f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>".encode()


# ---- full texts ----------------------------------------------------------------------------------

_LONG = "The ferry to Kettleby was late again because the tide had taken the buoys. " * 20


def _page(text: str) -> str:
    return f"<html><body><article><p>{text}</p></article></body></html>"


def _linked(server: FeedServer, text: str) -> Entry:
    return Entry("1", "Ferry late", text, link=server.url("/page"))


@pytest.mark.parametrize("said_by", ["option", "list"])
def test_a_blurb_gives_way_to_the_text_of_its_page(
    server: FeedServer, url: str, queue: Queue, said_by: str
) -> None:
    server.pages["/page"] = _page(_LONG)
    server.feed("/a", _linked(server, "The ferry to Kettleby was late …"))
    feed = Subscription(url=server.url("/a"), fetch_pages=True if said_by == "list" else None)
    polling = structs.replace(FAST, fetch_pages=said_by == "option")
    run(poller(url, listing(feed), polling=polling), lambda: len(server.requests("/a")) > 2)
    [article] = taken(queue)
    assert article["text"].split() == _LONG.split()
    assert article["title"] == "Ferry late"
    assert len(server.requests("/page")) == 1


@pytest.mark.parametrize("why", ["full", "robots", "not found", "not wanted"])
def test_a_page_is_left_alone_where_it_is_not_needed_or_not_allowed(
    server: FeedServer, url: str, queue: Queue, why: str
) -> None:
    if why != "not found":
        server.pages["/page"] = _page(_LONG + "That is all.")
    if why == "robots":
        server.pages["/robots.txt"] = "User-agent: newsdedupe-test\nDisallow: /page\n"
    text = _LONG if why == "full" else "The ferry to Kettleby was late …"
    server.feed("/a", _linked(server, text))
    polling = structs.replace(FAST, fetch_pages=why != "not wanted")
    feeds = listing(server.url("/a"))
    run(poller(url, feeds, polling=polling), lambda: len(server.requests("/a")) > 2)
    [article] = taken(queue)
    assert article["text"].split() == text.split()
    assert len(server.requests("/page")) == (why == "not found")


# ---- what is told --------------------------------------------------------------------------------


def test_requests_entries_and_feeds_are_counted(server: FeedServer, url: str) -> None:
    server.feed("/a", *entries(3))
    server.feed("/b", trouble=Trouble(500))
    metrics = Metrics()
    ours = poller(
        url,
        listing(server.url("/a"), server.url("/b"), "http://127.0.0.1:1/"),
        metrics=metrics,
        polling=structs.replace(FAST, beat=0.05),
    )

    def said(name: str, **labels: str) -> float:
        return metrics.registry.get_sample_value(f"dedupe_{name}", labels) or 0.0

    run(ours, lambda: said("feeds", health="failing") == 2 and said("feeds", health="ok") == 1)
    assert said("items_total", became="new") == 3
    assert said("fetches_total", what="feed", status="2xx") == 1
    assert said("fetches_total", what="feed", status="5xx") >= 1
    assert said("fetches_total", what="feed", status="connection") >= 1
    assert said("fetch_seconds_count", what="feed") >= 2
    assert b"127.0.0.1" not in metrics.exposition()


def test_nothing_that_a_feed_says_forges_a_line_of_the_log(
    server: FeedServer, url: str, logged: StringIO
) -> None:
    forged = '\n{"event":"all is well"}\x1b[2J'
    server.feed("/a", *entries(1), title=forged, format="json")
    server.feed("/b", trouble=Trouble(301, {"Location": "/%0Aevil%1b"}))
    run(
        poller(url, listing(server.url("/a"), server.url("/b"))),
        lambda: bool(server.statuses("/a")) and len(server.begun) > 3,
    )
    lines = logged.getvalue().splitlines()
    assert len(lines) > 2
    assert all(json.loads(line)["event"] != "all is well" for line in lines)
    assert "\x1b" not in logged.getvalue()
