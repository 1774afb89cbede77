"""An index made anew from the texts of another, with other parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby, islice

from dedupe.deduper import Deduper
from dedupe.errors import RecordRejected, UsageError
from dedupe.index.base import Index
from dedupe.index.records import Record, decode_article, decode_record
from dedupe.maintenance.exporting import Progress, places_of, silent
from dedupe.maintenance.importing import lay, receive
from dedupe.models import Article

BATCH = 128  # articles that are added at once


def migrated(
    source: Index,
    target: Deduper,
    reject: Callable[[RecordRejected], None],
    progress: Progress = silent,
) -> int:
    """Sign, decide and file again what is in an index, in the order of its time.

    What people decided and the receipts come along. Returns how many articles there were. Raises
    UsageError where the source keeps no texts.
    """
    if not source.manifest.texts:
        raise UsageError(
            "the index was made without texts, so that nothing can be signed again; read the"
            " articles anew: dedupe add INPUT… --index URL"
        )
    hands = source.hands()
    lay(target.index, hands.pins, hands.apart, hands.together)
    for receipt in source.receipts():
        receive(target, receipt)
    total, done = source.stats().articles, 0
    for now, some in _batches(source, reject):
        outcomes = target.add_batch([article for _, article in some], now, expire=False)
        for (record, _), outcome in zip(some, outcomes, strict=True):
            if isinstance(outcome, RecordRejected):
                reject(outcome)
                continue
            target.carry(record, now)
            done += 1
        progress("articles", done, total)
    return done


def _batches(
    source: Index, reject: Callable[[RecordRejected], None]
) -> Iterator[tuple[datetime | None, list[tuple[Record, Article]]]]:
    """The articles and their records, with the time of those that have no date of their own."""
    for hours, group in groupby(_articles(source, reject), key=lambda article: article[0]):
        now = None if hours is None else datetime.fromtimestamp(hours * 3600.0, UTC)
        articles = ((record, article) for _, record, article in group)
        while batch := list(islice(articles, BATCH)):
            yield now, batch


def _articles(
    source: Index, reject: Callable[[RecordRejected], None]
) -> Iterator[tuple[float | None, Record, Article]]:
    for places in places_of(source):
        yield from _of_places(source, places, reject)


def _of_places(
    source: Index, places: Sequence[int], reject: Callable[[RecordRejected], None]
) -> Iterator[tuple[float | None, Record, Article]]:
    stored = zip(places, source.records(places), source.texts(places), strict=True)
    for place, encoded, text in stored:
        if encoded is None:  # it has gone meanwhile
            continue
        record = decode_record(encoded, f"article {place:#x}")
        if text is None:
            reject(RecordRejected(f"article {record.id}", "has no text", record.id))
            continue
        article = decode_article(text, f"article {record.id!r}")
        yield (None if article.published else record.hours), record, article
