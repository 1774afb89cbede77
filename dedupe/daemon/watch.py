"""A look at the store every few seconds: what waits there, and whether it answers at all."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from dedupe.daemon.handles import Handles
from dedupe.daemon.threads import HUNG, Threaded
from dedupe.errors import IndexUnavailable

if TYPE_CHECKING:
    from dedupe.index.base import Index
    from dedupe.metrics import Metrics
    from dedupe.queues.base import Queue

_EVERY, _STATS_EVERY = 2.0, 60.0  # seconds


class Watch(Threaded):
    """Asks the store in a thread of its own: it is unready soon after the store is."""

    def __init__(
        self,
        open_queue: Callable[[], Queue],
        open_index: Callable[[], Index],
        metrics: Metrics,
        *,
        every: float = _EVERY,
        hung_after: float = HUNG,
    ) -> None:
        super().__init__("store", hung_after)
        self._handles = Handles(open_queue, open_index)
        self._metrics, self._every = metrics, every
        self._answered: float | None = None
        self._next_stats = float("-inf")

    def unready(self) -> str | None:
        """Whether the last answer was too long ago."""
        if self._answered is None:
            return "has not answered yet"
        silent = time.monotonic() - self._answered
        return f"has not answered for {silent:.0f} s" if silent > 3 * self._every else None

    def work(self) -> None:
        """Ask again and again."""
        try:
            while not self.stopping.is_set():
                self.alive()
                try:
                    self._look()
                    self._answered = time.monotonic()
                except IndexUnavailable:
                    self._handles.close()
                self.stopping.wait(self._every)
        finally:
            self._handles.close()

    def _look(self) -> None:
        queue, index = self._handles.opened()
        backlog, metrics = queue.backlog(), self._metrics
        metrics.waiting.set(backlog.waiting)
        metrics.pending.set(backlog.pending)
        metrics.dead.set(backlog.dead)
        metrics.behind.clear()
        for reader, behind in backlog.behind.items():
            metrics.behind.labels(reader).set(behind)
        if time.monotonic() >= self._next_stats:
            self._next_stats = time.monotonic() + _STATS_EVERY
            metrics.capped.set(index.stats().capped)
            if (used := index.memory()) is not None:
                metrics.memory.set(used)
