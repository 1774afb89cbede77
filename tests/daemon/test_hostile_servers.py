"""Servers that give too much, too slowly, or what is not HTTP."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from functools import partial

import pytest
from answering import http, redirect
from requesting import QUICK, answer, failure, then

from dedupe.daemon.fetching import Fetcher, Limits
from dedupe.errors import FetchFailed

# ---- packed bodies -------------------------------------------------------------------------------

TEXT = b"All of the news. " * 10_000
packed = partial(gzip.compress, mtime=0)


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", packed(TEXT)),
        ("x-gzip", packed(TEXT)),
        ("GZIP", packed(TEXT[:1000]) + packed(TEXT[1000:])),
        ("gzip", packed(TEXT) + b"\0\0rubbish"),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("identity", TEXT),
    ],
)
def test_a_packed_body_is_unpacked(encoding: str, body: bytes) -> None:
    assert answer({"/": http(200, body, Content_Encoding=encoding)}).body == TEXT


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", packed(TEXT)[:-9]),
        ("gzip", b"not packed at all"),
        ("deflate", b"\xff\xff\xff"),
        ("br", b"x"),
        ("gzip, gzip", packed(packed(TEXT))),
    ],
)
def test_a_body_that_cannot_be_unpacked_is_a_failure(encoding: str, body: bytes) -> None:
    assert failure({"/": http(200, body, Content_Encoding=encoding)}).why == "protocol"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_is_given_up_before_it_takes_memory(encoding: str) -> None:
    packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    block = bytes(1 << 20)
    bomb = b"".join([*(packer.compress(block) for _ in range(300)), packer.flush()])
    assert len(bomb) < 400_000
    tracemalloc.start()
    try:
        failed = failure({"/": http(200, bomb, Content_Encoding=encoding)})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert failed.why == "too_large"
    assert peak < 20 << 20


# ---- hostile servers -----------------------------------------------------------------------------


@pytest.mark.parametrize("head", [b"", b"Transfer-Encoding: chunked\r\n"])
def test_a_body_without_an_end_is_given_up(head: bytes) -> None:
    piece = b"x" * 65536
    if head:
        piece = b"10000\r\n" + piece + b"\r\n"
    talk = then(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n", piece, forever=True)
    assert failure({"/": talk}).why == "too_large"


def test_a_body_that_says_it_is_too_large_is_not_waited_for() -> None:
    talk = then(
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b"x", again=60, forever=True
    )
    assert failure({"/": talk}).why == "too_large"


@pytest.mark.parametrize(
    "parts",
    [
        [b""],
        [b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"],
        [b"HTTP/1.1 200 OK\r\n\r\n", b"x"],
        [b"HTTP/1.1 100 Continue\r\n\r\n"],
    ],
    ids=["silence", "headers", "body", "continue"],
)
def test_a_server_that_drips_is_given_up_in_time(parts: list[bytes]) -> None:
    talk = then(*parts, again=0.05, forever=True)
    failed = failure({"/": talk}, limits=Limits(seconds=0.5))
    assert failed.why == "timeout"
    assert "within 0.5 s" in str(failed)


def test_a_chain_of_slow_redirects_has_no_more_time_than_one_answer() -> None:
    async def slowly(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(redirect("/"))
        await writer.drain()

    assert failure({"/": slowly}, limits=Limits(seconds=0.5, redirects=100)).why == "timeout"


@pytest.mark.parametrize(
    "head",
    [
        b"".join(b"X-%d: y\r\n" % i for i in range(100_000)),
        b"X: " + b"y" * 1_000_000 + b"\r\n",
        b"X" * 1_000_000,
    ],
    ids=["many", "long", "name"],
)
def test_a_flood_of_headers_is_given_up(head: bytes) -> None:
    failed = failure({"/": then(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")})
    assert failed.why in ("protocol", "connection")


@pytest.mark.parametrize(
    "line",
    [
        b"\0" * 1000,
        b"SSH-2.0-x\r\n",
        b"HTTP/1.1 999999 x\r\n\r\n",
        b"<rss/>",
        b"HTTP/9.9 200 OK\r\n\r\n",
    ],
)
def test_what_is_not_http_is_a_failure(line: bytes) -> None:
    assert failure({"/": then(line)}).why in ("protocol", "connection")


def test_a_connection_that_breaks_off_is_a_failure() -> None:
    talk = then(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx")
    assert failure({"/": talk}).why in ("protocol", "connection")


def test_a_server_without_tls_is_told_from_one_that_is_not_there() -> None:
    async def run() -> list[str]:
        async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await reader.read()  # until the client goes
            writer.close()

        why = []
        async with Fetcher(user_agent="d", allow=["127.0.0.1"], limits=QUICK) as fetcher:
            server = await asyncio.start_server(plain, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            for _ in range(2):
                with pytest.raises(FetchFailed) as raised:
                    await fetcher.get(f"https://127.0.0.1:{port}/")
                why.append(raised.value.why)
                server.close()
                await server.wait_closed()
        return why

    assert asyncio.run(run()) == ["tls", "connection"]
