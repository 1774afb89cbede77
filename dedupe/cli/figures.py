"""Figures of an evaluation as JSON for programs or as tables for people."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from dedupe.cli.rendering import show
from dedupe.cli.terminal import counted, harmless
from dedupe.evaluation.clusters import ClusterFigures
from dedupe.evaluation.figures import Evaluation
from dedupe.evaluation.pairs import PairFigures


def write_evaluation(evaluation: Evaluation, path: str, to: str) -> None:
    """Write to a file or, where the path is `-`, to standard output."""
    if to == "table":
        clusters = [_clusters(evaluation.clusters)] if evaluation.clusters else []
        show(*clusters, *map(_pairs, evaluation.pairs))
        return
    data = msgspec.json.format(msgspec.json.encode(evaluation)) + b"\n"
    if path == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    else:
        Path(path).write_bytes(data)


def _clusters(figures: ClusterFigures) -> Group:
    table = _table("")
    for name in ("precision", "recall", "F1"):
        table.add_column(name, justify="right")
    for name, *values in (
        ("B-cubed", figures.bcubed_precision, figures.bcubed_recall, figures.bcubed_f1),
        ("pairwise", figures.pairwise_precision, figures.pairwise_recall, figures.pairwise_f1),
    ):
        table.add_row(name, *map(_share, values))
    lines = [f"adjusted Rand index: {_share(figures.ari)}"]
    if figures.left_out:
        lines.append(f"{counted(figures.left_out, 'labelled article')} not scanned: left out")
    labelled = counted(figures.labelled, "labelled article")
    return _titled(f"{labelled} in {counted(figures.stories, 'story', 'stories')}", table, lines)


def _pairs(figures: PairFigures) -> Group:
    table = _table("label")
    for name in ("pairs", "in one story", "share"):
        table.add_column(name, justify="right")
    for label in figures.labels:
        shown = Text(harmless(label.label))
        table.add_row(shown, f"{label.pairs:,}", f"{label.together:,}", _share(label.share))
    lines = [
        f"recall of same: {_share(figures.recall)}",
        f"weighted precision: {_share(figures.weighted_precision)}",
        f"development in one story: {_share(figures.development)}",
    ]
    if figures.left_out:
        lines.append(f"{counted(figures.left_out, 'pair')} with articles not scanned: left out")
    return _titled(f"{harmless(figures.file)}: {counted(figures.pairs, 'pair')}", table, lines)


def _table(first: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1))
    table.add_column(first)
    return table


def _titled(title: str, table: Table, lines: list[str]) -> Group:
    """A table between its title and what its columns have no place for, indented like its cells."""
    below = [Text(f"  {line}") for line in lines]
    return Group(Text(f"  {title}", style="italic"), table, *below, "")


def _share(value: float | None) -> str:
    return "not measurable" if value is None else f"{value:.3f}"
