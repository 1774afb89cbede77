"""`dedupe tune`: how the figures move with the settings of a scan."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.evaluate import output_of
from dedupe.cli.options import (
    Duration,
    Score,
    boilerplate,
    input_format,
    json_or_table,
    labelled_pairs,
    level,
    model,
    option,
    output_file,
    quiet,
    scan_params,
    verifier,
    workers,
)
from dedupe.errors import UsageError

if TYPE_CHECKING:
    from dedupe.batch.collection import Ranked
    from dedupe.cli.progress import ScanProgress
    from dedupe.evaluation.tuning import Labels, Setting, Sweep, Tuning
    from dedupe.params import ScanParams
    from dedupe.stories.verifiers import Maker


@click.command()
@click.argument("labelled", nargs=-1, required=True, metavar="LABELLED...")
@labelled_pairs
@input_format
@output_file
@json_or_table
@level
@option(
    "--threshold",
    type=Score(),
    multiple=True,
    help="A threshold to try; give it again for more. Default: some around the present one.",
)
@option(
    "--bands",
    type=click.IntRange(min=1),
    multiple=True,
    help="A number of story bands to try, up to 128; again for more. Default: some up to 128.",
)
@option(
    "--window",
    type=Duration(),
    multiple=True,
    help="A window to try: 36h, 7d; give it again for more. Default: some around a week.",
)
@verifier
@model
@boilerplate
@workers
@quiet
def tune(labelled: tuple[str, ...], **given: Any) -> None:
    """Scan labelled articles with other settings, and say what that does to the figures.

    LABELLED are files with labels as `dedupe evaluate` takes them. They are read once; then the
    threshold, the number of bands and the window are varied, each alone. Of several values of one
    option the first is where the others are varied; a single threshold or window stays as it is.
    Nothing is changed: what would do best is said, and what to do about it is yours to decide.

    Exits 0 when done, 1 when it failed, 2 when used wrongly, 3 when done but some records were
    rejected.
    """
    from dedupe.cli.figures import write_json
    from dedupe.cli.gathering import gathered
    from dedupe.cli.progress import ScanProgress
    from dedupe.cli.tables import show_tuning
    from dedupe.evaluation.labels import read_gold, read_pairs
    from dedupe.evaluation.tuning import Labels, check_labels
    from dedupe.feeds import stored_bytes
    from dedupe.kernel import on_compile
    from dedupe.stories.verifiers import maker_of

    to = output_of(given["output"], given["to"], (*labelled, *given["pairs"]))
    params = _params(given)
    maker = maker_of(params)
    pairs = {path: read_pairs(path) for path in given["pairs"]}
    labels = Labels(read_gold(labelled, given["from"]), pairs)
    check_labels(labels)
    progress = ScanProgress(stored_bytes(labelled, given["from"]), quiet=given["quiet"])
    with progress, on_compile(progress.compiling):
        ranked = gathered(labelled, given, params, progress)
        found = _tuned(ranked, params, maker, labels, given, progress)
    progress.gathered(len(ranked.entries))
    if to == "table":
        show_tuning(found)
    else:
        write_json(found, given["output"])
    sys.exit(progress.exit_code)


def _tuned(
    ranked: Ranked,
    params: ScanParams,
    maker: Maker,
    labels: Labels,
    given: dict[str, Any],
    progress: ScanProgress,
) -> Tuning:
    import numpy as np

    from dedupe.evaluation.tuning import (
        SIMILARITIES,
        Tuning,
        curves,
        reliabilities,
        sweep,
        values_around,
    )

    verifier = maker(ranked, params)
    single = [name for name in ("threshold", "window") if len(given[name]) == 1]
    not_varied = dict.fromkeys(single, "a single value is given")
    if np.isnan(ranked.times()).all():
        not_varied["window"] = "no article has a date"
    present: dict[Setting, float] = {
        "threshold": verifier.threshold,
        "bands": params.signature.story_bands,
        "window": params.window_hours,
    }
    tried: dict[Setting, list[float]] = {
        name: sorted({*given[name], now}) if given[name] else values_around(name, now)
        for name, now in present.items()
    }
    sweeps: list[Sweep] = [
        sweep(name, tried[name], ranked, params, maker, labels, progress.stage)
        for name in present
        if name not in not_varied
    ]
    return Tuning(
        articles=len(ranked.entries),
        sweeps=tuple(sweeps),
        not_varied=not_varied,
        similarities=SIMILARITIES,
        curves=curves(params.signature, [int(bands) for bands in tried["bands"]]),
        reliability=reliabilities(ranked, verifier, labels),
    )


def _params(given: dict[str, Any]) -> ScanParams:
    """The settings that the others are varied at: the first value given, else the default."""
    from dedupe.params import ScanParams

    usual = ScanParams()
    most = usual.signature.story_bands
    if too_many := [bands for bands in given["bands"] if bands > most]:
        raise UsageError(
            f"--bands {max(too_many)}: the signatures are made for {most} bands; fewer can be tried"
        )
    first = {
        "threshold": next(iter(given["threshold"]), None),
        "window": next(iter(given["window"]), usual.window_hours),
    }
    return scan_params({**given, **first})
