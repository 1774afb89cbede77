"""The server of scripts/replay.py: a collection of articles as hundreds of feeds with troubles.

Each feed has an address of its own on the loopback, in one of four formats, and shows its latest
entries, step by step. In between it answers 304, 429, 500 and 503, sends half a feed, hangs up or
is silent.
"""

from __future__ import annotations

import asyncio
import gzip
import html
import json
import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from email.utils import format_datetime
from xml.sax.saxutils import escape
from zlib import crc32

from aiohttp import web

from dedupe.models import Article

STEP = timedelta(hours=6)
SHOWN = 12  # entries that a feed shows at least
BUSY = 350  # entries of a source in the whole month; with more it has several feeds
FAULTS = {
    "429": 0.04, "500": 0.02, "503": 0.02, "half": 0.03, "hang up": 0.01, "slow": 0.004,
    "silent": 0.0002,
}  # fmt: skip
SLOW, SILENCE = 1.5, 35.0  # seconds; a poller waits for 30


class FeedServer:
    """All feeds, one address each, and how far each of them is."""

    def __init__(self, articles: Sequence[Article], seed: int) -> None:
        self.random = random.Random(seed)
        self.feeds: list[list[Article]] = _feeds(articles)
        first = min(a.published for a in articles)
        last = max(a.published for a in articles)
        self.ends = list(_steps(first, last))
        self.step = 0
        self.at = [self._upto(feed, 0) for feed in self.feeds]  # entries shown
        self.done = [at == 0 for at in self.at]  # nothing new in this step
        self.bad = [0] * len(self.feeds)  # faults in a row
        self.answers: Counter[str] = Counter()
        self.served: set[str] = set()
        self.port = 0
        self.finished = threading.Event()

    def _upto(self, feed: Sequence[Article], step: int) -> int:
        return sum(a.published <= self.ends[step] for a in feed)

    def address(self, number: int) -> str:
        return f"http://127.{1 + number // 200}.0.{1 + number % 200}:{self.port}/feed"

    def _confirmed(self, number: int) -> None:
        """The poller has stored what it got; when all are that far, time moves on."""
        self.done[number] = True
        while all(self.done):
            if self.step + 1 == len(self.ends):
                self.finished.set()
                return
            self.step += 1
            before = self.at
            self.at = [self._upto(feed, self.step) for feed in self.feeds]
            self.done = [a == b for a, b in zip(self.at, before, strict=True)]

    async def answer(self, number: int, request: web.Request) -> web.StreamResponse:
        at = self.at[number]
        shown = self.feeds[number][max(0, min(at - SHOWN, self._before(number))) : at][::-1]
        tag = f'"{number}-{at}"'
        if request.headers.get("If-None-Match") == tag:
            self.answers["304"] += 1
            if at:
                self._confirmed(number)
            return web.Response(status=304, headers={"ETag": tag})
        fault = self._fault(number)
        self.answers[fault or "200"] += 1
        body, kind = FORMATS[number % len(FORMATS)](shown, self.address(number))
        match fault:
            case "429" | "503":
                return web.Response(status=int(fault), headers={"Retry-After": "1"})
            case "500":
                return web.Response(status=500, text="something is wrong")
            case "half":
                return web.Response(body=body[: len(body) // 2], content_type=kind)
            case "hang up":
                request.transport.abort()
                return web.Response()
            case "slow" | "silent":
                await asyncio.sleep(SLOW if fault == "slow" else SILENCE)
        headers = {"ETag": tag}
        if number % 3 == 0:
            body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
        self.served.update(a.id for a in shown)
        return web.Response(body=body, content_type=kind, headers=headers)

    def _before(self, number: int) -> int:
        return self._upto(self.feeds[number], self.step - 1) if self.step else 0

    def _fault(self, number: int) -> str | None:
        draw = self.random.random()
        for name, share in FAULTS.items():
            draw -= share
            if draw < 0 and self.bad[number] < 2:
                self.bad[number] += 1
                return name
        self.bad[number] = 0
        return None

    def run(self) -> None:
        """Serve, in a thread of its own, until the process ends."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        for number in range(len(self.feeds)):
            app = web.Application()

            async def handle(request: web.Request, number: int = number) -> web.StreamResponse:
                return await self.answer(number, request)

            app.router.add_get("/feed", handle)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            host = self.address(number).split("/")[2].split(":")[0]
            site = web.TCPSite(runner, host, self.port)
            await site.start()
            if not self.port:
                self.port = site._server.sockets[0].getsockname()[1]
        self.ready.set()
        await asyncio.Event().wait()

    ready = threading.Event()


def _feeds(articles: Sequence[Article]) -> list[list[Article]]:
    sizes = Counter(a.source for a in articles)
    feeds: dict[tuple[str, int], list[Article]] = {}
    for article in articles:
        parts = -(-sizes[article.source] // BUSY)
        key = article.source, crc32(article.id.encode()) % parts
        feeds.setdefault(key, []).append(article)
    return list(feeds.values())


def _steps(first: datetime, last: datetime) -> Iterator[datetime]:
    while first < last:
        first += STEP
        yield first


# ---- formats -------------------------------------------------------------------------------------


def _rss(shown: Sequence[Article], url: str) -> tuple[bytes, str]:
    items = "".join(
        f"<item><title>{escape(html.escape(a.title or ''))}</title>"
        f"<link>{escape(a.url or '')}</link>"
        f"<guid isPermaLink='false'>{a.id}</guid><pubDate>{format_datetime(a.published)}</pubDate>"
        f"<description>{escape(html.escape(a.text))}</description></item>"
        for a in shown
    )
    head = f"<?xml version='1.0'?><rss version='2.0'><channel><title>Feed</title><link>{url}</link>"
    return f"{head}{items}</channel></rss>".encode(), "application/rss+xml"


def _atom(shown: Sequence[Article], url: str) -> tuple[bytes, str]:
    entries = "".join(
        f"<entry><title>{escape(a.title or '')}</title><link href={_quoted(a.url or '')}/>"
        f"<id>{a.id}</id><published>{a.published.isoformat()}</published>"
        f"<content type='text'>{escape(a.text)}</content></entry>"
        for a in shown
    )
    head = f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Feed</title><id>{url}</id>"
    return f"{head}{entries}</feed>".encode(), "application/atom+xml"


def _rdf(shown: Sequence[Article], url: str) -> tuple[bytes, str]:
    items = "".join(
        f"<item rdf:about='{a.id}'><title>{escape(html.escape(a.title or ''))}</title>"
        f"<link>{escape(a.url or '')}</link><dc:date>{a.published.isoformat()}</dc:date>"
        f"<description>{escape(html.escape(a.text))}</description></item>"
        for a in shown
    )
    head = (
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'"
        " xmlns='http://purl.org/rss/1.0/' xmlns:dc='http://purl.org/dc/elements/1.1/'>"
        f"<channel rdf:about='{url}'><title>Feed</title><link>{url}</link></channel>"
    )
    return f"{head}{items}</rdf:RDF>".encode(), "application/rdf+xml"


def _json(shown: Sequence[Article], url: str) -> tuple[bytes, str]:
    items = [
        {
            "id": a.id, "url": a.url, "title": a.title, "content_text": a.text,
            "date_published": a.published.isoformat(),
        }
        for a in shown
    ]  # fmt: skip
    document = {"version": "https://jsonfeed.org/version/1.1", "title": "Feed", "items": items}
    return json.dumps(document).encode(), "application/feed+json"


def _quoted(text: str) -> str:
    return '"' + escape(text, {'"': "&quot;"}) + '"'


FORMATS = (_rss, _atom, _rdf, _json)
