"""One request over HTTP, to servers that may be broken or hostile."""

from __future__ import annotations

import asyncio
import re
import time
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import NamedTuple, Self
from weakref import WeakValueDictionary

import aiohttp
from msgspec import Struct, structs
from yarl import URL

from dedupe.daemon.addresses import AddressRefused, CheckedResolver, Lookup
from dedupe.errors import FetchFailed

FEEDS = "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml, "
FEEDS += "application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5"
PAGES = "text/html, application/xhtml+xml, */*;q=0.1"

_FOR_GOOD = (301, 308)
_REDIRECTS = (301, 302, 303, 307, 308)
_BLOCK = 1 << 16  # bytes that are read, and unpacked, at once
_LONGEST_URL = 8_192
_LONGEST_HEADER = 1_024  # of those that are kept
_LONGEST_WAIT = 30 * 86_400.0  # seconds that a server may ask for
_HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+", re.I)  # as it is sent: IDNA, no scope
_GZIP, _ZLIB, _DEFLATE = 31, 15, -15  # forms, as zlib counts them


class Limits(Struct, frozen=True):
    """What one request may cost."""

    seconds: float = 30.0  # all of it, redirects included
    bytes: int = 16 << 20  # of a body, as it is sent and as it is unpacked
    redirects: int = 5


class Fetched(Struct, frozen=True, kw_only=True):
    """What a server answered."""

    status: int  # of the last answer
    url: str  # that answered in the end
    moved: str | None  # where the first answers say that it is for good; with 200 and 304 alone
    body: bytes | None  # unpacked; with 200 alone
    content_type: str | None
    etag: str | None  # as given, for the next request
    modified: str | None  # Last-Modified as given, for the next request
    retry_after: float | None  # seconds from now
    seconds: float  # it took, without the wait for its turn
    location: str | None = None  # where a redirect leads that was not followed


class Fetcher:
    """Fetches over HTTP and HTTPS; an async context manager.

    Only public addresses are connected to, and those that `allow` names (CheckedResolver). No
    cookies, no credentials, no proxies. At most `per_host` requests run at a host at once, and
    `connections` in all; the others wait their turn, which counts for no limit.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        allow: Sequence[str] = (),
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        connections: int = 100,
        per_host: int = 2,
        lookup: Lookup | None = None,
    ) -> None:
        self._user_agent = user_agent
        self._resolver = CheckedResolver(allow, lookup)
        self._limits = limits
        self._per_host = per_host
        self._turns = asyncio.Semaphore(connections)
        self._turns_at: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self._resolver, limit=0, limit_per_host=2 * self._per_host
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "gzip, deflate"},
            timeout=aiohttp.ClientTimeout(total=None),  # `get` has one for all of it
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        modified: str | None = None,
        accept: str = FEEDS,
        follow: bool = True,
    ) -> Fetched:
        """The answer to a GET, whatever its status; raises FetchFailed where there is none.

        `etag` and `modified` are those of the answer that is at hand: 304 says that it stands.
        Redirects are followed one by one, each judged as the first address was; with `follow` off
        a redirect is the answer.
        """
        target = self._checked(url)
        headers = {"Accept": accept}
        if etag:
            headers["If-None-Match"] = etag
        if modified:
            headers["If-Modified-Since"] = modified
        host = target.raw_host or ""
        turn = self._turns_at.setdefault(host, asyncio.Semaphore(self._per_host))
        async with turn, self._turns:
            try:
                async with asyncio.timeout(self._limits.seconds):
                    return await self._follow(target, headers, follow)
            except TimeoutError as error:
                reason = f"no whole answer within {self._limits.seconds:g} s"
                raise FetchFailed(_shown(target), "timeout", reason) from error

    async def _follow(self, url: URL, headers: dict[str, str], follow: bool) -> Fetched:
        start = time.monotonic()
        moved: str | None = None
        for_good = True
        for _ in range(self._limits.redirects + 1):
            answer = await self._ask(url, headers)
            took = time.monotonic() - start
            if answer.location is None or not follow:
                if answer.status not in (200, 304):
                    moved = None
                return structs.replace(answer, moved=moved, seconds=took)
            before, url = url, URL(answer.location)
            # Whoever is between us and a server must not be able to take TLS away for good.
            downgraded = before.scheme == "https" and url.scheme == "http"
            for_good = for_good and answer.status in _FOR_GOOD and not downgraded
            if for_good:
                moved = str(url)
        reason = f"more than {self._limits.redirects} redirects, one to another"
        raise FetchFailed(_shown(url), "redirects", reason)

    async def _ask(self, url: URL, headers: dict[str, str]) -> Fetched:
        """One request and its answer."""
        assert self._session is not None, "a Fetcher is entered before it is used"
        try:
            async with self._session.get(url, headers=headers, allow_redirects=False) as response:
                location = response.headers.get("Location")
                if response.status not in _REDIRECTS or not location:
                    location = None
                body = await self._body(url, response) if response.status == 200 else None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            if isinstance(error, TimeoutError):
                raise
            raise _failure(url, error) from error
        return Fetched(
            status=response.status,
            url=str(url),
            moved=None,
            body=body,
            content_type=_kept(response, "Content-Type"),
            etag=_kept(response, "ETag"),
            modified=_kept(response, "Last-Modified"),
            retry_after=_retry_after(response),
            seconds=0.0,
            location=None if location is None else str(self._joined(url, location)),
        )

    def _checked(self, url: str) -> URL:
        """The address, if it is one that may be asked; the rest the resolver says."""
        shown = _printable(url.strip())
        if len(url) > _LONGEST_URL:
            raise FetchFailed(_unnamed(shown)[:100] + "…", "address", "is too long for an address")
        try:
            target = URL(url.strip())
            port = target.port
        except ValueError as error:
            raise FetchFailed(_unnamed(shown), "address", "is not an address") from error
        if target.scheme not in ("http", "https"):
            raise FetchFailed(_unnamed(shown), "address", "is not an http or https address")
        host = target.raw_host or ""
        if port is None or shown != url.strip() or not _HOST.fullmatch(host):
            raise FetchFailed(_unnamed(shown), "address", "is not an address")
        if target.raw_user is not None or target.raw_password is not None:
            raise FetchFailed(_shown(target), "address", "has a user name in it, which is refused")
        try:
            self._resolver.check(host, port)
        except AddressRefused as refused:
            raise FetchFailed(_shown(target), "address", str(refused)) from refused
        return target.with_fragment(None)

    def _joined(self, url: URL, location: str) -> URL:
        """Where a redirect leads; a name and password in it are left out."""
        try:
            target = url.join(URL(location.strip()))
            if target.raw_user is not None or target.raw_password is not None:
                target = target.with_user(None)
        except ValueError as error:
            reason = f"redirects to what is no address: {_unnamed(_printable(location))[:200]}"
            raise FetchFailed(_shown(url), "address", reason) from error
        return self._checked(str(target))

    async def _body(self, url: URL, response: aiohttp.ClientResponse) -> bytes:
        encodings = ",".join(response.headers.getall("Content-Encoding", [])).lower()
        unpacker = _Unpacker(encodings.strip())
        most, sent = self._limits.bytes, 0
        reason = f"is larger than {most / (1 << 20):g} MiB"
        too_large = FetchFailed(_shown(url), "too_large", reason)
        if (response.content_length or 0) > most:
            raise too_large
        body = bytearray()
        async for chunk in response.content.iter_chunked(_BLOCK):
            sent += len(chunk)
            for piece in unpacker.unpacked(chunk):
                body += piece
                if max(sent, len(body)) > most:
                    raise too_large
        unpacker.finish()
        return bytes(body)


class _Broken(ValueError):
    """A body that cannot be unpacked."""


class _Unpacker:
    """Undoes a Content-Encoding, a block at a time, so that a bomb stays small."""

    def __init__(self, encoding: str) -> None:
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise _Broken(
                f"the body is packed as {_printable(encoding)[:40]}, which nobody asked for"
            )
        self._plain = encoding in ("", "identity")
        self._form = _ZLIB if encoding == "deflate" else _GZIP
        self._stream: zlib._Decompress | None = None
        self._ended = False  # whether a whole stream was unpacked

    def unpacked(self, data: bytes) -> Iterator[bytes]:
        """What the next bytes hold, in blocks."""
        if self._plain:
            yield data
            return
        try:
            full = False  # whether zlib holds more than it was let to give
            while data or full:
                if self._stream is None:
                    if self._ended and not (self._form == _GZIP and data.startswith(b"\x1f\x8b")):
                        return  # what follows is no part of the body
                    if self._form == _ZLIB and data[0] & 15 != 8:
                        self._form = _DEFLATE  # sent without its head, as many do
                    self._stream = zlib.decompressobj(self._form)
                piece = self._stream.decompress(data, _BLOCK)
                yield piece
                full = len(piece) == _BLOCK and not self._stream.eof
                data = self._stream.unconsumed_tail
                if self._stream.eof:
                    data, self._stream, self._ended = self._stream.unused_data, None, True
        except zlib.error as error:
            raise _Broken("the packed body is damaged") from error

    def finish(self) -> None:
        """Make sure that the body has come to its end."""
        if self._stream is not None:
            raise _Broken("the packed body stops in the middle")


class _Cause(NamedTuple):
    """How a library's error is told."""

    error: type[Exception]
    why: str
    reason: str


_CAUSES = (  # the first that fits
    _Cause(aiohttp.ClientConnectorDNSError, "dns", "its name leads nowhere"),
    _Cause(aiohttp.ClientSSLError, "tls", "its certificate or TLS is not right"),
    _Cause(aiohttp.InvalidURL, "address", "is not an address"),
    _Cause(aiohttp.ClientConnectionError, "connection", "no connection, or it broke off"),
    _Cause(_Broken, "protocol", ""),
    _Cause(Exception, "protocol", "its answer is not HTTP as it should be"),
)


def _failure(url: URL, error: Exception) -> FetchFailed:
    """The failure in plain words."""
    inner = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(inner, AddressRefused):
        return FetchFailed(_shown(url), "address", str(inner))
    cause = next(cause for cause in _CAUSES if isinstance(error, cause.error))
    detail = ""
    if isinstance(inner, OSError) and inner.strerror:
        detail = _printable(inner.strerror)[:200]
    elif isinstance(error, _Broken):
        detail = str(error)
    return FetchFailed(_shown(url), cause.why, ": ".join(filter(None, (cause.reason, detail))))


def _kept(answer: aiohttp.ClientResponse, name: str) -> str | None:
    """A header, where it is one that can be stored and sent back."""
    value = answer.headers.get(name, "").strip()
    good = value and len(value) <= _LONGEST_HEADER and value.isascii() and value.isprintable()
    return value if good else None


def _retry_after(answer: aiohttp.ClientResponse) -> float | None:
    """The seconds that are asked for; a date counts from the server's own."""
    value = _kept(answer, "Retry-After")
    if value is None:
        return None
    if value.isdigit():
        return min(float(value[:12]), _LONGEST_WAIT)
    try:
        until = _moment(value)
        since = _moment(answer.headers["Date"]) if "Date" in answer.headers else time.time()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0.0, min(until - since, _LONGEST_WAIT))


def _moment(value: str) -> float:
    moment = parsedate_to_datetime(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _shown(url: URL) -> str:
    """An address for messages: without name and password."""
    return _printable(str(url.with_user(None) if url.raw_user is not None else url))


def _unnamed(text: str) -> str:
    """What should have been an address, for messages; whatever may be a password is left out."""
    scheme, slashes, rest = text.rpartition("//")
    return scheme + slashes + rest.rpartition("@")[2]


def _printable(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)
