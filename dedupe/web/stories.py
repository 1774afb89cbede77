"""Stories: listed, shown, compared; and what happened to them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import unquote

from litestar import get
from litestar.params import Parameter
from msgspec import Struct

from dedupe.deduper import Deduper, Evidence, StoryView
from dedupe.errors import UsageError
from dedupe.maintenance.listing import Happened, Order, Page, happened, listed
from dedupe.web.articles import expect
from dedupe.web.documenting import failing
from dedupe.web.problems import Refused
from dedupe.web.service import Service

_MOST = 1000  # of what is listed, in one answer
Limit = Annotated[int, Parameter(ge=1, le=_MOST)]


class Events(Struct, frozen=True, kw_only=True):
    """A part of the log."""

    events: tuple[Happened, ...]
    last: int  # position of the last one, where to go on; as it was given where there is none


@get("/v1/stories", responses=failing())
async def list_stories(
    service: Service,
    min_size: Annotated[int, Parameter(ge=1)] = 2,
    since: str | None = None,
    until: str | None = None,
    by: str | None = None,
    sort: Order = "size",
    after: str | None = None,
    limit: Limit = 100,
) -> Page:
    """The stories of the index, chosen as `dedupe clusters` does; `after` is a page's `next`."""
    begin, end = _moment("since", since), _moment("until", until)
    try:
        return await service.of_store(
            lambda store: listed(
                store.index, min_size=min_size, since=begin, until=end, source=by, order=sort,
                after=after, limit=limit,
            )
        )  # fmt: skip
    except UsageError as error:
        raise Refused(400, str(error)) from error


def _moment(name: str, given: str | None) -> datetime | None:
    """A date or time; without an offset it is UTC. Raises Refused."""
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise Refused(400, f"{name} is no time; write 2025-03-04 or 2025-03-04T12:00Z") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@get("/v1/stories/{id:str}", responses=failing())
async def show_story(service: Service, id: str) -> StoryView:
    """A story, by its id, one that it had, or that of an article. `id` is percent-encoded."""
    return await service.of_deduper(lambda deduper: _story(deduper, unquote(id)))


@get("/v1/story", responses=failing())
async def show_story_by_query(service: Service, id: str) -> StoryView:
    """The same, for ids that a proxy would change in a path."""
    return await service.of_deduper(lambda deduper: _story(deduper, id))


def _story(deduper: Deduper, id: str) -> StoryView:
    story = deduper.story(id)
    if story is None:
        raise Refused(404, "there is no such story, and no such article")
    return story


@get("/v1/articles/{id:str}/evidence/{other:str}", responses=failing())
async def show_evidence(service: Service, id: str, other: str) -> Evidence:
    """What two articles share, word for word. Both ids are percent-encoded."""
    return await service.of_deduper(lambda d: _evidence(d, unquote(id), unquote(other)))


@get("/v1/evidence", responses=failing())
async def show_evidence_by_query(service: Service, id: str, other: str) -> Evidence:
    """The same, for ids that a proxy would change in a path."""
    return await service.of_deduper(lambda deduper: _evidence(deduper, id, other))


def _evidence(deduper: Deduper, id: str, other: str) -> Evidence:
    expect(deduper.index, id, other)
    try:
        return deduper.evidence(id, other)
    except UsageError as error:
        raise Refused(404, str(error)) from error


@get("/v1/events", responses=failing())
async def list_events(
    service: Service, after: Annotated[int, Parameter(ge=0)] = 0, limit: Limit = 100
) -> Events:
    """What happened to stories, in its order, after a position of the log."""
    found = await service.of_store(lambda store: store.index.events(after, limit))
    told = tuple(map(happened, found))
    return Events(events=told, last=told[-1].position if told else after)
