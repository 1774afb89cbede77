"""How much memory an index will take."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from dedupe.index.base import Index

ENOUGH = 1_000  # articles of an index that say how large others will be

# Bytes an article, measured on a month of short entries and a set of long articles, half each, by
# scripts/bench_index.py: without its text, and the text.
_MEASURED = {
    "memory": (4_800, 1_100),
    "sqlite": (4_600, 1_100),
    "redis": (6_000, 1_200),
}


class Forecast(Struct, frozen=True, kw_only=True):
    """What so many articles take."""

    per_day: int
    days: float
    articles: int
    bytes: int
    bytes_per_article: int
    measured: bool  # on this index; otherwise on others like it


def bytes_per_article(index: Index, backend: str) -> tuple[int, bool]:
    """What one article takes, and whether this index has enough of them to tell."""
    stats = index.stats()
    if stats.bytes is not None and stats.articles >= ENOUGH:
        return round(stats.bytes / stats.articles), True
    rest, text = _MEASURED.get(backend, _MEASURED["redis"])
    return rest + (text if index.manifest.texts else 0), False


def forecast(index: Index, backend: str, per_day: Sequence[int], days: float) -> list[Forecast]:
    """The size of the index when it holds the articles of so many days."""
    each, measured = bytes_per_article(index, backend)
    return [
        Forecast(
            per_day=number,
            days=days,
            articles=round(number * days),
            bytes=round(number * days * each),
            bytes_per_article=each,
            measured=measured,
        )
        for number in per_day
    ]
