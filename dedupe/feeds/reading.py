"""Read articles from files, folders and standard input, in the order they are given."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import BinaryIO, NamedTuple

from dedupe.errors import MissingExtra, SourceUnreadable, UsageError
from dedupe.feeds.compressed import Source, reason_of, shown
from dedupe.feeds.documents import read_json, read_jsonl, read_txt
from dedupe.feeds.extras import load
from dedupe.feeds.formats import FORMATS, Format, format_of_bytes, format_of_name
from dedupe.feeds.pages import read_html, read_warc
from dedupe.feeds.records import Intake
from dedupe.feeds.syndication import read_feed
from dedupe.feeds.tables import read_csv, read_parquet
from dedupe.models import Article, Rejection

_STDIN = "-"
_READERS: dict[Format, Callable[[Source, Intake], Iterator[Article]]] = {
    "jsonl": read_jsonl,
    "json": read_json,
    "csv": read_csv,
    "parquet": read_parquet,
    "txt": read_txt,
    "html": read_html,
    "feed": read_feed,
    "warc": read_warc,
}
_NEEDED: dict[Format, tuple[tuple[str, str, str], ...]] = {
    "parquet": (("pyarrow.parquet", "reading Parquet", "parquet"),),
    "html": (("trafilatura", "reading HTML", "feeds"),),
    "feed": (("feedparser", "reading feeds", "feeds"),),
    "warc": (
        ("fastwarc.warc", "reading WARC files", "warc"),
        ("trafilatura", "reading HTML", "feeds"),
    ),
}


class _Input(NamedTuple):
    path: str  # `-` is standard input
    format: Format | None  # None where the first bytes must tell


def read_articles(
    inputs: Sequence[str],
    *,
    format: str | None = None,
    now: datetime,
    on_reject: Callable[[Rejection], None],
    on_repair: Callable[[str, str], None] | None = None,
    on_bytes: Callable[[int], None] | None = None,
    stdin: BinaryIO | None = None,
    remember: bool = True,
) -> Iterator[Article]:
    """Yield the articles of all inputs, in their order, a few in memory at a time.

    `inputs` are paths of files, of folders (every file below whose suffix names a format; with
    `format` every file; sorted; hidden ones skipped) or `-`. `format`, one of FORMATS, overrules
    the suffixes. `now` is aware: an article dated over 48 hours later has no believable date.

    `on_reject` gets every record, and every file or rest of a file, that cannot be used;
    `on_repair` (where, what) what was mended; `on_bytes` the stored bytes of each read.
    With `remember` off, ids that come again are left to whoever takes the articles.

    Raises UsageError, before anything is read, for a path that does not exist, a folder without
    articles or a format that cannot be told, and MissingExtra where a named file needs it. Only
    for pipes is the format told, and that error raised, while reading.
    """
    forced = _checked(format)
    for path in inputs:
        _check_input(path, forced)
    intake = Intake(now=now, on_reject=on_reject, on_repair=on_repair, remember=remember)
    return _read_all(inputs, forced, intake, on_bytes, stdin)


def stored_bytes(inputs: Sequence[str], format: str | None = None) -> int | None:
    """Bytes that `read_articles` will report for these inputs; None where one is a pipe."""
    total = 0
    for path, _ in _files(inputs, _checked(format)):
        try:
            status = os.stat(path)
        except (OSError, ValueError):
            if path == _STDIN:
                return None
            continue
        if not stat.S_ISREG(status.st_mode):
            return None
        total += status.st_size
    return total


def _checked(format: str | None) -> Format | None:
    for known in FORMATS:
        if format == known:
            return known
    if format is None:
        return None
    raise UsageError(f"unknown format {format!r}; the formats are {', '.join(FORMATS)}")


def _check_input(path: str, forced: Format | None) -> None:
    if path == _STDIN:
        return
    if not os.path.lexists(path):
        raise UsageError(f"{path}: no such file or folder")
    if os.path.isdir(path):
        if next(_walk(path, forced), None) is None and os.access(path, os.R_OK | os.X_OK):
            raise UsageError(f"{path}: no file in this folder has a name that tells its format")
        return
    format = forced or format_of_name(path)
    if os.path.isfile(path):
        try:
            with Source.open(path) as source:
                source.head()  # needs what unpacks it
                format = format or _told(source)
        except SourceUnreadable:
            return  # reported when its turn comes
    for needed in _NEEDED.get(format, ()) if format else ():
        load(*needed)


def _told(source: Source) -> Format:
    format = format_of_bytes(source.head())
    if format is None:
        raise UsageError(
            f"{source.name}: neither its name nor its first bytes tell its format; "
            f"say --from with one of {', '.join(FORMATS)}"
        )
    return format


def _files(
    inputs: Sequence[str],
    forced: Format | None,
    on_error: Callable[[OSError], None] | None = None,
) -> Iterator[_Input]:
    for path in inputs:
        if path != _STDIN and os.path.isdir(path):
            yield from _walk(path, forced, on_error)
        else:
            yield _Input(path, forced or format_of_name(path))


def _walk(
    folder: str, forced: Format | None, on_error: Callable[[OSError], None] | None = None
) -> Iterator[_Input]:
    for parent, folders, names in os.walk(folder, onerror=on_error):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            format = forced or format_of_name(name)
            if format is not None and not name.startswith("."):
                yield _Input(os.path.join(parent, name), format)


def _read_all(
    inputs: Sequence[str],
    forced: Format | None,
    intake: Intake,
    on_bytes: Callable[[int], None] | None,
    stdin: BinaryIO | None,
) -> Iterator[Article]:
    def unreadable_folder(error: OSError) -> None:
        intake.reject(shown(str(error.filename)), reason_of(error))

    for path, format in _files(inputs, forced, unreadable_folder):
        try:
            if path == _STDIN:
                opened = Source(stdin or sys.stdin.buffer, "<stdin>", on_bytes)
            else:
                opened = Source.open(path, on_bytes)
            with opened as source:
                yield from _READERS[format or _told(source)](source, intake)
        except SourceUnreadable as unreadable:
            intake.reject(unreadable.where, unreadable.reason)
        except MissingExtra as missing:
            intake.reject(shown(path), str(missing))
