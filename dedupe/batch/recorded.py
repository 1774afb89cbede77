"""Articles on record are signed again, without the segments that turned out to be boilerplate."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.fingerprint import Fingerprints, Rows, constants, sign_tokens
from dedupe.kernel import kernel
from dedupe.params import SignatureParams
from dedupe.shingles.weighted import MAX_REPLICAS
from dedupe.text.recording import drop


class Recorded(NamedTuple):
    """Articles to be signed again, packed end to end as in Record."""

    packed: NDArray[np.uint8]
    sizes: NDArray[np.int32]  # (n, 4)
    bounds: NDArray[np.int64]  # (n + 1,) of their segments
    tokens: NDArray[np.int32]  # of segments
    dropped: NDArray[np.bool_]  # segments


def sign_recorded(
    recorded: Recorded, params: SignatureParams
) -> tuple[Fingerprints, NDArray[np.bool_]]:
    """Sign articles without the segments that are dropped; an article is never left empty.

    The fingerprints have no digests: those are of the whole text. Of an article whose lead was
    left as it is, as the second result says, they have the copy signature and the length only.
    """
    sizes = recorded.sizes
    n = len(sizes)
    starts = np.concatenate(([0], np.cumsum(sizes[:-1, 0] + sizes[:-1, 1], dtype=np.int64)))
    rows, in_lead = Rows.of(n, params), np.zeros(n, dtype=np.bool_)
    _sign_recorded(
        0, n, recorded.packed, starts, sizes, recorded.bounds, recorded.tokens, recorded.dropped,
        *constants(params), in_lead, rows,
    )  # fmt: skip
    return rows.fingerprints(np.zeros(n, dtype=np.uint64)), in_lead


@kernel
def _sign_recorded(
    low: int,
    high: int,
    packed: NDArray[np.uint8],
    starts: NDArray[np.int64],
    sizes: NDArray[np.int32],
    bounds_of: NDArray[np.int64],
    tokens: NDArray[np.int32],
    dropped: NDArray[np.bool_],
    shape: tuple[int, int, int, int],
    table: tuple[NDArray[np.uint32], NDArray[np.uint16], NDArray[np.uint8]],
    draws: tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32], NDArray[np.uint32]],
    in_lead: NDArray[np.bool_],
    rows: Rows,
) -> None:
    """Sign recorded articles without the segments that are dropped.

    `in_lead` is set to whether that changed the lead; where it did not, only the copy signature
    and the length are filled in.
    """
    longest = 0
    most = 0
    for i in range(low, high):
        longest = max(longest, sizes[i, 1])
        most = max(most, sizes[i, 3])
    bounds = np.empty((longest + 1, 2), dtype=np.int32)
    kinds = np.empty(longest + 1, dtype=np.uint8)
    ends = np.empty(most + 1, dtype=np.int32)
    unused = np.empty(most + 1, dtype=np.uint32)
    room = (
        np.empty(longest + 1, dtype=np.uint32),
        np.empty(max(longest + 1, shape[2] * MAX_REPLICAS), dtype=np.uint32),
        np.empty(shape[2], dtype=np.uint64),
    )
    for i in range(low, high):
        size, n, titled, count = sizes[i, 0], sizes[i, 1], np.int64(sizes[i, 2]), sizes[i, 3]
        data = packed[starts[i] : starts[i] + size]
        at = 0
        for t in range(n):
            bounds[t, 0] = at
            while data[at] != 32:
                at += 1
            bounds[t, 1] = at
            at += 1
            kinds[t] = packed[starts[i] + size + t]
        end = titled
        first = np.int64(n)
        every = True
        gone = dropped[bounds_of[i] : bounds_of[i + 1]]
        for s in range(count):
            if gone[s]:
                first = min(first, end)
            else:
                every = False
            end += tokens[bounds_of[i] + s]
            ends[s] = end
        left = np.int64(n)
        if titled > 0 or not every:
            count, left = drop(bounds, kinds, titled, ends, unused, count, gone)
        in_lead[i] = first < shape[2]
        sign_tokens(
            data, bounds, kinds, titled, left, in_lead[i], room, shape, table, draws, i, rows
        )
