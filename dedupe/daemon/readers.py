"""Readers of the output stream: each has a durable cursor, and one process at a time reads."""

from __future__ import annotations

import asyncio
import random
import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from dedupe.daemon.lines import Lines, check_writable
from dedupe.daemon.messages import numbered
from dedupe.daemon.part import Part
from dedupe.errors import DedupeError, IndexFailure, IndexUnavailable

if TYPE_CHECKING:
    from dedupe.queues.base import Output, Queue

_T = TypeVar("_T")
_HELD, _RENEWED = 30.0, 10.0  # seconds that the lock is kept, after which it is renewed
_PAUSE = 1.0  # seconds until one who has not got the lock asks again
_WAIT = 0.5  # seconds for which the stream is asked for more
_DRAINED = 64  # batches of lines that are written at most before it ends
_LONGEST = 15.0  # seconds between two attempts to reach the store

log = structlog.get_logger()


class Lost(Exception):
    """The cursor is not where this reader left it."""


class Reader(Part):
    """Reads the output stream from a cursor on, while it holds the lock of the cursor.

    The queue is asked in a thread of its own, one question at a time.
    """

    def __init__(
        self,
        name: str,
        reader: str,
        open_queue: Callable[[], Queue],
        holder: str,
        clock: Callable[[], float] = time.time,
        wait: float = _WAIT,
    ) -> None:
        """`reader` names the cursor, `holder` this process among all; `wait` is how many seconds
        the stream is asked for more, and a signal may wait.
        """
        self.name, self.reader = name, reader
        self._open_queue, self._holder, self._clock = open_queue, holder, clock
        self._queue: Queue | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._renew_at = float("-inf")
        self._wait = wait
        self._why: str | None = "is starting"
        self.cursor = ""

    @abstractmethod
    async def begin(self) -> None:
        """Start reading after `cursor`."""

    @abstractmethod
    async def turn(self, stop: asyncio.Event) -> None:
        """Read what there is, or wait a moment for it, and pass it on."""

    async def end(self, *, drained: bool) -> None:
        """Let go; where it is `drained`, finish what was begun first."""

    def reread(self) -> None:
        """Nothing is read from disk."""

    def unready(self) -> str | None:
        """Why nothing is passed on now."""
        return self._why

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop` is set."""
        self._thread = ThreadPoolExecutor(1, self.name)
        failures = 0
        try:
            while not stop.is_set():
                try:
                    await self._read(stop)
                    failures = 0
                except IndexUnavailable as error:
                    failures += 1
                    self._why = str(error)
                    await self._close()
                    await pause(stop, min(_LONGEST, 0.5 * 2**failures) * random.uniform(0.5, 1.0))
        finally:
            await self._close()
            self._thread.shutdown(wait=False)

    async def _read(self, stop: asyncio.Event) -> None:
        if self._queue is None:
            self._queue = await self.in_thread(self._open_queue)
        self._why, self._renew_at = None, float("-inf")
        if not await self._holds():
            await pause(stop, _PAUSE)
            return
        drained = False
        try:
            self.cursor = await self.ask("cursor", self.reader)
            await self.begin()
            while not stop.is_set() and await self._keeps():
                await self.turn(stop)
            drained = stop.is_set()
        except Lost:
            self._renew_at = float("-inf")
            told = (
                "the cursor was moved or lost, reading on from where the store has it"
                if await self._holds()
                else "another process reads now"
            )
            log.warning(told, part=self.name, reader=self.reader)
        finally:
            await self.end(drained=drained)
            if drained:
                with suppress(IndexFailure):
                    await self.ask("hold", self._lock, self._holder, self._clock(), 0)

    @property
    def _lock(self) -> str:
        return f"reader:{self.reader}"

    async def _holds(self) -> bool:
        now = time.monotonic()
        if now < self._renew_at:
            return True
        self._renew_at = now + _RENEWED
        return bool(await self.ask("hold", self._lock, self._holder, self._clock(), _HELD))

    async def _keeps(self) -> bool:
        """Whether the lock and the cursor are still this reader's. Raises Lost.

        A store that came back empty has neither; asked for the cursor, it keeps one again.
        """
        if time.monotonic() < self._renew_at:
            return True
        if not await self._holds():
            return False
        if await self.ask("cursor", self.reader) != self.cursor:
            raise Lost
        return True

    async def read(self, after: str, most: int, wait: float) -> list[Output]:
        """Messages after one."""
        return list(await self.ask("outputs", after, most, wait))

    async def advance(self, after: str) -> None:
        """What comes up to there is passed on. Raises Lost."""
        if after != self.cursor:
            if not await self.ask("advance", self.reader, self.cursor, after):
                raise Lost
            self.cursor = after

    async def ask(self, method: str, *arguments: Any) -> Any:
        """Ask the queue."""
        return await self.in_thread(partial(getattr(self._queue, method), *arguments))

    async def in_thread(self, call: Callable[[], _T]) -> _T:
        """Have the reader's thread do what may block."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def _close(self) -> None:
        if self._queue is not None:
            with suppress(DedupeError):
                await self.in_thread(self._queue.close)
            self._queue = None


class LineReader(Reader):
    """Writes messages as lines to standard output or to a file.

    What was written and not noted when the process was killed is written again to standard output,
    not to a file, whose last line tells.
    """

    def __init__(
        self,
        path: str,
        open_queue: Callable[[], Queue],
        holder: str,
        clock: Callable[[], float] = time.time,
        wait: float = _WAIT,
        most: int = 256,
    ) -> None:
        """Raises UsageError where the file cannot be written."""
        super().__init__("output", "lines", open_queue, holder, clock, wait)
        self._path, self._most = path, most
        self._lines: Lines | None = None
        self._last: bytes | None = None
        self._reopening = False
        check_writable(path)

    def reread(self) -> None:
        """Open the file again: the one that was open may have been moved away."""
        self._reopening = True

    async def begin(self) -> None:
        """Open the file."""
        self._lines = await self.in_thread(partial(Lines, self._path))
        self._last = await self.in_thread(self._lines.mend)

    async def turn(self, stop: asyncio.Event) -> None:
        """Write what there is. Raises OutputClosed where nobody reads it."""
        assert self._lines is not None
        if self._reopening:
            self._reopening = False
            self._lines.close()
            await self.begin()
        self._lines.check_read()
        await self._copy(self._wait)

    async def _copy(self, wait: float) -> bool:
        """Write some messages, then note it; whether there were any."""
        outputs = await self.read(self.cursor, self._most, wait)
        if outputs:
            assert self._lines is not None
            lines = _after([numbered(output) for output in outputs], self._last)
            self._last = None
            await self.in_thread(partial(self._lines.write, lines))
            await self.advance(outputs[-1].id)
        return bool(outputs)

    async def end(self, *, drained: bool) -> None:
        """Write what is there still."""
        if self._lines is None:
            return
        try:
            if drained:
                for _ in range(_DRAINED):
                    if not await self._copy(0.0):
                        break
        finally:
            lines, self._lines = self._lines, None
            lines.close()


def _after(lines: Sequence[bytes], last: bytes | None) -> list[bytes]:
    """The lines behind one of them; all where it is not among them."""
    try:
        return list(lines[lines.index(last) + 1 :]) if last is not None else list(lines)
    except ValueError:
        return list(lines)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until `stop` is set."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
