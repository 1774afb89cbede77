"""/healthz, /readyz and /metrics, on an address of their own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from ipaddress import ip_address
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from dedupe.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from dedupe.metrics import Metrics

log = structlog.get_logger()


class Subject(Protocol):
    """Whose health it is."""

    def unready(self) -> dict[str, str]:
        """By part, why it cannot do its work now."""
        ...

    def hung(self) -> dict[str, str]:
        """By part, why the process must be started again."""
        ...


class Health:
    """Answers for as long as its context lasts; without an address nothing listens."""

    def __init__(self, subject: Subject, metrics: Metrics, listen: str | None) -> None:
        self._subject, self._metrics, self._listen = subject, metrics, listen
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Health:
        if self._listen is None:
            return self
        host, port = address_of(self._listen)
        app = web.Application()
        app.add_routes([
            web.get("/healthz", self._healthz),
            web.get("/readyz", self._readyz),
            web.get("/metrics", self._shown),
        ])  # fmt: skip
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            await self._runner.cleanup()
            # What asyncio says names the address once more, as Python writes it.
            number = error.errno or 0  # below 0 it is of a name that is not known
            why = os.strerror(number) if number > 0 else error.strerror or error
            raise UsageError(
                f"--listen {self._listen}: {why}; name another address, or none"
            ) from None
        bound = self._runner.addresses[0]
        log.info("health", url=f"http://{_shown(bound[0])}:{bound[1]}/healthz")
        if not _is_loopback(host):
            log.warning("health and metrics can be read from other machines", listen=self._listen)
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _healthz(self, request: web.Request) -> web.Response:
        return _answer(self._subject.hung())

    async def _readyz(self, request: web.Request) -> web.Response:
        return _answer(self._subject.unready() | self._subject.hung())

    async def _shown(self, request: web.Request) -> web.Response:
        body = await asyncio.to_thread(self._metrics.exposition)
        return web.Response(body=body, headers={"Content-Type": _EXPOSITION})


_EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"


def _answer(wrong: Mapping[str, str]) -> web.Response:
    told = {"status": "unavailable", "parts": dict(wrong)} if wrong else {"status": "ok"}
    return web.json_response(told, status=503 if wrong else 200)


def address_of(listen: str) -> tuple[str, int]:
    """Host and port of HOST:PORT or [IPV6]:PORT. Raises ConfigError."""
    try:
        parts = urlsplit(f"//{listen}")
        host, port = parts.hostname, parts.port
        if host and port is not None and f"//{listen}" == f"//{parts.netloc}" and "@" not in listen:
            return host, port
    except ValueError:
        pass
    raise ConfigError(f"--listen {listen}: write HOST:PORT, 127.0.0.1:9464 or [::1]:9464")


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
