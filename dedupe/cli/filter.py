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
    rejects_file,
)
from dedupe.errors import UsageError

if TYPE_CHECKING:
    from dedupe.models import Rejection

FIELD = "dedupe"  # that a record gets


@click.command("filter")
@index
@option("--unique", is_flag=True, help="Put out only what is new: the first record of each story.")
@option(
    "--level",
    type=click.Choice(LEVELS),
    help="With --unique: the weakest relation that makes a record a duplicate. Default: story.",
)
@option(
    "--drop",
    type=click.Choice(RELATIONS),
    help="Put out only what is not related to an earlier record so closely or closer.",
)
@option("--check", is_flag=True, help="Compare with the index, and store nothing.")
@index_window
@online
@rejects_file
@quiet
def filter_(**given: Any) -> None:
    """Pass JSON Lines from standard input to standard output, through the index.

    Each record goes out as it came, with one more field, "dedupe": the decision on it, as dedupe
    add gives it. With --unique or --drop the records that do not repeat earlier ones go out, just
    as they came. A batch ends when no more input is waiting, so it can stand behind tail -f.

    Exits 0 when done, 1 when it failed, 2 when used wrongly, 3 when done but some records were
    rejected; these are not put out.
    """
    from dedupe.batch.scan import BATCH_ARTICLES, BATCH_CHARACTERS
    from dedupe.cli.opening import opened
    from dedupe.cli.progress import ScanProgress
    from dedupe.cli.sieve import Sieve
    from dedupe.feeds import Intake, RejectWriter, read_passing, with_field
    from dedupe.kernel import on_compile
    from dedupe.models import Relation

    if given["unique"] and given["drop"]:
        raise UsageError("--unique and --drop both say what to leave out; give one of them")
    if given["level"] and not given["unique"]:
        raise UsageError("--level says what --unique leaves out; give that too, or --drop instead")
    progress = ScanProgress(None, quiet=given["quiet"])

    def reject(rejection: Rejection) -> None:
        progress.rejected(rejection)
        if rejects is not None:
            rejects.write(rejection)

    def now() -> datetime:
        return datetime.now(UTC)

    intake = Intake(now=now(), on_reject=reject, on_repair=progress.repaired, remember=False)
    word = given["drop"] or ((given["level"] or "story") if given["unique"] else None)
    least = Relation[word.upper()] if word else None
    out, left_out = sys.stdout.buffer, 0
    with (
        opened({**given, "level": None}, new=not given["check"]) as deduper,
        RejectWriter(given["rejects"]) if given["rejects"] else nullcontext() as rejects,
        on_compile(progress.compiling),
    ):
        sieve = Sieve(deduper, least, store=not given["check"], on_reject=reject)
        for batch in read_passing(intake, BATCH_ARTICLES, BATCH_CHARACTERS, now):
            for passing, decision, repeats in sieve.sift(batch, now()):
                progress.decision(decision)
                if least is None:
                    out.write(with_field(passing.line, FIELD, decision) + b"\n")
                elif repeats:
                    left_out += 1
                else:
                    out.write(passing.line + b"\n")
            out.flush()
    progress.decided(left_out)
    sys.exit(progress.exit_code)
