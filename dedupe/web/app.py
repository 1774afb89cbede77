"""The application: its routes, and how errors leave it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog
from litestar import Litestar, MediaType, Request, Response, get
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme

from dedupe.errors import DedupeError
from dedupe.web import articles, stories
from dedupe.web.access import Tokens
from dedupe.web.gate import Gate, Seen
from dedupe.web.problems import MEDIA_TYPE, Refused, refusal
from dedupe.web.service import Service

log = structlog.get_logger()

_WORDS = {
    404: "there is nothing at this address; /openapi.json lists what there is",
    405: "this address does not take this method; Allow names those that it takes",
}
_PLAIN = {  # what msgspec calls it
    "`int`": "a whole number",
    "`float`": "a number",
    "`str`": "text",
    "`bool`": "true or false",
    " >= ": " of at least ",
    " <= ": " of at most ",
    "Invalid enum value": "there is no",
    "Expected": "give",
}
HANDLERS = [
    articles.add_articles, articles.check_articles,
    articles.show_article, articles.show_article_by_query,
    articles.remove_article, articles.remove_article_by_query,
    stories.list_stories, stories.show_story, stories.show_story_by_query,
    stories.show_evidence, stories.show_evidence_by_query, stories.list_events,
]  # fmt: skip


@get("/healthz", media_type=MediaType.TEXT)
async def healthz(service: Service) -> str:
    """Whether the process is well."""
    if why := service.hung():
        raise Refused(503, why)
    return "ok\n"


@get("/readyz", media_type=MediaType.TEXT)
async def readyz(service: Service) -> str:
    """Whether the store answers."""
    if why := await service.unready():
        raise Refused(503, why, {"Retry-After": "1"})
    return "ok\n"


@get("/metrics")
async def metrics(service: Service) -> Response[bytes]:
    """Figures for Prometheus."""
    return Response(service.metrics.exposition(), media_type="text/plain; version=0.0.4")


def create_app(service: Service, tokens: Tokens | None, version: str, *, local: bool) -> Gate:
    """The ASGI application; the service is closed with it. `local` is as Gate has it."""

    @asynccontextmanager
    async def closing(app: Litestar) -> AsyncIterator[None]:
        yield
        service.close()

    provided = {"service": Provide(lambda: service, sync_to_thread=False)}
    description = _description(version, provided)

    @get("/openapi.json")
    async def openapi() -> Response[bytes]:
        """What this API offers."""
        return Response(description, media_type="application/vnd.oai.openapi+json")

    app = Litestar(
        [*HANDLERS, healthz, readyz, metrics, openapi],
        dependencies=provided,
        exception_handlers={Exception: _told},
        lifespan=[closing],
        openapi_config=None,
        request_max_body_size=None,  # the gate sees to that
        logging_config=None,
    )
    return Gate(app, tokens, local=local, seen=_seen(service))


def _unexpected(error: Exception) -> bool:
    """Whether it is an error in dedupe, so that where it was is worth a look."""
    return not isinstance(error, DedupeError)


def _plain(message: str) -> str:
    """What is wrong with a value of a query, without names of types."""
    for theirs, ours in _PLAIN.items():
        message = message.replace(theirs, ours)
    return message


def _told(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The problem that an error is answered with; what is not the client's fault is logged."""
    if isinstance(error, HTTPException):
        extra = error.extra if isinstance(error.extra, list) else []
        reasons = [
            f"{e.get('key')}: {_plain(str(e.get('message')))}" for e in extra if isinstance(e, dict)
        ]
        plain = _WORDS.get(error.status_code, error.detail)
        refused = Refused(error.status_code, "; ".join(reasons) or plain, error.headers)
    else:
        refused = refusal(error)
        if refused is not error:
            log.error("a request failed", error=str(error), exc_info=_unexpected(error))
    return Response(
        refused.problem, status_code=refused.problem.status, headers=refused.headers,
        media_type=MEDIA_TYPE,
    )  # fmt: skip


def _seen(service: Service) -> Seen:
    def seen(method: str, template: str, status: int, seconds: float) -> None:
        service.metrics.requests.labels(method, template, str(status)).inc()
        service.metrics.request_seconds.labels(template).observe(seconds)

    return seen


def _description(version: str, provided: dict[str, Provide]) -> bytes:
    """The API as OpenAPI has it, of an application that has nothing else.

    One that serves it itself answers unknown addresses with HTML.
    """
    config = OpenAPIConfig(
        title="dedupe",
        version=version,
        description="Finds the articles that tell the same news story.",
        components=Components(
            security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}
        ),
        security=[{"token": []}],
    )
    app = Litestar(HANDLERS, dependencies=provided, openapi_config=config, logging_config=None)
    return msgspec.json.encode(app.openapi_schema.to_schema())
