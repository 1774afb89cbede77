"""`dedupe calibrate`: ask about borderline pairs, then say how sure a scan is of them."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.options import (
    Score,
    boilerplate,
    input_format,
    model,
    option,
    quiet,
    scan_params,
    threshold,
    verifier,
    window,
    workers,
)
from dedupe.errors import UsageError

if TYPE_CHECKING:
    from dedupe.evaluation.pairs import LabelledPair
    from dedupe.evaluation.session import Session
    from dedupe.models import Article
    from dedupe.params import ScanParams


@click.command()
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...")
@input_format
@option(
    "-o",
    "--output",
    metavar="FILE",
    help="Keep each answer here as it is given, as JSONL. Answers it holds are not asked again.",
)
@option(
    "--answers",
    metavar="FILE",
    help="Ask nothing: report on these pairs, as JSONL: id_a, id_b, label, weight.",
)
@option(
    "--sample",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    help="How many pairs to ask about, earlier answers included.",
)
@option(
    "--precision",
    type=Score(),
    default=0.95,
    show_default=True,
    help="Fit the threshold so that this share of the pairs above it tells the same story.",
)
@option("--refit", metavar="FILE", help="Write a model file for --model, fitted to the answers.")
@option(
    "--to",
    type=click.Choice(["json", "table"]),
    help="Format of the report. Default: table on a terminal, else JSON.",
)
@window
@threshold
@verifier
@model
@boilerplate
@workers
@quiet
def calibrate(inputs: tuple[str, ...], **given: Any) -> None:
    """Ask about borderline pairs of your own articles, and fit the threshold to the answers.

    Shows two articles at a time and asks whether they tell the same story. Then it reports the
    precision and recall of the threshold, each with its interval, and the threshold that reaches
    the precision you want. Stop whenever you like, with q or Ctrl-C: every answer is kept in FILE,
    and the next session with the same FILE goes on from there. No setting is changed.

    Exits 0 when done, 1 when it failed, 2 when used wrongly, 3 when done but some records were
    rejected.
    """
    from dedupe.batch.scan import candidate_pairs
    from dedupe.cli.gathering import gathered
    from dedupe.cli.progress import ScanProgress
    from dedupe.evaluation.session import Session
    from dedupe.feeds import stored_bytes
    from dedupe.kernel import on_compile
    from dedupe.stories.verifiers import maker_of

    params = scan_params({**given, "precision": None})  # which here is one to fit, not to use
    maker = maker_of(params)
    answers = _earlier(inputs, given)
    progress = ScanProgress(stored_bytes(inputs, given["from"]), quiet=given["quiet"])
    with progress, on_compile(progress.compiling):
        ranked = gathered(inputs, given, params, progress)
        verifier = maker(ranked, params)
        pairs = candidate_pairs(ranked, params, verifier, progress.stage)
    progress.gathered(len(ranked.entries))
    session = Session(ranked, verifier, pairs)
    if given["answers"] is None:
        answers += _asked(session, answers, inputs, given)
        if not answers:
            click.echo("no answer was given: there is nothing to report", err=True)
            sys.exit(progress.exit_code)
    _report(session, answers, params, given)
    sys.exit(progress.exit_code)


def _earlier(inputs: Sequence[str], given: dict[str, Any]) -> list[LabelledPair]:
    """The answers that are there already. Raises UsageError before a long scan."""
    from dedupe.evaluation.session import read_answers

    path: str | None = given["answers"]
    if path is not None:
        if given["output"] is not None:
            raise UsageError("--output keeps what is asked, and with --answers nothing is asked")
        _check_written(given["refit"], "--refit", (*inputs, path))
        return read_answers(path, both=True)
    if "-" in inputs:
        raise UsageError("-: is where answers are typed; give files or folders, or --answers FILE")
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "calibrate asks its questions in a terminal, and this is none; with --answers FILE it"
            " reports on answers without asking"
        )
    output: str | None = given["output"]
    if output is None:
        raise UsageError("give a file to keep the answers in: --output FILE")
    _check_written(output, "--output", inputs)
    _check_written(given["refit"], "--refit", (*inputs, output))
    there = os.path.isfile(output) and os.path.getsize(output) > 0
    return read_answers(output) if there else []


def _check_written(path: str | None, flag: str, read: Sequence[str]) -> None:
    if path is None:
        return
    file = Path(path).resolve()
    for other in (Path(other).resolve() for other in read if other != "-"):
        if other == file:
            raise UsageError(f"{path}: {flag} would write over what is read")
        if other in file.parents:
            raise UsageError(f"{path}: {flag} lies in a folder that is read; put it elsewhere")
    exists = file.exists()
    if (exists and not file.is_file()) or not os.access(file if exists else file.parent, os.W_OK):
        raise UsageError(f"{path}: cannot be written")


def _asked(
    session: Session, earlier: Sequence[LabelledPair], inputs: Sequence[str], given: dict[str, Any]
) -> list[LabelledPair]:
    """Ask, and keep every answer at once."""
    import msgspec

    from dedupe.cli.asking import OTHER, SAME, ask, show_side_by_side
    from dedupe.evaluation.pairs import NONE, UNCLEAR, LabelledPair
    from dedupe.evaluation.pairs import SAME as SAME_STORY

    labels = {SAME: SAME_STORY, OTHER: NONE}
    questions = session.questions(given["sample"], earlier)
    wanted = {id for question in questions for id in (question.id_a, question.id_b)}
    if not questions:
        click.echo("all pairs of the sample are answered; a larger --sample has more", err=True)
        return []
    articles = _articles(inputs, given["from"], wanted)
    shown = [q for q in questions if q.id_a in articles and q.id_b in articles]
    weights = {(q.id_a, q.id_b): q.weight for q in shown}
    answers = []
    with _continued(given["output"]) as file:
        pairs = [(articles[q.id_a], articles[q.id_b]) for q in shown]
        for left, right, answer in ask(pairs, len(pairs), show_side_by_side):
            label = labels.get(answer, UNCLEAR)
            pair = LabelledPair(left.id, right.id, label, weights[left.id, right.id])
            file.write(msgspec.json.encode(pair) + b"\n")
            file.flush()
            answers.append(pair)
    return answers


def _continued(path: str) -> Any:
    """The file, open behind its last whole line."""
    file = open(path, "ab+")  # noqa: SIM115
    if file.tell():
        file.seek(-1, os.SEEK_END)
        if file.read(1) != b"\n":
            file.write(b"\n")
    return file


def _articles(inputs: Sequence[str], format: str | None, wanted: set[str]) -> dict[str, Article]:
    """The texts of the articles to show, which a scan does not keep."""
    from dedupe.feeds import read_articles

    articles: Iterator[Article] = read_articles(
        inputs, format=format, now=datetime.now(UTC), on_reject=lambda rejection: None
    )
    return {article.id: article for article in articles if article.id in wanted}


def _report(
    session: Session, answers: Sequence[LabelledPair], params: ScanParams, given: dict[str, Any]
) -> None:
    from dedupe.cli.figures import write_json
    from dedupe.cli.tables import show_calibration
    from dedupe.evaluation.calibration import ENOUGH
    from dedupe.similarity.recalibration import encode_model

    found = session.report(answers, given["precision"])
    if (given["to"] or ("table" if sys.stdout.isatty() else "json")) == "table":
        show_calibration(found)
    else:
        write_json(found, "-")
    settings = {}
    if found.fitted and found.answers >= ENOUGH:
        settings = {"model": given["model"], "threshold": round(found.fitted.threshold, 6)}
    if given["refit"] is not None:  # its threshold is in the file
        Path(given["refit"]).write_bytes(
            encode_model(session.recalibration(found, params.recalibration))
        )
        settings = {"model": given["refit"]}
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items() if value]
    if lines and not given["quiet"]:
        click.echo("to use what was fitted, put this into dedupe.toml:\n\n[scan]", err=True)
        click.echo("\n".join(lines), err=True)
