"""A queue that is asked from a loop: in a thread of its own, and again until it answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

import structlog

from dedupe.errors import IndexUnavailable
from dedupe.queues.base import Queue

_Result = TypeVar("_Result")

_SILENT = 4.0  # seconds that it may take to answer
_AGAIN = 0.5, 10.0  # seconds until it is asked again: first, at most

log = structlog.get_logger()


class Stopped(Exception):
    """The queue does not answer, and it is time to end."""


class PatientQueue:
    """One queue, opened when it is first asked."""

    def __init__(self, open_queue: Callable[[], Queue]) -> None:
        self._open = open_queue
        self._queue: Queue | None = None
        self._thread = ThreadPoolExecutor(1, "queue")  # a queue is for one thread
        self._trouble: str | None = "has not been asked yet"
        self._away = self._back = False
        self._since: float | None = None  # monotonic; as long as it does not answer

    def is_back(self) -> bool:
        """Whether it has answered again after it did not; told once. It may have lost something."""
        back, self._back = self._back, False
        return back

    def unready(self) -> str | None:
        """Why it cannot be used now, in plain words."""
        since = self._since  # the other thread sets it
        silent = 0.0 if since is None else time.monotonic() - since
        if silent > _SILENT:
            return f"the queue has not answered for {silent:.0f} s"
        return self._trouble

    async def ask(self, work: Callable[[Queue], _Result], stop: asyncio.Event) -> _Result:
        """What the queue gives; asked again until it does. Raises Stopped where `stop` is set
        and it does not.
        """
        wait, most = _AGAIN
        while True:
            try:
                result = await self._in_thread(work)
            except IndexUnavailable as error:
                if self._trouble != str(error):
                    log.error("the queue does not answer", error=str(error))
                self._trouble, self._away = str(error), True
                if stop.is_set():
                    raise Stopped from error
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), wait)
                wait = min(2 * wait, most)
            else:
                self._trouble, self._back, self._away = None, self._back or self._away, False
                return result

    async def close(self) -> None:
        """Let go of it, when what it was asked last is answered."""
        if self._queue is not None:
            await self._in_thread(lambda queue: queue.close())
        self._thread.shutdown(wait=False)

    async def _in_thread(self, work: Callable[[Queue], _Result]) -> _Result:
        def done() -> _Result:
            self._since = time.monotonic()
            try:
                if self._queue is None:
                    self._queue = self._open()
                return work(self._queue)
            finally:
                self._since = None

        return await asyncio.get_running_loop().run_in_executor(self._thread, done)
