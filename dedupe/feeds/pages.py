"""Web pages, one by one in HTML files or many in a WARC archive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dedupe.errors import SourceUnreadable
from dedupe.feeds.charset import decode_document
from dedupe.feeds.compressed import Source
from dedupe.feeds.extraction import declared_encoding, extract_page
from dedupe.feeds.extras import load
from dedupe.feeds.limits import MAX_RECORD_BYTES, MIB
from dedupe.feeds.records import Intake
from dedupe.models import Article

_HTML_TYPES = ("text/html", "application/xhtml+xml")


def read_html(source: Source, intake: Intake) -> Iterator[Article]:
    """One page; the path is its id."""
    load("trafilatura", "reading HTML", "feeds")
    page = source.document(MAX_RECORD_BYTES)
    article = _page(page, declared_encoding(page), None, source.path, f"{source.name}#1", intake)
    if article is not None:
        yield article


def read_warc(source: Source, intake: Intake) -> Iterator[Article]:
    """The HTML pages among the responses of a WARC file.

    A page's id is its moment and address, `20240301T101500Z/https://…`: one address may be
    archived more than once.
    """
    load("trafilatura", "reading HTML", "feeds")
    for number, record in enumerate(_responses(source), 1):
        where = f"{source.name}#{number}"
        if record.http_content_type not in _HTML_TYPES or record.http_headers.status_code != 200:
            continue
        url = record.headers.get("WARC-Target-URI")
        id = f"{record.record_date:%Y%m%dT%H%M%SZ}/{url}" if url else None
        page = _payload(record, source.name)
        if len(page) > MAX_RECORD_BYTES:
            intake.reject(where, f"page is larger than {MAX_RECORD_BYTES // MIB} MiB", id)
            continue
        encoding = record.http_charset or declared_encoding(page)
        article = _page(page, encoding, url, id, where, intake)
        if article is not None:
            yield article


def _page(
    data: bytes, encoding: str | None, url: str | None, id: str | None, where: str, intake: Intake
) -> Article | None:
    html, is_utf8 = decode_document(data, encoding)
    if not is_utf8 and encoding is None:
        intake.repaired(where, "not UTF-8")
    return intake.fields({"url": url, **extract_page(html, url), "id": id, "html": html}, where)


def _responses(source: Source) -> Iterator[Any]:
    warc = load("fastwarc.warc", "reading WARC files", "warc")
    try:
        yield from warc.ArchiveIterator(
            _ChunkStream(source.chunks()),
            record_types=warc.WarcRecordType.response,
            auto_decode="all",
        )
    except (OSError, ValueError, EOFError) as error:
        raise SourceUnreadable(source.name, f"the archive is damaged: {error}") from error


def _payload(record: Any, name: str) -> bytes:
    try:
        return bytes(record.reader.read(MAX_RECORD_BYTES + 1))
    except (OSError, ValueError, EOFError) as error:
        raise SourceUnreadable(name, f"the archive is damaged: {error}") from error


class _ChunkStream:
    """Chunks of bytes as a file that is read from start to end, for parsers that ask for one."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""
        self._position = 0

    def read(self, size: int) -> bytes:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._rest = chunk
        data, self._rest = self._rest[:size], self._rest[size:]
        self._position += len(data)
        return data

    def tell(self) -> int:
        return self._position
