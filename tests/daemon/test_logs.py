"""A log line is one line, whatever is logged."""

from __future__ import annotations

import json
import logging
from io import StringIO

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from dedupe.daemon.logs import Format, configure

ATTACKS = [
    "a title\n2026-01-01T00:00:00Z level=info event=forged",
    "carriage\rreturn",
    "\x1b[2J\x1b[31mred\x1b]0;title\x07",
    "nul\x00byte",
    "c1 \x9b31m \x85 next line",
    "lines \u2028 and \u2029 paragraphs",
    "right to left \u202e override \u2066",
    "lone \ud800 surrogate",
    "delete \x7f",
    'quotes " and = and \\ and \\n',
]


def lines_of(format: Format, **logged: object) -> list[str]:
    to = StringIO()
    configure(format, "info", to)
    structlog.get_logger().info("title", **logged)
    text = to.getvalue()
    assert text.endswith("\n")
    return text[:-1].split("\n")


@pytest.mark.parametrize("format", ["text", "json"])
@given(value=st.text(st.characters()) | st.sampled_from(ATTACKS))
def test_whatever_is_logged_stays_on_one_line_that_prints(format: Format, value: str) -> None:
    [line] = lines_of(format, value=value, nested={"in": [value]}, many=[value, value])
    assert line.isprintable()


@given(value=st.sampled_from(ATTACKS))
def test_json_lines_are_json_with_what_was_logged(value: str) -> None:
    [line] = lines_of("json", value=value)
    told = json.loads(line)
    assert told["event"] == "title"
    assert told["level"] == "info"
    assert told["value"].isprintable()
    assert set(told) == {"event", "level", "timestamp", "value"}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_error_that_is_raised_with_it_stays_on_one_line(attack: str) -> None:
    to = StringIO()
    configure("text", "info", to)
    try:
        raise ValueError(attack)
    except ValueError as error:
        structlog.get_logger().error("failed", exc_info=error)
    assert to.getvalue().count("\n") == 1
    assert "Traceback" in to.getvalue()
    assert to.getvalue()[:-1].isprintable()


def test_what_libraries_log_comes_in_the_same_lines() -> None:
    to = StringIO()
    configure("json", "info", to)
    logging.getLogger("some.library").warning("refused %s", "by\x1b[31m them")
    told = json.loads(to.getvalue())
    assert (told["logger"], told["level"]) == ("some.library", "warning")
    assert told["event"] == "refused by\\x1b[31m them"


def test_no_user_and_no_password_of_an_address_is_logged() -> None:
    [line] = lines_of("text", error="redis://news:hunter2@db.example:6379/0: no answer")
    assert "hunter2" not in line
    assert "db.example" in line


def test_a_log_that_nobody_reads_any_more_stops_nothing() -> None:
    to = StringIO()
    configure("text", "info", to)
    to.close()
    structlog.get_logger().info("to nobody")
