"""The worker: takes articles from the queue, has them decided, and says what became of them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import structlog

from dedupe.daemon import messages
from dedupe.daemon.members import SECONDS, Member
from dedupe.daemon.threads import HUNG, Threaded
from dedupe.daemon.warming import warm_up
from dedupe.errors import DedupeError, IndexFailure, IndexUnavailable, UsageError
from dedupe.feeds import Intake
from dedupe.models import Article, Decision, Rejection
from dedupe.queues.base import ALONE, FORMAT, Entry, Finished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dedupe.deduper import Deduper, Outcome
    from dedupe.index.base import Found
    from dedupe.metrics import Metrics
    from dedupe.queues.base import Queue

FAILURES = 3  # alone, after which an entry is given up
_EVENTS = 1_000  # that are copied at once
_TRIM_EVERY = 60.0  # seconds
_BACKOFF = (0.5, 15.0)  # seconds, first and longest
_TAKEN_DOWN = "was taken down"  # what the index says of these; nothing of them may be kept
_STARTING = "is starting"

Clock = Callable[[], float]
log = structlog.get_logger()


class Settings(NamedTuple):
    """How a worker works."""

    name: str  # its own among the workers, the same after a restart
    batch: int = 256  # articles that are decided at once
    takeover: float = 60.0  # seconds after which entries of others are taken over
    keep: float = 86_400.0  # seconds that entries and messages stay when nobody needs them
    wait: float = 1.0  # seconds for which an empty queue is asked, and a signal may wait
    hung_after: float = HUNG  # seconds without a sign of life


class _Opened(NamedTuple):
    """What a worker works with, of one life of the store's server."""

    queue: Queue
    deduper: Deduper
    life: str


class _Batch(NamedTuple):
    """What was taken at once, and the articles of what could be read of it."""

    entries: tuple[Entry, ...]
    good: tuple[Entry, ...]
    articles: tuple[Article, ...]


_NOTHING = _Batch((), (), ())


class Worker(Threaded):
    """One worker, in a thread of its own with its own handles on queue and index."""

    def __init__(
        self,
        open_queue: Callable[[], Queue],
        open_deduper: Callable[[], Deduper],
        metrics: Metrics,
        settings: Settings,
        clock: Clock = time.time,
    ) -> None:
        super().__init__("worker", settings.hung_after)
        self._open_queue, self._open_deduper = open_queue, open_deduper
        self._metrics, self._settings, self._clock = metrics, settings, clock
        self._member = Member("worker", settings.name)
        self._opened: _Opened | None = None
        self._hand = self._coming = _NOTHING  # what was taken and is not finished
        self._why: str | None = _STARTING
        self._warm = False
        self._next_sweep = self._next_trim = float("-inf")
        self._told: str | None = None  # how far events were copied; None where that must be asked
        self._reasons: dict[str, str] = {}
        self._intake = Intake(now=self._now(), on_reject=self._note, remember=False)

    def unready(self) -> str | None:
        """Why nothing is decided now."""
        return self._why

    # ---- the loop --------------------------------------------------------------------------------

    def work(self) -> None:
        """Decide what comes until `stopping` is set."""
        failures = 0
        try:
            while not self.stopping.is_set() or (self._coming.entries and not failures):
                self.alive()
                try:
                    self._turn()
                    failures = 0
                except IndexUnavailable as error:
                    failures += 1
                    self._away(error, failures)
        finally:
            self._leave()

    def _turn(self) -> None:
        opened = self._opened or self._take_up()
        if opened is None:
            return
        if not self._hand.entries:
            self._hand, self._coming = self._coming, _NOTHING
        if not self._hand.entries:
            self._hand = self._decoded(self._next(opened.queue))
        if len(self._hand.entries) == self._settings.batch and not self._coming.entries:
            self._look_ahead(opened.queue)
        if self._hand.entries:
            self._decide(self._hand)
            self._hand = _NOTHING
        self._pump()
        self._member.stay(self._now_opened.queue, self._clock)
        self._trim()
        if self._why is not None:  # only now: a full disk can be opened and read
            log.info("the store is back")
            self._why = None

    def _away(self, error: IndexUnavailable, failures: int) -> None:
        """The store does not answer: what is at hand stays so, and all is opened anew."""
        if failures == 1:
            log.warning("the store is away", error=str(error))
        self._why = str(error)
        self._close()
        first, longest = _BACKOFF
        self.stopping.wait(min(longest, first * 2 ** min(failures, 10)) * random.uniform(0.5, 1.0))

    # ---- opening ---------------------------------------------------------------------------------

    @property
    def _now_opened(self) -> _Opened:
        assert self._opened is not None
        return self._opened

    def _take_up(self) -> _Opened | None:
        """Open queue and index; None where another process may have the name still."""
        queue = self._open_queue()
        try:
            taken = self._member.claim(queue, self._clock)
            if taken is None:
                opened = self._opened = _Opened(queue, *self._open_index())
                self._warm_up(opened.deduper)
                if self._why == _STARTING:
                    self._why = None
                self._told = None
                self._next_sweep = float("-inf")
                return opened
        except BaseException:
            if self._opened is None:
                queue.close()
            raise
        queue.close()
        if self._why != taken:
            log.warning("waiting for the name", why=taken, seconds=SECONDS)
        self._why = taken
        self.stopping.wait(self._settings.wait)
        return None

    def _warm_up(self, deduper: Deduper) -> None:
        """Load all kernels before anything is taken: a kill meanwhile is no article's fault."""
        if not self._warm:
            warm_up(deduper)
            self._warm = True
            self.alive()

    def _open_index(self) -> tuple[Deduper, str]:
        deduper = self._open_deduper()
        try:
            deduper.on_found = self._count_found
            return deduper, deduper.index.incarnation()
        except BaseException:
            deduper.index.close()
            raise

    def _open_again(self) -> None:
        """A new deduper: of what the old one has in memory some may be gone, or half done."""
        queue, old, _ = self._now_opened
        old.index.close()
        try:
            self._opened = _Opened(queue, *self._open_index())
        except BaseException:
            self._opened = None
            queue.close()
            raise
        self._told = None

    def _same_life(self) -> bool:
        """Whether the server is still the one that was opened; else all is opened anew.

        A server that writes to disk every second loses up to a second when it is killed.
        """
        opened = self._now_opened
        if opened.deduper.index.incarnation() == opened.life:
            return True
        log.warning("the store was started again")
        self._open_again()
        self._next_sweep = float("-inf")
        return False

    def _close(self) -> None:
        if self._opened is not None:
            with suppress(DedupeError):
                self._opened.deduper.index.close()
            with suppress(DedupeError):
                self._opened.queue.close()
            self._opened = None

    def _leave(self) -> None:
        if self._opened is not None:
            with suppress(IndexFailure):
                self._member.leave(self._opened.queue, self._clock)
        self._close()
        self._why = "has ended"

    # ---- taking ----------------------------------------------------------------------------------

    def _next(self, queue: Queue) -> list[Entry]:
        """What is to be decided next.

        First what this worker had when it was killed, or of which it never heard as the line broke;
        then what others have left lying, then what is new.
        """
        name, now = self._settings.name, time.monotonic()
        if now >= self._next_sweep:
            if mine := queue.own(name, self._settings.batch):
                return mine
            if left := queue.take_over(name, self._settings.takeover, self._settings.batch):
                log.info("taken over", entries=len(left))
                return left
            self._next_sweep = now + min(15.0, self._settings.takeover)
        return queue.take(name, self._settings.batch, self._settings.wait)

    def _look_ahead(self, queue: Queue) -> None:
        """Take what comes next while this is decided, unless what was left lying is to be next."""
        if not self.stopping.is_set() and time.monotonic() < self._next_sweep:
            self._coming = self._decoded(queue.take(self._settings.name, self._settings.batch, 0.0))

    # ---- deciding --------------------------------------------------------------------------------

    def _decide(self, batch: _Batch) -> None:
        if not batch.articles:
            return
        try:
            outcomes = self._outcomes(batch.articles, self._coming.articles)
        except (IndexUnavailable, UsageError):
            raise
        except Exception as error:
            log.error("a batch failed, now one by one", entries=len(batch.good), exc_info=error)
            self._open_again()
            for entry, article in zip(batch.good, batch.articles, strict=True):
                self.alive()
                self._alone(entry, article)
        else:
            self._finish(batch.good, outcomes)
            if not self._same_life():  # what it has lost is added again
                self._outcomes(batch.articles)

    def _alone(self, entry: Entry, article: Article) -> None:
        for failures in range(max(0, entry.tries - ALONE) + 1, FAILURES + 1):
            try:
                outcomes = self._outcomes([article])
            except (IndexUnavailable, UsageError):
                raise
            except Exception as error:
                log.error("an article failed", entry=entry.id, failures=failures, exc_info=error)
                self._open_again()
                reason = f"failed {failures} times: {type(error).__name__}: {error}"
            else:
                self._finish([entry], outcomes)
                return
        self._bury(entry, reason, article.id, "failed")

    def _outcomes(self, articles: Sequence[Article], then: Sequence[Article] = ()) -> list[Outcome]:
        """Have articles decided by one life of the server; `then` come next."""
        with self._timed("decide"):
            while True:
                outcomes = self._now_opened.deduper.add_batch(articles, self._now(), then=then)
                if self._same_life():
                    return outcomes

    def _decoded(self, entries: Sequence[Entry]) -> _Batch:
        """The articles of entries; those that have none are buried."""
        self._intake.move_to(self._now())
        good, articles = [], []
        with self._timed("decode"):
            for entry in entries:
                if entry.tries >= ALONE + FAILURES:
                    reason = f"handed out {entry.tries} times, and its worker ended each time"
                    self._bury(entry, reason, None, "killed")
                elif entry.format != FORMAT:
                    self._bury(entry, _not_of_this_format(entry.format), None, "version")
                elif (article := self._intake.json(entry.body, entry.id)) is not None:
                    good.append(entry)
                    articles.append(article)
                else:
                    self._bury(entry, self._reasons.pop(entry.id, "no article"), None, "unreadable")
        return _Batch(tuple(entries), tuple(good), tuple(articles))

    def _note(self, rejection: Rejection) -> None:
        self._reasons[rejection.where] = rejection.reason

    def _finish(self, entries: Sequence[Entry], outcomes: Sequence[Outcome]) -> None:
        """End entries with what is told of them."""
        done = []
        with self._timed("finish"):
            for entry, outcome in zip(entries, outcomes, strict=True):
                if isinstance(outcome, Decision):
                    done.append(Finished(entry.id, (messages.decision(outcome),)))
                    self._metrics.articles.labels(outcome.relation).inc()
                elif outcome.reason.startswith(_TAKEN_DOWN):
                    told = messages.refused(entry.id, outcome.reason, outcome.id)
                    done.append(Finished(entry.id, (told,)))
                    self._metrics.refused.labels("taken_down").inc()
                else:
                    self._bury(entry, outcome.reason, outcome.id, "index")
            if done:
                self._now_opened.queue.finish(done)

    def _bury(self, entry: Entry, reason: str, id: str | None, why: str) -> None:
        told = messages.refused(entry.id, reason, id)
        if self._now_opened.queue.bury(entry, reason, [told]):
            self._metrics.refused.labels(why).inc()
            log.warning("buried", entry=entry.id, reason=reason)

    # ---- besides ---------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Copy the log of the index to the output stream: once and in order, whoever does it."""
        queue, deduper, _ = self._now_opened
        while True:
            if self._told is None:
                self._told = queue.cursor("events")
                if not self._told and queue.publish("events", "", "0", []):
                    self._told = "0"  # a cursor in another log, for which nothing is kept
            events = deduper.index.events(int(self._told or 0), _EVENTS)
            if not events:
                return
            with self._timed("publish"):
                after = str(events[-1].position)
                told = [messages.event(event) for event in events]
                published = queue.publish("events", self._told, after, told)
            self._told = after if published else None  # another was quicker
            self.alive()
            if self.stopping.is_set():
                return

    def _trim(self) -> None:
        now = time.monotonic()
        if now < self._next_trim:
            return
        self._next_trim = now + _TRIM_EVERY
        queue = self._now_opened.queue
        if queue.hold("trim", self._member.place, self._clock(), _TRIM_EVERY):
            gone = queue.trim(self._clock() - self._settings.keep)
            log.debug("trimmed", entries=gone)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)

    def _count_found(self, found: Sequence[Found]) -> None:
        for one in found:
            self._metrics.candidates.observe(len(one.candidates))
            if one.capped:
                self._metrics.crowded.inc(one.capped)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self._metrics.stage.labels(stage).observe(time.perf_counter() - begun)


def _not_of_this_format(format: int) -> str:
    if not format:
        return "not an entry as docs/queue.md has it: it needs a field article, and v as a number"
    return f"format version {format} is not known; this dedupe reads {FORMAT}"
