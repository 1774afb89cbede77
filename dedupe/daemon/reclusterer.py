"""The process that makes the stories of an index anew: asked on standard input, by one line.

It has a process of its own so that its memory is given back. It ends with whoever asks: that is
when its input ends. Nothing is lost then, since each change of stories is applied whole.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from dedupe.errors import DedupeError
from dedupe.params import ScanParams

if TYPE_CHECKING:
    from dedupe.index.base import Index

_NICE = 10  # articles that come meanwhile go first
_EVENTS = 1_000  # that are read at once


class Request(Struct, frozen=True):
    """What is to be done."""

    url: str  # of the index
    params: ScanParams
    position: int  # in the log of the index, at which to look for its end
    now: float  # seconds since 1970: when it is decided


class Answer(Struct, frozen=True):
    """What came of it."""

    error: str | None = None  # why nothing did
    position: int = 0  # in the log of the index: whatever is beyond it came of others, later
    articles: int = 0
    stories: int = 0
    changed: int = 0  # stories
    missed: int = 0  # groups of stories that others changed meanwhile


def reclustered(request: Request) -> Answer:
    """Do it. Raises DedupeError."""
    from dedupe.batch.recluster import recluster
    from dedupe.deduper import Deduper
    from dedupe.index.opening import open_index

    index = open_index(request.url)
    try:
        end = _end(index, request.position)
        now = datetime.fromtimestamp(request.now, UTC)
        done = recluster(Deduper(index, request.params), now)
        position = _beyond_own(index, end, now.timestamp() / 3600.0)
        return Answer(None, position, done.articles, done.stories, done.changed, done.missed)
    finally:
        index.close()


def _end(index: Index, position: int) -> int:
    """The position of the last event."""
    while events := index.events(position, _EVENTS):
        position = events[-1].position
    return position


def _beyond_own(index: Index, position: int, hours: float) -> int:
    """The last event before the first of somebody else: ours are all of one moment."""
    while events := index.events(position, _EVENTS):
        for event in events:
            if event.hours != hours:
                return position
            position = event.position
    return position


def _answer(request: Request) -> Answer:
    try:
        return reclustered(request)
    except DedupeError as error:
        return Answer(str(error))
    except Exception as error:
        return Answer(f"{type(error).__name__}: {error}")


def _end_with_input() -> None:
    while os.read(0, 1024):
        pass
    os._exit(1)


def _yield_to_others() -> None:
    """Less time on the processors than others; and where memory runs out, this is ended first."""
    with suppress(OSError):  # a sandbox may forbid either, or have no such file
        os.nice(_NICE)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def main() -> None:
    """Read the request, write the answer."""
    for number in (signal.SIGINT, signal.SIGTERM):  # whoever asks gets them too, and ends this
        signal.signal(number, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a verifier of another package may print
    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=Request)
    threading.Thread(target=_end_with_input, daemon=True).start()
    _yield_to_others()
    answers.write(msgspec.json.encode(_answer(request)) + b"\n")
    answers.flush()
    os._exit(0)  # taking the kernels down piece by piece takes long


if __name__ == "__main__":
    main()
