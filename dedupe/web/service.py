"""What the handlers of requests have at hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import TypeVar

import structlog
from msgspec import Struct

from dedupe.deduper import Deduper
from dedupe.errors import RecordRejected
from dedupe.index.base import Index
from dedupe.metrics import Metrics
from dedupe.models import Article, Decision
from dedupe.queues.base import Queue
from dedupe.web.executor import Deciding, Executor, Outcome

log = structlog.get_logger()
_ANSWERING = 5.0  # seconds in which a store that is well answers
_HUNG = 600.0  # seconds that no question takes
_WARMING = "The harbour of Kettleby stays closed until divers have examined the eastern quay wall."
_T = TypeVar("_T")


class Store(Struct, frozen=True):
    """What is read, and put into the queue, while the deduper is busy."""

    index: Index
    queue: Queue


class Service:
    """The index, behind two threads."""

    def __init__(
        self,
        make: Callable[[], Deduper],
        store: Store,
        clock: Callable[[], datetime],
        metrics: Metrics,
    ) -> None:
        """`make` gives a deduper with nothing in memory, `store` has handles of its own on the
        same index.
        """
        self.clock, self.metrics = clock, metrics
        self._deciding = Deciding(make, clock)
        self._reading = Executor(store, "reading")
        # Loads the kernels, and what the articles of the window say together.
        self._warm = self._deciding.decide([Article(id="", text=_WARMING)], store=False)

    async def decide(self, articles: Sequence[Article], *, store: bool) -> list[Outcome]:
        """What is said of articles. Raises IndexFailure."""
        outcomes = await asyncio.wrap_future(self._deciding.decide(articles, store=store))
        for outcome in outcomes:
            if isinstance(outcome, Decision):
                if store:
                    self.metrics.articles.labels(outcome.relation).inc()
            elif isinstance(outcome, RecordRejected):
                self.metrics.refused.labels("refused").inc()
            else:
                log.error("an article could not be decided", exc_info=outcome)
        return outcomes

    async def of_deduper(self, question: Callable[[Deduper], _T]) -> _T:
        """Ask the deduper. Raises what it raises."""
        return await _answer(self._deciding.ask(question))

    async def of_store(self, question: Callable[[Store], _T]) -> _T:
        """Ask index or queue, without waiting for decisions. Raises what they raise."""
        return await _answer(self._reading.ask(question))

    async def unready(self) -> str | None:
        """Why requests cannot be answered now; None where they can."""
        if not self._warm.done():
            return "it is still starting"
        try:
            async with asyncio.timeout(_ANSWERING):
                await self.of_store(lambda store: (store.index.hands(), store.queue.dead(most=1)))
        except TimeoutError:
            return f"the store has not answered for {_ANSWERING:.0f} s"
        except Exception as error:  # whatever it is, requests would meet it too
            log.warning("the store does not answer", error=str(error))
            return "the store does not answer"
        return None

    def hung(self) -> str | None:
        """Why the process must be started again; None where it is well."""
        busy = max(self._deciding.busy, self._reading.busy)
        return f"one question has been taking {busy:.0f} s" if busy > _HUNG else None

    def close(self) -> None:
        """Answer what waits, and end the threads; the index may be closed then."""
        self._deciding.close()
        self._reading.close()


async def _answer(future: Future[_T]) -> _T:
    return await asyncio.wrap_future(future)
