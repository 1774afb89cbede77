"""Whether an index holds together, and what can be done where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

import numpy as np
from msgspec import Struct

from dedupe.deduper.filing import Filing
from dedupe.errors import IndexDamaged
from dedupe.index.base import Cluster, Filed, Index
from dedupe.index.records import Record, decode_article, decode_record
from dedupe.maintenance.exporting import Progress, led_to, places_of, silent

_T = TypeVar("_T")

_BATCH = 128  # articles, or stories, that are looked at at once
_CANDIDATES = 256  # among which an article must be when its own buckets are read
_GHOST = "\x7fverify "  # begins ids that no article has: control characters are refused

RECORD, TEXT, UNLINKED, MEMBER, STORY, REDIRECT, BUCKETS, SUPERSEDED = (
    "record", "text", "unlinked", "member", "story", "redirect", "buckets", "superseded",
)  # fmt: skip


class Problem(Struct, frozen=True, kw_only=True):
    """One thing that is wrong."""

    kind: str  # record, text, unlinked, member, story, redirect, buckets or superseded
    where: str  # id of the article or story; the place of an article whose id cannot be read
    what: str  # plain words
    place: int = -1  # of the article


def verify(index: Index, progress: Progress = silent) -> Iterator[Problem]:
    """Everything that is wrong in an index, as far as reading it shows.

    Every record and text is decoded, of every article there is one version, it is in a story that
    has it, every story's articles are there, merged ids lead to stories, and an article is found by
    its own buckets. What others change meanwhile may look wrong.
    """
    filing = Filing(index.manifest)
    total, done = index.stats().articles, 0
    for places in places_of(index, _BATCH):
        records: dict[int, Record] = {}
        for place, stored in zip(places, index.records(places), strict=True):
            if stored is not None:
                record = _decoded(stored)
                if record is None:
                    yield _unreadable(place)
                else:
                    records[place] = record
        yield from _superseded(index, records)
        yield from _texts(index, records)
        yield from _members(index, records)
        yield from _buckets(index, filing, records)
        done += len(places)
        progress("articles", done, total)
    yield from _stories(index)
    ends = led_to(index)
    for some in _some(iter(ends)):
        for end, cluster in zip(some, index.clusters(some), strict=True):
            if cluster is None:
                for id in ends[end]:
                    yield Problem(kind=REDIRECT, where=id, what=f"leads to {end}, which is gone")


def _decoded(stored: bytes) -> Record | None:
    try:
        return decode_record(stored, "")
    except IndexDamaged:
        return None


def _unreadable(place: int) -> Problem:
    return Problem(kind=RECORD, where=f"{place:#x}", what="its record cannot be read", place=place)


def _superseded(index: Index, records: dict[int, Record]) -> Iterator[Problem]:
    """Versions that a later one has superseded: taken out of the records, since they are to go."""
    ids = [record.id for record in records.values()]
    for place, id, to in zip(list(records), ids, index.places(ids), strict=True):
        if to is not None and to != place:
            del records[place]
            what = "an earlier version of it is still there"
            yield Problem(kind=SUPERSEDED, where=id, what=what, place=place)


def _texts(index: Index, records: dict[int, Record]) -> Iterator[Problem]:
    if not index.manifest.texts:
        return
    for place, stored in zip(records, index.texts(list(records)), strict=True):
        id = records[place].id
        if stored is None:
            yield Problem(kind=TEXT, where=id, what="its text is not there", place=place)
            continue
        try:
            decode_article(stored, "")
        except IndexDamaged:
            yield Problem(kind=TEXT, where=id, what="its text cannot be read", place=place)


def _members(index: Index, records: dict[int, Record]) -> Iterator[Problem]:
    """Articles without a story, or in one that does not have them."""
    ids = [record.id for record in records.values()]
    stories = index.memberships(list(records))
    distinct = [story for story in dict.fromkeys(stories) if story is not None]
    clusters = dict(zip(distinct, index.clusters(distinct), strict=True))
    there = zip(records, ids, stories, index.places(ids), strict=True)
    for place, id, story, known in there:
        if known != place:
            yield Problem(kind=RECORD, where=id, what="its id leads elsewhere", place=place)
        elif story is None:
            yield Problem(kind=UNLINKED, where=id, what="is in no story", place=place)
        else:
            cluster = clusters[story]
            if cluster is None or cluster.id != story or place not in cluster.members:
                told = "does not have it" if cluster else "is not there"
                yield Problem(kind=MEMBER, where=id, what=f"its story {story} {told}", place=place)


def _buckets(index: Index, filing: Filing, records: dict[int, Record]) -> Iterator[Problem]:
    """Articles that are not found by their own buckets, although nothing pushed them out."""
    filed = {place: filing.filed(record, None) for place, record in records.items()}
    filed = {place: each for place, each in filed.items() if each.bucketed}
    if not filed:
        return
    own = zip(filed, index.probe(list(filed.values()), 1), strict=True)
    heads = [place for place, found in own if found.head < 0]  # the others are in none
    ghosts = [_ghost(filed[place], number) for number, place in enumerate(heads)]
    for place, found in zip(heads, index.probe(ghosts, _CANDIDATES) if ghosts else (), strict=True):
        at = np.flatnonzero(found.candidates == place)
        hits = int(found.hits[at[0]]) if len(at) else 0
        bands = len(filed[place].keys)
        if hits + found.capped < bands:
            what = f"is in {hits} of its {bands} buckets"
            yield Problem(kind=BUCKETS, where=filed[place].id, what=what, place=place)


def _ghost(filed: Filed, number: int) -> Filed:
    """The same buckets under an id and a digest that nobody has."""
    return filed._replace(id=f"{_GHOST}{number}", content=0, digest=0, record=b"", text=None)


def _stories(index: Index) -> Iterator[Problem]:
    for clusters in _some(index.stories()):
        places = [place for cluster in clusters for place in cluster.members]
        stored = dict(zip(places, index.records(places), strict=True))
        member_of = dict(zip(places, index.memberships(places), strict=True))
        for cluster in clusters:
            yield from _story(cluster, stored, member_of)


def _story(
    cluster: Cluster, stored: dict[int, bytes | None], member_of: dict[int, str | None]
) -> Iterator[Problem]:
    gone = [place for place in cluster.members if stored[place] is None]
    others = [p for p in cluster.members if p not in gone and member_of[p] != cluster.id]
    if gone:
        what = f"{len(gone):,} of its {len(cluster.members):,} articles are not there"
        yield Problem(kind=STORY, where=cluster.id, what=what)
    if others:
        what = f"{len(others):,} of its {len(cluster.members):,} articles are in another story"
        yield Problem(kind=STORY, where=cluster.id, what=what)
    if cluster.canonical not in cluster.members:
        yield Problem(kind=STORY, where=cluster.id, what="its canonical article is not in it")
    elif (record := stored[cluster.canonical]) is not None:
        known = _decoded(record)
        if known is not None and known.id != cluster.canonical_id:
            what = f"its canonical article is {known.id}, and it names {cluster.canonical_id}"
            yield Problem(kind=STORY, where=cluster.id, what=what)


def _some(things: Iterator[_T]) -> Iterator[list[_T]]:
    while some := list(islice(things, _BATCH)):
        yield some
