"""`dedupe compare`: two articles side by side, and why a scan puts them together or apart."""

from __future__ import annotations

import os
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.options import (
    input_format,
    judging,
    level,
    option,
    quiet,
    scan_params,
    window,
    workers,
)
from dedupe.errors import UsageError

if TYPE_CHECKING:
    from dedupe.batch.comparison import Comparison
    from dedupe.cli.progress import ScanProgress
    from dedupe.models import Article


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@option(
    "--in",
    multiple=True,
    metavar="FILE",
    help="Take A and B for ids of articles in this file; give it again for more files.",
)
@input_format
@option("--json", is_flag=True, help="Write all that is known as one JSON object.")
@level
@window
@judging
@workers
@quiet
def compare(a: str, b: str, **given: Any) -> None:
    """Compare two articles: how they are related, by which rule, and what they share.

    A and B are files that hold one article each, in any format that `dedupe scan` reads; one may
    be standard input (-). With --in they are ids, and all articles of these files say how rare a
    word is, as in a scan.

    Exits 0 when done, whatever the verdict; 1 when it failed, 2 when used wrongly, 3 when done but
    some records were rejected.
    """
    from dedupe.cli.progress import ScanProgress
    from dedupe.feeds import stored_bytes
    from dedupe.kernel import on_compile

    inputs = given["in"] or (a, b)
    progress = ScanProgress(stored_bytes(inputs, given["from"]), quiet=given["quiet"])
    with progress, on_compile(progress.compiling):
        comparison = (_by_id if given["in"] else _by_file)(a, b, given, progress)
    _write(comparison, given["json"])
    sys.exit(progress.exit_code)


def _by_id(a: str, b: str, given: dict[str, Any], progress: ScanProgress) -> Comparison:
    from dedupe.batch.comparison import compare_within
    from dedupe.cli.reading import reading

    if a == b:
        raise UsageError(f"A and B are the same article, {a!r}; name two")
    articles = reading(given["in"], given, progress)
    return compare_within(articles, a, b, scan_params(given), progress.stage)


def _by_file(a: str, b: str, given: dict[str, Any], progress: ScanProgress) -> Comparison:
    import msgspec

    from dedupe.batch.comparison import compare

    if a == b or (os.path.exists(a) and os.path.realpath(a) == os.path.realpath(b)):
        raise UsageError(f"{a}: A and B are the same file; name two")
    one, other = (_only_article(path, given, progress) for path in (a, b))
    if one.id == other.id:  # a content hash, or one article in two versions
        one, other = msgspec.structs.replace(one, id=a), msgspec.structs.replace(other, id=b)
    return compare(one, other, params=scan_params(given))


def _only_article(path: str, given: dict[str, Any], progress: ScanProgress) -> Article:
    """The article of a file. Raises UsageError where it has none, or several."""
    from dedupe.cli.reading import reading

    if path != "-" and not os.path.exists(path):
        raise UsageError(f"{path}: no such file; to name articles by id, give their file with --in")
    if os.path.isdir(path):
        raise UsageError(f"{path}: is a folder; give --in {path} and the ids of two articles")
    found = list(islice(reading([path], given, progress), 2))
    if not found:
        raise UsageError(f"{path}: holds no article")
    if len(found) > 1:
        raise UsageError(
            f"{path}: holds several articles; give --in {path} and the ids of two,"
            f" such as {found[0].id} {found[1].id}"
        )
    return found[0]


def _write(comparison: Comparison, as_json: bool) -> None:
    if as_json:
        import msgspec

        data = msgspec.json.format(msgspec.json.encode(comparison)) + b"\n"
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    else:
        from dedupe.cli.rendering import show
        from dedupe.cli.side_by_side import shown

        show(*shown(comparison))
