"""Reading with everything written down that the reader reports."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dedupe.feeds import read_articles
from dedupe.models import Article, Rejection

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


@dataclass
class Reading:
    """What came out of one run."""

    articles: list[Article] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    repairs: list[tuple[str, str]] = field(default_factory=list)
    stored: int = 0

    @property
    def ids(self) -> list[str]:
        return [article.id for article in self.articles]

    @property
    def texts(self) -> list[str]:
        return [article.text for article in self.articles]

    @property
    def reasons(self) -> list[str]:
        return [rejection.reason for rejection in self.rejections]

    def count(self, size: int) -> None:
        self.stored += size


Read = Callable[..., Reading]


@pytest.fixture
def read() -> Read:
    """Read inputs: paths, or bytes that come by standard input."""

    def run(*inputs: Path | str | bytes, format: str | None = None) -> Reading:
        seen = Reading()
        stdin = io.BytesIO(next((i for i in inputs if isinstance(i, bytes)), b""))
        articles = read_articles(
            ["-" if isinstance(i, bytes) else str(i) for i in inputs],
            format=format,
            now=NOW,
            on_reject=seen.rejections.append,
            on_repair=lambda where, what: seen.repairs.append((where, what)),
            on_bytes=seen.count,
            stdin=stdin,
        )
        seen.articles.extend(articles)
        return seen

    return run
