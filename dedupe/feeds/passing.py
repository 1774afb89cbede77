"""Records that pass through: JSON Lines read as they arrive, and written again as they came."""

from __future__ import annotations

import select
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import BinaryIO, NamedTuple

import msgspec

from dedupe.errors import SourceUnreadable
from dedupe.feeds.charset import as_utf8
from dedupe.feeds.compressed import Source
from dedupe.feeds.limits import MAX_RECORD_BYTES, MIB
from dedupe.feeds.lines import lines_of_chunks
from dedupe.feeds.records import Intake
from dedupe.models import Article


class Passing(NamedTuple):
    """One record on its way."""

    line: bytes  # as it came, without the end of line
    article: Article


def read_passing(
    intake: Intake,
    articles: int,
    characters: int,
    clock: Callable[[], datetime],
    stdin: BinaryIO | None = None,
) -> Iterator[list[Passing]]:
    """Yield the records of standard input in batches, as soon as no more input is waiting.

    A batch has at most so many `articles`, and ends when it has so many `characters` of text.
    What cannot be used goes to the intake, which is told the time as it passes by the `clock`.
    """
    stream = stdin or sys.stdin.buffer
    source = Source(stream, "<stdin>", None)
    batch: list[Passing] = []
    size = 0
    try:
        for lines in lines_of_chunks(as_utf8(source.chunks())):
            intake.move_to(clock())
            for number, line in lines:
                passing = _taken(line, f"<stdin>:{number}", intake)
                if passing is None:
                    continue
                batch.append(passing)
                size += len(passing.article.text)
                if len(batch) >= articles or size >= characters:
                    yield batch
                    batch, size = [], 0
            if batch and not _waiting(stream):
                yield batch
                batch, size = [], 0
    except SourceUnreadable as unreadable:
        intake.reject(unreadable.where, unreadable.reason)
    if batch:
        yield batch


def read_lines(
    path: str, limit: int, on_bytes: Callable[[int], None] | None = None
) -> Iterator[tuple[int, bytes | None]]:
    """The lines of a file, plain or compressed, or of standard input (`-`), with their numbers.

    None for a line of over `limit` bytes. Raises SourceUnreadable, also in the middle.
    """
    if path == "-":
        opened = Source(sys.stdin.buffer, "<stdin>", on_bytes)
    else:
        opened = Source.open(path, on_bytes)
    with opened as source:
        for lines in lines_of_chunks(source.chunks(), limit):
            yield from lines


def _taken(line: bytes | None, where: str, intake: Intake) -> Passing | None:
    if line is None:
        intake.reject(where, f"line is longer than {MAX_RECORD_BYTES // MIB} MiB")
    elif line and not line.isspace():
        article = intake.json(line, where)
        if article is not None:
            return Passing(line.strip(), article)
    return None


def _waiting(stream: BinaryIO) -> bool:
    """Whether there is more to read now, or the end. Only a pipe or terminal ever lets one wait."""
    try:
        return bool(select.select([stream], [], [], 0)[0])
    except (OSError, ValueError):  # it has no file descriptor
        return True


def with_field(line: bytes, name: str, value: object) -> bytes:
    """A JSON object with one more field; all others stay as they are, byte for byte.

    Where it has a field of that name, the new one takes its place at the end. The name is plain
    ASCII.
    """
    field = b'"%b":%b' % (name.encode(), msgspec.json.encode(value))
    if b'"%b"' % name.encode() in line:
        line = _without(line, name)
    before = line.rstrip()[:-1].rstrip()
    return before + (b"" if before.endswith(b"{") else b",") + field + b"}"


def _without(line: bytes, name: str) -> bytes:
    try:
        fields = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except (ValueError, RecursionError):  # such a line was read leniently
        return line
    if name not in fields:
        return line
    del fields[name]
    return msgspec.json.encode(fields)
