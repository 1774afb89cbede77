"""Taking an article down: text, signatures, buckets and evidence go, a receipt stays."""

from __future__ import annotations

from dedupe.deduper.filing import Filing
from dedupe.deduper.heirs import heir_of
from dedupe.deduper.revising import superseded
from dedupe.deduper.window import Vanished, Window
from dedupe.errors import IndexUnavailable, UsageError
from dedupe.index.base import Receipt

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
        before = draft.before(cluster) if cluster is not None else None
        everywhere = before is None or window.heeded.is_kept_apart(place)
        others = [p for p in (before.members if before else ()) if p != place]
        heir = heir_of(window, filing, place, others, everywhere=everywhere)
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
