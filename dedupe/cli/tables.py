"""What `dedupe tune` and `dedupe calibrate` have found, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group
from rich.text import Text

from dedupe.cli.figures import share, table_of, titled
from dedupe.cli.plots import bar, reliability_plot, sparkline
from dedupe.cli.rendering import show
from dedupe.cli.terminal import counted, harmless
from dedupe.evaluation.calibration import ENOUGH, Calibration, OperatingPoint
from dedupe.evaluation.figures import Evaluation
from dedupe.evaluation.intervals import Share
from dedupe.evaluation.tuning import SIMILARITIES, Curve, Setting, Sweep, Tuning

_FIGURES = {"bcubed_f1": "B-cubed F1", "pairwise_f1": "pairwise F1", "ari": "ARI", "f1": "F1"}
_ROOM = 5  # columns of figures that leave room for a bar
_Column = tuple[str, list[float | None]]


def show_tuning(tuning: Tuning) -> None:
    """Print a table for each setting, the S-curves and the reliability of the scores."""
    show(
        *map(_sweep, tuning.sweeps),
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


def _sweep(sweep: Sweep) -> Group:
    columns = list(_columns([trial.figures for trial in sweep.trials]))
    files = [harmless(pairs.file) for pairs in sweep.trials[0].figures.pairs]
    barred = 0 < len(columns) <= _ROOM
    table = table_of(sweep.setting)
    table.columns[0].justify = "right"
    for name, _ in columns:
        table.add_column(Text(name), justify="right")
    if barred:
        table.add_column("", no_wrap=True, overflow="crop")
    for k, trial in enumerate(sweep.trials):
        now = trial.value == sweep.now
        cells = [f"{values[k]:.3f}" if values[k] is not None else "–" for _, values in columns]
        drawn = [bar(columns[0][1][k])] if barred else []
        shown = f"{'now ' if now else ''}{value_of(sweep.setting, trial.value)}"
        table.add_row(shown, *cells, *drawn, style="bold" if now else None)
    table.add_section()
    table.add_row("", *(sparkline(values) for _, values in columns), style="cyan")
    which = [f"({at}) {file}" for at, file in enumerate(files, 1)] if len(files) > 1 else []
    return titled(f"{sweep.setting}, the rest as it is", table, [*which, *_best(sweep)])


def _best(sweep: Sweep) -> Iterator[str]:
    for best in sweep.best:
        name = _FIGURES[best.figure] + (f" of {harmless(best.file)}" if best.file else "")
        value = value_of(sweep.setting, best.value)
        if best.value == sweep.now:
            yield f"best by {name}: {value}, as it is ({share(best.reaches)})"
        else:
            yield f"best by {name}: {value} ({share(best.reaches)}; now {share(best.now)})"


def _columns(evaluations: Sequence[Evaluation]) -> Iterator[_Column]:
    """The figures that are measurable, each with its values."""
    given = evaluations[0]
    if given.clusters:
        for name, field in (
            ("B-cubed F1", "bcubed_f1"),
            ("precision", "bcubed_precision"),
            ("recall", "bcubed_recall"),
            ("ARI", "ari"),
        ):
            yield name, [getattr(e.clusters, field) for e in evaluations]
    for at, pairs in enumerate(given.pairs):
        number = f" ({at + 1})" if len(given.pairs) > 1 else ""
        if pairs.recall is None:
            for place, label in enumerate(pairs.labels):
                shares = [e.pairs[at].labels[place].share for e in evaluations]
                yield harmless(label.label) + number, list(shares)
            continue
        for name, field in (
            ("F1", "f1"),
            ("w. precision", "weighted_precision"),
            ("recall", "recall"),
            ("development", "development"),
        ):
            values = [getattr(e.pairs[at], field) for e in evaluations]
            if any(value is not None for value in values):
                yield name + number, values


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
