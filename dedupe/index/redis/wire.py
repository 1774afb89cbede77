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
_READ = 256  # keys in one MGET, a third of a millisecond of the server


class _Layout:
    """Where the changing parts of a row stand: one cell for each band, end to end."""

    def __init__(
        self, roots: Sequence[bytes], bounds: Sequence[int], before: bytes, after: bytes
    ) -> None:
        row, names, sizes = bytearray(), [], []
        for root, first, last in zip(roots, bounds, bounds[1:], strict=False):
            head = before + b"$%d\r\n" % (len(root) + 9) + root + b"b"
            for band in range(first, last):
                names.append(len(row) + len(head))
                cell = head + bytes(4) + band.to_bytes(2, "little") + bytes(2) + after
                row += cell
                sizes.append(len(cell))
        self._row = np.frombuffer(bytes(row), np.uint8)
        self.sizes = np.array(sizes, np.int64)  # bytes of each cell
        at = np.array(names, np.int64)[:, None]
        self._names = at + np.arange(4)
        self._groups = at + 6 + np.arange(2)
        self._entries = at + 8 + len(after) - 2 - _ENTRY + np.arange(_ENTRY)

    def rows(
        self,
        names: NDArray[np.uint8],
        groups: NDArray[np.uint8],
        entries: NDArray[np.uint8] | None = None,
    ) -> NDArray[np.uint8]:
        """(n, bytes)."""
        rows = np.tile(self._row, (len(names), 1))
        rows[:, self._names] = names[:, None]
        rows[:, self._groups] = groups
        if entries is not None:
            rows[:, self._entries] = entries
        return rows


class Wire:
    """Commands on the buckets of one index. `roots` are slot groups, whose bands end at `bounds`.

    Of n articles `names` (n, 4) name the slices and `groups` (n, bands, 2) the groups in them.
    """

    def __init__(self, roots: Sequence[bytes], bounds: Sequence[int]) -> None:
        tail = b"\r\n$%d\r\n" % _ENTRY + bytes(_ENTRY) + b"\r\n"
        self._appends = _Layout(roots, bounds, _APPEND, tail)
        self._gets = _Layout(roots, bounds, b"", b"\r\n")

    def appends(
        self, names: NDArray[np.uint8], groups: NDArray[np.uint8], entries: NDArray[np.uint8]
    ) -> bytes:
        """APPEND each of the (n, bands, 6) entries to its group."""
        return self._appends.rows(names, groups, entries).tobytes()

    def gets(
        self, names: NDArray[np.uint8], groups: NDArray[np.uint8], wanted: NDArray[np.bool_]
    ) -> tuple[bytes, int]:
        """MGETs of the groups that are `wanted` (n, bands), in their order, and how many MGETs."""
        sizes = self._gets.sizes
        rows = self._gets.rows(names, groups)
        cells = rows[np.repeat(wanted, sizes, axis=1)].tobytes()
        ends = np.cumsum(np.broadcast_to(sizes, wanted.shape)[wanted]).tolist()
        parts, start = [], 0
        for low in range(0, len(ends), _READ):
            count = min(_READ, len(ends) - low)
            end = ends[low + count - 1]
            parts += [b"*%d\r\n$4\r\nMGET\r\n" % (count + 1), cells[start:end]]
            start = end
        return b"".join(parts), len(parts) // 2


def command(*words: bytes) -> bytes:
    """One command."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in words)
