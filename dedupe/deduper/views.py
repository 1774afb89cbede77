"""Stories and evidence, for people to look at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from msgspec import Struct

from dedupe.deduper.window import Window
from dedupe.errors import UsageError
from dedupe.index.base import Cluster
from dedupe.index.records import Version, decode_article
from dedupe.models import Article, Relation
from dedupe.overlap.passages import SharedPassage, shared_passages


class Member(Struct, frozen=True, kw_only=True):
    """One article of a story."""

    id: str
    title: str | None
    url: str | None
    source: str | None
    published: datetime | None
    relation: str  # to the canonical article: exact, copy, rewrite, story; none for itself
    similarity: float | None  # to the canonical article, 0 to 1; None for itself
    credit: str | None  # agency that it credits
    version: int  # from 1
    notice: str  # what its source says of it by now: killed, corrected; empty: nothing
    versions: tuple[Version, ...]  # the last of them, the current one included; empty: one alone


class StoryView(Struct, frozen=True, kw_only=True):
    """One story as it is now."""

    id: str
    canonical_id: str
    canonical_reason: str
    credit: str | None
    credit_count: int
    members: tuple[Member, ...]  # the canonical article first, then by time
    first: datetime | None  # time of the earliest article: as published, else when it arrived
    last: datetime | None
    version: int  # how often it has changed


class Evidence(Struct, frozen=True, kw_only=True):
    """What two articles share, word for word."""

    article: Article
    other: Article
    passages: tuple[SharedPassage, ...]  # places are code points of the texts


def story_view(window: Window, cluster: Cluster) -> StoryView:
    """A story with its members, each judged against the canonical one."""
    gone = window.cache.load(cluster.members)
    places = [place for place in cluster.members if place not in gone]
    rows = [window.cache.rows[place] for place in places]
    canonical = window.cache.rows.get(cluster.canonical)
    others = [row for row in rows if row != canonical]
    told: dict[int, tuple[str, float]] = {}
    if canonical is not None and others:
        right = np.array(others, dtype=np.int32)
        judged = window.cache.judge(np.full(len(right), canonical, dtype=np.int32), right)
        relations, similarities = judged.relations.tolist(), judged.similarities.tolist()
        for row, relation, similarity in zip(others, relations, similarities, strict=True):
            told[row] = (Relation(relation).label, round(similarity, 4))
    rows.sort(key=lambda row: (row != canonical, window.cache.filed[row], row))
    return StoryView(
        id=cluster.id, canonical_id=cluster.canonical_id, canonical_reason=cluster.reason,
        credit=cluster.credit, credit_count=cluster.credited,
        members=tuple(_member(window, row, *told.get(row, ("none", None))) for row in rows),
        first=_moment(cluster.first), last=_moment(cluster.last), version=cluster.version,
    )  # fmt: skip


def _member(window: Window, row: int, relation: str, similarity: float | None) -> Member:
    record = window.cache.records[row]
    return Member(
        id=record.id, title=record.title, url=record.url, source=record.source,
        published=record.published, relation=relation, similarity=similarity, credit=record.agency,
        version=record.versions[-1].number if record.versions else 1,
        notice=record.notice, versions=record.versions,
    )  # fmt: skip


def _moment(hours: float | None) -> datetime | None:
    return None if hours is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(hours=hours)


def article_at(window: Window, id: str) -> Article:
    """The stored article. Raises UsageError where there is none, or the index keeps no texts."""
    (place,) = window.index.places([id])
    if place is None:
        raise UsageError(f"there is no article {id!r} in the index")
    (stored,) = window.index.texts([place])
    if stored is None:
        raise UsageError(f"the index keeps no text of {id!r}: it was made without texts")
    return decode_article(stored, f"article {id!r}")


def evidence(window: Window, id: str, other: str) -> Evidence:
    """What two articles of the index share. Raises UsageError as `article_at` does."""
    one, two = article_at(window, id), article_at(window, other)
    return Evidence(article=one, other=two, passages=tuple(shared_passages(one.text, two.text)))
