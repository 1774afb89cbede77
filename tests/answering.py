"""A server on the loopback that answers as a test says, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

Talk = Callable[[asyncio.StreamWriter], Awaitable[None]]
Answer = bytes | Talk


@dataclass
class Request:
    """What a client asked."""

    path: str
    headers: dict[str, str]  # names in lower case


@dataclass
class Site:
    """A running server: where it is, what it answers to a path, what it was asked."""

    port: int
    answers: dict[str, Answer]
    asked: list[Request] = field(default_factory=list)
    at_once: int = 0  # requests that are being answered
    most_at_once: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def host(self) -> str:
        """As it stands in an allow-list."""
        return f"127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.asked]


def http(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer; `_` in a header's name stands for `-`."""
    lines = [f"HTTP/1.1 {status} Whatever"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if status not in (204, 304):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body


def redirect(to: str, status: int = 302) -> bytes:
    """An answer that leads elsewhere."""
    return http(status, Location=to)


@asynccontextmanager
async def answering(answers: Mapping[str, Answer]) -> AsyncIterator[Site]:
    """A server for a while; what it has no answer for is 404."""
    site = Site(0, dict(answers))

    talks: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talks[task] = writer
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await talk(reader, writer):
                pass
        writer.close()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = [line.partition(": ") for line in head[1:] if line]
        path = head[0].split(" ")[1]
        site.asked.append(Request(path, {name.lower(): value for name, _, value in pairs}))
        site.at_once += 1
        site.most_at_once = max(site.most_at_once, site.at_once)
        try:
            answer = site.answers.get(path, http(404))
            if callable(answer):
                await answer(writer)
            else:
                writer.write(answer)
                await writer.drain()
            return not callable(answer)
        finally:
            site.at_once -= 1

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    site.port = server.sockets[0].getsockname()[1]
    try:
        yield site
    finally:
        server.close()
        for task, writer in talks.items():
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*talks, return_exceptions=True)
