"""What is at an address that is said to be a feed: asked and read once, and nothing is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from http import HTTPStatus

from msgspec import Struct

from dedupe.daemon.feedstate import Reading
from dedupe.daemon.fetching import Fetcher
from dedupe.daemon.parsers import Parsers
from dedupe.daemon.parsing import Body
from dedupe.daemon.replies import BLURB, words
from dedupe.errors import FetchFailed


class Checked(Struct, frozen=True, kw_only=True):
    """What was found."""

    url: str  # as it was given
    ok: bool  # whether it is a feed that can be polled
    error: str | None = None  # why it is none, in plain words
    moved: str | None = None  # where it has moved to for good
    title: str | None = None  # that it gives itself
    entries: int = 0
    dated: int = 0  # of them with a time
    full: int = 0  # of them with more than the beginning of a text
    newest: datetime | None = None
    validators: bool = False  # whether its server can say that nothing has changed
    broken: str | None = None  # what is wrong with it though it can be read


async def checked(
    urls: Sequence[str], fetcher: Fetcher, parsers: Parsers
) -> AsyncIterator[Checked]:
    """What is at each address, in their order; they are asked at the same time."""
    tasks = [asyncio.create_task(_checked(url, fetcher, parsers)) for url in urls]
    try:
        for task in tasks:
            yield await task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _checked(url: str, fetcher: Fetcher, parsers: Parsers) -> Checked:
    try:
        fetched = await fetcher.get(url)
    except FetchFailed as error:
        return Checked(url=url, ok=False, error=error.reason)
    if fetched.status != HTTPStatus.OK or fetched.body is None:
        return Checked(url=url, ok=False, error=words(fetched.status))
    reading = await parsers.parse(Body(fetched.body, fetched.url, fetched.content_type, url))
    if reading.broken and not reading.items:
        return Checked(url=url, ok=False, error=reading.broken, moved=fetched.moved)
    return Checked(
        url=url,
        ok=True,
        moved=fetched.moved,
        title=reading.title,
        entries=len(reading.items),
        dated=sum(item.moment is not None for item in reading.items),
        full=sum(len(item.fields.get("text", "")) >= BLURB for item in reading.items),
        newest=_newest(reading),
        validators=bool(fetched.etag or fetched.modified),
        broken=reading.broken,
    )


def _newest(reading: Reading) -> datetime | None:
    moment = max((item.moment for item in reading.items if item.moment is not None), default=None)
    return None if moment is None else datetime.fromtimestamp(moment, UTC)
