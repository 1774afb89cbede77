"""The page of `--report`: it notes the articles as they pass, and is written from the decisions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import BinaryIO

from dedupe.cli.progress import ScanProgress
from dedupe.errors import UsageError
from dedupe.feeds import new_file
from dedupe.models import Article, Decision
from dedupe.params import ScanParams
from dedupe.report.spool import Spool


class ReportFile:
    """The page that is to be written."""

    def __init__(self, path: str, spool: Spool, stream: BinaryIO) -> None:
        self.path = path
        self.size = 0  # bytes, once it is written
        self._spool = spool
        self._stream = stream

    def watch(self, articles: Iterator[Article]) -> Iterator[Article]:
        """Pass the articles on, and keep what the page may show of them."""
        return self._spool.watch(articles)

    def write(self, decisions: list[Decision], params: ScanParams, progress: ScanProgress) -> None:
        """Write the page."""
        from dedupe.report.data import assemble
        from dedupe.report.page import write_page

        progress.stage("writing the report", 0, 0)
        report = assemble(decisions, self._spool, rejected=progress.rejections)
        self.size = write_page(report, self._spool, params, datetime.now(UTC), self._stream)


@contextmanager
def open_report(path: str) -> Iterator[ReportFile]:
    """The page at `path`, which appears when it is whole. Raises UsageError for standard output."""
    if path == "-":
        raise UsageError("--report needs a file: standard output is for the decisions")
    with new_file(path) as stream, Spool() as spool:
        yield ReportFile(path, spool, stream)
