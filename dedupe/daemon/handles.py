"""A queue and an index of one store, opened when they are needed and closed together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from dedupe.errors import DedupeError

if TYPE_CHECKING:
    from dedupe.index.base import Index
    from dedupe.queues.base import Queue


class Handles:
    """For one thread: what `opened` gives is good until `close`."""

    def __init__(self, open_queue: Callable[[], Queue], open_index: Callable[[], Index]) -> None:
        self._open_queue, self._open_index = open_queue, open_index
        self._held: tuple[Queue, Index] | None = None

    def opened(self) -> tuple[Queue, Index]:
        """Both. Raises what opening them does."""
        if self._held is None:
            queue = self._open_queue()
            try:
                self._held = queue, self._open_index()
            except BaseException:
                queue.close()
                raise
        return self._held

    def close(self) -> None:
        """Let go of both; that the store is away does not matter."""
        held, self._held = self._held, None
        for handle in held or ():
            with suppress(DedupeError):
                handle.close()
