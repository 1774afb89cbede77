"""Many small commands on buckets as bytes for the wire, laid out by array operations.

An article is entered into, and looked up in, more than a hundred groups of buckets. As scripts the
server spends more time on names and strings than on buckets; as commands made one by one the
client does. All names of one slot group are of one length, so a batch is filled into rectangles.
The protocol: https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# The server keeps quiet while it appends, since reading tells whether all of it is there.
QUIET, LOUD = (
    b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n",
    (b"*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$2\r\nON\r\n"),
)
_APPEND = b"*3\r\n$6\r\nAPPEND\r\n"
_ENTRY = 6


def appends(
    roots: Sequence[bytes],
    bounds: Sequence[int],
    names: NDArray[np.uint8],
    groups: NDArray[np.uint8],
    entries: NDArray[np.uint8],
) -> bytes:
    """APPEND each of the (n, bands, 6) entries to its group.

    `roots` are the slot groups, whose bands begin and end at `bounds`; `names` (n, 4) name the
    slices and `groups` (n, bands, 2) the groups in them.
    """
    tail = b"\r\n$%d\r\n" % _ENTRY + bytes(_ENTRY) + b"\r\n"
    rows = _rows(roots, bounds, names, groups, _APPEND, tail, entries)
    return rows.tobytes()


def gets(
    roots: Sequence[bytes],
    bounds: Sequence[int],
    names: NDArray[np.uint8],
    groups: NDArray[np.uint8],
) -> bytes:
    """One MGET of all groups for each of n rows, as `appends` has them."""
    rows = _rows(roots, bounds, names, groups, b"", b"\r\n", None)
    head = np.frombuffer(b"*%d\r\n$4\r\nMGET\r\n" % (groups.shape[1] + 1), np.uint8)
    heads = np.broadcast_to(head, (len(rows), len(head)))
    return np.concatenate((heads, rows), axis=1).tobytes()


def _rows(
    roots: Sequence[bytes],
    bounds: Sequence[int],
    names: NDArray[np.uint8],
    groups: NDArray[np.uint8],
    before: bytes,
    after: bytes,
    entries: NDArray[np.uint8] | None,
) -> NDArray[np.uint8]:
    """(n, bytes): for each row and band `before`, the name of a group with its length, `after`."""
    parts = []
    for root, first, last in zip(roots, bounds, bounds[1:], strict=False):
        head = before + b"$%d\r\n" % (len(root) + 9) + root + b"b"
        cell = np.frombuffer(head + bytes(8) + after, np.uint8)
        cells = np.broadcast_to(cell, (len(names), last - first, len(cell))).copy()
        at = len(head)
        cells[..., at : at + 4] = names[:, None]
        bands = np.arange(first, last, dtype="<u2")
        cells[..., at + 4 : at + 6] = bands[:, None].view(np.uint8)
        cells[..., at + 6 : at + 8] = groups[:, first:last]
        if entries is not None:
            cells[..., -_ENTRY - 2 : -2] = entries[:, first:last]
        parts.append(cells.reshape(len(names), (last - first) * len(cell)))
    return np.concatenate(parts, axis=1)
