"""What /openapi.json says beyond what the types of the handlers do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import (
    OpenAPIMediaType,
    OpenAPIType,
    Operation,
    Reference,
    RequestBody,
    Schema,
)

from dedupe.web.bodies import JSON, LINES
from dedupe.web.problems import MEDIA_TYPE, Problem

_PROBLEMS = {
    400: "The request has no meaning",
    401: "A token is needed",
    404: "There is no such thing",
    410: "It was taken down",
    413: "Too large",
    415: "Not a type that is understood",
    422: "The record cannot be used",
    503: "Busy, or the store does not answer; the same request may be sent again",
}


def failing(**told: Any) -> dict[int, ResponseSpec]:
    """The problems that every answer may be; and, as s200, what it is else."""
    problems = {
        status: ResponseSpec(Problem, description=what, media_type=MEDIA_TYPE)
        for status, what in _PROBLEMS.items()
    }
    fine = {
        int(status.removeprefix("s")): ResponseSpec(what, description="One, or one on each line")
        for status, what in told.items()
    }
    return fine | problems


@dataclass
class OneOrLines(Operation):
    """A request with one article, or one on each line."""

    def __post_init__(self) -> None:
        one = OpenAPIMediaType(schema=Reference(ref="#/components/schemas/Article"))
        lines = OpenAPIMediaType(
            schema=Schema(type=OpenAPIType.STRING, description="One on each line")
        )
        self.request_body = RequestBody(content={JSON: one, LINES[0]: lines}, required=True)
