"""What stands before the application: who may come in, how many at once, and with how much."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any

from h11 import LocalProtocolError

from dedupe.feeds import MAX_RECORD_BYTES
from dedupe.web.access import Tokens, host_of, is_loopback
from dedupe.web.problems import MEDIA_TYPE, Refused, encoded

MAX_BODY_BYTES = 2 * MAX_RECORD_BYTES
MAX_HELD_BYTES = 8 * MAX_RECORD_BYTES  # of all bodies at once
MAX_REQUESTS = 64  # at once
READING = 60.0  # seconds in which a body has to arrive
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
OPEN = ("/healthz", "/readyz")  # for whoever asks: they say nothing else

Scope = dict[str, Any]
Seen = Callable[[str, str, int, float], None]  # method, path template, status, seconds


class Gate:
    """An ASGI application around another one."""

    def __init__(self, app: Any, tokens: Tokens | None, *, local: bool, seen: Seen) -> None:
        """`local`: without tokens, only names of this machine are answered to.

        Else a page of a stranger, whose own name leads to this machine for a while, could ask.
        """
        self._app, self._tokens, self._local, self._seen = app, tokens, local, seen
        self._requests = self._held = 0

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Let a request in, or answer it with a problem."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # As it came: a slash that is part of an id is not one that divides the path.
        scope["path"] = scope["raw_path"].decode("latin-1") or "/"
        status, begun = 0, time.monotonic()

        async def watched(message: Mapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            if not body.gone:
                try:
                    await send(message)
                except LocalProtocolError:  # uvicorn has answered what turned out to be no HTTP
                    body.gone = True

        body = _Body(self, receive)
        self._requests += 1
        try:
            try:
                self._check(scope)
            except Refused as refused:
                await _answer(watched, refused)
                return
            await self._app(scope, body.receive, watched)
        finally:
            self._requests -= 1
            self._held -= body.size
            template = scope.get("path_template") or "none"
            method = scope["method"]  # whatever a client has made up must not become a label
            named = method if method in METHODS else "other"
            self._seen(named, template, status, time.monotonic() - begun)

    def _check(self, scope: Scope) -> None:
        if scope["path"] in OPEN:
            return
        headers = dict(scope["headers"])
        if self._tokens is not None:
            if not self._tokens.admit(headers.get(b"authorization", b"")):
                detail = "a token is needed: Authorization: Bearer TOKEN"
                raise Refused(401, detail, {"WWW-Authenticate": "Bearer"})
        elif self._local and not is_loopback(host_of(headers.get(b"host", b""))):
            raise Refused(421, "without a token only localhost is answered to")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > MAX_BODY_BYTES:
            raise _too_large()
        if self._requests > MAX_REQUESTS:
            raise Refused(503, "too many requests at once", {"Retry-After": "1"})

    def hold(self, more: int) -> None:
        """Count what is held. Raises Refused where it is too much."""
        self._held += more
        if self._held > MAX_HELD_BYTES:
            raise Refused(503, "too much is being sent at once", {"Retry-After": "1"})


class _Body:
    """One body as it arrives."""

    def __init__(self, gate: Gate, receive: Any) -> None:
        self._gate, self._receive = gate, receive
        self._end = asyncio.get_running_loop().time() + READING
        self._whole = False
        self.gone = False  # the client, in the middle of it
        self.size = 0

    async def receive(self) -> Any:
        """The next message. Raises Refused where there is too much, or it is too slow."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._end):
                message = await self._receive()
        except TimeoutError:
            raise Refused(408, f"the body did not arrive within {READING:.0f} s") from None
        if message["type"] == "http.disconnect":  # nobody hears the answer, but it is counted
            self.gone = True
            raise Refused(400, "the body ended before it was whole")
        self._whole = not message.get("more_body", False)
        more = len(message.get("body", b""))
        self.size += more
        self._gate.hold(more)
        if self.size > MAX_BODY_BYTES:
            raise _too_large()
        return message


def _too_large() -> Refused:
    return Refused(413, f"the body has over {MAX_BODY_BYTES >> 20} MiB; send it in parts")


async def _answer(send: Any, refused: Refused) -> None:
    body = encoded(refused.problem)
    headers = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), **refused.headers}
    packed = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refused.problem.status, "headers": packed})
    await send({"type": "http.response.body", "body": body})
