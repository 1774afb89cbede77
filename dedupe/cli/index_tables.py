"""What an index holds, and what it will take, as tables."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.filesize import decimal

from dedupe.cli.figures import table_of, titled
from dedupe.cli.story_tables import time_of
from dedupe.cli.terminal import counted
from dedupe.index.base import Stats
from dedupe.index.manifest import Manifest
from dedupe.maintenance.forecasting import Forecasts
from dedupe.maintenance.listing import moment


def stats_shown(held: Stats, manifest: Manifest) -> Iterator[RenderableType]:
    """What an index holds as a whole, and slice by slice."""
    table = table_of("")
    table.add_column("", justify="right")
    table.show_header = False
    rows = [
        ("articles", f"{held.articles:,}"),
        ("stories", f"{held.clusters:,}"),
        ("events in the log", f"{held.events:,}"),
        ("pushed out of full buckets", f"{held.capped:,}"),
        ("bytes", "not known" if held.bytes is None else decimal(held.bytes)),
    ]
    if held.bytes is not None and held.articles:
        rows.append(("bytes an article", f"{held.bytes // held.articles:,}"))
    rows += [
        ("level", str(manifest.level)),
        ("window", f"{manifest.window_hours / 24:g} days"),
        ("texts", "kept" if manifest.texts else "not kept"),
        ("bands", f"{manifest.signature.bands:,}"),
        ("scheme", f"{manifest.scheme}, weights {manifest.weights}"),
    ]
    for row in rows:
        table.add_row(*row)
    yield titled("the index", table, [])
    if held.slices:
        slices = table_of("time slice from")
        slices.add_column("articles", justify="right")
        for each in held.slices:
            begins = moment(each.slice * manifest.slice_hours)
            slices.add_row(time_of(begins), f"{each.articles:,}")
        yield titled(f"{counted(len(held.slices), 'time slice')}", slices, [])


def forecast_shown(found: Forecasts) -> Group:
    """A row for each rate."""
    table = table_of("articles a day")
    table.columns[0].justify = "right"
    sizes = ("memory or disk",) if found.measured_on else ("short entries", "long articles")
    for name in ("articles held", *sizes):
        table.add_column(name, justify="right")
    for row in found.rows:
        taken = (row.least,) if found.measured_on else (row.least, row.most)
        table.add_row(f"{row.per_day:,}", f"{row.articles:,}", *map(decimal, taken))
    each = f"{found.least:,}" if found.measured_on else f"{found.least:,} to {found.most:,}"
    here = f"the {found.measured_on:,} articles of this index"
    told = f"{each} bytes an article, measured on {here if found.measured_on else 'other indexes'}"
    return titled(f"articles of {found.days:g} days at once", table, [told])
