"""Columns of numbers that grow batch by batch, without keeping the batches."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_FIRST = 1 << 16  # entries of room to begin with


class Column:
    """A growing array of one type, of single numbers or of rows of `width`.

    Growing moves no data where the system can remap it, and room that is not yet used takes no
    memory; many small arrays kept until the end would leave holes behind when they are freed.
    """

    def __init__(self, dtype: type[np.generic], width: int = 1) -> None:
        self._width = width
        self._room: NDArray[Any] = np.empty(_FIRST * width, dtype=dtype)
        self._used = 0

    def append(self, values: NDArray[Any]) -> None:
        """Add the values, or rows, of a batch."""
        end = self._used + values.size
        if end > len(self._room):
            self._room.resize(end * 3 // 2, refcheck=False)
        self._room[self._used : end] = values.reshape(-1)
        self._used = end

    def view(self) -> NDArray[Any]:
        """All that was added, to be read or changed in place; good until something is added."""
        whole = self._room[: self._used]
        return whole.reshape(-1, self._width) if self._width > 1 else whole

    def take(self) -> NDArray[Any]:
        """All that was added; the column gives it up and is empty."""
        whole = self.view()
        self._room, self._used = self._room[:0].copy(), 0
        return whole
