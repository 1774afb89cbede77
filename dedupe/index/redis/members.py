"""Who is in which bucket, read out of the groups of buckets as Redis keeps them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.kernel import kernel

ENTRY = 6  # bytes: 3 that tell a bucket from others in its group, 3 with the member's number
_MARK = 0xFFFFFF  # as a member says that the bucket has pushed members out
_DISTINCT = 4096  # members of one bucket that are told apart, at most


class Members(NamedTuple):
    """The newest members of the buckets of some articles."""

    places: NDArray[np.int64]  # end to end, by article in the order of visits
    counts: NDArray[np.int64]  # of each visit
    full: NDArray[np.int64]  # of each visit: buckets that have pushed members out
    pushed: NDArray[np.int64]  # of each visit: members that the article itself has pushed out
    missing: NDArray[np.int64]  # of each visit: buckets that should have the article and do not
    long: NDArray[np.int64]  # (n, 2) visit and band of buckets that should be cut


@kernel
def members(
    data: NDArray[np.uint8],
    lengths: NDArray[np.int64],
    buckets: NDArray[np.uint32],
    own: NDArray[np.int64],
    enters: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    bases: NDArray[np.int64],
    depth: int,
) -> tuple[
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
    NDArray[np.int64],
]:
    """Read the `depth` newest distinct members of every bucket.

    `data` has the groups of all visits and bands end to end, `lengths` their bytes, or -1 where
    one was not read, since nobody else is there. Of each visit `buckets` (n, bands) has what tells
    the bucket in its group, `own` the article's number (-1: none), `enters` whether the article is
    entered in this very slice, `counted` whether its members count, `bases` the slice as the upper
    half of places. Gives the fields of Members.
    """
    visits, bands = buckets.shape
    places = np.empty(len(data) // ENTRY, dtype=np.int64)
    counts, full, pushed, missing = np.zeros((4, visits), dtype=np.int64)
    long = np.empty((visits * bands, 2), dtype=np.int64)
    distinct = np.empty(_DISTINCT, dtype=np.int64)
    filled = hot = start = 0
    for v in range(visits):
        before = filled
        for band in range(bands):
            if lengths[v * bands + band] < 0:
                continue
            end = start + lengths[v * bands + band]
            bucket = buckets[v, band]
            first, second, third = bucket & 0xFF, (bucket >> 8) & 0xFF, (bucket >> 16) & 0xFF
            count = 0
            marked = False
            there = False
            for at in range(start, end - ENTRY + 1, ENTRY):
                if data[at] != first or data[at + 1] != second or data[at + 2] != third:
                    continue
                low, middle = np.int64(data[at + 3]), np.int64(data[at + 4])
                member = low | middle << 8 | np.int64(data[at + 5]) << 16
                again = member == _MARK
                marked |= again
                there |= member == own[v]
                for k in range(count):
                    again |= distinct[k] == member
                if not again and count < _DISTINCT:
                    distinct[count] = member
                    count += 1
            start = end
            missing[v] += enters[v] and not there
            if count > depth and enters[v]:
                for k in range(depth, count):
                    pushed[v] += distinct[k] == own[v]
                if count > 2 * depth:
                    long[hot, 0], long[hot, 1] = v, band
                    hot += 1
            if counted[v]:
                full[v] += marked or count > depth
                for k in range(max(0, count - depth), count):
                    places[filled] = bases[v] | distinct[k]
                    filled += 1
        counts[v] = filled - before
    return places[:filled].copy(), counts, full, pushed, missing, long[:hot].copy()
