"""The stories of an index as a list: chosen by size, time and source, without judging anything."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal

import msgspec
from msgspec import Struct

from dedupe.errors import UsageError
from dedupe.index.base import Cluster, Event, Index, Receipt
from dedupe.index.records import Record, decode_record

_BATCH = 256  # stories whose articles are read at once
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Order = Literal["size", "newest"]
Key = tuple[float, float, str]  # what a list is sorted by: larger comes first


class Listed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One story of the list."""

    id: str
    size: int
    canonical_id: str
    canonical_reason: str
    title: str | None  # of the canonical article
    source: str | None
    credit: str | None
    credit_count: int
    first: datetime | None  # time of the earliest article: as published, else when it arrived
    last: datetime | None
    articles: tuple[str, ...]  # ids, in the order in which they joined
    notices: dict[str, str] = {}  # of those that have one: killed, corrected


class Page(Struct, frozen=True, kw_only=True):
    """The list, or a part of it."""

    stories: tuple[Listed, ...]
    total: int  # stories of the whole list
    next: str | None  # where the next part begins; None where this is the last


class Happened(Struct, frozen=True, kw_only=True):
    """An event, for people and other programs."""

    position: int  # ascending: the last one read is where to go on
    kind: str  # and `cluster`, `articles` and `other`: as dedupe.index.base.Event has them
    cluster: str
    articles: tuple[str, ...]
    other: str | None
    time: datetime | None


class TakenDown(Struct, frozen=True, kw_only=True):
    """What is left of an article that was taken down, for people and other programs."""

    id: str
    time: datetime | None
    reason: str


def taken_down(receipt: Receipt) -> TakenDown:
    """A receipt with its time."""
    return TakenDown(id=receipt.id, time=moment(receipt.hours), reason=receipt.reason)


def happened(event: Event) -> Happened:
    """An event with its names and its time."""
    return Happened(
        position=event.position, kind=event.kind, cluster=event.cluster, articles=event.articles,
        other=event.other, time=moment(event.hours),
    )  # fmt: skip


def listed(
    index: Index,
    *,
    min_size: int = 1,
    since: datetime | None = None,
    until: datetime | None = None,
    source: str | None = None,
    order: Order = "size",
    after: str | None = None,
    limit: int | None = None,
) -> Page:
    """The first `limit` stories, or those beyond the `next` of another page.

    Those with an article in [since, until), as far as the times of the first and last article tell,
    and with an article by `source`, whatever its case. A story that changes between two pages may
    be met twice, or not at all. Raises UsageError for an `after` that is no `next` of a page in
    this order.
    """
    behind = None if after is None else _decoded(after, order)
    chosen = (
        cluster
        for cluster in index.stories()
        if len(cluster.members) >= min_size and _within(cluster, since, until)
    )
    key = _KEYS[order]
    found = sorted(chosen if source is None else _by(index, source, chosen), key=key, reverse=True)
    begin = 0 if behind is None else sum(key(cluster) >= behind for cluster in found)
    end = len(found) if limit is None else begin + limit
    shown = found[begin:end]
    return Page(
        stories=tuple(one for some in _batches(shown) for one in _told(index, some)),
        total=len(found),
        next=_encoded(key(shown[-1]), order) if end < len(found) and shown else None,
    )


def _size(cluster: Cluster) -> Key:
    return len(cluster.members), cluster.last or 0.0, cluster.id


def _newness(cluster: Cluster) -> Key:
    return cluster.last or 0.0, len(cluster.members), cluster.id


_KEYS = {"size": _size, "newest": _newness}


def _encoded(key: Key, order: Order) -> str:
    return urlsafe_b64encode(msgspec.json.encode((order, key))).rstrip(b"=").decode()


def _decoded(cursor: str, order: Order) -> Key:
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        of, key = msgspec.json.decode(urlsafe_b64decode(padded), type=tuple[str, Key])
    except ValueError as error:
        raise UsageError("'after' is not what a page gave as 'next'") from error
    if of != order:
        raise UsageError(f"'after' is of a list that is sorted by {of!r}; this one is by {order!r}")
    return key


def moment(hours: float | None) -> datetime | None:
    """A time of the index, in hours since 1970, as a date."""
    return None if hours is None else _EPOCH + timedelta(hours=hours)


def _batches(clusters: Iterable[Cluster]) -> Iterator[list[Cluster]]:
    stream = iter(clusters)
    while some := list(islice(stream, _BATCH)):
        yield some


def _within(cluster: Cluster, since: datetime | None, until: datetime | None) -> bool:
    first, last = moment(cluster.first), moment(cluster.last)
    if first is None or last is None:
        return True
    return (since is None or last >= since) and (until is None or first < until)


def _by(index: Index, source: str, clusters: Iterator[Cluster]) -> Iterator[Cluster]:
    wanted = source.casefold()
    for some in _batches(clusters):
        records = _records(index, [place for cluster in some for place in cluster.members])
        for cluster in some:
            members = (records.get(place) for place in cluster.members)
            if any(m is not None and (m.source or "").casefold() == wanted for m in members):
                yield cluster


def _records(index: Index, places: Sequence[int]) -> dict[int, Record]:
    stored = zip(places, index.records(places), strict=True)
    return {
        place: decode_record(record, f"article {place:#x}")
        for place, record in stored
        if record is not None
    }


def _told(index: Index, clusters: Sequence[Cluster]) -> Iterator[Listed]:
    records = _records(index, [place for cluster in clusters for place in cluster.members])
    for cluster in clusters:
        canonical = records.get(cluster.canonical)
        yield Listed(
            id=cluster.id,
            size=len(cluster.members),
            canonical_id=cluster.canonical_id,
            canonical_reason=cluster.reason,
            title=canonical.title if canonical else None,
            source=canonical.source if canonical else None,
            credit=cluster.credit,
            credit_count=cluster.credited,
            first=moment(cluster.first),
            last=moment(cluster.last),
            articles=tuple(records[p].id for p in cluster.members if p in records),
            notices={r.id: r.notice for p in cluster.members if (r := records.get(p)) and r.notice},
        )
