"""`dedupe feeds` as its users meet it, on a real server of feeds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from feedserver import FeedServer, Trouble, entries
from polling import listing, poller
from polling import run as polled

from dedupe.feeds.subscriptions import read_subscriptions

HERE = ("--allow-address", "127.0.0.0/8")


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        server.feed("/good", *entries(3))
        server.feed("/json", *entries(2), format="json", etag=False, modified=False)
        server.pages["/page"] = "<html><body><p>Hello</p></body></html>"
        yield server


def test_check_says_what_is_at_an_address_and_stores_nothing(
    call: Any, lines: Any, server: FeedServer, tmp_path: Path
) -> None:
    found = call("feeds", "check", server.url("/good"), server.url("/json"), *HERE)
    good, other = lines(found.stdout)
    assert found.exit_code == 0
    assert (good["ok"], good["entries"], good["dated"]) == (True, 3, 3)
    assert (good["title"], good["validators"]) == ("Harbour News", True)
    assert (other["entries"], other["validators"]) == (2, False)
    assert [*tmp_path.iterdir()] == []
    for url in (server.url("/page"), server.url("/none"), "http://127.0.0.1:1/feed"):
        bad = call("feeds", "check", url, *HERE)
        assert bad.exit_code == 1
        (told,) = lines(bad.stdout)
        assert not told["ok"]
        assert told["error"]


def test_nothing_on_a_private_network_is_asked(call: Any, lines: Any, server: FeedServer) -> None:
    (told,) = lines(call("feeds", "check", server.url("/good")).stdout)
    assert not told["ok"]
    assert server.seen == []


def test_feeds_are_added_listed_and_removed(
    call: Any, lines: Any, server: FeedServer, index: str
) -> None:
    good, other = server.url("/good"), server.url("/json")
    done = call("feeds", "add", good, other, "--outlet", "Kettleby Herald", *HERE)
    assert (done.exit_code, done.stderr) == (0, "2 feeds added\n")
    assert call("feeds", "add", good, *HERE).stderr == "0 feeds added, 1 were there\n"
    assert lines(call("feeds", "list").stdout) == [
        {"url": url, "source": "Kettleby Herald", "listed": None, "now_at": None}
        for url in sorted((good, other))
    ]
    gone = call("feeds", "remove", good, server.url("/never"))
    assert gone.exit_code == 1
    assert "no such feed" in gone.stderr
    assert "1 feed removed" in gone.stderr
    assert [each["url"] for each in lines(call("feeds", "list").stdout)] == [other]


def test_a_list_of_feeds_is_changed_too_where_it_is_named(
    call: Any, lines: Any, server: FeedServer, index: str, tmp_path: Path
) -> None:
    file = tmp_path / "feeds.toml"
    file.write_text('# ours\n[[feed]]\nurl = "https://feeds.example/a"\n', encoding="utf-8")
    url = server.url("/good")
    added = call("feeds", "add", url, "--feeds", "feeds.toml", "--every", "30m", "--unchecked")
    assert added.exit_code == 0
    kept = read_subscriptions(str(file)).feeds
    assert [(each.url, each.interval_minutes) for each in kept][1] == (url, 30.0)
    assert lines(call("feeds", "list").stdout)[0]["listed"] == str(file)
    assert call("feeds", "remove", url, "--feeds", "feeds.toml").exit_code == 0
    assert "# ours" in file.read_text(encoding="utf-8")
    assert url not in file.read_text(encoding="utf-8")
    assert call("feeds", "list").stdout == ""


def test_what_is_no_feed_is_not_added_unless_nobody_asks(
    call: Any, lines: Any, server: FeedServer, index: str
) -> None:
    page, good = server.url("/page"), server.url("/good")
    done = call("feeds", "add", page, good, *HERE)
    assert done.exit_code == 1
    assert f"{page}: not added: " in done.stderr
    assert [each["url"] for each in lines(call("feeds", "list").stdout)] == [good]
    assert call("feeds", "add", page, "--unchecked").exit_code == 0
    assert len(lines(call("feeds", "list").stdout)) == 2


def test_where_nothing_is_added_no_index_is_made(
    call: Any, server: FeedServer, index: str, tmp_path: Path
) -> None:
    done = call("feeds", "add", server.url("/page"), *HERE)
    assert (done.exit_code, done.stderr.splitlines()[-1]) == (1, "0 feeds added")
    options = ("--outlet", "Kettleby Herald", "--unchecked", "--feeds", "new.txt")
    refused = call("feeds", "add", server.url("/good"), *options)
    assert refused.exit_code == 2
    assert "name a list that ends in .toml or .opml" in refused.stderr
    assert "by hand" not in refused.stderr
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    "url", ["ftp://feeds.example/a", "feeds.example", "https://me:secret@feeds.example/a"]
)
def test_what_is_no_address_is_told_without_the_secrets_in_it(call: Any, url: str) -> None:
    done = call("feeds", "add", url)
    assert done.exit_code == 2
    assert "secret" not in done.stderr


def test_status_says_how_each_feed_is(
    call: Any, lines: Any, server: FeedServer, index: str
) -> None:
    server.feed("/gone", trouble=Trouble(410))
    server.feed("/busy", trouble=Trouble(503))
    urls = {path: server.url(path) for path in ("/good", "/gone", "/busy")}
    call("feeds", "add", *urls.values(), "--unchecked")
    assert {each["health"] for each in lines(call("feeds", "status").stdout)} == {"new"}
    ours = poller(index, listing(*urls.values()))
    polled(ours, lambda: all(server.requests(path) for path in urls))
    told = {each["url"]: each for each in lines(call("feeds", "status").stdout)}
    health = {path: told[url]["health"] for path, url in urls.items()}
    assert health == {"/good": "ok", "/gone": "gone", "/busy": "failing"}
    assert told[urls["/good"]]["last_change"]
    assert told[urls["/gone"]]["due"] is told[urls["/gone"]]["interval"] is None
    assert "503" in told[urls["/busy"]]["error"]
    table = call("feeds", "status", "--to", "table").stdout
    assert "3 feeds: 1 failing, 1 gone, 1 ok" in table
    for word in ("success", "every", "ago", "noted every 15 minutes at most"):
        assert word in table
    # success, change and every
    assert next(line for line in table.splitlines() if "/gone" in line).count("never") == 3
    long = "https://a-newspaper-of-kettleby.example/feeds/all/of/them.rss"
    call("feeds", "add", long, "--unchecked")
    assert long in call("feeds", "status", "--to", "table", env={"COLUMNS": "120"}).stdout


NARROW = {"COLUMNS": "80"}


def test_in_80_columns_addresses_and_reasons_can_be_read(
    call: Any, server: FeedServer, index: str
) -> None:
    paths = {f"/section/of-the/harbour/{n}.rss": Trouble(503) if n else None for n in range(2)}
    for path, trouble in paths.items():
        server.feed(path, *entries(3), trouble=trouble, title="News of the harbour and the ferry")
    urls = [server.url(path)[:36] for path in paths]
    full = [server.url(path) for path in paths]
    polled(poller(index, listing(*full)), lambda: all(map(server.requests, paths)))
    for command in (("status",), ("check", *full, server.url("/json"), *HERE)):
        shown = call("feeds", *command, "--to", "table", env=NARROW).stdout
        lines = shown.splitlines()
        assert max(map(len, lines)) <= 80
        for url in urls:
            assert any(url in line for line in lines), shown
        assert not any("entries" in line and "title" in line for line in lines)
        assert any("the server answers 503" in line for line in lines), shown


def test_tables_do_not_let_a_feed_steer_the_terminal(call: Any, server: FeedServer) -> None:
    server.feed("/evil", *entries(1), title="Har\x1b[2Jbour", format="json")
    shown = call("feeds", "check", server.url("/evil"), *HERE, "--to", "table").stdout
    assert "bour" in shown
    assert "\x1b" not in shown


def test_without_an_index_it_says_what_to_do(call: Any, index: str) -> None:
    for command in ("list", "status"):
        done = call("feeds", command)
        assert done.exit_code == 2
        assert "there is no index; dedupe daemon, dedupe feeds add and" in done.stderr


def test_a_poller_that_is_set_up_wrongly_says_so_before_it_begins(
    call: Any, index: str, tmp_path: Path
) -> None:
    (tmp_path / "feeds.txt").write_text("https://feeds.example/a\n")
    wrong = {
        "interval-min": ("--interval-min", "2h", "--interval-max", "1h"),
        "missing.opml": ("--feeds", "missing.opml"),
        "ASCII": ("--user-agent", "Grüße"),
        "write a URL": ("--contact", "nothing"),
        "names no index": ("--index", "nonsense://x"),
        "that stays": ("--index", "memory:"),
    }
    for said, options in wrong.items():
        done = call("poll", *options)
        assert done.exit_code == 2, said
        assert said in done.stderr
