"""One request at a time to a host, and some time between two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import xxhash

from dedupe.daemon.schedule import FOREVER


def host_of(url: str) -> str:
    """The host of an address with its port, as one is polite to it; "" where there is none."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


def owner(host: str, members: list[str]) -> str | None:
    """Which member takes a host: few change hands when one comes or goes. None without members."""

    def weight(member: str) -> tuple[int, str]:
        return xxhash.xxh3_64_intdigest(f"{member}\n{host}".encode()), member

    return max(members, key=weight, default=None)


class _Host:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.free_at = 0.0  # seconds since 1970


class Hosts:
    """Who may be asked now."""

    def __init__(self, delay: float, clock: Callable[[], float]) -> None:
        """`delay`: seconds from the end of one request to the beginning of the next."""
        self._delay = delay
        self._clock = clock
        self._hosts: dict[str, _Host] = {}

    def free_at(self, host: str) -> float:
        """When it may be asked; for ever later where somebody is asking it."""
        known = self._hosts.get(host)
        if known is None:
            return 0.0
        return FOREVER if known.lock.locked() else known.free_at

    @asynccontextmanager
    async def turn(self, host: str, delay: float = 0.0) -> AsyncIterator[None]:
        """The turn to ask a host; waits for it. `delay`: seconds that it wants between two."""
        known = self._hosts.setdefault(host, _Host())
        async with known.lock:
            while (wait := known.free_at - self._clock()) > 0:
                await asyncio.sleep(min(wait, 1.0))
            try:
                yield
            finally:
                free_at = self._clock() + max(self._delay, delay)
                known.free_at = max(known.free_at, free_at)

    def pause(self, host: str, until: float) -> None:
        """Leave a host alone until then."""
        known = self._hosts.setdefault(host, _Host())
        known.free_at = max(known.free_at, until)

    def forget(self) -> None:
        """Forget hosts that may be asked anyway."""
        now = self._clock()
        idle = [host for host in self._hosts if self.free_at(host) < now]
        for host in idle:
            del self._hosts[host]
