"""Indexes of every kind, with the examples in one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from servers import fresh
from streams import examples as example_articles

from dedupe.deduper import Deduper
from dedupe.index.base import Index
from dedupe.index.manifest import Manifest
from dedupe.index.opening import open_index

New = Callable[..., Index]
KINDS = ["memory", "sqlite", "redis", "cluster"]
NOW = datetime(2025, 3, 20, tzinfo=UTC)


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Each kind of index."""
    return str(request.param)


@pytest.fixture(params=KINDS)
def another(request: pytest.FixtureRequest) -> str:
    """Each kind of index, beside the first."""
    return str(request.param)


@pytest.fixture
def new(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[New]:
    """Makes indexes of a kind; they are closed when the test is over."""
    made: list[Index] = []
    numbers = count()

    def url(kind: str) -> str:
        match kind:
            case "memory":
                return "memory:"
            case "sqlite":
                return f"sqlite:///{tmp_path / f'{next(numbers)}.db'}"
        return fresh(request.getfixturevalue(f"redis_{kind.replace('redis', 'server')}").url)

    def one(kind: str, wanted: Manifest | None = None) -> Index:
        made.append(open_index(url(kind), wanted))
        return made[-1]

    yield one
    for index in made:
        index.close()


@pytest.fixture
def fill() -> Callable[[Index], Deduper]:
    """Puts the examples into an index, and what people may decide about them."""

    def filled(index: Index) -> Deduper:
        deduper = Deduper(index)
        deduper.add_batch(example_articles(), NOW, expire=False)
        deduper.split("ferry-fire-ap", ["ferry-fire-globe"])
        deduper.merge("dam-repair-reuters", "volcano-afp")
        deduper.pin("dam-repair-valley")
        deduper.remove("ferry-fire-kettleby", "court order", NOW)
        return deduper

    return filled
