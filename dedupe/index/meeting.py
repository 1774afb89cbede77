"""What an index that keeps its buckets in this process says of an article: ledger, then buckets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dedupe.index.base import Filed, Found, Receipt, slice_of
from dedupe.index.buckets import Buckets, Shared, stack

NOTHING = Shared(np.empty(0, np.int64), np.empty(0, np.int32), 0)


class Meeting(NamedTuple):
    """What the ledger says of an article before any bucket is read."""

    place: int = -1
    known: bool = False
    other: bool = False
    removed: Receipt | None = None
    head: int = -1
    enters: bool = False  # into buckets, now

    def reads(self, filed: Filed) -> bool:
        """Whether the article has candidates."""
        return filed.bucketed and self.head == -1 and not self.other and self.removed is None

    def found(self, shared: Shared) -> Found:
        """The whole answer."""
        return Found(self.place, self.known, self.other, self.removed, self.head, *shared)


def entering(
    filed: Sequence[Filed], met: Sequence[Meeting]
) -> list[tuple[int, list[int], list[Filed]]]:
    """Those that enter buckets: slice, places and articles, in their order.

    An article that is known stays in the slice where it was filed first.
    """
    slices: dict[int, tuple[list[int], list[Filed]]] = defaultdict(lambda: ([], []))
    for each, m in zip(filed, met, strict=True):
        if m.enters:
            places, some = slices[slice_of(m.place)]
            places.append(m.place)
            some.append(each)
    return [(slice, *both) for slice, both in slices.items()]


def answers(
    buckets: Buckets, filed: Sequence[Filed], met: Sequence[Meeting], most: int
) -> list[Found]:
    """What is said of each article: its candidates are read where it has any."""
    reading = [i for i, (each, m) in enumerate(zip(filed, met, strict=True)) if m.reads(each)]
    keys = stack((filed[i].keys for i in reading), buckets.bands)
    near, own = [filed[i].near for i in reading], [met[i].place for i in reading]
    shared = dict(zip(reading, buckets.shared(keys, near, own, most), strict=True))
    return [m.found(shared.get(i, NOTHING)) for i, m in enumerate(met)]
