"""What went wrong, as RFC 9457 has it: a JSON object of type application/problem+json."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
from msgspec import Struct

from dedupe.errors import DedupeError, IndexUnavailable, RecordRejected

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 5  # after which a client may try again what the store did not answer


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why something was not done."""

    title: str  # the same for all problems of its status
    status: int
    detail: str  # plain words about this one
    line: int | None = None  # of a body with several records, from 1
    id: str | None = None  # of the article, where it is known


class Refused(Exception):
    """A request that is answered with a problem."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.problem = problem(status, detail)
        self.headers = dict(headers or {})


def problem(status: int, detail: str, line: int | None = None, id: str | None = None) -> Problem:
    """A problem of a status, with its usual title."""
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, line=line, id=id)


def refusal(error: Exception) -> Refused:
    """What a client is told of an error.

    Messages about the store name hosts and files: they are for the log, not for clients.
    """
    if isinstance(error, Refused):
        return error
    if isinstance(error, RecordRejected):
        return Refused(422, error.reason)
    if isinstance(error, IndexUnavailable):
        detail = "the store does not answer; nothing is lost, the same request may be sent again"
        return Refused(503, detail, {"Retry-After": str(RETRY_SECONDS)})
    if isinstance(error, DedupeError):
        return Refused(500, "the index cannot do this; the log of the service says why")
    return Refused(500, "an error in dedupe; the log of the service says more")


def encoded(told: Problem) -> bytes:
    """A problem as JSON."""
    return msgspec.json.encode(told)
