"""Requests to servers of a test, and what they come to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from answering import Answer, Site, answering

from dedupe.daemon.fetching import Fetched, Fetcher, Limits
from dedupe.errors import FetchFailed

QUICK = Limits(seconds=10.0, bytes=1 << 20, redirects=3)


def fetched(
    answers: Mapping[str, Answer], *asks: Mapping[str, Any], limits: Limits = QUICK, **options: Any
) -> tuple[list[Fetched | FetchFailed], Site]:
    """What comes of asking a server of one's own, in this order; `url` may be a path."""

    async def run() -> tuple[list[Fetched | FetchFailed], Site]:
        async with answering(answers) as site:
            options.setdefault("allow", (site.host,))
            got: list[Fetched | FetchFailed] = []
            async with Fetcher(
                user_agent="dedupe/1 (+https://operator.example)", limits=limits, **options
            ) as fetcher:
                for ask in asks:
                    ask = dict(ask)
                    url = ask.pop("url").replace("{port}", str(site.port))
                    try:
                        got.append(await fetcher.get(url if ":" in url else site.url + url, **ask))
                    except FetchFailed as failed:
                        got.append(failed)
            return got, site

    return asyncio.run(run())


def answer(answers: Mapping[str, Answer], url: str = "/", **options: Any) -> Fetched:
    """The answer to one request."""
    (got,), _ = fetched(answers, {"url": url}, **options)
    assert isinstance(got, Fetched), got
    return got


def failure(answers: Mapping[str, Answer], url: str = "/", **options: Any) -> FetchFailed:
    """Why there was no answer to one request."""
    (got,), _ = fetched(answers, {"url": url}, **options)
    assert isinstance(got, FetchFailed), got
    return got


def then(
    *parts: bytes, again: float = 0.0, forever: bool = False
) -> Callable[..., Awaitable[None]]:
    """An answer in parts; the last one again and again."""

    async def talk(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        while forever:
            await asyncio.sleep(again)
            writer.write(parts[-1])
            await writer.drain()

    return talk
