"""Bodies of requests, taken apart into records and made articles."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from litestar import Request

from dedupe.feeds import MAX_RECORD_BYTES, Intake
from dedupe.models import Article, Rejection
from dedupe.web.problems import Problem, Refused, problem

MAX_RECORDS = 10_000  # lines of one body
JSON = "application/json"
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")


def media_type(request: Request[Any, Any, Any]) -> str:
    """The type of a body: JSON, or one of LINES. Raises Refused for any other, and for none.

    A page of a stranger in somebody's browser can send other types to a service on that machine
    without asking it first.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Refused(415, "a body is sent as it is, without Content-Encoding")
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given == JSON or given in LINES:
        return given
    said = f"Content-Type is {given!r}" if given else "there is no Content-Type"
    raise Refused(415, f"{said}; one article is {JSON}, one on each line is {LINES[0]}")


class Taker:
    """Makes articles of the records of one body; what cannot be used becomes a problem."""

    def __init__(self, now: datetime) -> None:
        self._rejected: list[Rejection] = []
        self._intake = Intake(now=now, on_reject=self._rejected.append, remember=False)

    def taken(self, record: bytes, line: int | None = None) -> Article | Problem:
        """The article of a record."""
        if len(record) > MAX_RECORD_BYTES:
            return problem(413, f"the record has over {MAX_RECORD_BYTES >> 20} MiB", line)
        article = self._intake.json(record, "")
        if article is not None:
            return article
        rejected = self._rejected.pop()
        return problem(422, rejected.reason, line, rejected.id)


def records(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines of a body that are not blank, with their numbers from 1."""
    for number, line in enumerate(body.split(b"\n"), 1):
        if line and not line.isspace():
            yield number, line


def check_lines(body: bytes) -> None:
    """Raises Refused for a body of too many lines."""
    if body.count(b"\n") > MAX_RECORDS:
        raise Refused(413, f"the body has over {MAX_RECORDS:,} lines; send it in parts")
