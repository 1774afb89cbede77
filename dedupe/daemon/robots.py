"""What robots.txt asks to leave alone (RFC 9309)."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple
from weakref import WeakValueDictionary

from yarl import URL

from dedupe.daemon.fetching import Fetcher
from dedupe.errors import FetchFailed
from dedupe.feeds.extras import load

_KEPT = 86_400.0  # seconds
_KEPT_UNREACHABLE = 3_600.0
_UNREACHED = 0  # for a status
_MOST_BYTES = 512 * 1024  # that are read of one file; RFC 9309 asks for 500 KiB at least
_MOST_ORIGINS = 10_000
_LONGEST_DELAY = 3_600.0  # seconds between two requests that a site may ask for


class _Rules(NamedTuple):
    """What one origin asks for."""

    parsed: Any  # a Protego; None: everything is allowed, or nothing
    closed: bool  # nothing is allowed, since nobody could be asked
    until: float


class Robots:
    """The rules of all origins that were asked, kept for a day."""

    def __init__(self, fetcher: Fetcher, user_agent: str) -> None:
        self._fetcher = fetcher
        self._name = user_agent.partition("/")[0].split(" ")[0]  # the product's, as rules name it
        self._rules: dict[str, _Rules] = {}
        self._asking: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def allowed(self, url: str, now: float) -> bool:
        """Whether the page may be fetched; asks its origin where that was not asked today.

        `now` is in seconds since 1970. What cannot be reached, or answers 5xx, is left alone for an
        hour, unless it was reached before; a file that is not there allows everything.
        """
        origin = _origin(url)
        if origin is None:
            return False
        lock = self._asking.setdefault(origin, asyncio.Lock())
        async with lock:  # one question for all who wait for the answer
            rules = self._rules.get(origin)
            if rules is None or rules.until <= now:
                rules = await self._ask(origin, rules, now)
                self._rules[origin] = rules
                if len(self._rules) > _MOST_ORIGINS:
                    del self._rules[next(iter(self._rules))]  # the oldest
        if rules.parsed is None:
            return not rules.closed
        return bool(rules.parsed.can_fetch(url, self._name))

    def crawl_delay(self, url: str) -> float | None:
        """The seconds between two requests that the origin asks for; None where it does not."""
        rules = self._rules.get(_origin(url) or "")
        delay = (
            None if rules is None or rules.parsed is None else rules.parsed.crawl_delay(self._name)
        )
        return None if delay is None else min(float(delay), _LONGEST_DELAY)

    async def _ask(self, origin: str, before: _Rules | None, now: float) -> _Rules:
        try:
            answer = await self._fetcher.get(f"{origin}/robots.txt", accept="text/plain, */*;q=0.1")
        except FetchFailed as failed:
            status = 404 if failed.why == "redirects" else _UNREACHED
            body = b""
        else:
            status, body = answer.status, answer.body or b""
        if status == 200:
            return _Rules(_parsed(body), False, now + _KEPT)
        if status < 500 and status not in (_UNREACHED, 429):
            return _Rules(None, False, now + _KEPT)
        if before is not None and not before.closed:
            return before._replace(until=now + _KEPT_UNREACHABLE)
        return _Rules(None, True, now + _KEPT_UNREACHABLE)


def _parsed(body: bytes) -> Any:
    protego = load("protego", "reading robots.txt", "feeds")
    text = body[:_MOST_BYTES].decode("utf-8", "replace").removeprefix("\ufeff")
    try:
        return protego.Protego.parse(text)
    except Exception:  # rules that cannot be read are none
        return None


def _origin(url: str) -> str | None:
    try:
        address = URL(url)
        if address.scheme not in ("http", "https") or not address.raw_host:
            return None
        return str(address.origin())
    except ValueError:
        return None
