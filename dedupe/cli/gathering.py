"""Read what a command measures on: the first half of a scan, with its progress."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dedupe.batch.collection import Ranked
from dedupe.batch.scan import gather
from dedupe.cli.progress import ScanProgress
from dedupe.feeds import read_articles
from dedupe.params import ScanParams


def gathered(
    inputs: Sequence[str], given: dict[str, Any], params: ScanParams, progress: ScanProgress
) -> Ranked:
    """Read and sign the articles of the inputs."""
    articles = read_articles(
        inputs,
        format=given["from"],
        now=datetime.now(UTC),
        on_reject=progress.rejected,
        on_repair=progress.repaired,
        on_bytes=progress.read,
    )
    return gather(articles, params, progress.stage)
