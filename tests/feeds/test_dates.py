"""When an article was published, and when that cannot be believed."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.feeds.dates import parse_date

MOMENT = datetime(2024, 3, 1, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        "2024-03-01T09:30:00Z",
        "2024-03-01 09:30:00+00:00",
        "2024-03-01 09:30:00 +0000",
        "2024-03-01T10:30:00+01:00",
        "2024-03-01T09:30",
        "20240301T093000Z",
        " 2024-03-01T09:30:00.000Z ",
        "Fri, 01 Mar 2024 09:30:00 GMT",
        "Fri, 01 Mar 2024 04:30:00 -0500",
        "1 Mar 2024 04:30:00 EST",
        1709285400,
        1709285400.0,
        1709285400000,
        "1709285400",
        "1709285400000",
        datetime(2024, 3, 1, 9, 30),
        datetime(2024, 3, 1, 12, 30, tzinfo=timezone(timedelta(hours=3))),
    ],
)
def test_one_moment_in_many_forms(value: object) -> None:
    assert parse_date(value) == MOMENT
    assert parse_date(value).tzinfo is UTC


@pytest.mark.parametrize("value", ["2024-03-01", "20240301", date(2024, 3, 1)])
def test_a_day_is_its_midnight_in_utc(value: object) -> None:
    assert parse_date(value) == datetime(2024, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    ["yesterday", "3/1/24", "2024", "2024-02-30", True, [2024], 1e300, float("inf"), "9" * 16],
)
def test_what_is_no_date_is_a_value_error(value: object) -> None:
    with pytest.raises(ValueError, match=r"not a date|out of range"):
        parse_date(value)


@settings(deadline=None)
@given(st.text() | st.floats(allow_nan=False) | st.integers() | st.datetimes() | st.binary())
def test_anything_is_a_moment_in_utc_or_a_value_error(value: object) -> None:
    try:
        moment = parse_date(value)
    except ValueError:
        return
    assert moment.tzinfo is UTC


@settings(deadline=None)
@given(st.datetimes(timezones=st.timezones()))
def test_iso_8601_round_trips(moment: datetime) -> None:
    try:
        expected = moment.astimezone(UTC)
    except OverflowError:
        return
    offset = moment.utcoffset()
    if offset is not None and offset.microseconds == 0:
        assert parse_date(moment.isoformat()) == expected


@pytest.mark.parametrize(
    ("published", "what"),
    [
        ("soon", "published is not a date"),
        ({"year": 2024}, "published is not a date"),
        ("1899-12-31T23:59:59Z", "published is not believable"),
        ("0001-01-01T00:00:00+05:00", "published is not a date"),
        ("2024-05-03T12:00:01Z", "published is not believable"),
        ("2050-01-01", "published is not believable"),
    ],
)
def test_a_date_that_cannot_be_is_left_out_and_counted(
    read: Any, published: object, what: str
) -> None:
    seen = read(json.dumps({"id": "a", "text": "t", "published": published}).encode())
    assert [article.published for article in seen.articles] == [None]
    assert seen.repairs == [("<stdin>:1", what)]


@pytest.mark.parametrize("published", ["1900-01-01", "2024-05-03T12:00:00Z"])
def test_the_bounds_of_belief_are_believed(read: Any, published: str) -> None:
    seen = read(json.dumps({"id": "a", "text": "t", "published": published}).encode())
    assert seen.articles[0].published == parse_date(published)
    assert not seen.repairs
