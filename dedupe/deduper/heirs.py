"""Who stands for a text from now on, when the article that did goes away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice

from dedupe.deduper.filing import Filing
from dedupe.deduper.window import Window
from dedupe.index.base import Filed
from dedupe.index.records import Record, decode_record

_AT_ONCE = 1024  # records that are looked through


def heir_of(
    window: Window, filing: Filing, place: int, among: Sequence[int], *, everywhere: bool
) -> Filed | None:
    """Another article of the same text, which others are to be compared with.

    It is looked for in the story; where it may be in another, in all that is near in time: people
    have kept copies apart, or a removal was cut short when the article had left its story.
    """
    cache = window.cache
    if cache.load([place, *among]) and place not in cache.rows:
        return None
    record = window.record(place)
    near = (cache.records[cache.rows[other]] for other in among if other in cache.rows)
    wide = _near(window, filing, record) if everywhere else iter(())
    for other in chain(near, wide):
        if record.digest and other.digest == record.digest and other.id != record.id:
            return filing.filed(other, None)
    return None


def _near(window: Window, filing: Filing, record: Record) -> Iterator[Record]:
    first, last = filing.filed(record, None).near
    near = [slice for slice in window.index.slices() if first <= slice <= last]
    places = chain.from_iterable(window.index.scan(slice) for slice in near)
    while some := list(islice(places, _AT_ONCE)):
        for place, stored in zip(some, window.index.records(some), strict=True):
            if stored is not None:
                yield decode_record(stored, f"article {place:#x}")
