"""Taking an article down: text, signatures, buckets and evidence go, a receipt stays."""

from __future__ import annotations

from dedupe.deduper.filing import Filing
from dedupe.deduper.window import Window
from dedupe.errors import IndexUnavailable, UsageError
from dedupe.index.base import Cluster, Filed, Receipt
from dedupe.index.records import decode_record

_ATTEMPTS = 100


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
        heir = None
        if cluster is not None:
            before = draft.before(cluster)
            heir = _heir(window, filing, place, before) if before else None
            draft.remove(cluster, place)
            change = draft.change(window.elect, window.heeded.hands, receipt.hours)
            if not window.index.link(change):
                continue
        if window.index.remove(place, receipt, heir):
            window.cache.forget(place)
            return receipt
    raise IndexUnavailable("other processes keep changing this story; try again")


def _heir(window: Window, filing: Filing, place: int, cluster: Cluster) -> Filed | None:
    """Another article of the same text, which others are to be compared with from now on."""
    window.cache.load(cluster.members)
    digest = window.cache.records[window.row(place)].digest
    for other in cluster.members:
        row = window.cache.rows.get(other)
        if other == place or row is None or window.cache.records[row].digest != digest:
            continue
        (stored,) = window.index.records([other])
        if stored is not None and digest:
            return filing.filed(decode_record(stored, f"article {other:#x}"), None)
    return None
