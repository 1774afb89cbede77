"""The same figures for articles that come one by one, in several orders."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from dedupe.deduper import Deduper
from dedupe.evaluation.development import JUDGED, SILVER
from dedupe.evaluation.figures import Evaluation, measure
from dedupe.evaluation.labels import read_gold, read_pairs
from dedupe.feeds import read_articles
from dedupe.index.base import Index
from dedupe.index.opening import open_index
from dedupe.models import Article

ORDERS = ("time", "random", "reversed")  # by date; shuffled; the input from its end
STREAMS = {  # the sets that are added, and in which orders
    "fnc_train": ("random", "reversed"),
    "basil": ("random", "reversed"),
    "rss2023_03": ("time",),
}
BATCH = 128
_NOW = datetime(2030, 1, 1, tzinfo=UTC)  # the sets are older
_EVENTS = 10_000  # that are read at a time


def in_order(articles: Sequence[Article], order: str) -> list[Article]:
    """Articles in one of ORDERS."""
    if order == "time":
        return sorted(articles, key=lambda a: (a.published or _NOW, a.id))
    mixed = list(articles)
    if order == "reversed":
        mixed.reverse()
    else:
        random.Random(7).shuffle(mixed)
    return mixed


def stream(articles: Sequence[Article], index: Index, *, aging: bool = False) -> dict[str, str]:
    """Add articles in batches; gives the story of each, also of those that have fallen away.

    With `aging` each batch arrives when its latest article was published; without, all of them
    long after.
    """
    deduper, position = Deduper(index), 0
    stories: dict[str, str] = {}
    for low in range(0, len(articles), BATCH):
        batch = articles[low : low + BATCH]
        dates = [a.published for a in batch if a.published is not None]
        deduper.add_batch(batch, max(dates, default=_NOW) if aging else _NOW)
        position = follow(index, stories, position)
    return stories


def follow(index: Index, stories: dict[str, str], after: int) -> int:
    """Bring the story of each article up to date from the log of events; where that ends."""
    while events := index.events(after, _EVENTS):
        for event in events:
            if event.kind in ("created", "joined", "merged", "split"):
                stories.update(dict.fromkeys(event.articles, event.cluster))
            elif event.kind == "removed":
                for id in event.articles:
                    stories.pop(id, None)
            after = event.position
    return after


def evaluate_stream(folder: Path, name: str, order: str, url: str = "memory:") -> Evaluation:
    """Add a set in `folder` to a new index, in one of ORDERS, with default settings."""
    articles = list(read_articles([str(folder / f"{name}.jsonl.gz")], now=_NOW, on_reject=print))
    gold = read_gold([str(folder / f"{name}.jsonl.gz")]) if name in ("fnc_train", "basil") else {}
    files = {kind: folder / f"{name}.{kind}.jsonl.gz" for kind in (JUDGED, SILVER)}
    pairs = {kind: read_pairs(str(file)) for kind, file in files.items() if file.exists()}
    index = open_index(url)
    stories = stream(in_order(articles, order), index, aging=order == "time")
    index.close()
    return measure(stories, gold, pairs, None)
