"""When a feed is asked again. Pure: the time is passed in, and so is chance.

A feed is asked twice in the time that usually lies between two of its entries, and less and less
often while it is quiet, so that an answer "not modified" changes nothing that must be kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from msgspec import Struct

MINUTE = 60.0
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FOREVER = float("inf")

_BEGIN = 0.1  # seconds between the first requests of two feeds that are due at once
_BEGIN_MOST = MINUTE  # until all that were due at once have been asked


class Pace(Struct, frozen=True):
    """How often a feed is asked at most and at least, in seconds."""

    least: float = 5 * MINUTE
    most: float = 6 * HOUR


def interval(
    pace: Pace,
    now: float,
    *,
    published: Sequence[float],
    changes: Sequence[float],
    since: float,
    ttl: float = 0.0,
    fixed: float = 0.0,
) -> float:
    """Seconds from one request to the next.

    `published` are the times of its entries, as they say; `changes` those at which something new
    was met, ascending; `since` when it was first read. Half the usual gap of whichever comes
    faster, or a quarter of how long it has been quiet, where that is longer. `ttl` is how long the
    feed asks to be left alone, which is heeded as far as no entry is missed. `fixed` is what
    whoever runs this wants, and overrules all but the shortest interval.
    """
    if fixed:
        return max(fixed, min(pace.least, MINUTE))
    past = sorted({time for time in published if time <= now})
    last = max((*past[-1:], *changes[-1:]), default=since)
    gaps = [gap for gap in (_usual_gap(past), _usual_gap(changes)) if gap is not None]
    wanted = max(min(gaps, default=0.0) / 2, (now - last) / 4)
    if ttl:
        shown = (past[-1] - past[0]) / 2 if len(past) > 1 else ttl
        wanted = max(wanted, min(ttl, shown))
    return min(max(wanted, pace.least), pace.most)


def _usual_gap(times: Sequence[float]) -> float | None:
    """The median of the gaps between times in their order; None where there is no gap."""
    if len(times) < 2:
        return None
    return median(after - before for before, after in pairwise(times))


def pause(pace: Pace, failures: int, draw: float, retry_after: float = 0.0) -> float:
    """Seconds to wait after so many failures in a row, 1 or more; never over a day.

    Doubles with each from the shortest interval on. `draw`, from 0 to 1, takes up to half of it
    away, so that feeds that failed together do not come back together. What the server asked for
    (Retry-After) is the least.
    """
    doubled = pace.least * 2.0 ** min(failures - 1, 32)
    return max(min(doubled, DAY) * (1 - draw / 2), min(max(retry_after, 0.0), DAY))


def begin(pace: Pace, due: float, now: float, draw: float, feeds: int) -> float:
    """When a feed is first asked by a poller that has just got it, with so many others.

    At once where it is due, but not all of them in the same second: within a minute.
    """
    return max(due, now + draw * min(feeds * _BEGIN, _BEGIN_MOST, pace.least))
