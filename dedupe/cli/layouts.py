"""Which columns of a table are shown where there is little room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.text import Text

_BETWEEN = 3  # columns of the terminal between two of a table


def fitting(
    layouts: Sequence[Sequence[str]],
    rows: Sequence[Mapping[str, Text]],
    readable: Mapping[str, int],
    width: int,
) -> list[str]:
    """The first of some layouts that is not wider than `width`; the last where none is.

    A layout names columns; those that are empty in all rows go. `readable` says how many columns of
    the terminal are enough for one, which may then be cut or folded.
    """

    def least(name: str) -> int:
        lines = [line.cell_len for row in rows for line in row[name].split()]
        return min(max([len(name), *lines]), readable.get(name, width))

    names: list[str] = []
    for layout in layouts:
        names = [name for name in layout if not rows or any(row[name] for row in rows)]
        if sum(map(least, names)) + _BETWEEN * len(names) + 1 <= width:
            break
    return names
