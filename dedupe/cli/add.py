"""`dedupe add` and `dedupe check`: what articles are to those of the index, in the order given."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.options import (
    index,
    index_level,
    index_window,
    input_format,
    online,
    option,
    output_file,
    output_format,
    quiet,
    rejects_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dedupe.cli.progress import ScanProgress
    from dedupe.cli.rendering import Output
    from dedupe.deduper import Deduper
    from dedupe.models import Article, Rejection

no_texts = option(
    "--no-texts",
    is_flag=True,
    help="A new index keeps no texts: smaller, but without evidence, and it cannot migrate.",
)


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@index
@input_format
@output_file
@output_format
@index_level
@index_window
@no_texts
@online
@rejects_file
@quiet
def add(inputs: tuple[str, ...], **given: Any) -> None:
    """Add articles to an index, and say what each is to those that are in it.

    INPUT are files, folders or standard input (-), as for dedupe scan. Puts out one line per
    article, in the order of the input, while it goes on: its story, the canonical article of that
    story now, how it is related to the nearest article, and the agency credited. Adding an article
    again changes nothing.

    Exits 0 when done, 1 when it failed, 2 when used wrongly, 3 when done but some records were
    rejected.
    """
    _run(inputs, given, store=True)


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@index
@input_format
@output_file
@output_format
@online
@rejects_file
@quiet
def check(inputs: tuple[str, ...], **given: Any) -> None:
    """Say what dedupe add would say of articles, and store nothing.

    The articles are compared with those of the index, not with each other.

    Exits 0 when done, 1 when it failed, 2 when used wrongly, 3 when done but some records were
    rejected.
    """
    _run(inputs, given, store=False)


def _run(inputs: tuple[str, ...], given: dict[str, Any], *, store: bool) -> None:
    from dedupe.cli.opening import opened
    from dedupe.cli.progress import ScanProgress
    from dedupe.cli.reading import reading
    from dedupe.cli.rendering import open_output
    from dedupe.cli.scan import files_apart
    from dedupe.feeds import RejectWriter, stored_bytes
    from dedupe.kernel import on_compile

    files_apart({"--output": given["output"], "--rejects": given["rejects"]}, inputs)
    shown = given["output"] == "-" and sys.stdout.isatty()
    total = stored_bytes(inputs, given["from"])
    progress = ScanProgress(total, quiet=given["quiet"], bar=not shown)

    def reject(rejection: Rejection) -> None:
        progress.rejected(rejection)
        if rejects is not None:
            rejects.write(rejection)

    # Checks the inputs, so that a slip of the pen opens nothing; to remember is for the index.
    articles = reading(inputs, given, progress, reject, remember=False)
    with (
        open_output(given["output"], given["to"], stream=True) as output,
        opened(given, new=store) as deduper,
        RejectWriter(given["rejects"]) if given["rejects"] else nullcontext() as rejects,
        progress,
        on_compile(progress.compiling),
    ):
        decide(deduper, output.watch(articles), output, progress, reject, store=store)
    progress.decided()
    sys.exit(progress.exit_code)


def decide(
    deduper: Deduper,
    articles: Iterable[Article],
    output: Output,
    progress: ScanProgress,
    reject: Callable[[Rejection], None],
    *,
    store: bool,
) -> None:
    """Put out the decisions batch by batch."""
    from dedupe.batch.scan import batches
    from dedupe.errors import RecordRejected
    from dedupe.models import Rejection

    decided_on = deduper.add_batch if store else deduper.check_batch
    for batch in batches(articles):
        for decided in decided_on(batch, datetime.now(UTC)):
            if isinstance(decided, RecordRejected):
                reject(Rejection(where=decided.where, reason=decided.reason, id=decided.id))
            else:
                output.write(decided)
                progress.decision(decided)
        output.flush()
