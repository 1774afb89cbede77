"""The page: one HTML file that holds its styles, its script and its data, and asks for nothing."""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from typing import BinaryIO

import msgspec
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from dedupe.params import ScanParams
from dedupe.report import charts
from dedupe.report.data import RELATIONS, TEXT_BUDGET, Report
from dedupe.report.spool import TEXT_CHARACTERS, Spool

SCRIPTS = ("passages.js", "elements.js", "story.js", "page.js")
PLAIN_BYTES = 200_000  # data up to this size stands in the page as it is; more is compressed
STATIC_STORIES = 20  # that are shown where scripts do not run,
STATIC_MEMBERS = 12  # with so many of their articles


def write_page(
    report: Report, spool: Spool, params: ScanParams, made: datetime, stream: BinaryIO
) -> int:
    """Write the page to `stream` as UTF-8; returns its bytes.

    `made` is when, aware. Texts are read from `spool` a few stories at a time.
    """
    style = _file("page.css")
    script = "\n".join(map(_file, SCRIPTS))
    pieces = (
        _environment()
        .get_template("page.html")
        .generate(
            report=report,
            params=params,
            made=made.astimezone(UTC),
            style=Markup(style),
            script=Markup(script),
            policy=_policy(style, script),
            blocks=_blocks(report, spool),
            relations=RELATIONS,
            histogram=charts.histogram(report.histogram),
            curves=charts.s_curves(params.signature),
            charts=charts,
            static_stories=STATIC_STORIES,
            static_members=STATIC_MEMBERS,
            budget_mb=TEXT_BUDGET // 1_000_000,
            text_characters=TEXT_CHARACTERS,
        )
    )
    return sum(stream.write(piece.encode()) for piece in pieces)


def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(_file),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(number="{:,}".format, counted=_counted, moment=_moment)
    return environment


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """A policy that lets this style and this script work, and nothing else."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)};"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _blocks(report: Report, spool: Spool) -> Iterator[Markup]:
    """The data: the stories, then their texts in the chunks that the stories name."""
    encode = msgspec.json.Encoder().encode
    yield _block("data-stories", encode(report.stories))
    for number, chunk in enumerate(report.chunks):
        texts = {story: [spool[p].text for p in places] for story, places in chunk.items()}
        yield _block(f"data-texts-{number}", encode(texts))


def _block(id: str, data: bytes) -> Markup:
    """A script element that holds data: JSON, or gzip in base64. No `<` stands in either."""
    if len(data) <= PLAIN_BYTES:
        kind, text = "application/json", data.decode().replace("<", "\\u003c")
    else:
        packed = gzip.compress(data, compresslevel=6, mtime=0)
        kind, text = "application/gzip", base64.b64encode(packed).decode()
    return Markup('<script type="{}" id="{}">{}</script>').format(kind, id, Markup(text))


def _counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _moment(seconds: int) -> str:
    """ISO 8601 in UTC; what no calendar holds is told as a number."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%MZ}"
    except (OverflowError, ValueError, OSError):
        return str(seconds)
