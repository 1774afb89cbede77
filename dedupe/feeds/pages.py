"""Web pages, one by one in HTML files or many in a WARC archive."""

from __future__ import annotations

import io
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
        url = record.headers.get("WARC-Target-URI")
        moment = record.record_date
        id = f"{moment:%Y%m%dT%H%M%SZ}/{url}" if url and moment else None
        if record.http_content_type not in _HTML_TYPES or record.http_headers.status_code != 200:
            continue
        page = bytes(record.reader.read(MAX_RECORD_BYTES + 1))
        if len(page) < min(record.content_length, MAX_RECORD_BYTES):
            raise SourceUnreadable(source.name, "the archive stops in the middle of a page")
        page = _unpacked(page, record.http_headers)
        if len(page) > MAX_RECORD_BYTES:
            intake.reject(where, f"page is larger than {MAX_RECORD_BYTES // MIB} MiB", id)
            continue
        encoding = record.http_charset or declared_encoding(page)
        article = _page(page, encoding, url, id, where, intake)
        if article is not None:
            yield article


def _unpacked(body: bytes, headers: Any) -> bytes:
    """The body as it was before it was sent; as it is where it was stored so already."""
    stream_io = load("fastwarc.stream_io", "reading WARC files", "warc")
    readers = {
        "chunked": stream_io.ChunkedReader,
        "gzip": stream_io.GzipReader,
        "deflate": lambda stream: stream_io.GzipReader(stream, zlib=True),
        "br": stream_io.BrotliReader,
        "zstd": stream_io.ZstdReader,
    }
    for header in ("Transfer-Encoding", "Content-Encoding"):
        reader = readers.get((headers.get(header) or "").strip().lower())
        if reader is not None:
            try:
                body = bytes(reader(io.BytesIO(body)).read(MAX_RECORD_BYTES + 1))
            except (OSError, ValueError, EOFError):
                continue  # many crawlers store the decoded body under the headers as sent
    return body


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
            auto_decode="none",  # a body that is not what its headers say would end the iteration
        )
    except (OSError, ValueError, EOFError) as error:
        raise SourceUnreadable(source.name, f"the archive is damaged: {error}") from error


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
