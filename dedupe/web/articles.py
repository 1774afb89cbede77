"""Articles: taken in, decided on, shown, taken down."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from itertools import islice
from typing import Any
from urllib.parse import unquote

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.response import Stream
from msgspec import Struct

from dedupe.deduper import Deduper
from dedupe.deduper.views import article_at
from dedupe.errors import IndexFailure
from dedupe.index.base import Index
from dedupe.maintenance.listing import TakenDown, taken_down
from dedupe.models import Article, Decision
from dedupe.web.bodies import JSON, LINES, Taker, check_lines, media_type, records
from dedupe.web.documenting import OneOrLines, failing
from dedupe.web.executor import TOGETHER, Outcome
from dedupe.web.problems import MEDIA_TYPE, Problem, Refused, problem, refusal
from dedupe.web.service import Service

Judge = Callable[[Sequence[Article]], Awaitable[Sequence[Any]]]


class Queued(Struct, frozen=True, kw_only=True):
    """An article that waits in the queue."""

    id: str  # of the article
    entry: str  # its place in the queue


class Known(Struct, frozen=True, kw_only=True):
    """An article of the index."""

    article: Article | None  # as it was given; None where the index keeps no texts
    decision: Decision | None  # what holds now; None where it is not decided on yet


# ---- in ------------------------------------------------------------------------------------------


@post(
    "/v1/articles", status_code=200, operation_class=OneOrLines,
    responses=failing(s200=Decision, s202=Queued),
)  # fmt: skip
async def add_articles(
    request: Request[Any, Any, Any], service: Service, wait: bool = True
) -> Response[Any]:
    """Decide on articles and remember them; with wait=0, put them into the queue of the workers."""

    async def decide(articles: Sequence[Article]) -> list[Outcome]:
        return await service.decide(articles, store=True)

    async def put(articles: Sequence[Article]) -> list[Queued]:
        bodies = [msgspec.json.encode(article) for article in articles]
        entries = await service.of_store(lambda store: store.queue.put(bodies))
        return [Queued(id=a.id, entry=e) for a, e in zip(articles, entries, strict=True)]

    return await _answered(request, service, decide if wait else put, 200 if wait else 202)


@post("/v1/check", status_code=200, operation_class=OneOrLines, responses=failing(s200=Decision))
async def check_articles(request: Request[Any, Any, Any], service: Service) -> Response[Any]:
    """Say what would be decided on articles, and remember nothing."""

    async def check(articles: Sequence[Article]) -> list[Outcome]:
        return await service.decide(articles, store=False)

    return await _answered(request, service, check, 200)


async def _answered(
    request: Request[Any, Any, Any], service: Service, judge: Judge, status: int
) -> Response[Any]:
    """What `judge` says of the one article of a body, or of those on its lines."""
    kind = media_type(request)
    body = await request.body()
    taker = Taker(service.clock())
    if kind == JSON:
        (told,) = await _judged([(None, body)], taker, judge)
        if isinstance(told, Problem):
            return Response(told, status_code=told.status, media_type=MEDIA_TYPE)
        return Response(told, status_code=status)
    check_lines(body)
    lines = records(body)
    # Where nothing can be decided at all, the answer says so as a whole.
    first = await _judged(list(islice(lines, TOGETHER)), taker, judge)
    stream = _rest(first, lines, taker, judge)
    return Stream(stream, status_code=status, media_type=LINES[0])


async def _rest(
    first: Sequence[Any], lines: Iterator[tuple[int, bytes]], taker: Taker, judge: Judge
) -> AsyncIterator[bytes]:
    yield _encoded(first)
    while some := list(islice(lines, TOGETHER)):
        try:
            told = await _judged(some, taker, judge)
        except IndexFailure as failure:
            refused = refusal(failure).problem
            told = [problem(refused.status, refused.detail, number) for number, _ in some]
        yield _encoded(told)


def _encoded(told: Sequence[Any]) -> bytes:
    return b"".join(msgspec.json.encode(each) + b"\n" for each in told)


async def _judged(
    some: Sequence[tuple[int | None, bytes]], taker: Taker, judge: Judge
) -> list[Any]:
    """What is said of records, in their order; a problem in the place of one that is refused."""
    made = await asyncio.to_thread(lambda: [taker.taken(record, number) for number, record in some])
    articles = [each for each in made if isinstance(each, Article)]
    judged = iter(await judge(articles) if articles else ())
    told: list[Any] = []
    for each, (number, _) in zip(made, some, strict=True):
        outcome = next(judged) if isinstance(each, Article) else each
        if isinstance(outcome, Exception):
            refused = refusal(outcome).problem
            id = each.id if isinstance(each, Article) else None
            outcome = problem(refused.status, refused.detail, number, id)
        told.append(outcome)
    return told


# ---- out -----------------------------------------------------------------------------------------


@get("/v1/articles/{id:str}", responses=failing())
async def show_article(service: Service, id: str) -> Known:
    """An article of the index, with the decision that holds now. `id` is percent-encoded."""
    return await service.of_deduper(lambda deduper: _known(deduper, unquote(id)))


@get("/v1/article", responses=failing())
async def show_article_by_query(service: Service, id: str) -> Known:
    """The same, for ids that a proxy would change in a path."""
    return await service.of_deduper(lambda deduper: _known(deduper, id))


@delete("/v1/articles/{id:str}", status_code=200, responses=failing())
async def remove_article(service: Service, id: str, reason: str) -> TakenDown:
    """Take an article down for good. `id` is percent-encoded."""
    return await service.of_deduper(lambda d: _removed(d, unquote(id), reason, service))


@delete("/v1/article", status_code=200, responses=failing())
async def remove_article_by_query(service: Service, id: str, reason: str) -> TakenDown:
    """The same, for ids that a proxy would change in a path."""
    return await service.of_deduper(lambda d: _removed(d, id, reason, service))


def _known(deduper: Deduper, id: str) -> Known:
    expect(deduper.index, id)
    article = article_at(deduper.window, id) if deduper.index.manifest.texts else None
    return Known(article=article, decision=deduper.decision(id))


def _removed(deduper: Deduper, id: str, reason: str, service: Service) -> TakenDown:
    if not reason.strip():
        raise Refused(400, "say why the article is taken down: reason=…")
    (place,) = deduper.index.places([id])
    if place is None and not any(receipt.id == id for receipt in deduper.index.receipts()):
        raise Refused(404, "there is no such article")
    return taken_down(deduper.remove(id, reason, service.clock()))


def expect(index: Index, *ids: str) -> None:
    """Raises Refused for articles that are not there (any more)."""
    for id, place in zip(ids, index.places(ids), strict=True):
        if place is not None:
            continue
        for receipt in index.receipts():
            if receipt.id == id:
                raise Refused(410, f"the article was taken down: {receipt.reason}")
        raise Refused(404, "there is no such article")
