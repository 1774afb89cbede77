from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.daemon.schedule import DAY, HOUR, MINUTE, Pace, begin, interval, pause

NOW = 1_700_000_000.0
PACE = Pace()
moments = st.floats(NOW - 400 * DAY, NOW + 400 * DAY)
some = st.lists(moments, max_size=30)
draws = st.floats(0, 1)
paces = st.tuples(st.floats(0.1, DAY), st.floats(0, DAY)).map(lambda p: Pace(p[0], sum(p)))


def _asked(published: list[float], now: float = NOW, **more: float) -> float:
    return interval(PACE, now, published=published, changes=(), since=now, **more)


def _every(gap: float, count: int = 20) -> list[float]:
    return [NOW - n * gap for n in range(count)]


@given(pace=paces, published=some, changes=some, since=moments, ttl=st.floats(0, 1e9))
def test_a_feed_is_never_asked_more_or_less_often_than_allowed(
    pace: Pace, published: list[float], changes: list[float], since: float, ttl: float
) -> None:
    wanted = interval(pace, NOW, published=published, changes=sorted(changes), since=since, ttl=ttl)
    assert pace.least <= wanted <= pace.most


@given(published=some, changes=some, later=st.floats(0, DAY))
def test_a_quiet_feed_is_asked_less_and_less_often(
    published: list[float], changes: list[float], later: float
) -> None:
    past = [time for time in published if time <= NOW]
    changes = sorted(time for time in changes if time <= NOW)
    first, second = (
        interval(PACE, now, published=past, changes=changes, since=NOW)
        for now in (NOW, NOW + later)
    )
    assert second >= first


@pytest.mark.parametrize(
    ("gap", "wanted"),
    [(MINUTE, 5 * MINUTE), (HOUR, 30 * MINUTE), (4 * HOUR, 2 * HOUR), (7 * DAY, 6 * HOUR)],
)
def test_a_feed_is_asked_twice_in_the_time_between_two_entries(gap: float, wanted: float) -> None:
    assert _asked(_every(gap)) == wanted


def test_entries_from_the_future_do_not_count() -> None:
    lies = [NOW + n * MINUTE for n in range(1, 50)]
    assert _asked(_every(4 * HOUR) + lies) == 2 * HOUR


def test_a_feed_whose_entries_have_old_dates_is_asked_by_when_it_changed() -> None:
    changes = [NOW - n * HOUR for n in range(10, -1, -1)]
    old = [time - 300 * DAY for time in _every(10 * DAY)]
    assert interval(PACE, NOW, published=old, changes=changes, since=NOW) == 30 * MINUTE


def test_a_feed_without_dates_is_asked_soon_and_then_less_often() -> None:
    first, later = (
        interval(PACE, NOW + passed, published=(), changes=(), since=NOW)
        for passed in (0, 4 * HOUR)
    )
    assert (first, later) == (5 * MINUTE, HOUR)


def test_a_feed_that_asks_to_be_left_alone_is_left_alone() -> None:
    assert _asked(_every(10 * MINUTE, 30), ttl=HOUR) == HOUR


def test_no_entry_is_missed_because_a_feed_asks_to_be_left_alone() -> None:
    shown = _every(10 * MINUTE, 7)  # the last is gone from the feed after an hour
    assert _asked(shown, ttl=12 * HOUR) == 30 * MINUTE


def test_the_interval_that_is_given_for_a_feed_overrules_the_others() -> None:
    assert _asked(_every(MINUTE), fixed=2 * DAY) == 2 * DAY
    assert _asked(_every(MINUTE), fixed=1.0) == MINUTE


@given(pace=paces, failures=st.integers(1, 10_000), draw=draws, retry=st.floats(-1e9, 1e12))
def test_after_failures_a_feed_waits_for_a_day_at_most(
    pace: Pace, failures: int, draw: float, retry: float
) -> None:
    assert pace.least / 2 <= pause(pace, failures, draw, retry) <= DAY


@given(failures=st.integers(1, 50), draw=draws)
def test_every_failure_makes_the_wait_longer_until_it_is_a_day(failures: int, draw: float) -> None:
    before, after = (pause(PACE, n, draw) for n in (failures, failures + 1))
    assert after > before or after == pytest.approx(DAY * (1 - draw / 2))


@given(failures=st.integers(1, 50), draw=draws, retry=st.floats(0, DAY))
def test_no_request_comes_before_the_server_wants_one(
    failures: int, draw: float, retry: float
) -> None:
    assert pause(PACE, failures, draw, retry) >= retry


def test_chance_spreads_feeds_that_failed_together() -> None:
    assert pause(PACE, 3, 0.0) == 20 * MINUTE
    assert pause(PACE, 3, 1.0) == 10 * MINUTE


@given(due=moments, draw=draws, feeds=st.integers(1, 100_000))
def test_what_is_due_begins_within_a_minute_and_nothing_earlier(
    due: float, draw: float, feeds: int
) -> None:
    asked = begin(PACE, due, NOW, draw, feeds)
    assert asked >= due
    assert NOW <= asked <= max(due, NOW + MINUTE)


@given(draw=draws)
def test_a_single_new_feed_is_asked_at_once(draw: float) -> None:
    assert begin(PACE, 0.0, NOW, draw, 1) - NOW <= 0.1 + 1e-6
