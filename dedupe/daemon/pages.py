"""The full text of an article, from its page, where its feed has only the beginning."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from msgspec import Struct

from dedupe.daemon.fetching import PAGES, Fetcher
from dedupe.daemon.robots import Robots
from dedupe.feeds.charset import decode_document
from dedupe.feeds.extraction import declared_encoding, extract_page
from dedupe.feeds.prolog import charset_of

_HTML = ("", "text/html", "application/xhtml+xml")
_MOST_BYTES = 4 << 20  # of a page; the markup of an article is far smaller
_REDIRECTS = 5
_SECONDS = 20.0  # that finding the article in a page may take
_threads = threading.BoundedSemaphore(2)  # a page that takes longer keeps its thread all the same

T = TypeVar("T")


class Page(Struct, frozen=True, kw_only=True):
    """What was found in a page."""

    url: str  # that answered in the end
    text: str  # never empty
    title: str | None
    author: str | None
    published: str | None  # a day, as it stands there


async def full_text(fetcher: Fetcher, robots: Robots, url: str, now: float) -> Page | None:
    """The article in a page; None where robots.txt asks to leave it alone, or none is found.

    Each redirect is asked for at the robots.txt of where it leads. `now` is in seconds since 1970.
    Raises FetchFailed and MissingExtra.
    """
    for _ in range(_REDIRECTS + 1):
        if not await robots.allowed(url, now):
            return None
        answer = await fetcher.get(url, accept=PAGES, follow=False)
        if answer.location is None:
            break
        url = answer.location
    kind = (answer.content_type or "").partition(";")[0].strip().lower()
    if answer.body is None or kind not in _HTML or len(answer.body) > _MOST_BYTES:
        return None
    body, address = answer.body, answer.url
    charset = charset_of(answer.content_type) or declared_encoding(body)
    found = await in_thread(
        lambda: extract_page(decode_document(body, charset)[0], address), _SECONDS
    )
    if not found or not found.get("text", "").strip():
        return None
    return Page(
        url=address,
        text=found["text"],
        title=found.get("title"),
        author=found.get("author"),
        published=found.get("published"),
    )


async def in_thread(work: Callable[[], T], seconds: float) -> T | None:
    """What `work` gives; None where it takes longer, or where others do so that none is free.

    A thread cannot be ended. These do not keep the process from ending, as those of an executor do.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if not result.done():
            if error is None:
                result.set_result(value)  # type: ignore[arg-type]
            else:
                result.set_exception(error)

    def run() -> None:
        value, error = None, None
        try:
            value = work()
        except BaseException as raised:
            error = raised
        finally:
            _threads.release()
        with suppress(RuntimeError):  # the loop is gone, and nobody waits
            loop.call_soon_threadsafe(settle, value, error)

    try:
        async with asyncio.timeout(seconds):
            while not _threads.acquire(blocking=False):
                await asyncio.sleep(0.02)
            threading.Thread(target=run, name="page", daemon=True).start()
            return await result
    except TimeoutError:
        return None
