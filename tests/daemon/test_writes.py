"""What reaches the store while feeds stay as they are: nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from feedserver import Feed, FeedServer, entries
from polling import listing, poller, run
from servers import Server, fresh

from dedupe.metrics import Metrics

Counted = tuple[str, Callable[[], int]]  # URL of an index, and how often it was changed so far


@pytest.fixture
def in_sqlite(tmp_path: Path) -> Iterator[Counted]:
    path = tmp_path / "index.db"
    with closing(sqlite3.connect(path)) as db:
        yield f"sqlite:///{path}", lambda: int(db.execute("PRAGMA data_version").fetchone()[0])


@pytest.fixture
def in_redis(redis_server: Server) -> Iterator[Counted]:
    with closing(redis_server.client()) as client:

        def commands() -> int:
            """All but this one, and the sign of life for which a poller asks every second."""
            counts = client.info("commandstats")
            spared = {"cmdstat_info", "cmdstat_xrange"}
            return sum(c["calls"] for name, c in counts.items() if name not in spared)

        yield fresh(redis_server.url), commands


@pytest.fixture(params=["in_sqlite", "in_redis"])
def counted(request: pytest.FixtureRequest) -> Counted:
    found: Counted = request.getfixturevalue(request.param)
    return found


def _quiet(
    server: FeedServer, counted: Counted, then: Callable[[Feed], None] = lambda feed: None
) -> tuple[list[int], int, float]:
    """Poll a feed that stays as it is: how it answered, changes of the store, entries compared.

    From the third request to the eighth; the first may find the store still at work. `then` is
    done to the feed again and again.
    """
    url, changes = counted
    metrics = Metrics()
    known = metrics.items.labels("known")._value.get
    [feed] = server.feeds.values()
    at: list[tuple[int, float]] = []

    def goes_on() -> bool:
        then(feed)
        if len(server.seen) >= 3 and not at:
            at.append((changes(), known()))
        if len(server.seen) >= 8 and len(at) == 1:
            at.append((changes(), known()))
        return len(at) == 2

    run(poller(url, listing(server.url("/a")), metrics=metrics), goes_on)
    (before, known_before), (after, known_after) = at
    return server.statuses("/a")[2:8], after - before, known_after - known_before


def test_a_304_reads_nothing_and_writes_nothing(server: FeedServer, counted: Counted) -> None:
    server.feed("/a", *entries(5))
    assert _quiet(server, counted) == ([304] * 6, 0, 0)


def test_the_same_body_again_reads_nothing_and_writes_nothing(
    server: FeedServer, counted: Counted
) -> None:
    server.feed("/a", *entries(5), etag=False, modified=False)
    assert _quiet(server, counted) == ([200] * 6, 0, 0)


def test_entries_that_are_known_write_nothing(server: FeedServer, counted: Counted) -> None:
    server.feed("/a", *entries(5), etag=False, modified=False)

    def touched(feed: Feed) -> None:
        feed.title = f"Harbour News, {len(server.seen)} times asked"

    statuses, writes, known = _quiet(server, counted, touched)
    assert (statuses, writes) == ([200] * 6, 0)
    assert known >= 20  # they were read
