"""What a record says of the circumstances of an article."""

from __future__ import annotations

from datetime import UTC, datetime

from dedupe.index.records import Record
from dedupe.stories.entry import Entry


def entry_of_record(record: Record) -> Entry:
    """The circumstances in a record."""
    return Entry(
        record.id, record.url, record.source, published_of(record), record.agency, record.own,
        record.original, record.kind, record.notice,
    )  # fmt: skip


def published_of(record: Record) -> datetime | None:
    """When an article was published; when it came, where it bears a later date."""
    published, seconds = record.published, record.hours * 3600.0
    if published is not None and published.timestamp() > seconds + 1.0:
        published = datetime.fromtimestamp(seconds, UTC)
    return published
