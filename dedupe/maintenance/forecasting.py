"""How much memory an index will take."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct

from dedupe.index.base import Index
from dedupe.index.manifest import manifest_of

ENOUGH = 1_000  # articles of an index that say how large others will be


class Measured(NamedTuple):
    """Bytes that one article took, among 10,000."""

    short: int  # entries of feeds, 60 words
    short_text: int
    long: int  # whole articles, 1,000 words
    long_text: int


_MEASURED = {
    "memory": Measured(short=5_560, short_text=390, long=8_700, long_text=3_030),
    "sqlite": Measured(short=2_640, short_text=420, long=5_500, long_text=4_050),
    "redis": Measured(short=4_640, short_text=530, long=6_270, long_text=3_030),
}


class Forecast(Struct, frozen=True, kw_only=True):
    """What an index takes that holds the articles of some days."""

    per_day: int
    articles: int
    least: int  # bytes, where articles are short
    most: int  # where they are long; the same where this index has told


class Forecasts(Struct, frozen=True, kw_only=True):
    """Of several rates, and what they rest on."""

    days: float  # whose articles are held at once
    least: int  # bytes an article
    most: int
    measured_on: int  # articles of this very index; 0: on others like it
    rows: tuple[Forecast, ...]


def forecast(
    index: Index | None, backend: str, per_day: Sequence[int], days: float | None = None
) -> Forecasts:
    """The size of the index, or of a new one, with so many articles a day.

    `days` is how long an article stays: by default the window and one slice more. `backend` is the
    scheme of the URL.
    """
    manifest = index.manifest if index is not None else manifest_of()
    if days is None:
        days = (manifest.window_hours + manifest.slice_hours) / 24.0
    stats = index.stats() if index is not None else None
    if stats is not None and stats.bytes is not None and stats.articles >= ENOUGH:
        least = most = round(stats.bytes / stats.articles)
        measured_on = stats.articles
    else:
        least, most = _elsewhere(backend, manifest.texts)
        measured_on = 0
    rows = tuple(_row(number, round(number * days), least, most) for number in per_day)
    return Forecasts(days=days, least=least, most=most, measured_on=measured_on, rows=rows)


def _row(per_day: int, articles: int, least: int, most: int) -> Forecast:
    return Forecast(
        per_day=per_day, articles=articles, least=articles * least, most=articles * most
    )


def _elsewhere(backend: str, texts: bool) -> tuple[int, int]:
    measured = _MEASURED.get(backend, _MEASURED["redis"])
    if not texts:
        return measured.short, measured.long
    return measured.short + measured.short_text, measured.long + measured.long_text
