"""`dedupe index …`: look after an index as a whole."""

from __future__ import annotations

import os
import sys
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.options import (
    Moment,
    electing,
    index,
    index_level,
    index_window,
    online,
    option,
    quiet,
    rejects_file,
)
from dedupe.errors import UsageError

if TYPE_CHECKING:
    from dedupe.maintenance.verifying import Problem

_PAUSE = 1.0  # seconds between two looks at the log
_EVENTS = 1_000  # that are read at once
_PER_DAY = (1_000, 10_000, 100_000, 1_000_000)  # articles, of a forecast

json_output = option("--json", is_flag=True, help="Write it as one JSON object.")


@click.group("index")
def index_group() -> None:
    """Look after an index: what is in it, carry it elsewhere, check and mend it, plan for it."""


@index_group.command()
@index
@json_output
def stats(**given: Any) -> None:
    """Say what an index holds: articles, stories, time slices, bytes, parameters."""
    from dedupe.cli.figures import write_json
    from dedupe.cli.index_tables import stats_shown
    from dedupe.cli.opening import opened_index
    from dedupe.cli.rendering import show

    with opened_index(given) as opened:
        held = opened.stats()
        manifest = opened.manifest
    if given["json"]:
        write_json(held, "-")
    else:
        show(*stats_shown(held, manifest))


@index_group.command()
@index
@option(
    "-o",
    "--output",
    default="-",
    show_default=True,
    metavar="FILE|-",
    help="Where to write; compressed where the name ends in .gz.",
)
@quiet
def export(**given: Any) -> None:
    """Write everything in an index as JSON Lines, for dedupe index import.

    First what people decided and the receipts, then the articles with signatures and texts, then
    the stories.
    """
    from dedupe.cli.opening import opened_index
    from dedupe.cli.progress import ScanProgress
    from dedupe.feeds import new_file
    from dedupe.maintenance.exporting import exported

    progress = ScanProgress(None, quiet=given["quiet"])
    to_file = given["output"] != "-"
    with (
        opened_index(given) as opened,
        new_file(given["output"]) if to_file else nullcontext(sys.stdout.buffer) as out,
        progress,
    ):
        lines = 0
        for line in exported(opened, progress.stage):
            out.write(line + b"\n")
            lines += 1
        out.flush()
    progress.done(f"{lines:,} lines written")


@index_group.command("import")
@click.argument("file", metavar="FILE|-")
@index
@electing
@rejects_file
@quiet
def import_(file: str, **given: Any) -> None:
    """Take in what dedupe index export has written, from any index into any other.

    A new index gets the parameters of the file; one that is there must have the same. Articles that
    are there already stay as they are, and importing twice changes nothing.

    Exits 0 when done, 1 when it failed, 2 when used wrongly, 3 when done but some lines were
    rejected.
    """
    from dedupe.cli.opening import deduper_on, opened_with
    from dedupe.cli.progress import ScanProgress
    from dedupe.feeds import MAX_RECORD_BYTES, RejectWriter, read_lines, stored_bytes
    from dedupe.maintenance.importing import Importer, read_header

    if file != "-" and not os.path.isfile(file):
        raise UsageError(f"{file}: no such file")
    where = "<stdin>" if file == "-" else file
    progress = ScanProgress(stored_bytes([file], "jsonl"), quiet=given["quiet"])
    lines = read_lines(file, 4 * MAX_RECORD_BYTES, progress.read)
    manifest = read_header(lines, where)
    with (
        opened_with(given, manifest) as opened,
        RejectWriter(given["rejects"]) if given["rejects"] else nullcontext() as rejects,
        progress,
    ):
        reject = progress.rejecting(rejects.write if rejects else None)
        importer = Importer(deduper_on(opened, given), manifest, reject)
        took = importer.take(lines, where, lambda done: progress.stage("reading", done, 0))
    progress.done(
        f"{took.articles:,} articles taken in, {took.known:,} were there;"
        f" {took.stories:,} stories, {took.receipts:,} receipts"
    )
    sys.exit(progress.exit_code)


@index_group.command()
@index
@option("--repair", is_flag=True, help="Mend what can be mended.")
@online
@quiet
def verify(**given: Any) -> None:
    """Check that an index holds together. One line of JSON for each thing that is wrong.

    Every record and text is read, every article must be in a story that has it, every story's
    articles must be there, merged ids must lead to stories, and an article must be found by its
    own buckets. --repair adds articles anew from their texts where that is needed.

    Exits 0 where all is well or was mended, 1 otherwise.
    """
    import msgspec

    from dedupe.cli.opening import opened
    from dedupe.cli.progress import ScanProgress
    from dedupe.maintenance.mending import mend
    from dedupe.maintenance.verifying import verify as problems_of

    progress = ScanProgress(None, quiet=given["quiet"])
    left = 0
    with opened(given) as deduper, progress:
        problems = list(problems_of(deduper.index, progress.stage))
        unmended = ((problem, False) for problem in problems)
        for problem, mended in mend(deduper, problems) if given["repair"] else unmended:
            left += not mended
            click.echo(msgspec.json.encode(_told(problem, mended)))
    found = f"{len(problems):,} problems, {left:,} left" if problems else "all is well"
    progress.done(found)
    sys.exit(1 if left else 0)


def _told(problem: Problem, mended: bool) -> dict[str, Any]:
    return {
        "kind": problem.kind,
        "id": problem.where,
        "what": problem.what,
        "mended": mended,
    }


@index_group.command()
@index
@option(
    "--at",
    type=Moment(),
    help="Let go of what is old then, instead of now: a date or time, or 7d for so long ago.",
)
@quiet
def expire(**given: Any) -> None:
    """Delete the articles that lie more than the window back, a whole time slice at once.

    dedupe add does so by and by, too, while it adds articles of the day.
    """
    from dedupe.cli.opening import opened
    from dedupe.cli.progress import ScanProgress

    progress = ScanProgress(None, quiet=given["quiet"])
    with opened(given) as deduper:
        gone = deduper.expire(given["at"] or datetime.now(UTC))
        left = deduper.index.stats().articles
    progress.done(f"{gone:,} articles deleted, {left:,} left")


@index_group.command()
@index
@online
@quiet
def recluster(**given: Any) -> None:
    """Cluster all that is in an index anew, as dedupe scan would, and keep what people decided.

    Articles that come one by one are put where they belong by what is known then. This looks at all
    of them again. Stories that stay keep their ids; every change is an event.
    """
    from dedupe.batch.recluster import recluster as run
    from dedupe.cli.opening import opened
    from dedupe.cli.progress import ScanProgress
    from dedupe.kernel import on_compile

    progress = ScanProgress(None, quiet=given["quiet"])
    with opened(given) as deduper, progress, on_compile(progress.compiling):
        done = run(deduper, datetime.now(UTC), progress.stage)
    told = f"{done.articles:,} articles in {done.stories:,} stories; {done.changed:,} changed"
    if done.missed:
        told += f"; {done.missed:,} left as they are, since others changed them meanwhile"
    progress.done(told)


@index_group.command()
@index
@option(
    "--articles",
    type=click.IntRange(1),
    multiple=True,
    help="Articles a day; give it again for more rows. Default: 1,000 to 1,000,000.",
)
@option(
    "--days",
    type=click.FloatRange(0, min_open=True),
    help="How long an article stays. Default: the window and one time slice.",
)
@json_output
def forecast(**given: Any) -> None:
    """Say how much memory or disk an index takes with so many articles a day.

    By the bytes that an article takes in this index, where it has 1,000 or more; else by those
    measured on others. Where there is no index at the URL, it is told for a new one.
    """
    from dedupe.cli.figures import write_json
    from dedupe.cli.index_tables import forecast_shown
    from dedupe.cli.opening import opened_or_none
    from dedupe.cli.rendering import show
    from dedupe.maintenance.forecasting import Forecasts
    from dedupe.maintenance.forecasting import forecast as forecasts_of

    with opened_or_none(given) as opened:
        found: Forecasts = forecasts_of(
            opened, given["index"].partition(":")[0], given["articles"] or _PER_DAY, given["days"]
        )
    if given["json"]:
        write_json(found, "-")
    else:
        show(forecast_shown(found))


@index_group.command()
@index
@option("--into", metavar="URL", help="The new index. Default: in place of the old one, a file.")
@index_level
@index_window
@option("--no-texts", is_flag=True, help="The new index keeps no texts.")
@online
@rejects_file
@quiet
def migrate(**given: Any) -> None:
    """Make an index anew from the texts in it: with this version, another window or level.

    Every article is signed and decided on again, in the order of time. What people decided comes
    along, and so do the receipts. In place, the old file is replaced when the new one is whole;
    let nobody add to it meanwhile.

    Exits 0 when done, 1 when it failed, 2 when used wrongly, 3 when done but some articles were
    rejected.
    """
    from dedupe.cli.opening import opened, opened_index
    from dedupe.cli.progress import ScanProgress
    from dedupe.feeds import RejectWriter
    from dedupe.kernel import on_compile
    from dedupe.maintenance.migrating import migrated

    old, new = _files(given)
    into = given["into"] or f"sqlite:///{new}"
    progress = ScanProgress(None, quiet=given["quiet"])
    with (
        opened_index({**given, "level": None, "window": None}) as source,
        RejectWriter(given["rejects"]) if given["rejects"] else nullcontext() as rejects,
        progress,
        on_compile(progress.compiling),
    ):
        kept = source.manifest
        settings = {
            **given,
            "index": into,
            "level": given["level"] or kept.level,
            "window": given["window"] or kept.window_hours,
        }
        with opened(settings, new=True) as target:
            reject = progress.rejecting(rejects.write if rejects else None)
            done = migrated(source, target, reject, progress.stage)
    if old is not None and new is not None:
        os.replace(new, old)
    progress.done(f"{done:,} articles made anew")
    sys.exit(progress.exit_code)


def _files(given: dict[str, Any]) -> tuple[Path | None, Path | None]:
    """The file that is replaced, and the one that it is replaced by; none where `--into` is given.

    What an attempt that failed has left of the latter is deleted.
    """
    from dedupe.index.opening import file_of

    if given["into"] is not None:
        if given["into"] == given["index"]:
            raise UsageError("--into names the index itself; leave it out to do it in place")
        return None, None
    old = file_of(given["index"])
    if old is None:
        raise UsageError("only a file is made anew in place; name a new index with --into URL")
    new = old.with_name(f".{old.name}.new")
    for suffix in ("", "-wal", "-shm"):
        new.with_name(new.name + suffix).unlink(missing_ok=True)
    return old, new


@index_group.command()
@index
@option(
    "--after",
    type=click.IntRange(0, 2**53),
    default=0,
    show_default=True,
    help="Begin after the event of this position; 0 is the beginning.",
)
@option("--follow", is_flag=True, help="Go on with new events as they come, until interrupted.")
def events(**given: Any) -> None:
    """Write the log of changes, one JSON object for each: what happened to which story.

    The kinds are created, joined, merged, canonical_changed, split and removed. The position of the
    last one read is where to go on, with --after.
    """
    import msgspec

    from dedupe.cli.opening import opened_index
    from dedupe.maintenance.listing import happened

    after = given["after"]
    with opened_index(given) as opened:
        while True:
            some = opened.events(after, _EVENTS)
            for event in some:
                sys.stdout.buffer.write(msgspec.json.encode(happened(event)) + b"\n")
                after = event.position
            sys.stdout.flush()
            if not some:
                if not given["follow"]:
                    return
                time.sleep(_PAUSE)
