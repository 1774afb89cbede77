"""Write decisions and rejections; a file appears under its name only when it is whole."""

from __future__ import annotations

import csv
import gzip
import io
import os
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, BinaryIO, Literal, Protocol, Self, cast, get_type_hints

import msgspec

from dedupe.errors import UsageError
from dedupe.feeds.extras import load
from dedupe.models import Decision, Rejection

OutputFormat = Literal["jsonl", "csv", "parquet"]

_BATCH_ROWS = 10_000  # decisions in one Parquet row group
_COLUMNS = Decision.__struct_fields__


class DecisionWriter(Protocol):
    """A place for decisions. Leaving its `with` block by an exception leaves no file behind."""

    def write(self, decision: Decision) -> None:
        """Add one decision."""

    def flush(self) -> None:
        """Let whoever reads standard output have what was written."""

    def close(self) -> None:
        """Finish the output; a file gets its name now."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def open_writer(
    path: str | None, format: OutputFormat, stdout: BinaryIO | None = None
) -> DecisionWriter:
    """A writer to `path`; to standard output where that is None or `-`.

    JSONL and CSV are compressed where the path ends in `.gz`. Raises UsageError where the path
    cannot be written to, MissingExtra for Parquet without pyarrow.
    """
    writers: dict[OutputFormat, Callable[[_Target], DecisionWriter]] = {
        "jsonl": _JsonlWriter,
        "csv": _CsvWriter,
        "parquet": _ParquetWriter,
    }
    if format == "parquet":
        load("pyarrow.parquet", "writing Parquet", "parquet")
    return writers[format](_Target(path, stdout, may_compress=format != "parquet"))


@contextmanager
def new_file(path: str) -> Iterator[BinaryIO]:
    """A file to write to, that gets its name when the block ends without an error.

    Compressed where `path` ends in `.gz`. Raises UsageError where it cannot be written to.
    """
    target = _Target(path)
    try:
        yield target.stream
        target.close()
    except BaseException:
        target.discard()
        raise


class RejectWriter:
    """Rejections as JSON Lines in a file, compressed where its name ends in `.gz`."""

    def __init__(self, path: str) -> None:
        self._target = _Target(path)
        self._encode = msgspec.json.Encoder().encode

    def write(self, rejection: Rejection) -> None:
        """Add one rejection."""
        self._target.stream.write(self._encode(rejection) + b"\n")

    def close(self) -> None:
        """Finish the file."""
        self._target.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close()  # what was refused is worth knowing, the more so when the run failed


class _Target:
    """An output stream: a new file that replaces the old one when closed, or stdout."""

    def __init__(
        self, path: str | None, stdout: BinaryIO | None = None, *, may_compress: bool = True
    ) -> None:
        self._path: str | None = None  # set where a temporary file is to be renamed to it
        self._layers: list[Any] = []  # what to close, the outermost first
        if path is None or path == "-":
            self.stream = stdout or cast(BinaryIO, sys.stdout.buffer)
            return
        if path.endswith(".zst"):
            raise UsageError(f"{path}: .zst output is not supported; end the name in .gz instead")
        self._open(os.path.realpath(path))
        if path.endswith(".gz") and may_compress:
            packed = gzip.GzipFile(filename="", mode="wb", fileobj=self.stream, mtime=0)
            self._layers.insert(0, packed)
            self.stream = cast(BinaryIO, packed)

    def _open(self, path: str) -> None:
        # A device or pipe cannot be replaced: it is written to as it is.
        replaces = os.path.isfile(path) or not os.path.exists(path)
        folder, name = os.path.split(path)
        self._temporary = os.path.join(folder, f".{name}.{secrets.token_hex(4)}.part")
        try:
            self.stream = open(self._temporary if replaces else path, "wb")  # noqa: SIM115
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
        self._path = path if replaces else None
        self._layers = [self.stream]

    def close(self) -> None:
        """Flush; give a file its name. Does nothing the second time."""
        if not self._layers:
            self.stream.flush()
            return
        while self._layers:
            layer = self._layers.pop(0)
            if not self._layers and self._path is not None:
                layer.flush()
                os.fsync(layer.fileno())  # or a power cut could leave the new name without data
            layer.close()
        if self._path is not None:
            os.replace(self._temporary, self._path)
            self._path = None

    def discard(self) -> None:
        """Close without leaving a file."""
        path, self._path = self._path, None
        try:
            self.close()
        finally:
            if path is not None:
                os.unlink(self._temporary)


class _Writer:
    """What the formats share."""

    def __init__(self, target: _Target) -> None:
        self._target = target

    def flush(self) -> None:
        self._target.stream.flush()

    def close(self) -> None:
        self._target.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    def discard(self) -> None:
        self._target.discard()


class _JsonlWriter(_Writer):
    def __init__(self, target: _Target) -> None:
        super().__init__(target)
        self._encode = msgspec.json.Encoder().encode

    def write(self, decision: Decision) -> None:
        self._target.stream.write(self._encode(decision) + b"\n")


class _CsvWriter(_Writer):
    def __init__(self, target: _Target) -> None:
        super().__init__(target)
        self._text = io.StringIO(newline="")
        self._rows = csv.writer(self._text, lineterminator="\n")
        self._put(_COLUMNS)

    def write(self, decision: Decision) -> None:
        self._put([_cell(value) for value in msgspec.structs.astuple(decision)])

    def _put(self, row: Any) -> None:
        self._rows.writerow(row)
        self._target.stream.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()


class _ParquetWriter(_Writer):
    def __init__(self, target: _Target) -> None:
        super().__init__(target)
        self._arrow = load("pyarrow", "writing Parquet", "parquet")
        self._schema = self._arrow.schema(_arrow_fields(self._arrow))
        parquet = load("pyarrow.parquet", "writing Parquet", "parquet")
        self._file = parquet.ParquetWriter(target.stream, self._schema)
        self._rows: list[dict[str, Any]] = []

    def write(self, decision: Decision) -> None:
        self._rows.append(msgspec.structs.asdict(decision))
        if len(self._rows) == _BATCH_ROWS:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._file.close()
        super().close()

    def discard(self) -> None:
        try:
            self._file.close()  # else pyarrow would, when the stream is gone
        finally:
            super().discard()

    def _flush(self) -> None:
        if self._rows:
            self._file.write_table(self._arrow.Table.from_pylist(self._rows, self._schema))
            self._rows.clear()


def _cell(value: object) -> object:
    """JSON's words for truth in CSV; None is the empty cell."""
    return str(value).lower() if isinstance(value, bool) else value


def _arrow_fields(arrow: Any) -> list[Any]:
    """The columns of Decision; those that may be None are the nullable ones."""
    types = {str: arrow.string(), bool: arrow.bool_(), int: arrow.int64(), float: arrow.float64()}
    fields = []
    for name, hint in get_type_hints(Decision).items():
        options = getattr(hint, "__args__", (hint,))
        nullable = type(None) in options
        fields.append(arrow.field(name, types[options[0]], nullable=nullable))
    return fields
