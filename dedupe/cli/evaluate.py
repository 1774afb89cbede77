"""`dedupe evaluate`: how well a scan agrees with labels."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from dedupe.cli.options import (
    JUDGING,
    input_format,
    json_or_table,
    judging,
    labelled_pairs,
    level,
    option,
    output_file,
    quiet,
    scan_params,
    window,
    workers,
)
from dedupe.errors import UsageError

if TYPE_CHECKING:
    from dedupe.cli.progress import ScanProgress
    from dedupe.evaluation.figures import Evaluation

_OF_THE_SCAN = ("level", "window", *JUDGING, "workers")


@click.command()
@click.argument("labelled", nargs=-1, metavar="LABELLED...")
@labelled_pairs
@option(
    "--decisions",
    metavar="FILE",
    help="Measure this JSONL output of an earlier scan instead of scanning.",
)
@input_format
@output_file
@json_or_table
@level
@window
@judging
@workers
@quiet
def evaluate(labelled: tuple[str, ...], **given: Any) -> None:
    """Scan articles whose stories are known, and say how well the scan finds them.

    LABELLED are files of articles as `dedupe scan` reads them, scanned together. The field
    `cluster` of a JSON record names the story that its article belongs to; articles without one
    count only as what others can be confused with.

    Exits 0 when done, 1 when it failed, 2 when used wrongly, 3 when done but some records were
    rejected.
    """
    from dedupe.cli.figures import write_evaluation
    from dedupe.cli.progress import ScanProgress
    from dedupe.evaluation.figures import measure
    from dedupe.evaluation.labels import read_decisions, read_gold, read_pairs
    from dedupe.feeds import stored_bytes

    decisions = [given["decisions"]] if given["decisions"] else []
    to = output_of(given["output"], given["to"], (*labelled, *given["pairs"], *decisions))
    _check(labelled, given)
    pairs = {path: read_pairs(path) for path in given["pairs"]}
    gold = read_gold(labelled, given["from"])
    if not gold and not pairs:
        raise UsageError(
            "nothing is labelled: no record has a value in its field cluster, and no --pairs are"
            " given"
        )
    progress = ScanProgress(stored_bytes(labelled, given["from"]), quiet=given["quiet"])
    if given["decisions"]:
        figures = measure(read_decisions(given["decisions"]), gold, pairs)
    else:
        figures = _scanned(labelled, given, progress, gold, pairs)
    write_evaluation(figures, given["output"], to)
    sys.exit(progress.exit_code)


def _scanned(
    inputs: tuple[str, ...], given: dict[str, Any], progress: ScanProgress, gold: Any, pairs: Any
) -> Evaluation:
    """The figures of a scan."""
    from dedupe.batch.scan import decide_on
    from dedupe.batch.verdicts import judge_pairs
    from dedupe.cli.gathering import gathered
    from dedupe.evaluation.figures import measure
    from dedupe.kernel import on_compile
    from dedupe.stories.verifiers import maker_of

    params = scan_params(given)
    maker = maker_of(params)
    with progress, on_compile(progress.compiling):
        ranked = gathered(inputs, given, params, progress)
        verifier = maker(ranked, params)
        decisions = decide_on(ranked, params, verifier, progress.stage)
    progress.finished(decisions)
    predicted = {decision.id: decision.cluster_id for decision in decisions}
    return measure(predicted, gold, pairs, partial(judge_pairs, ranked, verifier))


def _check(labelled: tuple[str, ...], given: dict[str, Any]) -> None:
    """Raises UsageError where there is nothing to measure, or what is given has no effect."""
    if not labelled and not given["decisions"]:
        raise UsageError("nothing to measure: give files of articles, or --decisions and --pairs")
    where_from = click.get_current_context().get_parameter_source
    for name in _OF_THE_SCAN if given["decisions"] else ():
        if where_from(name) is ParameterSource.COMMANDLINE:
            raise UsageError(f"--{name} is for a scan; with --decisions there is none")


def output_of(path: str, to: str | None, read: Sequence[str]) -> str:
    """The format to write. Raises UsageError before a long scan for what cannot be written."""
    if path == "-":
        return to or ("table" if sys.stdout.isatty() else "json")
    if to == "table":
        raise UsageError("a table goes to standard output; for a file use --to json")
    file = Path(path).resolve()
    if any(file == Path(other).resolve() for other in read if other != "-"):
        raise UsageError(f"{path}: --output would write over what is read")
    if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
        raise UsageError(f"{path}: cannot be written")
    return "json"
