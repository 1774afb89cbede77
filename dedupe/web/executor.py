"""The threads that have the index: requests wait for them, articles that wait are decided together.

A Deduper is for one thread, and so is an index or a queue. How many requests wait is bounded where
they come in (dedupe.web.gate): each waits for one thing at a time.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar

import structlog

from dedupe.deduper import Deduper
from dedupe.errors import DedupeError, IndexUnavailable, RecordRejected
from dedupe.models import Article, Decision

log = structlog.get_logger()
TOGETHER = 128  # articles that are decided at once
_T = TypeVar("_T")
_H = TypeVar("_H")

Outcome = Decision | RecordRejected | Exception  # the last: an error in dedupe, at this article


class Executor(Generic[_H]):
    """Asks what it holds one question after another, in a thread of its own.

    When the store does not answer one, all that have waited meanwhile hear the same: each would
    wait as long in vain.
    """

    def __init__(self, held: _H, name: str) -> None:
        self.held = held
        self._thread = ThreadPoolExecutor(1, f"dedupe-{name}")
        self._failure: IndexUnavailable | None = None
        self._failed = 0.0  # when, by the monotonic clock
        self._begun: float | None = None  # when the question was that is being answered

    def ask(self, question: Callable[[_H], _T]) -> Future[_T]:
        """Have a question answered; the future raises what it raises."""
        since = time.monotonic()
        return self._thread.submit(lambda: self._answer(question, since))

    def _answer(self, question: Callable[[_H], _T], since: float) -> _T:
        if self._failure is not None and since < self._failed:
            raise self._failure
        self._begun = time.monotonic()
        try:
            return question(self.held)
        except IndexUnavailable as failure:
            self._failure, self._failed = failure, time.monotonic()
            raise
        finally:
            self._begun = None

    @property
    def busy(self) -> float:
        """Seconds that one question has been taking."""
        begun = self._begun
        return 0.0 if begun is None else time.monotonic() - begun

    def close(self) -> None:
        """Answer what waits, and end the thread."""
        self._thread.shutdown()


class _Waiting(NamedTuple):
    articles: Sequence[Article]
    future: Future[list[Outcome]]
    since: float


class Deciding(Executor[Deduper]):
    """Has the deduper, and makes another when the server of the store was started again.

    Such a server may have lost its last second and give the places of what it lost to others: what
    the deduper remembers of them is another article's.
    """

    def __init__(self, make: Callable[[], Deduper], clock: Callable[[], datetime]) -> None:
        deduper = make()
        super().__init__(deduper, "deciding")
        self._make, self._clock = make, clock
        self._life = deduper.index.incarnation()
        self._waiting: dict[bool, deque[_Waiting]] = {True: deque(), False: deque()}

    def _answer(self, question: Callable[[Deduper], _T], since: float) -> _T:
        def of_this_life(_: Deduper) -> _T:
            self._same_life()
            return question(self.held)

        return super()._answer(of_this_life, since)

    def _same_life(self) -> bool:
        """Whether the server is still the one that it was; else there is a new deduper."""
        life = self.held.index.incarnation()
        if life == self._life:
            return True
        log.warning("the store was started again")
        self.held, self._life = self._make(), life
        return False

    def decide(self, articles: Sequence[Article], *, store: bool) -> Future[list[Outcome]]:
        """Decide on articles, and remember them or not; what is said of each, in their order."""
        waiting = _Waiting(articles, Future(), time.monotonic())
        self._waiting[store].append(waiting)
        self._thread.submit(self._decide_some, store=store)
        return waiting.future

    def _decide_some(self, *, store: bool) -> None:
        """Decide on what waits, unless an earlier turn has taken it along."""
        some = self._taken(self._waiting[store])
        if not some:
            return
        articles = [article for one in some for article in one.articles]
        try:
            outcomes = iter(
                self._answer(lambda _: self._decided_at_once(articles, store=store), some[0].since)
            )
        except Exception as error:
            for one in some:
                one.future.set_exception(error)
            return
        for one in some:
            one.future.set_result([next(outcomes) for _ in one.articles])

    def _taken(self, waiting: deque[_Waiting]) -> list[_Waiting]:
        some: list[_Waiting] = []
        size = 0
        while waiting and (not some or size + len(waiting[0].articles) <= TOGETHER):
            one = waiting.popleft()
            if one.future.set_running_or_notify_cancel():  # its client has not hung up
                some.append(one)
                size += len(one.articles)
        return some

    def _decided_at_once(self, articles: Sequence[Article], *, store: bool) -> list[Outcome]:
        """What one life of the server says of articles."""
        while True:
            outcomes = self._decided(self.held, articles, store=store)
            if self._same_life():
                return outcomes

    def _decided(
        self, deduper: Deduper, articles: Sequence[Article], *, store: bool
    ) -> list[Outcome]:
        decide = deduper.add_batch if store else deduper.check_batch
        try:
            return list(decide(articles, self._clock()))
        except DedupeError:
            raise
        except Exception as error:  # one of them; the others are not to suffer for it
            if len(articles) == 1:
                return [error]
            return [
                outcome
                for article in articles
                for outcome in self._decided(deduper, [article], store=store)
            ]
