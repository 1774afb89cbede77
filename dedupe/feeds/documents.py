"""JSON Lines, JSON documents and plain text files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw

from dedupe.errors import SourceUnreadable
from dedupe.feeds.charset import as_utf8, decode_document, decode_record
from dedupe.feeds.compressed import Source
from dedupe.feeds.limits import MAX_DOCUMENT_BYTES, MAX_RECORD_BYTES, MIB
from dedupe.feeds.lines import split_lines
from dedupe.feeds.records import Intake
from dedupe.models import Article


def read_jsonl(source: Source, intake: Intake) -> Iterator[Article]:
    """One JSON object a line; blank lines are passed over."""
    yield from _json_lines(as_utf8(source.chunks()), source.name, intake)


def _json_lines(chunks: Iterator[bytes], name: str, intake: Intake) -> Iterator[Article]:
    for number, line in split_lines(chunks):
        if line is None:
            intake.reject(f"{name}:{number}", f"line is longer than {MAX_RECORD_BYTES // MIB} MiB")
        elif line and not line.isspace():
            article = intake.json(line, f"{name}:{number}")
            if article is not None:
                yield article


def read_json(source: Source, intake: Intake) -> Iterator[Article]:
    """A JSON document: a list of records, an object that holds one such list, or one record.

    JSON Lines under the name of JSON are read as what they are.
    """
    data = b"".join(as_utf8([source.document(MAX_DOCUMENT_BYTES)]))
    try:
        records = _records(data, _parse(data))
    except (ValueError, RecursionError) as error:
        if not _begins_with_object(data):
            raise SourceUnreadable(source.name, f"not usable as JSON: {error}") from error
        yield from _json_lines(iter([data]), source.name, intake)
        return
    for number, record in enumerate(records, 1):
        where = f"{source.name}#{number}"
        if isinstance(record, bytes | Raw):
            article = intake.json(bytes(record), where)
        else:
            article = intake.fields(record, where)
        if article is not None:
            yield article


def read_txt(source: Source, intake: Intake) -> Iterator[Article]:
    """One article: the whole file is its text, the path its id."""
    text, is_utf8 = decode_document(source.document(MAX_RECORD_BYTES))
    if not is_utf8:
        intake.repaired(source.name, "not UTF-8")
    article = intake.fields({"id": source.path, "text": text}, f"{source.name}#1")
    if article is not None:
        yield article


def _parse(data: bytes) -> Any:
    """The document, its inner values still unparsed where it is strict JSON in UTF-8."""
    try:
        if data.lstrip()[:1] == b"[":
            return msgspec.json.decode(data, type=list[Raw])
        return msgspec.json.decode(data, type=dict[str, Raw])
    except (ValueError, RecursionError):
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = decode_record(data)
        return json.loads(text, strict=False)


def _records(data: bytes, document: Any) -> list[Any]:
    """The records in a parsed document, each as JSON or as parsed values."""
    if isinstance(document, list):
        return document
    if not isinstance(document, dict):
        raise ValueError("neither a list of records nor an object")
    lists = {name: items for name, value in document.items() if (items := _objects(value))}
    if not lists or "text" in document or "html" in document:
        return [data]
    if len(lists) > 1:
        raise ValueError(f"it holds more than one list of records: {', '.join(lists)}")
    return next(iter(lists.values()))


def _objects(value: object) -> list[Any]:
    """The items of `value` where it is a list of objects, else nothing."""
    if isinstance(value, Raw):
        if _first_byte(value) != b"[":
            return []
        items = msgspec.json.decode(value, type=list[Raw])
        return items if items and _first_byte(items[0]) == b"{" else []
    return value if isinstance(value, list) and value and isinstance(value[0], dict) else []


def _first_byte(raw: Raw) -> bytes:
    return bytes(memoryview(raw)[:1])


def _begins_with_object(data: bytes) -> bool:
    line = data.lstrip().partition(b"\n")[0]
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
