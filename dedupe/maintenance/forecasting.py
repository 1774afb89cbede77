"""How much memory an index will take."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from dedupe.index.base import Index
from dedupe.index.manifest import manifest_of

ENOUGH = 1_000  # articles of an index that say how large others will be

# Bytes an article, measured on a month of short entries and a set of long articles, half each, by
# scripts/bench_index.py: without its text, and the text.
_MEASURED = {
    "memory": (4_800, 1_100),
    "sqlite": (4_600, 1_100),
    "redis": (6_000, 1_200),
}


class Forecast(Struct, frozen=True, kw_only=True):
    """What an index takes that holds the articles of some days."""

    per_day: int
    articles: int
    bytes: int


class Forecasts(Struct, frozen=True, kw_only=True):
    """Of several rates, and what they rest on."""

    days: float  # whose articles are held at once
    bytes_per_article: int
    measured_on: int  # articles of this very index; 0: on others like it
    rows: tuple[Forecast, ...]


def forecast(
    index: Index | None, backend: str, per_day: Sequence[int], days: float | None = None
) -> Forecasts:
    """The size of the index, or of a new one, with so many articles a day.

    `days` is how long an article stays: by default the window and one slice more.
    """
    manifest = index.manifest if index is not None else manifest_of()
    if days is None:
        days = (manifest.window_hours + manifest.slice_hours) / 24.0
    stats = index.stats() if index is not None else None
    if stats is not None and stats.bytes is not None and stats.articles >= ENOUGH:
        each, measured_on = round(stats.bytes / stats.articles), stats.articles
    else:
        rest, text = _MEASURED.get(backend, _MEASURED["redis"])
        each, measured_on = rest + (text if manifest.texts else 0), 0
    rows = [
        Forecast(per_day=n, articles=round(n * days), bytes=round(n * days) * each) for n in per_day
    ]
    return Forecasts(days=days, bytes_per_article=each, measured_on=measured_on, rows=tuple(rows))
