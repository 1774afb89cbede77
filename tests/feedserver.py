"""A real HTTP server on the loopback that serves feeds as the world does, and counts who asked.

It runs in a thread of its own with a loop of its own, so that a test may block, run an asyncio loop
or start processes. Several ports stand for several hosts.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import TracebackType
from typing import Literal
from xml.sax.saxutils import escape

from aiohttp import web

Format = Literal["rss", "atom", "rdf", "json"]

TYPES: dict[Format, str] = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "rdf": "application/rdf+xml",
    "json": "application/feed+json",
}
FIRST = datetime(2025, 3, 4, 6, tzinfo=UTC)  # the time of the first entry of a feed


@dataclass
class Entry:
    """One entry of a feed."""

    guid: str
    title: str
    text: str
    link: str | None = None
    published: datetime | None = None
    updated: datetime | None = None


@dataclass
class Trouble:
    """An answer in place of the feed."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    wait: float = 0.0  # seconds before it; inf: until `release`, or the end


@dataclass
class Seen:
    """One request and how it was answered."""

    path: str
    headers: dict[str, str]
    status: int
    host: int  # number of the port


@dataclass
class Feed:
    """What is served at one path. May be changed at any time, from any thread."""

    format: Format = "rss"
    title: str = "Harbour News"
    entries: list[Entry] = field(default_factory=list)  # the newest first
    shown: int = 50  # entries that the feed has at most
    etag: bool = True
    modified: bool = True
    packed: bool = False  # with gzip, whether it was asked for or not
    ttl: int | None = None  # minutes
    troubles: list[Trouble] = field(default_factory=list)  # answers to the next requests
    trouble: Trouble | None = None  # the answer to all requests
    body: bytes | None = None  # instead of the entries
    content_type: str | None = None

    def add(self, *entries: Entry) -> None:
        """Publish entries, in their order."""
        self.entries = [*reversed(entries), *self.entries]

    def rendered(self) -> bytes:
        """The feed as it is now."""
        if self.body is not None:
            return self.body
        return _RENDER[self.format](self, self.entries[: self.shown]).encode()


def entries(count: int, name: str = "story", first: int = 0) -> list[Entry]:
    """Invented entries, an hour apart, each with a text of its own."""
    return [
        Entry(
            guid=f"{name}-{n}",
            title=f"The {name} number {n} of the harbour",
            text=f"In the harbour of Kettleby the {name} of number {n} was told on the quay. " * 3,
            published=FIRST + timedelta(hours=n),
        )
        for n in range(first, first + count)
    ]


class FeedServer:
    """Serves feeds and pages by their paths; a context manager."""

    def __init__(self, hosts: int = 1, ports: Iterable[int] = ()) -> None:
        """`ports`: those that it is to have, for one that comes back."""
        self.feeds: dict[str, Feed] = {}
        self.pages: dict[str, str] = {}
        self.begun: list[str] = []  # paths that were asked for, answered or not
        self.seen: list[Seen] = []  # what was answered
        self._wanted = [*ports] or [0] * hosts
        self.ports: list[int] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="feeds", daemon=True)

    def feed(self, path: str, *given: Entry, **settings: object) -> Feed:
        """Serve a feed at a path."""
        feed = self.feeds[path] = Feed(**settings)  # type: ignore[arg-type]
        feed.add(*given)
        return feed

    def url(self, path: str, host: int = 0) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self.ports[host]}{path}"

    def requests(self, path: str) -> list[Seen]:
        """Who asked for a path."""
        return [seen for seen in [*self.seen] if seen.path == path]

    def statuses(self, path: str) -> list[int]:
        """How requests for a path were answered."""
        return [seen.status for seen in self.requests(path)]

    def release(self) -> None:
        """Answer all that waits, and wait no more."""
        self._loop.call_soon_threadsafe(self._ended.set)

    def __enter__(self) -> FeedServer:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _start(self) -> None:
        self._ended = asyncio.Event()
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answered)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        for port in self._wanted:
            site = web.TCPSite(self._runner, "127.0.0.1", port)
            await site.start()
            assert site._server is not None
            self.ports.append(site._server.sockets[0].getsockname()[1])  # type: ignore[attr-defined]

    async def _end(self) -> None:
        self._ended.set()
        await self._runner.cleanup()

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        self.begun.append(request.path)
        response = await self._answer(request)
        assert request.transport is not None
        port = request.transport.get_extra_info("sockname")[1]
        self.seen.append(
            Seen(request.path, dict(request.headers), response.status, self.ports.index(port))
        )
        return response

    async def _answer(self, request: web.Request) -> web.Response:
        if request.path in self.pages:
            return web.Response(text=self.pages[request.path], content_type="text/html")
        feed = self.feeds.get(request.path)
        if feed is None:
            return web.Response(status=404)
        trouble = feed.troubles.pop(0) if feed.troubles else feed.trouble
        if trouble is not None:
            if trouble.wait:
                await self._waited(trouble.wait)
            return web.Response(status=trouble.status, headers=trouble.headers, body=trouble.body)
        return _served(feed, request)

    async def _waited(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(min(seconds, 3600.0)):
                await self._ended.wait()
        except TimeoutError:
            pass


def _served(feed: Feed, request: web.Request) -> web.Response:
    body = feed.rendered()
    etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    times = [moment for each in feed.entries for moment in (each.published, each.updated) if moment]
    modified = format_datetime(max(times, default=FIRST), usegmt=True)
    headers = {"Content-Type": feed.content_type or TYPES[feed.format]}
    if feed.etag:
        headers["ETag"] = etag
    if feed.modified:
        headers["Last-Modified"] = modified
    asked = request.headers
    if feed.etag and "If-None-Match" in asked:
        same = asked["If-None-Match"] == etag
    else:
        same = feed.modified and asked.get("If-Modified-Since") == modified
    if same:
        return web.Response(status=304, headers=headers)
    if feed.packed:
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body)
    return web.Response(body=body, headers=headers)


# ---- formats -------------------------------------------------------------------------------------


def _rss(feed: Feed, shown: list[Entry]) -> str:
    ttl = f"<ttl>{feed.ttl}</ttl>" if feed.ttl else ""
    items = "".join(
        f"<item><guid isPermaLink='false'>{escape(each.guid)}</guid>"
        f"<title>{escape(each.title)}</title><description>{escape(each.text)}</description>"
        + (f"<link>{escape(each.link)}</link>" if each.link else "")
        + (f"<pubDate>{format_datetime(each.published)}</pubDate>" if each.published else "")
        + "</item>"
        for each in shown
    )
    title = escape(feed.title)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>{title}</title>'
        f"<link>https://harbour.example/</link><description>d</description>{ttl}{items}"
        "</channel></rss>"
    )


def _atom(feed: Feed, shown: list[Entry]) -> str:
    items = "".join(
        f"<entry><id>{escape(each.guid)}</id><title>{escape(each.title)}</title>"
        f"<content type='text'>{escape(each.text)}</content>"
        + (f"<link href='{escape(each.link)}'/>" if each.link else "")
        + (f"<published>{each.published.isoformat()}</published>" if each.published else "")
        + f"<updated>{(each.updated or each.published or FIRST).isoformat()}</updated></entry>"
        for each in shown
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
        f"<title>{escape(feed.title)}</title><id>urn:harbour</id>"
        f"<updated>{FIRST.isoformat()}</updated>{items}</feed>"
    )


def _rdf(feed: Feed, shown: list[Entry]) -> str:
    items = "".join(
        f'<item rdf:about="{escape(each.guid)}"><title>{escape(each.title)}</title>'
        f"<description>{escape(each.text)}</description>"
        f"<link>{escape(each.link or each.guid)}</link>"
        + (f"<dc:date>{each.published.isoformat()}</dc:date>" if each.published else "")
        + "</item>"
        for each in shown
    )
    return (
        '<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
        ' xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f'<channel rdf:about="urn:harbour"><title>{escape(feed.title)}</title>'
        f"<link>https://harbour.example/</link></channel>{items}</rdf:RDF>"
    )


def _json(feed: Feed, shown: list[Entry]) -> str:
    items = [
        {
            "id": each.guid,
            "title": each.title,
            "content_text": each.text,
            **({"url": each.link} if each.link else {}),
            **({"date_published": each.published.isoformat()} if each.published else {}),
        }
        for each in shown
    ]
    version = "https://jsonfeed.org/version/1.1"
    return json.dumps({"version": version, "title": feed.title, "items": items})


_RENDER = {"rss": _rss, "atom": _atom, "rdf": _rdf, "json": _json}
