"""Streams of articles for tests, and what must hold of an index whatever has been done to it."""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from msgspec.structs import replace

from dedupe.deduper import Deduper
from dedupe.feeds import read_articles
from dedupe.index.base import Event, Index
from dedupe.index.manifest import manifest_of
from dedupe.index.memory import MemoryIndex
from dedupe.index.records import decode_record
from dedupe.models import Article

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
MONDAY = datetime(2025, 3, 3, 6, tzinfo=UTC)
LATER = datetime(2030, 1, 1, tzinfo=UTC)

Partition = set[frozenset[str]]


@cache
def examples() -> tuple[Article, ...]:
    """The invented stories and traps, each with a date: what has none came after the one before."""

    def rejected(rejection: object) -> None:
        raise AssertionError(rejection)

    dated: list[Article] = []
    for article in read_articles([str(EXAMPLES)], now=LATER, on_reject=rejected):
        before = dated[-1].published if dated else MONDAY
        dated.append(replace(article, published=article.published or before))
    return tuple(dated)


@cache
def clear_cut() -> tuple[Article, ...]:
    """Stories without traps, and copies: told apart in whatever order they come."""
    labels = tomllib.loads((EXAMPLES / "labels.toml").read_text("utf-8"))
    ids = {id for story in labels["stories"].values() for id in story["members"]}
    return tuple(with_copies([article for article in examples() if article.id in ids]))


def story(name: str) -> list[Article]:
    """The examples of one story or trap."""
    return [article for article in examples() if article.id.startswith(f"{name}-")]


def copy(article: Article, id: str, hours: float = 1.0, cut: int = 0) -> Article:
    """The same text under another id, some hours later, without some paragraphs at its end."""
    assert article.published is not None
    parts = article.text.split("\n\n")
    return replace(
        article, id=id, published=article.published + timedelta(hours=hours),
        text="\n\n".join(parts[: len(parts) - cut]), url=None, source=f"{id}.example",
    )  # fmt: skip


def runs() -> list[Article]:
    """Of some texts three copies, of which only those next to each other lie within the window: the
    one between goes with whichever came first.
    """
    texts = clear_cut()[:90:10]
    return [copy(a, f"{a.id}-{hours:.0f}", hours) for a in texts for hours in (0.0, 100.0, 200.0)]


def with_copies(articles: Sequence[Article]) -> list[Article]:
    """Articles, and of each that is long an exact copy and one without its last paragraph."""
    made = list(articles)
    for article in articles:
        if article.text.count("\n\n") >= 4:
            made += copy(article, f"{article.id}-again"), copy(article, f"{article.id}-cut", 2.0, 1)
    return made


def shuffled(articles: Sequence[Article], seed: int) -> list[Article]:
    """In another order."""
    return random.Random(seed).sample(list(articles), len(articles))


def batches(articles: Sequence[Article], size: int) -> list[Sequence[Article]]:
    """In batches of that size."""
    return [articles[at : at + size] for at in range(0, len(articles), size)]


def partition(index: Index) -> Partition:
    """The stories, by the ids of their articles."""
    return {frozenset(_names(index, cluster.members)) for cluster in index.stories()}


def _names(index: Index, places: Sequence[int]) -> list[str]:
    records = index.records(places)
    assert None not in records
    return [decode_record(stored, "").id for stored in records if stored is not None]


def all_events(index: Index, most: int = 100) -> list[Event]:
    """The log, read in parts as a consumer does."""
    events: list[Event] = []
    while some := index.events(events[-1].position if events else 0, most):
        events += some
    return events


def replayed(events: Iterable[Event]) -> dict[str, set[str]]:
    """The stories that the log alone tells of, by their ids."""
    stories: dict[str, set[str]] = {}
    for event in events:
        articles = set(event.articles)
        match event.kind:
            case "created":
                assert event.cluster not in stories, event
                stories[event.cluster] = articles
            case "joined":
                assert not articles & stories[event.cluster], event
                stories[event.cluster] |= articles
            case "merged":
                assert event.other is not None
                assert stories.pop(event.other) == articles, event
                stories[event.cluster] |= articles
            case "split":
                assert event.other is not None
                assert articles < stories[event.other], event
                stories[event.other] -= articles
                stories.setdefault(event.cluster, set()).update(articles)
            case "removed":
                assert articles <= stories[event.cluster], event
                stories[event.cluster] -= articles
                if not stories[event.cluster]:
                    del stories[event.cluster]
            case kind:
                assert kind in ("canonical_changed", "updated", "killed", "corrected"), event
                assert articles <= stories[event.cluster], event
    return stories


def assert_sound(index: Index, *, linked: bool = True) -> None:
    """Each article in one story, redirects that lead to stories, a log that tells the same.

    Unless `linked`, articles may be in no story yet.
    """
    clusters = {cluster.id: cluster for cluster in index.stories()}
    of: dict[int, str] = {}
    for id, cluster in clusters.items():
        assert len(set(cluster.members)) == len(cluster.members) > 0, cluster
        assert cluster.canonical in cluster.members
        assert not of.keys() & set(cluster.members), "an article is in two stories"
        of.update(dict.fromkeys(cluster.members, id))
    places = [place for slice in index.slices() for place in index.scan(slice)]
    assert index.memberships(places) == [of.get(place) for place in places]
    assert of.keys() <= set(places)
    if linked:
        assert of.keys() == set(places), "an article is in no story"
    redirects = [id for id, _ in index.redirects()]
    led = index.clusters(redirects)
    assert all(cluster is not None and cluster.id in clusters for cluster in led)
    assert not set(redirects) & clusters.keys()
    told = replayed(all_events(index))
    assert told == {id: set(_names(index, c.members)) for id, c in clusters.items()}
    assert index.stats().articles == len(places)


def filled(deduper: Deduper, articles: Sequence[Article]) -> Deduper:
    """After adding articles one by one."""
    for article in articles:
        deduper.add(article)
    return deduper


def fresh(**given: object) -> Deduper:
    return Deduper(MemoryIndex(manifest_of(**given)))  # type: ignore[arg-type]
