"""Taking an article down: text, signatures, buckets and evidence go, a receipt stays."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, islice

from dedupe.deduper.filing import Filing
from dedupe.deduper.revising import superseded
from dedupe.deduper.window import Vanished, Window
from dedupe.errors import IndexUnavailable, UsageError
from dedupe.index.base import Cluster, Filed, Receipt
from dedupe.index.records import decode_record

_ATTEMPTS = 100
_AT_ONCE = 1024  # records that are looked through


def take_down(window: Window, filing: Filing, id: str, receipt: Receipt) -> Receipt:
    """Delete an article; its story elects anew. Done again it finishes what was begun.

    Raises UsageError where no such article is in the index, and none was taken down.
    """
    (place,) = window.index.places([id])
    if place is None:
        for old in window.index.receipts():
            if old.id == id:
                return old
        raise UsageError(f"there is no article {id!r} in the index")
    window.cache.load([place])
    for _ in range(_ATTEMPTS):
        window.heeded.read()
        draft = window.draft([place], careful=True)
        cluster = draft.cluster_of(place)
        before = draft.before(cluster) if cluster is not None else None
        heir = _heir(window, filing, place, before)
        if cluster is not None:
            draft.remove(cluster, place)
            try:
                change = draft.change(window.elect, window.heeded.hands, receipt.hours)
            except Vanished:
                continue
            if not window.index.link(change):
                continue
        for earlier in superseded(window, place):
            window.index.remove(earlier, None, None)
            window.cache.forget(earlier)
        if window.index.remove(place, receipt, heir):
            window.cache.forget(place)
            return receipt
    raise IndexUnavailable("other processes keep changing this story; try again")


def _heir(window: Window, filing: Filing, place: int, story: Cluster | None) -> Filed | None:
    """Another article of the same text, which others are to be compared with from now on.

    It is looked for in the story; where it may be in another, in all that is near in time: people
    have kept copies apart, or a removal was cut short when the article had left its story.
    """
    record = window.cache.records[window.row(place)]
    if not record.digest:
        return None
    places: Iterable[int] = story.members if story is not None else ()
    if story is None or window.heeded.is_kept_apart(place):
        first, last = filing.filed(record, None).near
        near = [slice for slice in window.index.slices() if first <= slice <= last]
        places = chain(places, *(window.index.scan(slice) for slice in near))
    while some := list(islice(places := iter(places), _AT_ONCE)):
        for other, stored in zip(some, window.index.records(some), strict=True):
            if stored is None or other == place:
                continue
            copy = decode_record(stored, f"article {other:#x}")
            if copy.digest == record.digest and copy.id != record.id:
                return filing.filed(copy, None)
    return None
