"""Asking feeds and pages: a request becomes a reply that says what it means."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
import xxhash

from dedupe.daemon.feedstate import (
    Answered,
    Failed,
    FeedState,
    Fresh,
    Reply,
    Same,
    Where,
    address,
)
from dedupe.daemon.fetching import Fetched, Fetcher
from dedupe.daemon.hosts import Hosts, host_of
from dedupe.daemon.pages import Page, full_text
from dedupe.daemon.parsers import Parsers
from dedupe.daemon.parsing import Body
from dedupe.daemon.robots import Robots
from dedupe.daemon.schedule import DAY, FOREVER, MINUTE
from dedupe.errors import FetchFailed
from dedupe.metrics import Metrics

_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
BLURB = 1_000  # characters; a text that is shorter is the beginning of one that is elsewhere

log = structlog.get_logger()


class Source:
    """What feeds and pages are asked through."""

    def __init__(
        self,
        fetcher: Fetcher,
        parsers: Parsers,
        hosts: Hosts,
        metrics: Metrics,
        user_agent: str,
        clock: Callable[[], float],
    ) -> None:
        self._fetcher = fetcher
        self._parsers = parsers
        self._hosts = hosts
        self._metrics = metrics
        self._robots = Robots(fetcher, user_agent)
        self._clock = clock

    async def reply(self, state: FeedState, key: str) -> Reply:
        """Ask a feed, when its host may be asked, for what has changed."""
        url = address(state, key)
        host = host_of(url)
        known = url == state.url and state.succeeded is not None
        etag, modified = (state.etag, state.modified) if known else (None, None)
        try:
            async with self._hosts.turn(host):
                fetched = await self._fetcher.get(url, etag=etag, modified=modified)
        except FetchFailed as error:
            self._metrics.fetches.labels("feed", error.why).inc()
            return Failed(error.reason)
        self._metrics.fetches.labels("feed", _class_of(fetched.status)).inc()
        self._metrics.fetch_seconds.labels("feed").observe(fetched.seconds)
        if fetched.retry_after and fetched.status in _BUSY:
            self._hosts.pause(host, self._clock() + min(fetched.retry_after, DAY))
        return await self._meaning(fetched, state, key, known)

    async def _meaning(self, fetched: Fetched, state: FeedState, key: str, known: bool) -> Reply:
        where = Where(fetched.moved, fetched.etag, fetched.modified)
        if fetched.status == HTTPStatus.NOT_MODIFIED and known:
            return Same(where)
        if fetched.status != HTTPStatus.OK or fetched.body is None:
            return Failed(words(fetched.status), fetched.status, fetched.retry_after or 0.0)
        body = xxhash.xxh3_64_intdigest(fetched.body)
        if known and body == state.body:
            return Same(where)
        reading = await self._parsers.parse(
            Body(fetched.body, fetched.url, fetched.content_type, key)
        )
        return Answered(where, body, reading)

    async def page(self, entry: Fresh, now: float) -> Page | None:
        """The page of an entry, where the feed has only the beginning of its text."""
        text, url = entry.item.fields.get("text", ""), entry.item.fields.get("url")
        if url is None or len(text) >= BLURB:
            return None
        host = host_of(url)
        if self._clock() + MINUTE < self._hosts.free_at(host) < FOREVER:
            return None  # it wants to be left alone
        try:
            async with self._hosts.turn(host, self._robots.crawl_delay(url) or 0.0):
                found = await full_text(self._fetcher, self._robots, url, now)
        except FetchFailed as error:
            self._metrics.fetches.labels("page", error.why).inc()
            log.info("page not read", url=url, error=error.reason)
            return None
        self._metrics.fetches.labels("page", "text" if found else "none").inc()
        return found if found and len(found.text) > len(text) else None


def _class_of(status: int) -> str:
    return "304" if status == HTTPStatus.NOT_MODIFIED else f"{status // 100}xx"


def words(status: int) -> str:
    """An answer that is no feed, in plain words."""
    try:
        return f"the server answers {status} ({HTTPStatus(status).phrase})"
    except ValueError:
        return f"the server answers {status}"


def article(entry: Fresh, source: str, page: Page | None = None) -> bytes:
    """The article of an entry as it stands in the queue.

    Its text is that of the page, where there is one; of the rest the page says what the feed does
    not.
    """
    fields: dict[str, Any] = dict(entry.item.fields)
    if page is not None:
        found = {"title": page.title, "author": page.author, "published": page.published}
        fields = {name: said for name, said in found.items() if said} | fields
        fields["text"] = page.text
    fields |= {
        "id": entry.item.id,
        "source": source,
        "first_seen": datetime.fromtimestamp(entry.first_seen, UTC),
    }
    return msgspec.json.encode(fields)
