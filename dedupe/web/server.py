"""The server: uvicorn, with the signals of a service."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from types import FrameType

import structlog
import uvicorn

from dedupe.errors import UsageError
from dedupe.web.access import Tokens, is_loopback
from dedupe.web.app import create_app
from dedupe.web.gate import Gate
from dedupe.web.service import Service

log = structlog.get_logger()
_DRAINING = 30  # seconds for requests that are being answered when it is told to stop


class Server(uvicorn.Server):
    """SIGTERM and SIGINT drain it, a second one ends it at once; SIGHUP reads the tokens again."""

    def __init__(self, app: Gate, tokens: Tokens | None) -> None:
        super().__init__(
            uvicorn.Config(
                app, log_config=None, access_log=False, server_header=False, proxy_headers=False,
                timeout_graceful_shutdown=_DRAINING, lifespan="on", http="h11", ws="none",
            )
        )  # fmt: skip
        self._tokens = tokens

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but having drained is no failure."""
        ours = {
            signal.SIGTERM: self.handle_exit, signal.SIGINT: self.handle_exit,
            signal.SIGHUP: self._reread,
        }  # fmt: skip
        before = {number: signal.signal(number, handler) for number, handler in ours.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain; at the second time, leave."""
        if self.should_exit:
            os._exit(128 + sig)
        self.should_exit = True

    def _reread(self, sig: int, frame: FrameType | None) -> None:
        if self._tokens is None:
            return
        try:
            self._tokens.reread()
        except UsageError as error:
            log.error("not reread", error=str(error))
        else:
            log.info("tokens reread")


def serve_on(host: str, port: int, service: Service, tokens: Tokens | None) -> None:
    """Serve until a signal comes, then close the service. Raises OSError where it cannot listen."""
    with _bound(host, port) as listening:
        app = create_app(service, tokens, version("newsdedupe"), local=is_loopback(host))
        server = Server(app, tokens)
        where = f"[{host}]" if ":" in host else host
        log.info("serving", url=f"http://{where}:{listening.getsockname()[1]}")
        asyncio.run(server.serve([listening]))
    log.info("ended")


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(2048)
    except OSError:
        listening.close()
        raise
    return listening
