"""Everything in an index as lines of JSON."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

import msgspec
from msgspec.structs import replace

from dedupe.index.base import Cluster, Index
from dedupe.index.records import decode_article, decode_record
from dedupe.maintenance.lines import (
    ArticleLine,
    HandsLine,
    Header,
    Line,
    ReceiptLine,
    StoryLine,
)

BATCH = 256  # articles that are read at once

Progress = Callable[[str, int, int], None]  # stage, done, of how many (0: not known)


def silent(stage: str, done: int, total: int) -> None:
    """No progress to show."""


def exported(index: Index, progress: Progress = silent) -> Iterator[bytes]:
    """The lines, without their ends: what people decided, receipts, articles, stories.

    What is added or changed meanwhile may be in it or not; a story never names an article that
    does not come before it. Raises IndexDamaged for what cannot be read.
    """
    encode = msgspec.json.Encoder().encode
    yield from map(encode, _lines(index, progress))


def _lines(index: Index, progress: Progress) -> Iterator[Line]:
    yield Header(manifest=index.manifest)
    hands = index.hands()
    yield HandsLine(pins=hands.pins, apart=hands.apart, together=hands.together)
    for receipt in index.receipts():
        yield ReceiptLine(id=receipt.id, hours=receipt.hours, reason=receipt.reason)
    ids: dict[int, str] = {}
    total = index.stats().articles
    for places in places_of(index):
        articles = list(_articles(index, places))
        leads = index.places([line.id for _, line in articles])
        for (place, line), to in zip(articles, leads, strict=True):
            ids[place] = line.id
            if place == to:  # else it is superseded, and about to go
                yield line
        progress("articles", len(ids), total)
    yield from _stories(index, ids)


def places_of(index: Index, most: int = BATCH) -> Iterator[list[int]]:
    """The places of all articles, slice by slice, a batch at a time."""
    for slice in index.slices():
        places = index.scan(slice)
        while batch := list(islice(places, most)):
            yield batch


def _articles(index: Index, places: Sequence[int]) -> Iterator[tuple[int, ArticleLine]]:
    stored = zip(places, index.records(places), index.texts(places), strict=True)
    for place, encoded, text in stored:
        if encoded is None:  # it has gone meanwhile
            continue
        known = decode_record(encoded, f"article {place:#x}")
        article = None if text is None else decode_article(text, f"article {known.id!r}")
        record = replace(known, before=-1)  # a place means nothing elsewhere
        yield place, ArticleLine(id=known.id, article=article, record=record)


def _stories(index: Index, ids: dict[int, str]) -> Iterator[StoryLine]:
    merged = led_to(index)
    for cluster in index.stories():
        members = tuple(ids[place] for place in cluster.members if place in ids)
        if cluster.canonical_id in members:
            yield _story(cluster, members, merged[cluster.id])


def _story(cluster: Cluster, members: tuple[str, ...], merged: list[str]) -> StoryLine:
    return StoryLine(
        id=cluster.id,
        members=members,
        canonical=cluster.canonical_id,
        reason=cluster.reason,
        credit=cluster.credit,
        credited=cluster.credited,
        first=cluster.first,
        last=cluster.last,
        merged=tuple(sorted(merged)),
    )


def led_to(index: Index) -> defaultdict[str, list[str]]:
    """For each cluster the merged ids that lead to it, over however many steps."""
    to = dict(index.redirects())
    ends: defaultdict[str, list[str]] = defaultdict(list)
    for id in to:
        end, steps = id, 0
        while end in to and steps <= len(to):  # damage may lead in circles
            end, steps = to[end], steps + 1
        ends[end].append(id)
    return ends
