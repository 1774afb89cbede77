"""Figures of an evaluation as JSON for programs or as tables for people."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
from msgspec import Struct
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from dedupe.cli.rendering import show
from dedupe.cli.terminal import counted, harmless
from dedupe.evaluation.clusters import ClusterFigures
from dedupe.evaluation.figures import Evaluation
from dedupe.evaluation.pairs import LabelFigures, PairFigures
from dedupe.models import Relation


def write_evaluation(evaluation: Evaluation, path: str, to: str) -> None:
    """Write to a file or, where the path is `-`, to standard output."""
    if to == "table":
        clusters = [_clusters(evaluation.clusters)] if evaluation.clusters else []
        show(*clusters, *map(_pairs, evaluation.pairs))
        return
    write_json(evaluation, path)


def write_json(figures: Struct, path: str) -> None:
    """Write to a file or, where the path is `-`, to standard output."""
    data = msgspec.json.format(msgspec.json.encode(figures)) + b"\n"
    if path == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    else:
        Path(path).write_bytes(data)


def _clusters(figures: ClusterFigures) -> Group:
    table = table_of("")
    for name in ("precision", "recall", "F1"):
        table.add_column(name, justify="right")
    for name, *values in (
        ("B-cubed", figures.bcubed_precision, figures.bcubed_recall, figures.bcubed_f1),
        ("pairwise", figures.pairwise_precision, figures.pairwise_recall, figures.pairwise_f1),
    ):
        table.add_row(name, *map(share, values))
    lines = [f"adjusted Rand index: {share(figures.ari)}"]
    if figures.left_out:
        lines.append(f"{counted(figures.left_out, 'labelled article')} not scanned: left out")
    labelled = counted(figures.labelled, "labelled article")
    return titled(f"{labelled} in {counted(figures.stories, 'story', 'stories')}", table, lines)


def _pairs(figures: PairFigures) -> Group:
    matrix = any(label.relations is not None for label in figures.labels)
    table = table_of("label")
    for name in ("pairs", "in one story", "share"):
        table.add_column(name, justify="right")
    if matrix:
        for name in (*(relation.label for relation in Relation), "updates"):
            table.add_column(name, justify="right", style="cyan", min_width=len(name))
    for label in figures.labels:
        cells = f"{label.pairs:,}", f"{label.together:,}", share(label.share), *_found(label)
        table.add_row(Text(harmless(label.label)), *cells)
    lines = [
        f"recall of same: {share(figures.recall)}",
        f"weighted precision: {share(figures.weighted_precision)}",
        f"F1 of the two: {share(figures.f1)}",
        f"development in one story: {share(figures.development)}",
    ]
    if not matrix:
        lines.append("found as what: not measurable, since --decisions hold no pairs")
    if figures.left_out:
        lines.append(f"{counted(figures.left_out, 'pair')} with articles not scanned: left out")
    return titled(f"{harmless(figures.file)}: {counted(figures.pairs, 'pair')}", table, lines)


def _found(label: LabelFigures) -> list[str]:
    """A row of the confusion matrix: how many pairs of the label were found as what."""
    if label.relations is None:
        return []
    return [
        f"{number:,}" if number else "·" for number in (*label.relations.values(), label.updates)
    ]


def table_of(first: str) -> Table:
    """An empty table, the first column in place."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column(first)
    return table


def titled(title: str, table: Table, lines: list[str]) -> Group:
    """A table between its title and what its columns have no place for, indented like its cells."""
    below = [Text(f"  {line}") for line in lines]
    return Group(Text(f"  {title}", style="italic"), table, *below, "")


def share(value: float | None) -> str:
    """Three decimals, or why there are none."""
    return "not measurable" if value is None else f"{value:.3f}"
