"""The stories made anew from time to time, so that the order of arrival leaves no trace in them."""

from __future__ import annotations

import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec
import structlog
from msgspec import Struct

from dedupe.daemon.handles import Handles
from dedupe.daemon.reclusterer import Answer, Request
from dedupe.daemon.threads import Threaded
from dedupe.errors import DedupeError, IndexFailure

if TYPE_CHECKING:
    from dedupe.index.base import Index
    from dedupe.metrics import Metrics
    from dedupe.params import ScanParams
    from dedupe.queues.base import Queue

_NAME = "recluster"  # of the lock, and of the cursor that has the last time
_SHARE = 20  # the pause is so many times what it took at least
LOOK, _LONGEST = 5.0, 60.0  # seconds between two looks: when it is due, and before that
_HELD, _RENEWED = 30.0, 10.0  # seconds that the lock is kept, after which it is renewed
_STEP = 0.5  # seconds for which the process is asked, and a signal may wait
_SKEW = 60.0  # seconds by which the clocks of workers may differ

log = structlog.get_logger()


class Last(Struct, frozen=True):
    """When the stories were last made anew, as all workers of an index know it."""

    position: int  # in the log of the index: whatever is beyond it has come since
    begun: float  # seconds since 1970
    seconds: float  # that it took; 0 while it runs, or where it was cut short


class Reclustering(Threaded):
    """Has a process recluster the index when it is time, and nothing waits to be decided.

    Of all workers of the index one does it: the one that has the lock. What it changes is told of
    by the workers, as all that is in the log of the index.
    """

    def __init__(
        self,
        url: str,
        params: ScanParams,
        handles: Handles,
        metrics: Metrics,
        *,
        holder: str,
        every: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`every` is how many seconds lie between two times at least, `holder` who has the lock."""
        super().__init__("recluster")
        self._url, self._params, self._metrics = url, params, metrics
        self._handles, self._holder, self._clock = handles, holder, clock
        self._every = every

    def unready(self) -> str | None:
        """Articles are decided without it."""
        return None

    def work(self) -> None:
        """Look whether it is time, again and again."""
        try:
            while not self.stopping.is_set():
                self.alive()
                try:
                    pause = self.turn()
                except IndexFailure:  # the worker tells of it
                    self._handles.close()
                    pause = LOOK
                self.stopping.wait(pause)
        finally:
            self._handles.close()

    def turn(self) -> float:
        """Do it if it is time; the seconds until the next look."""
        queue, index = self._handles.opened()
        known, now = queue.cursor(_NAME), self._clock()
        last = _decoded(known)
        if last is None or last.begun > now + _SKEW:  # it is new, or the clock was set back
            position = last.position if last else 0
            queue.publish(_NAME, known, _encoded(Last(position, now, 0.0)), [])
            return LOOK
        due = last.begun + max(self._every, _SHARE * last.seconds)
        if due > now:
            return min(due - now, _LONGEST)
        backlog = queue.backlog()
        if backlog.waiting or backlog.pending or not index.events(last.position, 1):
            return LOOK
        if queue.hold(_NAME, self._holder, now, _HELD):
            try:
                self._recluster(queue, known, Last(last.position, now, 0.0))
            finally:
                with suppress(DedupeError):
                    queue.hold(_NAME, self._holder, self._clock(), 0)
        return LOOK

    def _recluster(self, queue: Queue, known: str, begun: Last) -> None:
        """Do it, and note when and how far."""
        # Noted before: where it takes all down for its memory, it must not begin at once again.
        if not queue.publish(_NAME, known, _encoded(begun), []):
            return  # another has just done it
        started = time.monotonic()
        request = Request(self._url, self._params, begun.position, begun.begun)
        try:
            answer = self._asked(queue, request)
        except OSError as error:
            answer = Answer(f"no process can be started: {error.strerror}")
        if answer is None:
            queue.publish(_NAME, _encoded(begun), known, [])  # as if it had not begun
            return
        seconds, position = time.monotonic() - started, begun.position
        if answer.error is not None:
            self._metrics.recluster_failures.inc()
            log.warning("not reclustered", error=answer.error)
        else:
            self._metrics.recluster_seconds.observe(seconds)
            self._metrics.reclustered.inc(answer.changed)
            log.info(
                "reclustered", articles=answer.articles, stories=answer.stories,
                changed=answer.changed, missed=answer.missed, seconds=round(seconds, 1),
            )  # fmt: skip
            position = position if answer.missed else answer.position
        last = Last(position, begun.begun, seconds)
        queue.publish(_NAME, _encoded(begun), _encoded(last), [])

    def _asked(self, queue: Queue, request: Request) -> Answer | None:
        """What the process says; None where it was to stop, or another has the lock by now."""
        with subprocess.Popen(
            [sys.executable, "-P", "-m", "dedupe.daemon.reclusterer"], bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        ) as process, selectors.DefaultSelector() as answers:  # fmt: skip
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                with suppress(BrokenPipeError):  # it says nothing then
                    process.stdin.write(msgspec.json.encode(request) + b"\n")
                answers.register(process.stdout, selectors.EVENT_READ)
                renewed = time.monotonic()
                while not answers.select(_STEP):
                    self.alive()
                    if self.stopping.is_set():
                        return None
                    if time.monotonic() > renewed + _RENEWED:
                        renewed = time.monotonic()
                        if not queue.hold(_NAME, self._holder, self._clock(), _HELD):
                            return None
                said = process.stdout.readline()
                return msgspec.json.decode(said, type=Answer) if said else _died(process.wait())
            finally:
                process.kill()  # each change is whole


def is_settled(queue: Queue, index: Index) -> bool:
    """Whether the stories were made anew after the last change of others."""
    last = _decoded(queue.cursor(_NAME))
    return last is not None and not index.events(last.position, 1)


def _died(code: int) -> Answer:
    how = f"by {signal.Signals(-code).name}" if code < 0 else f"with {code}"
    return Answer(f"its process ended {how}")


def _encoded(last: Last) -> str:
    return msgspec.json.encode(last).decode()


def _decoded(known: str) -> Last | None:
    try:
        return msgspec.json.decode(known, type=Last)
    except msgspec.DecodeError:
        return None
