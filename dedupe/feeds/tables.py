"""CSV, TSV and Parquet tables; the columns are named as the fields of a record."""

from __future__ import annotations

import csv
import io
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
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        where = f"{source.name}:{rows.line_num + 2}"  # where the row begins, below the header
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            intake.reject(where, f"not a row of CSV: {error}")
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
