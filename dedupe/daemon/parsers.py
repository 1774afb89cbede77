"""Feeds are read in processes of their own, which are ended where one takes too long.

What strangers send can keep a parser busy for ever, or make it ask for all memory that there is.
A thread could not be stopped.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from types import TracebackType

import msgspec

from dedupe.daemon.feedstate import Reading
from dedupe.daemon.parsing import Body

_decode = msgspec.msgpack.Decoder(Reading).decode


class Parsers:
    """So many processes, started when they are needed; an asynchronous context manager."""

    def __init__(self, processes: int = 2, seconds: float = 20.0) -> None:
        """`seconds` that reading one body may take."""
        self._seconds = seconds
        self._idle: asyncio.LifoQueue[Process | None] = asyncio.LifoQueue()
        for _ in range(processes):
            self._idle.put_nowait(None)
        self._processes = processes

    async def parse(self, body: Body) -> Reading:
        """What is in a body, as dedupe.daemon.parsing.parse says; waits for an idle process."""
        process = await self._idle.get()
        done = False
        try:
            async with asyncio.timeout(self._seconds):
                if process is None:
                    process = await _start()
                reading = await _asked(process, msgspec.msgpack.encode(body))
            done = True
            return reading
        except TimeoutError:
            return Reading(items=[], broken=f"takes more than {self._seconds:g} s to be read")
        except (asyncio.IncompleteReadError, OSError):
            return Reading(items=[], broken="takes more memory to be read than it may")
        finally:
            if not done and process is not None:
                await asyncio.shield(_end(process))
            self._idle.put_nowait(process if done else None)

    async def __aenter__(self) -> Parsers:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for _ in range(self._processes):
            process = await self._idle.get()
            if process is not None:
                await _end(process)


async def _start() -> Process:
    """In a session of its own, so that Ctrl-C does not reach it."""
    arguments = (sys.executable, "-P", "-m", "dedupe.daemon.parsing")
    return await asyncio.create_subprocess_exec(
        *arguments, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True, limit=1 << 20
    )


async def _asked(process: Process, request: bytes) -> Reading:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(len(request).to_bytes(4, "big") + request)
    await process.stdin.drain()
    length = int.from_bytes(await process.stdout.readexactly(4), "big")
    return _decode(await process.stdout.readexactly(length))


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.communicate()
