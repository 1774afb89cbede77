"""CSV, TSV and Parquet tables; the columns are named as the fields of a record."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator
from typing import Any

from dedupe.errors import SourceUnreadable
from dedupe.feeds.charset import as_utf8, decode_document, guess_encoding
from dedupe.feeds.compressed import Source
from dedupe.feeds.extras import load
from dedupe.feeds.limits import MAX_DOCUMENT_BYTES, MAX_RECORD_BYTES, MIB
from dedupe.feeds.lines import split_lines
from dedupe.feeds.records import FIELDS, Intake
from dedupe.models import Article

_DELIMITERS = ",;\t|"
_ROW_LINES = 100_000  # of one row; more is a quote that somebody forgot to close
_MOST_UNCLOSED = 100  # of one file: each is found out by reading on, at worst to the end
_UNCLOSED = "a quote is opened here and never closed"
_BATCH_ROWS = 256  # of Parquet rows in memory


def read_csv(source: Source, intake: Intake) -> Iterator[Article]:
    """One article a row under a header; the delimiter is the commonest in the header."""
    csv.field_size_limit(MAX_RECORD_BYTES)  # the module's own limit is shorter than some articles
    lines = _text_lines(source, intake)
    first = next(lines, None)
    if first is None:
        return
    delimiter = max(_DELIMITERS, key=first.count)
    header = _header(first, delimiter, source.name)
    for number, row, wrong in _rows(lines, delimiter, source.name):
        where = f"{source.name}:{number}"
        if wrong:
            intake.reject(where, f"not a row of CSV: {wrong}")
            continue
        if not row:
            continue
        if len(row) > len(header):
            intake.reject(where, f"{len(row)} fields where the header names {len(header)}")
            continue
        values = {name: value for name, value in zip(header, row, strict=False) if value}
        article = intake.fields(values, where)
        if article is not None:
            yield article


class _RowLines:
    """Feeds a csv.reader, and keeps the lines of the row that it is at."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self.row: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.row) == _ROW_LINES:
            raise csv.Error(_UNCLOSED)
        line = self._again.popleft() if self._again else next(self._lines, None)
        if line is None:
            raise StopIteration
        self.row.append(line)
        return line

    def again(self) -> None:
        """Give the lines of this row, but for the first, once more."""
        self._again.extendleft(reversed(self.row[1:]))
        self.row = []


def _rows(lines: Iterator[str], delimiter: str, name: str) -> Iterator[tuple[int, list[str], str]]:
    """Every row below the header with its line number and what is wrong with it, if anything.

    A quote that is never closed would swallow all rows behind it: the line that opens it is given
    up, and the next is read as the beginning of a row. Raises SourceUnreadable after many.
    """
    unclosed = 0
    feed, number = _RowLines(lines), 2
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.row = []
        row: list[str] = []
        wrong = ""
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            wrong = str(error) if len(feed.row) == 1 else _UNCLOSED
        taken = len(feed.row)
        if wrong:
            taken = 1
            unclosed += wrong == _UNCLOSED
            if unclosed > _MOST_UNCLOSED:
                raise SourceUnreadable(f"{name}:{number}", "too many quotes are never closed")
            feed.again()
            reader = csv.reader(feed, delimiter=delimiter, strict=True)
        yield number, row, wrong
        number += taken


def _header(line: str, delimiter: str, where: str) -> list[str]:
    try:
        names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error as error:
        raise SourceUnreadable(where, f"not a header of CSV: {error}") from error
    _check_columns(names, where)
    return names


def _text_lines(source: Source, intake: Intake) -> Iterator[str]:
    encoding = ""  # the one to fall back on, once it is needed
    sample = source.head()
    for number, line in split_lines(as_utf8(source.chunks())):
        where = f"{source.name}:{number}"
        if line is None:
            intake.reject(where, f"line is longer than {MAX_RECORD_BYTES // MIB} MiB")
            yield ""
            continue
        try:
            yield line.decode() + "\n"
        except UnicodeDecodeError:
            encoding = encoding or guess_encoding(line + b"\n" + sample)
            intake.repaired(where, "not UTF-8")
            yield line.decode(encoding, "replace") + "\n"


def _check_columns(names: list[str], where: str) -> None:
    if not {"text", "title", "html"} & set(names):
        reason = f"no column is named text, title or html; the header is: {', '.join(names)}"
        raise SourceUnreadable(where, reason[:500])


def read_parquet(source: Source, intake: Intake) -> Iterator[Article]:
    """One article a row, a few rows at a time."""
    pyarrow = load("pyarrow", "reading Parquet", "parquet")
    parquet = load("pyarrow.parquet", "reading Parquet", "parquet")
    number = 0
    try:
        stored: Any = source.path
        if not source.is_plain():
            stored = io.BytesIO(source.document(MAX_DOCUMENT_BYTES))
        with parquet.ParquetFile(stored) as file:
            names = file.schema_arrow.names
            _check_columns(names, source.name)
            columns = [name for name in FIELDS if name in names]
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=columns):
                values = [_values(column, pyarrow) for column in batch.columns]
                for row in zip(*values, strict=True):
                    number += 1
                    fields = dict(zip(columns, row, strict=True))
                    article = intake.fields(fields, f"{source.name}#{number}")
                    if article is not None:
                        yield article
                source.report(number / file.metadata.num_rows)
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        reason = f"the Parquet data is damaged: {error}"
        raise SourceUnreadable(source.name, reason) from error


def _values(column: Any, arrow: Any) -> list[object]:
    if arrow.types.is_timestamp(column.type) and column.type.unit == "ns":  # unknown to datetime
        column = column.cast(arrow.timestamp("us", column.type.tz), safe=False)
    try:
        return [_decoded(value) for value in column.to_pylist()]
    except (ValueError, OverflowError):  # one value has no Python form: find it
        return [_value(scalar) for scalar in column]


def _value(scalar: Any) -> object:
    try:
        return _decoded(scalar.as_py())
    except UnicodeDecodeError:
        return _decoded(scalar.cast("binary").as_py())
    except (ValueError, OverflowError):
        return "out of range"  # a moment beyond the year 9999: no date to the intake


def _decoded(value: object) -> object:
    return decode_document(value)[0] if isinstance(value, bytes) else value
