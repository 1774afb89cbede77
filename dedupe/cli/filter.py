"""`dedupe filter`: the records that come in go out again, annotated or without the duplicates."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.options import (
    LEVELS,
    RELATIONS,
    index,
    index_window,
    online,
    option,
    quiet,
    rejects,
)
from dedupe.errors import UsageError

if TYPE_CHECKING:
    from dedupe.models import Rejection

FIELD = "dedupe"
_CHECK = option("--check", is_flag=True, help="Compare with the index, and store nothing.")


@click.command("filter")
@index
@option("--unique", is_flag=True, help="Put out only what is new: the first record of each story.")
@option(
    "--level",
    type=click.Choice(LEVELS),
    default="story",
    show_default=True,
    help="With --unique: the weakest relation that makes a record a duplicate.",
)
@option(
    "--drop",
    type=click.Choice(RELATIONS),
    help="Leave out what is related to an earlier record so closely or closer; annotate the rest.",
)
@_CHECK
@index_window
@online
@rejects
@quiet
def filter_(**given: Any) -> None:
    """Pass JSON Lines from standard input to standard output, through the index.

    Each record goes out as it came, with one more field, "dedupe": the decision on it, as a line of
    dedupe add has it. With --unique only the records that are new go out, as they came. A batch
    ends when no more input is waiting, so that it can stand behind tail -f.

    Exits 0 when done, 1 when it failed, 2 when used wrongly, 3 when done but some records were
    rejected; these are not put out.
    """
    from dedupe.batch.scan import BATCH_ARTICLES, BATCH_CHARACTERS
    from dedupe.cli.opening import opened
    from dedupe.cli.passing import Sieve
    from dedupe.cli.progress import ScanProgress
    from dedupe.feeds import Intake, RejectWriter, read_passing
    from dedupe.kernel import on_compile

    if given["unique"] and given["drop"]:
        raise UsageError("--unique and --drop both say what to leave out; give one of them")
    progress = ScanProgress(None, quiet=given["quiet"])

    def reject(rejection: Rejection) -> None:
        progress.rejected(rejection)
        if rejects is not None:
            rejects.write(rejection)

    intake = Intake(
        now=datetime.now(UTC), on_reject=reject, on_repair=progress.repaired, remember=False
    )
    least = given["drop"] or (given["level"] if given["unique"] else None)
    with (
        opened({**given, "level": None}, new=True) as deduper,
        RejectWriter(given["rejects"]) if given["rejects"] else nullcontext() as rejects,
        on_compile(progress.compiling),
    ):
        sieve = Sieve(deduper, least, store=not given["check"], on_reject=reject)
        for batch in read_passing(intake, BATCH_ARTICLES, BATCH_CHARACTERS):
            for passing, decision in sieve.sift(batch, datetime.now(UTC)):
                ...
    progress.decided()
    sys.exit(progress.exit_code)
