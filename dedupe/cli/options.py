"""How options are declared: once, giving flag, environment variable and TOML key together."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource
from platformdirs import user_data_path

if TYPE_CHECKING:
    from dedupe.params import Recalibration, ScanParams

# As in dedupe.feeds.FORMATS, which a test compares; not imported, so that --help answers at once.
FORMATS = ("jsonl", "json", "csv", "parquet", "txt", "html", "feed", "warc")
LEVELS = ("copy", "rewrite", "story")
RULES = ("agency", "linked", "earliest", "fullest", "ranked")
RELATIONS = ("exact", "copy", "rewrite", "story")


def option(*names: str, **settings: Any) -> Callable[[Any], Any]:
    """A click option that also reads DEDUPE_<NAME>; its parameter's name is its TOML key."""
    flag = next(name for name in names if name.startswith("--"))
    variable = "DEDUPE_" + flag.removeprefix("--").replace("-", "_").upper()
    return click.option(*names, envvar=variable, show_envvar=True, **settings)


def all_of(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Several options, in this order in the help."""

    def declared(command: Any) -> Any:
        for each in reversed(options):
            command = each(command)
        return command

    return declared


_HOURS = {"s": 1 / 3600, "m": 1 / 60, "h": 1.0, "d": 24.0, "w": 168.0}


class Duration(click.ParamType):  # type: ignore[type-arg]
    """A length of time such as 90s, 15m, 36h, 7d or 2w; in hours."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Hours, as a number; a bare number in a TOML file is hours too."""
        hours = float("nan")
        if isinstance(value, int | float):
            hours = float(str(value))  # a huge whole number is infinite, not an OverflowError
        elif match := re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", str(value).strip()):
            hours = float(match[1]) * _HOURS[match[2]]
        if not hours > 0:
            self.fail(f"{value!r} is no length of time; write 15m, 36h, 7d or 2w", param, ctx)
        return hours


class Interval(Duration):
    """A length of time, or `off`; in hours, 0 is off."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Hours, as with Duration."""
        return 0.0 if value in ("off", "0s", 0) else super().convert(value, param, ctx)


class Moment(click.ParamType):  # type: ignore[type-arg]
    """A date or time (ISO 8601), or how long ago (7d)."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """An aware time; without an offset it is UTC."""
        try:
            if re.fullmatch(r"\d+(?:\.\d+)?[smhdw]", str(value)):
                return datetime.now(UTC) - timedelta(hours=Duration().convert(value, param, ctx))
            moment = datetime.fromisoformat(str(value))
        except (ValueError, OverflowError):
            wanted = "2025-03-04, 2025-03-04T12:00Z or 7d"
            self.fail(f"{value!r} is no time; write {wanted}", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Score(click.FloatRange):
    """A number above 0 and up to 1."""

    def __init__(self) -> None:
        super().__init__(0, 1, min_open=True)

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """The number; NaN, which lies in no range and outside of none, is refused too."""
        number = float(super().convert(value, param, ctx))
        if number != number:
            self.fail(f"{value!r} is no number", param, ctx)
        return number


# ---- what every command that scans takes --------------------------------------------------------

input_format = option(
    "--from",
    type=click.Choice(FORMATS),
    help="Read every input as this format. Default: by its suffix, else by its first bytes.",
)
output_file = option(
    "-o", "--output", default="-", show_default=True, metavar="FILE|-", help="Where to write."
)
labelled_pairs = option(
    "--pairs",
    multiple=True,
    metavar="FILE",
    help="Labelled pairs, as JSONL: id_a, id_b, label, weight. Give it again for more files.",
)
json_or_table = option(
    "--to",
    type=click.Choice(["json", "table"]),
    help="Output format. Default: table on a terminal, else JSON.",
)
jsonl_or_table = option(
    "--to",
    type=click.Choice(["jsonl", "table"]),
    help="Output format. Default: table on a terminal, else JSONL.",
)
level = option(
    "--level",
    type=click.Choice(LEVELS),
    default="story",
    show_default=True,
    help="The weakest relation that puts two articles into one cluster.",
)
window = option(
    "--window",
    type=Duration(),
    default="7d",
    show_default=True,
    help="All articles of a story lie within so much time: 36h, 7d, 2w.",
)
threshold = option(
    "--threshold",
    type=Score(),
    help="Probability from which two articles tell the same story. Higher: fewer, surer.",
)
precision = option(
    "--precision",
    type=Score(),
    help="Choose the threshold by the share of pairs above it that is to be right: 0.95.",
)
verifier = option(
    "--verifier",
    default="learned",
    show_default=True,
    metavar="NAME",
    help="What judges pairs: learned, plane, or one that another package brings.",
)
model = option(
    "--model",
    metavar="FILE",
    help="Put the scores straight as this file says, which dedupe calibrate --refit has written.",
)
boilerplate = option(
    "--boilerplate",
    type=click.Choice(["fixed", "learned"]),
    default="fixed",
    show_default=True,
    help="What to ignore: fixed forms, or also what a source is learned to repeat.",
)


def judging(command: Any) -> Any:
    """The options that say how pairs are judged, for a command that leaves none of them out."""
    return all_of(threshold, precision, verifier, model, boilerplate)(command)


JUDGING = ("threshold", "precision", "verifier", "model", "boilerplate")
source = option(
    "--source",
    multiple=True,
    metavar="NAME",
    help="A source to prefer as canonical; give it again for the next best.",
)
elect = option(
    "--elect",
    type=click.Choice(RULES),
    multiple=True,
    help="A rule of the election, in order; give it again for the next. Default: all, as listed.",
)
rejects_file = option(
    "--rejects", type=click.Path(dir_okay=False), help="Write rejected records here, as JSONL."
)
output_format = option(
    "--to",
    type=click.Choice(["jsonl", "csv", "parquet", "table"]),
    help="Output format. Default: by the suffix of FILE; else table on a terminal, else JSONL.",
)
workers = option("--workers", type=click.IntRange(1, 256), help="Threads. Default: one a core.")
quiet = option("--quiet", "-q", is_flag=True, help="No progress and no summary on stderr.")


def scan_params(given: dict[str, Any], **others: Any) -> ScanParams:
    """The parameters of a scan with these options; what is not given keeps its default.

    Of a threshold and a precision the one that is given closer by wins. Raises UsageError for both
    in one place, and for a model file that is none.
    """
    from dedupe.models import Level
    from dedupe.params import ScanParams

    names = ("threshold", "precision", "verifier", "workers")
    settings = {name: given[name] for name in names if given.get(name) is not None}
    if "threshold" in settings and "precision" in settings:
        del settings[_overruled("threshold", "precision")]
    return ScanParams(
        level=Level(given.get("level") or "story"),
        window_hours=given["window"],
        recalibration=_recalibration(given.get("model")),
        boilerplate=given.get("boilerplate") == "learned",
        **settings,
        **others,
    )


def election(given: dict[str, Any]) -> dict[str, Any]:
    """What `--source` and `--elect` say, as parameters of a scan."""
    rules = {"election": given["elect"]} if given["elect"] else {}
    return {"sources": given["source"], **rules}


def _overruled(one: str, other: str) -> str:
    """Which of two options for the same thing is given where the other overrules it.

    Flags win over the environment, the environment over the file. Raises UsageError where both are
    given in one place.
    """
    from dedupe.errors import UsageError

    where = click.get_current_context().get_parameter_source
    places = (ParameterSource.DEFAULT_MAP, ParameterSource.ENVIRONMENT, ParameterSource.COMMANDLINE)
    first, second = (places.index(where(name)) if where(name) in places else -1
                     for name in (one, other))  # fmt: skip
    if first == second:
        raise UsageError(f"--{one} and --{other} choose the same thing; give one of them")
    return one if first < second else other


# ---- what every command that has to do with an index takes ---------------------------------------


def default_index() -> str:
    """The URL of the index that is used where none is given: a file in the user's data folder."""
    return f"sqlite:///{user_data_path('newsdedupe') / 'index.db'}"


index_url = option(
    "--index",
    metavar="URL",
    default=default_index(),
    show_default=True,
    help="The index: sqlite:///FILE, redis://HOST:PORT/DB, memory: and others.",
)
force = option("--force", is_flag=True, help="Use a Redis that may throw keys away, all the same.")
index = all_of(index_url, force)
index_level = option(
    "--level",
    type=click.Choice(LEVELS),
    help="The weakest relation that puts two articles into one story. A new index takes it, story"
    " by default; one that is there must have it.",
)
index_window = option(
    "--window",
    type=Duration(),
    help="All articles of a story lie within so much time: 36h, 7d. A new index takes it, 7d by"
    " default; one that is there must have it.",
)
electing = all_of(source, elect)
online = all_of(threshold, precision, verifier, model, source, elect, workers)


def _recalibration(path: str | None) -> Recalibration | None:
    """What `--model` holds. Raises UsageError where the file cannot be read or is no such file."""
    from dedupe.errors import UsageError
    from dedupe.similarity.recalibration import decode_model

    if path is None:
        return None
    try:
        return decode_model(Path(path).read_bytes(), path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
