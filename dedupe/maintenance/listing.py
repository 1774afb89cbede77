"""The stories of an index as a list: chosen by size, time and source, without judging anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Literal

from msgspec import Struct

from dedupe.index.base import Cluster, Index
from dedupe.index.records import Record, decode_record

_BATCH = 256  # stories whose articles are read at once
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Order = Literal["size", "newest"]


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


def listed(
    index: Index,
    *,
    min_size: int = 1,
    since: datetime | None = None,
    until: datetime | None = None,
    source: str | None = None,
    order: Order = "size",
    limit: int | None = None,
) -> tuple[list[Listed], int]:
    """The first `limit` stories, and how many there are.

    Those with an article in [since, until), as far as the times of the first and last article tell,
    and with an article by `source`, whatever its case.
    """
    chosen = (
        cluster
        for cluster in index.stories()
        if len(cluster.members) >= min_size and _within(cluster, since, until)
    )
    found = list(chosen if source is None else _by(index, source, chosen))
    key = _size if order == "size" else _newness
    shown = sorted(found, key=key, reverse=True)[:limit]
    return [one for some in _batches(shown) for one in _told(index, some)], len(found)


def _size(cluster: Cluster) -> tuple[int, float, str]:
    return len(cluster.members), cluster.last or 0.0, cluster.id


def _newness(cluster: Cluster) -> tuple[float, int, str]:
    return cluster.last or 0.0, len(cluster.members), cluster.id


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
