"""A service: its parts in one loop, from the first signal to the last line of its log."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import structlog

from dedupe.daemon.health import Health
from dedupe.daemon.lines import OutputClosed, writing
from dedupe.daemon.part import Part
from dedupe.errors import DedupeError
from dedupe.metrics import Metrics

_LINE = 2.0  # seconds that a line which is being written may take when all ends at once

log = structlog.get_logger()


class Service:
    """The parts, and what is told to all of them."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self.stopping = asyncio.Event()
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self._stops = [asyncio.Event() for _ in parts]

    def stop(self) -> None:
        """Have the parts finish what they have begun."""
        self.stopping.set()

    def reread(self) -> None:
        """Have each part read again what may have changed on disk; what one cannot is logged."""
        log.info("rereading")
        for part in self.parts:
            try:
                part.reread()
            except DedupeError as error:
                log.error("not reread", part=part.name, error=str(error))

    async def run(self) -> BaseException | None:
        """Until it is stopped, or a part ends; gives what ended it, None where all is well.

        The parts stop in their order, one when the one before it has: what one still hands on the
        next still takes.
        """
        for part, stop in zip(self.parts, self._stops, strict=True):
            self.tasks[part.name] = asyncio.create_task(part.run(stop), name=part.name)
        stopping = asyncio.create_task(self.stopping.wait())
        await asyncio.wait({stopping, *self.tasks.values()}, return_when=asyncio.FIRST_COMPLETED)
        self.stopping.set()
        await stopping
        for (name, task), stop in zip(self.tasks.items(), self._stops, strict=True):
            stop.set()
            await asyncio.wait({task})
            log.info("stopped", part=name)
        return next((e for task in self.tasks.values() if (e := _error_of(task))), None)

    def unready(self) -> dict[str, str]:
        """By part, why it cannot do its work now."""
        if self.stopping.is_set():
            return {"service": "is stopping"}
        if not self.tasks:
            return {"service": "is starting"}
        return {part.name: why for part in self.parts if (why := part.unready())}

    def hung(self) -> dict[str, str]:
        """By part, why the process must be started again."""
        ended = {} if self.stopping.is_set() else {n for n, t in self.tasks.items() if t.done()}
        return dict.fromkeys(ended, "has ended") | {
            part.name: why for part in self.parts if (why := part.hung())
        }


def _error_of(task: asyncio.Task[None]) -> BaseException | None:
    return asyncio.CancelledError() if task.cancelled() else task.exception()


def run(parts: Sequence[Part], *, listen: str | None, metrics: Metrics) -> int:
    """Run parts until SIGTERM or SIGINT, or until one fails; the exit code of the process.

    The first signal stops the parts and lets them finish what they have begun; a second one ends
    the process at once. SIGHUP has them reread. `listen` is HOST:PORT for health and metrics. Only
    for the main thread. Raises UsageError where nobody can listen there.
    """
    return asyncio.run(_run(parts, listen, metrics))


async def _run(parts: Sequence[Part], listen: str | None, metrics: Metrics) -> int:
    service = Service(parts)
    with _signals(service):
        async with Health(service, metrics, listen):
            log.info("started", parts=[part.name for part in parts], process=os.getpid())
            error = await service.run()
    if error is None:
        log.info("ended")
        return 0
    if isinstance(error, OutputClosed):
        log.info("ended", why=str(error))
        return error.exit_code
    if isinstance(error, DedupeError):
        log.error("failed", error=str(error))
        return error.exit_code
    log.critical("failed unexpectedly", exc_info=error)
    return 1


@contextmanager
def _signals(service: Service) -> Iterator[None]:
    """Signals go to the service for a while.

    The handlers are Python's own, which run while the loop is busy too: a second signal ends a
    process that hangs.
    """
    loop = asyncio.get_running_loop()

    def end(number: int, frame: FrameType | None) -> None:
        if told.is_set():
            writing.acquire(timeout=_LINE)
            os._exit(128 + number)
        told.set()
        loop.call_soon_threadsafe(stop, number)

    def stop(number: int) -> None:
        log.info("stopping", signal=signal.Signals(number).name)
        service.stop()

    def reread(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(service.reread)

    told = threading.Event()
    before = {
        number: signal.signal(number, handler)
        for number, handler in (
            (signal.SIGTERM, end), (signal.SIGINT, end), (signal.SIGHUP, reread)
        )
    }  # fmt: skip
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
