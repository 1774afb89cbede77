"""Publication times: ISO 8601, RFC 2822, and seconds or milliseconds since 1970."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
MAX_AHEAD = timedelta(hours=48)  # clocks and time zones are wrong by this much; more is a lie

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MILLISECONDS = 1e11  # as seconds this is the year 5138, as milliseconds 1973
_NUMBER = re.compile(r"-?\d{9,16}(\.\d+)?")


def parse_date(value: object) -> datetime:
    """The moment that `value` names, aware and in UTC; without a zone it is taken as UTC.

    Raises ValueError where `value` is no date. Says nothing about whether it is believable.
    """
    try:
        if isinstance(value, str):
            return _parse_string(value.strip())
        if isinstance(value, datetime):
            return _in_utc(value)
        if isinstance(value, date):
            return datetime(value.year, value.month, value.day, tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _from_epoch(value)
    except OverflowError as error:
        raise ValueError(f"out of range: {value!r}") from error
    raise ValueError(f"not a date: {value!r}")


def _parse_string(value: str) -> datetime:
    # Before ISO: fromisoformat reads 1612121212345 as a minute of the year 1612.
    if _NUMBER.fullmatch(value):
        return _from_epoch(float(value))
    try:
        return _in_utc(datetime.fromisoformat(value))
    except ValueError:
        pass
    try:
        return _in_utc(parsedate_to_datetime(value))
    except (ValueError, TypeError, IndexError) as error:
        raise ValueError(f"not a date: {value!r}") from error


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is UTC:
        return moment
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def _from_epoch(value: float) -> datetime:
    seconds = value / 1000 if abs(value) >= _FIRST_MILLISECONDS else value
    return _EPOCH + timedelta(seconds=seconds)
