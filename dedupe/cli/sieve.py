"""Which records of a stream repeat what came before them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np

from dedupe.deduper import Deduper
from dedupe.errors import RecordRejected
from dedupe.feeds import Passing
from dedupe.models import Decision, Rejection, Relation


class Sifted(NamedTuple):
    """One record that was decided on."""

    passing: Passing
    decision: Decision
    repeats: bool  # it is related to an earlier one as closely as asked


class Sieve:
    """Decides on records in batches, and tells those that repeat earlier ones."""

    def __init__(
        self,
        deduper: Deduper,
        least: Relation | None,
        *,
        store: bool,
        on_reject: Callable[[Rejection], None],
    ) -> None:
        """`least` is the weakest relation to an earlier record that makes one a repetition."""
        self._deduper, self._least = deduper, least
        self._decided = deduper.add_batch if store else deduper.check_batch
        self._on_reject = on_reject

    def sift(self, batch: Sequence[Passing], now: datetime) -> Iterator[Sifted]:
        """Decide on a batch, in its order."""
        articles = [passing.article for passing in batch]
        known = self._known([article.id for article in articles])
        decisions: list[Decision | None] = []
        for outcome in self._decided(articles, now):
            if isinstance(outcome, RecordRejected):
                self._on_reject(
                    Rejection(where=outcome.where, reason=outcome.reason, id=outcome.id)
                )
            decisions.append(None if isinstance(outcome, RecordRejected) else outcome)
        last = {d.id: i for i, d in enumerate(decisions) if d is not None}
        for i, (passing, decision) in enumerate(zip(batch, decisions, strict=True)):
            if decision is not None:
                later = {id for id, at in last.items() if at > i}
                repeats = known[i] or self._repeats(decision, later)
                yield Sifted(passing, decision, repeats)

    def _known(self, ids: Sequence[str]) -> list[bool]:
        """Which of these are in the index, or came before in the same batch."""
        there = [place is not None for place in self._deduper.index.places(ids)]
        seen: set[str] = set()
        for i, id in enumerate(ids):
            there[i] = there[i] or id in seen
            seen.add(id)
        return there

    def _repeats(self, decision: Decision, later: set[str]) -> bool:
        """Whether an article is related so closely to another one that is not among the later.

        The nearest tells it, unless that is one of them.
        """
        if self._least is None or Relation[decision.relation.upper()] < self._least:
            return False
        if decision.nearest_id not in later:
            return True
        return self._related(decision, later, self._least)

    def _related(self, decision: Decision, later: set[str], least: Relation) -> bool:
        index, cache = self._deduper.index, self._deduper.window.cache
        (cluster,), (own, *after) = (
            index.clusters([decision.cluster_id]),
            index.places([decision.id, *later]),
        )
        if cluster is None or own is None:
            return False
        before = [place for place in cluster.members if place != own and place not in after]
        gone = cache.load([own, *before])
        rows = [cache.rows[place] for place in before if place not in gone]
        if own in gone or not rows:
            return False
        left = np.full(len(rows), cache.rows[own], dtype=np.int32)
        judged = cache.judge(left, np.array(rows, dtype=np.int32))
        return bool((judged.relations >= least).any())
