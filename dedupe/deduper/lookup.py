"""What the index says of articles: asked while those before them are decided, where that helps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from operator import is_
from typing import NamedTuple

from dedupe.deduper.arriving import Arrivals
from dedupe.deduper.filing import Filing, Ready
from dedupe.index.base import Found, Index
from dedupe.index.records import Record
from dedupe.models import Article


class Looked(NamedTuple):
    """Some articles, and what the index says of them."""

    ready: list[Ready]
    found: list[Found]
    fetched: dict[int, Record]  # of candidates that were not at hand, by place


class Lookup:
    """Files articles, stores them and asks for their candidates."""

    def __init__(self, index: Index, filing: Filing, arrivals: Arrivals) -> None:
        self._index, self._filing, self._arrivals = index, filing, arrivals
        self._thread: ThreadPoolExecutor | None = None
        self._beside = index  # another handle on it, for the thread
        # The batch that was announced, and what is being looked up of it.
        self._coming: tuple[Sequence[Article], Future[Looked]] | None = None

    def now(self, articles: Sequence[Article], now: datetime | None) -> Looked:
        """Look articles up at once."""
        return self._look_up(self._index, articles, now)

    def drop(self) -> None:
        """Think no more of what was announced."""
        if self._coming is not None:
            wait([self._coming[1]])
            self._coming = None

    def ahead(
        self, batches: Sequence[Sequence[Article]], after: Sequence[Article], now: datetime | None
    ) -> Iterator[Looked]:
        """What the index says of batches, the next one asked for while one is decided."""
        more = len(batches) > 1 or after
        if more and self._thread is None and (beside := self._index.beside()):
            self._beside, self._thread = beside, ThreadPoolExecutor(1, "dedupe-ahead")
        if self._thread is None or not (more or self._coming):
            for batch in batches:
                yield self._look_up(self._index, batch, now)
            return
        waiting = [batch for batch in (*batches, after) if batch]
        ahead = self._taken_up(waiting.pop(0), now) if waiting else None
        try:
            for _ in batches:
                assert ahead is not None
                looked, ahead = ahead.result(), None
                if waiting:
                    ahead = self._ask(waiting.pop(0), now)
                yield looked
            if after and ahead is not None:
                self._coming, ahead = (after, ahead), None
        finally:
            if ahead is not None:
                wait([ahead])  # its articles are in the index, and linked when they are added again

    def _ask(self, batch: Sequence[Article], now: datetime | None) -> Future[Looked]:
        """Look a batch up in the other thread."""
        assert self._thread is not None
        return self._thread.submit(self._look_up, self._beside, batch, now, fetch=True)

    def _taken_up(self, batch: Sequence[Article], now: datetime | None) -> Future[Looked]:
        """The same, if it has not been begun when the batch before was decided."""
        if self._coming is None:
            return self._ask(batch, now)
        (expected, ahead), self._coming = self._coming, None
        if len(expected) == len(batch) and all(map(is_, expected, batch)):
            return ahead
        wait([ahead])
        return self._ask(batch, now)

    def _look_up(
        self,
        index: Index,
        articles: Sequence[Article],
        now: datetime | None,
        *,
        fetch: bool = False,
    ) -> Looked:
        ready = self._filing.ready(articles, now)
        found = index.add([each.filed for each in ready], self._arrivals.candidates)
        return Looked(ready, found, self._arrivals.fetched(index, found) if fetch else {})
