"""What `dedupe tune` and `dedupe calibrate` have found, for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from dedupe.cli.figures import share, table_of, titled
from dedupe.cli.plots import bar, reliability_plot, sparkline
from dedupe.cli.rendering import show
from dedupe.cli.terminal import counted, harmless
from dedupe.evaluation.calibration import ENOUGH, Calibration, OperatingPoint
from dedupe.evaluation.figures import Evaluation
from dedupe.evaluation.intervals import Share
from dedupe.evaluation.pairs import PairFigures
from dedupe.evaluation.tuning import SIMILARITIES, Best, Curve, Setting, Sweep, Tuning

_FIGURES = {"bcubed_f1": "B-cubed F1", "pairwise_f1": "pairwise F1", "ari": "ARI", "f1": "F1"}
_ROOM = 5  # figures that fit beside each other
_Column = tuple[str, list[float | None]]


def show_tuning(tuning: Tuning) -> None:
    """Print a table for each setting, the S-curves and the reliability of the scores."""
    show(
        *(table for sweep in tuning.sweeps for table in _sweep(sweep)),
        *(Text(f"  {name}: not varied, {why}\n") for name, why in tuning.not_varied.items()),
        _curves(tuning.curves),
        *(
            reliability_plot(f"{harmless(each.file)}: scores as probabilities", each.diagram)
            for each in tuning.reliability
        ),
    )


def value_of(setting: Setting, value: float) -> str:
    """A value as its option takes it."""
    if setting == "window":
        return f"{value / 24:g}d" if value >= 48 else f"{value:g}h"
    return f"{value:g}"


def _sweep(sweep: Sweep) -> Iterator[Group]:
    """A table for each kind of labels."""
    figures = [trial.figures for trial in sweep.trials]
    if figures[0].clusters:
        yield _table(sweep, None, "stories", _of_clusters(figures))
    for at, pairs in enumerate(figures[0].pairs):
        yield _table(sweep, pairs.file, pairs.file, _of_pairs([each.pairs[at] for each in figures]))


def _table(sweep: Sweep, file: str | None, name: str, columns: Sequence[_Column]) -> Group:
    table = _upright(sweep, columns) if len(columns) <= _ROOM else _lying(sweep, columns)
    best = [_best(sweep.setting, sweep.now, best) for best in sweep.best if best.file == file]
    return titled(f"{sweep.setting}, the rest as it is: {harmless(name)}", table, best)


def _upright(sweep: Sweep, columns: Sequence[_Column]) -> Table:
    """A row for each value, with a bar for the first figure."""
    table = table_of(sweep.setting)
    table.columns[0].justify = "right"
    table.columns[0].no_wrap = True
    for column, _ in columns:
        table.add_column(Text(column), justify="right", no_wrap=True)
    table.add_column("", overflow="crop")
    for k, shown in enumerate(_values(sweep)):
        cells = [_cell(values[k]) for _, values in columns]
        style = "bold" if sweep.trials[k].value == sweep.now else None
        table.add_row(shown, *cells, bar(columns[0][1][k]), style=style)
    table.add_section()
    table.add_row("", *(sparkline(values) for _, values in columns), style="cyan")
    return table


def _lying(sweep: Sweep, columns: Sequence[_Column]) -> Table:
    """A row for each figure, where there are many."""
    table = table_of(sweep.setting)
    table.columns[0].overflow = "fold"
    table.padding = (0, 0, 0, 1)  # nine values fit into 80 columns
    for shown in _values(sweep):
        heading = _short(shown.replace("now ", "now\n"))
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True, style="cyan")
    for name, values in columns:
        cells = [_short(_cell(value)) for value in values]
        table.add_row(Text(name), *cells, sparkline(values))
    return table


def _values(sweep: Sweep) -> list[str]:
    return [
        f"{'now ' if trial.value == sweep.now else ''}{value_of(sweep.setting, trial.value)}"
        for trial in sweep.trials
    ]


def _short(number: str) -> str:
    """Without the nought before the point."""
    return re.sub(r"\b0\.", ".", number).replace("1.000", "1.00")


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _best(setting: Setting, now: float, best: Best) -> str:
    value = value_of(setting, best.value)
    if best.value == now:
        return f"best by {_FIGURES[best.figure]}: {value}, as it is ({share(best.reaches)})"
    reached = f"{share(best.reaches)}; now {share(best.now)}"
    return f"best by {_FIGURES[best.figure]}: {value} ({reached})"


def _of_clusters(evaluations: Sequence[Evaluation]) -> list[_Column]:
    fields = {
        "B-cubed F1": "bcubed_f1",
        "precision": "bcubed_precision",
        "recall": "bcubed_recall",
        "pairwise F1": "pairwise_f1",
        "ARI": "ari",
    }
    clusters = [evaluation.clusters for evaluation in evaluations]
    return [(name, [getattr(each, field) for each in clusters]) for name, field in fields.items()]


def _of_pairs(evaluations: Sequence[PairFigures]) -> list[_Column]:
    """Recall and precision of judged pairs; merge rates, where labels say nothing of these."""
    first = evaluations[0]
    if first.recall is None:
        return [
            (harmless(label.label), [each.labels[at].share for each in evaluations])
            for at, label in enumerate(first.labels)
        ]
    fields = {
        "F1": "f1",
        "weighted precision": "weighted_precision",
        "recall": "recall",
        "development": "development",
    }
    return [(name, [getattr(e, field) for e in evaluations]) for name, field in fields.items()]


def _curves(curves: Sequence[Curve]) -> Group:
    shown = range(1, len(SIMILARITIES), 3)  # 0.1, 0.25, …
    table = table_of("signature")
    table.add_column("rows × bands", justify="right")
    for k in shown:
        table.add_column(f"{SIMILARITIES[k]:.2f}", justify="right")
    table.add_column("0.05 to 0.95")
    for curve in curves:
        values = [f"{curve.probabilities[k]:.2f}" for k in shown]
        plot = sparkline(curve.probabilities, 0.0)
        table.add_row(curve.signature, f"{curve.rows} × {curve.bands}", *values, plot)
    return titled("S-curves: chance that two articles of this resemblance meet", table, [])


def show_calibration(found: Calibration) -> None:
    """Print the report on a session of answers."""
    table = table_of("score")
    for name in ("pairs", "answered", "same story"):
        table.add_column(name, justify="right")
    for stratum in found.strata:
        table.add_row(
            f"{stratum.low:.3f} to {stratum.high:.3f}",
            f"{stratum.pairs:,}",
            f"{stratum.answered:,}",
            f"{stratum.same:,}",
        )
    counts = f"{counted(found.population, 'candidate pair')}, {counted(found.answers, 'answer')}"
    parts = [titled(counts, table, list(_notes(found))), _points(found)]
    parts.append(reliability_plot("the scores as probabilities", found.reliability))
    if found.recalibrated:
        title = "recalibrated, on the answers that this was fitted to"
        parts.append(reliability_plot(title, found.recalibrated))
    show(*parts)


def _notes(found: Calibration) -> Iterator[str]:
    if found.unsure:
        yield f"{counted(found.unsure, 'pair')} unsure, or a later step of one story: left out"
    if found.left_out:
        yield (
            f"{counted(found.left_out, 'answer')} left out: exact copies, pairs scored too low to"
            " be candidates, or articles that were not read"
        )
    if found.unrepresented > 0:
        yield f"{found.unrepresented:.0%} of the pairs have scores of which none is answered"
    if found.answers < ENOUGH:
        yield f"too few answers to rely on: {ENOUGH} are few, 60 are good"


def _points(found: Calibration) -> Group:
    table = table_of("threshold")
    for name in ("precision", "95 % interval", "recall", "95 % interval"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row(f"now {found.now.threshold:g}", *_shares(found.now))
    lines = []
    if found.fitted:
        table.add_row(f"fitted {found.fitted.threshold:g}", *_shares(found.fitted))
        expected = share(found.fitted.expected_precision), share(found.fitted.expected_recall)
        lines.append(f"fitted: precision {expected[0]} and recall {expected[1]} expected")
    elif found.slope is None:
        lines.append("nothing is fitted: all answers are of one kind")
    elif found.slope <= 0:
        lines.append("nothing is fitted: the answers contradict the scores")
    else:
        lines.append(f"a precision of {found.wanted_precision:g} is out of reach")
    return titled("how well the threshold does", table, lines)


def _shares(point: OperatingPoint) -> list[str]:
    return [cell for each in (point.precision, point.recall) for cell in _interval(each)]


def _interval(measured: Share | None) -> tuple[str, str]:
    if measured is None:
        return "not measurable", ""
    return share(measured.value), f"{measured.low:.3f} to {measured.high:.3f}"
