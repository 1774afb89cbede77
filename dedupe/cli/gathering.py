"""Read what a command measures on: the first half of a scan, with its progress."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dedupe.batch.collection import Ranked
from dedupe.batch.scan import gather
from dedupe.cli.progress import ScanProgress
from dedupe.cli.reading import reading
from dedupe.params import ScanParams


def gathered(
    inputs: Sequence[str], given: dict[str, Any], params: ScanParams, progress: ScanProgress
) -> Ranked:
    """Read and sign the articles of the inputs."""
    return gather(reading(inputs, given, progress), params, progress.stage)
