"""Read the articles of a command's inputs, and say to its progress what comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from dedupe.cli.progress import ScanProgress
from dedupe.feeds import read_articles
from dedupe.models import Article, Rejection


def reading(
    inputs: Sequence[str],
    given: dict[str, Any],
    progress: ScanProgress,
    on_reject: Callable[[Rejection], None] | None = None,
    *,
    remember: bool = True,
) -> Iterator[Article]:
    """The articles, as dedupe.feeds.read_articles has them; the inputs are checked at once."""
    return read_articles(
        inputs,
        format=given["from"],
        now=datetime.now(UTC),
        on_reject=on_reject or progress.rejected,
        on_repair=progress.repaired,
        on_bytes=progress.read,
        remember=remember,
    )
