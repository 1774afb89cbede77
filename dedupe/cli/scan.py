"""`dedupe scan`: read articles once, put out what they are to each other."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.options import (
    Moment,
    elect,
    election,
    input_format,
    judging,
    level,
    option,
    output_file,
    output_format,
    quiet,
    rejects_file,
    scan_params,
    source,
    window,
    workers,
)
from dedupe.errors import UsageError

if TYPE_CHECKING:
    from dedupe.cli.report import ReportFile
    from dedupe.models import Article, Rejection


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@input_format
@output_file
@output_format
@level
@window
@option("--since", type=Moment(), help="Leave out articles published before: a date, or 7d.")
@option("--until", type=Moment(), help="Leave out articles published at or after.")
@judging
@source
@elect
@option(
    "--report",
    type=click.Path(dir_okay=False),
    help="Write the stories here as one HTML page, for any browser.",
)
@rejects_file
@workers
@quiet
def scan(inputs: tuple[str, ...], **given: Any) -> None:
    """Cluster the articles in files, folders or standard input (-) into stories.

    Puts out one line per article, in the order of the input: its cluster, the canonical article
    of that cluster, how it is related to the nearest article, and the agency credited.

    Exits 0 when done, 1 when it failed, 2 when used wrongly, 3 when done but some records were
    rejected.
    """
    from dedupe.batch.scan import scan as run
    from dedupe.cli.progress import ScanProgress
    from dedupe.cli.reading import reading
    from dedupe.cli.rendering import open_output
    from dedupe.feeds import RejectWriter, stored_bytes
    from dedupe.kernel import on_compile

    params = scan_params(given, **election(given))
    rejects_path, page = given["rejects"], given["report"]
    files_apart({"--output": given["output"], "--rejects": rejects_path, "--report": page}, inputs)
    progress = ScanProgress(stored_bytes(inputs, given["from"]), quiet=given["quiet"])

    def reject(rejection: Rejection) -> None:
        progress.rejected(rejection)
        if rejects is not None:
            rejects.write(rejection)

    # Checks the inputs, so that a slip of the pen opens no output.
    articles = reading(inputs, given, progress, reject)
    with (
        open_output(given["output"], given["to"]) as output,
        RejectWriter(rejects_path) if rejects_path else nullcontext() as rejects,
        _report(page) if page else nullcontext() as report,
    ):
        kept = output.watch(_between(articles, given["since"], given["until"], progress))
        if report:
            kept = report.watch(kept)
        with progress, on_compile(progress.compiling), _without_gc():
            decisions = run(kept, params, progress.stage)
            if report:
                report.write(decisions, params, progress)
        for decision in decisions:
            output.write(decision)
    progress.finished(decisions)
    if report:
        progress.reported(report.path, report.size)
    sys.exit(progress.exit_code)


def _report(path: str) -> AbstractContextManager[ReportFile]:
    from dedupe.cli.report import open_report

    return open_report(path)


@contextmanager
def _without_gc() -> Iterator[None]:
    """Many small records and no cycles: looking for those takes a twentieth of a scan."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def files_apart(files: dict[str, str | None], inputs: tuple[str, ...]) -> None:
    """Raises UsageError where a file would be written over another.

    A report in a folder that is read would be an article of the next scan.
    """
    taken = {os.path.realpath(path): "an input" for path in inputs if path != "-"}
    for flag, path in files.items():
        if path is None or path == os.devnull:
            continue
        real = os.path.realpath(path)
        before = taken.setdefault(real, flag)
        if flag == "--report" and any(real.startswith(f"{folder}{os.sep}") for folder in taken):
            raise UsageError(f"{path}: {flag} lies in a folder that is read; put it elsewhere")
        if before == "an input" and os.path.isfile(path):
            raise UsageError(f"{path}: {flag} would write over an input")
        if before.startswith("--") and before != flag:
            raise UsageError(f"{path}: {before} and {flag} name the same file")


def _between(
    articles: Iterator[Article], since: datetime | None, until: datetime | None, progress: Any
) -> Iterator[Article]:
    """The articles published in [since, until); those without a date stay."""
    for article in articles:
        when = article.published
        if when is not None and ((since and when < since) or (until and when >= until)):
            progress.left_out()
        else:
            yield article
