"""Small plots out of characters."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from dedupe.cli.figures import share, table_of, titled
from dedupe.evaluation.reliability import Reliability

_LEVELS = "▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉"


def sparkline(values: Sequence[float | None], low: float | None = None, high: float = 1.0) -> str:
    """A character for each value, from `low` to `high`; without `low`, from the least to the most.

    A space stands for what could not be measured.
    """
    known = [value for value in values if value is not None]
    if not known:
        return " " * len(values)
    if low is None:
        low, high = min(known), max(known)
    span = high - low
    return "".join(
        " " if v is None else _LEVELS[int(min(1.0, (v - low) / span) * 7.999) if span > 0 else 3]
        for v in values
    )


def bar(value: float | None, width: int = 16) -> str:
    """A bar for a share from 0 to 1, exact to an eighth of a character."""
    eighths = round((value or 0.0) * width * 8)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def reliability_plot(title: str, figures: Reliability) -> Group:
    """The reliability diagram: what the scores promise, and what came true."""
    table = table_of("score")
    for name in ("pairs", "promised", "came true"):
        table.add_column(name, justify="right")
    table.add_column("", overflow="crop")
    for held in figures.bins:
        drawn = Text(bar(held.observed))
        table.add_row(
            f"{held.low:.1f} to {held.high:.1f}",
            f"{held.count:,}",
            share(held.predicted),
            share(held.observed),
            drawn,
        )
    errors = f"Brier score {figures.brier:.3f}; expected calibration error {figures.ece:.3f}"
    return titled(title, table, [errors])
