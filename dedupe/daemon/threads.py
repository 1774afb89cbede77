"""Parts that block: each works in a thread of its own, and shows that it gets on."""

from __future__ import annotations

import asyncio
import threading
import time
from abc import abstractmethod

from dedupe.daemon.part import Part

HUNG = 180.0  # seconds without a sign of life; compiling all kernels takes a part of it


class Threaded(Part):
    """A part whose `work` runs in a thread. What it raises ends the service."""

    def __init__(self, name: str, hung_after: float = HUNG) -> None:
        self.name = name
        self.stopping = threading.Event()
        self._hung_after = hung_after
        self._alive: float | None = None  # last sign of life; None while it does not run

    @abstractmethod
    def work(self) -> None:
        """All that is to be done, until `stopping` is set; calls `alive` again and again."""

    def alive(self) -> None:
        """Give a sign of life."""
        self._alive = time.monotonic()

    def reread(self) -> None:
        """Nothing is read from disk."""

    def hung(self) -> str | None:
        """Whether the last sign of life was too long ago."""
        silent = 0.0 if self._alive is None else time.monotonic() - self._alive
        return f"no sign of life for {silent:.0f} s" if silent > self._hung_after else None

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set."""
        loop = asyncio.get_running_loop()
        ended = loop.create_future()

        def settle(error: BaseException | None) -> None:
            if error is None:
                ended.set_result(None)
            else:
                ended.set_exception(error)

        def work() -> None:
            error: BaseException | None = None
            try:
                self.work()
            except BaseException as raised:  # whatever it is, the loop must hear of it
                error = raised
            self._alive = None
            loop.call_soon_threadsafe(settle, error)

        self.alive()
        # A thread that hangs must not keep the process from ending.
        threading.Thread(target=work, name=self.name, daemon=True).start()
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
        self.stopping.set()
        stopped.cancel()
        await ended
