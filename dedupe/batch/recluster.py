"""The stories of an index made anew, as one scan of all its articles makes them.

Articles that come one by one are compared with what is there, and the order in which they come
matters a little. This takes that back. What people decided stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple

import numpy as np

from dedupe.batch.collection import Collection
from dedupe.batch.scan import Constraints, Progress, silent, story_labels
from dedupe.deduper.circumstances import entry_of_record
from dedupe.deduper.draft import Draft
from dedupe.deduper.heeded import Heeded
from dedupe.deduper.joining import regroup
from dedupe.deduper.stream import Deduper
from dedupe.deduper.window import Vanished, Window
from dedupe.fingerprint import Fingerprints
from dedupe.index.base import Change, Hands, Index
from dedupe.index.records import Record, decode_record
from dedupe.stories.verifiers import maker_of

_BATCH = 1024  # records that are fetched at a time


class Reclustered(NamedTuple):
    """What came of it."""

    articles: int
    stories: int
    changed: int  # stories that are not what they were
    missed: int  # groups of stories that others changed meanwhile: left as they are


def recluster(
    deduper: Deduper, now: datetime | None = None, progress: Progress = silent
) -> Reclustered:
    """Cluster all articles of an index afresh, and change its stories where that says so."""
    index, params = deduper.index, deduper.params
    collection = Collection(params.signature)
    placed: list[int] = []
    for some, records in _stored(index):
        collection.entries.extend(entry_of_record(record) for record in records)
        collection.keep(_fingerprints(records), _joined(records, "keys", np.uint32))
        placed.extend(some)
        progress("reading", len(placed), 0)
    if not placed:
        return Reclustered(0, 0, 0, 0)
    ranked = collection.ranked()
    places = [placed[i] for i in ranked.order.tolist()]
    verifier = maker_of(params)(ranked, params)
    heeded = deduper.window.heeded
    heeded.read()
    hands = heeded.hands
    labels = story_labels(ranked, params, verifier, progress, _constraints(heeded, places))
    labelled: dict[int, list[int]] = {}
    for place, label in zip(places, labels.tolist(), strict=True):
        labelled.setdefault(label, []).append(place)
    groups = heeded.parted(labelled.values())  # of exact copies, and of what no sample had
    changed, missed = _apply(deduper, groups, hands, now, progress)
    return Reclustered(len(places), len(groups), changed, missed)


def _stored(index: Index) -> Iterator[tuple[list[int], list[Record]]]:
    """All articles, some at a time: of each the version that its id leads to."""
    places = list(chain.from_iterable(index.scan(slice) for slice in index.slices()))
    seen: set[str] = set()  # for what is superseded while this reads
    for low in range(0, len(places), _BATCH):
        some = places[low : low + _BATCH]
        stored = list(zip(some, index.records(some), strict=True))
        there = {p: decode_record(s, f"article {p:#x}") for p, s in stored if s is not None}
        leads = index.places([record.id for record in there.values()]) if there else []
        there = {
            place: record
            for (place, record), to in zip(there.items(), leads, strict=True)
            if place == to and record.id not in seen
        }
        seen.update(record.id for record in there.values())
        if there:
            yield list(there), list(there.values())


def _joined(records: list[Record], name: str, dtype: type[np.generic]) -> np.ndarray:
    joined = b"".join(getattr(record, name) for record in records)
    return np.frombuffer(joined, dtype=dtype).reshape(len(records), -1)


def _fingerprints(records: list[Record]) -> Fingerprints:
    counts = [len(record.tfs) for record in records]
    return Fingerprints(
        digests=np.array([record.digest for record in records], dtype=np.uint64),
        copy=_joined(records, "copy", np.uint16).astype(np.uint32),
        story=np.empty((len(records), 0), dtype=np.uint32),
        lengths=np.array([record.length for record in records], dtype=np.int32),
        informative=np.array([record.informative for record in records], dtype=np.int32),
        term_bounds=np.concatenate(([0], np.cumsum(counts, dtype=np.int64))),
        terms=np.frombuffer(b"".join(r.terms for r in records), dtype=np.uint32),
        tfs=np.frombuffer(b"".join(r.tfs for r in records), dtype=np.uint8),
        zipfs=np.frombuffer(b"".join(r.zipfs for r in records), dtype=np.uint8),
        kinds=np.frombuffer(b"".join(r.marks for r in records), dtype=np.uint8),
        skeletons=_joined(records, "skeletons", np.uint32),
    )


def _constraints(heeded: Heeded, places: list[int]) -> Constraints:
    ranks = {place: rank for rank, place in enumerate(places)}

    def ranked(group: frozenset[int]) -> frozenset[int]:
        return frozenset(ranks[place] for place in group if place in ranks)

    return Constraints(
        together=tuple(ranked(group) for group in heeded.together),
        apart=tuple((ranked(one), ranked(other)) for one, other in heeded.kept_apart),
    )


def _apply(
    deduper: Deduper,
    groups: list[list[int]],
    hands: Hands,
    now: datetime | None,
    progress: Progress,
) -> tuple[int, int]:
    """Turn stories into groups, those that have to do with each other in one change."""
    window, hours = deduper.window, now.timestamp() / 3600.0 if now else None
    changed = missed = 0
    for at, some in enumerate(_connected(deduper.index, groups)):
        progress("changing", at, 0)
        try:
            change = _change(deduper, some, hands, hours)
        except Vanished:
            missed += 1
            continue
        if change is not None:
            if deduper.index.link(change):
                changed += len(change.clusters)
            else:
                missed += 1
        window.cache.trim()
    return changed, missed


def _change(
    deduper: Deduper, groups: list[list[int]], hands: Hands, hours: float | None
) -> Change | None:
    """What makes stories of groups that have to do with each other; None where they are these.

    Raises Vanished where an article is being taken out of the index.
    """
    window = deduper.window
    places = [place for group in groups for place in group]
    draft = window.draft(places, careful=True)
    window.cache.load(places)
    gone = _gone(window, draft, places)
    groups = [group for some in groups if (group := [p for p in some if p not in gone])]
    for place in places:
        if place not in gone and draft.cluster_of(place) is None:
            draft.found(place)
    ours = sorted(place for group in groups for place in group)
    clusters = dict.fromkeys(draft.cluster_of(place) for place in ours)
    there = [cluster for cluster in clusters if cluster is not None]
    regroup(draft, there, _with_latecomers(draft, there, groups))
    return None if draft.is_empty else draft.change(window.elect, hands, hours)


def _gone(window: Window, draft: Draft, places: Sequence[int]) -> set[int]:
    """What has been taken out of the index or superseded since it was read."""
    loose = {place for place in places if draft.cluster_of(place) is None}
    return draft.seats.keys() | window.gone(loose) | window.moved(loose).keys()


def _with_latecomers(
    draft: Draft, clusters: Sequence[str], groups: list[list[int]]
) -> list[list[int]]:
    """The groups, and in each what has joined meanwhile the cluster that it has most of."""
    groups = [list(group) for group in groups]
    of = {place: g for g, group in enumerate(groups) for place in group}
    for cluster in clusters:
        members = draft.members(cluster)
        shares = Counter(of[place] for place in members if place in of)
        most = min(shares, key=lambda g: (-shares[g], g))
        groups[most] += [place for place in members if place not in of]
    return groups


def _connected(index: Index, groups: list[list[int]]) -> Iterator[list[list[int]]]:
    """The groups that differ from the stories there are, those that share one together."""
    stories: dict[int, str] = {}
    for cluster in index.stories():
        stories.update((place, cluster.id) for place in cluster.members)
    sizes: dict[str, int] = {}
    for story in stories.values():
        sizes[story] = sizes.get(story, 0) + 1
    touched: dict[str, list[int]] = {}  # story, groups that have some of it
    differing = []
    for g, group in enumerate(groups):
        of = {stories.get(place, "") for place in group}
        if len(of) > 1 or "" in of or sizes[next(iter(of))] != len(group):
            differing.append(g)
            for story in of - {""}:
                touched.setdefault(story, []).append(g)
    seen: set[int] = set()
    for g in differing:
        if g in seen:
            continue
        waiting, together = [g], []
        seen.add(g)
        while waiting:
            one = waiting.pop()
            together.append(groups[one])
            for place in groups[one]:
                for other in touched.get(stories.get(place, ""), ()):
                    if other not in seen:
                        seen.add(other)
                        waiting.append(other)
        yield together
