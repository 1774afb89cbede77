"""Requests to servers that are broken, slow or hostile."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from email.utils import formatdate
from typing import Any

import pytest
from answering import Answer, Site, answering, http, redirect

from dedupe.daemon.fetching import Fetched, Fetcher, Limits
from dedupe.errors import FetchFailed

METADATA = "http://169.254.169.254/latest/meta-data/"
QUICK = Limits(seconds=10.0, bytes=1 << 20, redirects=3)


def fetched(
    answers: Mapping[str, Answer], *asks: Mapping[str, Any], limits: Limits = QUICK, **options: Any
) -> tuple[list[Fetched | FetchFailed], Site]:
    """What comes of asking a server of one's own, in this order; `url` may be a path."""

    async def run() -> tuple[list[Fetched | FetchFailed], Site]:
        async with answering(answers) as site:
            options.setdefault("allow", (site.host,))
            got: list[Fetched | FetchFailed] = []
            async with Fetcher(
                user_agent="dedupe/1 (+https://operator.example)", limits=limits, **options
            ) as fetcher:
                for ask in asks:
                    ask = dict(ask)
                    url = ask.pop("url").replace("{port}", str(site.port))
                    try:
                        got.append(await fetcher.get(url if ":" in url else site.url + url, **ask))
                    except FetchFailed as failed:
                        got.append(failed)
            return got, site

    return asyncio.run(run())


def answer(answers: Mapping[str, Answer], url: str = "/", **options: Any) -> Fetched:
    """The answer to one request."""
    (got,), _ = fetched(answers, {"url": url}, **options)
    assert isinstance(got, Fetched), got
    return got


def failure(answers: Mapping[str, Answer], url: str = "/", **options: Any) -> FetchFailed:
    """Why there was no answer to one request."""
    (got,), _ = fetched(answers, {"url": url}, **options)
    assert isinstance(got, FetchFailed), got
    return got


def then(
    *parts: bytes, again: float = 0.0, forever: bool = False
) -> Callable[..., Awaitable[None]]:
    """An answer in parts; the last one again and again."""

    async def talk(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        while forever:
            await asyncio.sleep(again)
            writer.write(parts[-1])
            await writer.drain()

    return talk


# ---- honest servers ------------------------------------------------------------------------------


def test_a_feed_comes_with_what_the_next_request_needs() -> None:
    got = answer(
        {"/": http(200, b"<rss/>", ETag='"1"', Last_Modified="Mon", Content_Type="text/xml")}
    )
    assert (got.status, got.body, got.moved) == (200, b"<rss/>", None)
    assert (got.etag, got.modified, got.content_type) == ('"1"', "Mon", "text/xml")
    assert got.retry_after is None
    assert got.seconds > 0


def test_validators_are_sent_and_not_modified_is_an_answer() -> None:
    (got,), site = fetched(
        {"/": http(304, ETag='"1"')}, {"url": "/", "etag": '"1"', "modified": "Mon, 6 Mar"}
    )
    assert isinstance(got, Fetched)
    assert (got.status, got.body, got.etag) == (304, None, '"1"')
    sent = site.asked[0].headers
    assert (sent["if-none-match"], sent["if-modified-since"]) == ('"1"', "Mon, 6 Mar")


def test_the_request_says_who_asks_and_nothing_that_others_have_told() -> None:
    answers = {"/": http(200, b"", Set_Cookie="id=1; Path=/")}
    _, site = fetched(answers, {"url": "/"}, {"url": "/"})
    for request in site.asked:
        assert request.headers["user-agent"] == "dedupe/1 (+https://operator.example)"
        assert request.headers["accept-encoding"] == "gzip, deflate"
        assert not {"cookie", "authorization", "referer"} & set(request.headers)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert answer({"/": http(200, b"x")}).body == b"x"


@pytest.mark.parametrize("status", [404, 410, 429, 500, 503])
def test_any_status_is_an_answer_without_a_body(status: int) -> None:
    got = answer({"/": http(status, b"sorry" * 1000, Retry_After="120")})
    assert (got.status, got.body, got.retry_after) == (status, None, 120.0)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("0", 0.0), ("soon", None), ("-5", None), ("9" * 400, 30 * 86400.0), (formatdate(0), 0.0),
     (formatdate(9e9), 30 * 86400.0), ("\u00b2", None), ("Mon, 99 Foo", None)],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_within_reason(given: str, seconds: float | None) -> None:
    assert answer({"/": http(503, Retry_After=given)}).retry_after == seconds


def test_a_date_to_retry_after_counts_from_the_servers_own() -> None:
    got = answer({"/": http(503, Retry_After=formatdate(1000), Date=formatdate(400))})
    assert got.retry_after == 600.0


@pytest.mark.parametrize("validator", ["x" * 2000, "\u00e9", "\udcff"])
def test_validators_that_cannot_be_sent_back_are_left(validator: str) -> None:
    assert answer({"/": http(200, b"", ETag=validator)}).etag is None


def test_requests_at_one_host_wait_their_turn_without_running_out_of_time() -> None:
    async def slowly(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        writer.write(http(200, b"x", Connection="close"))
        await writer.drain()

    async def run() -> tuple[list[Fetched], int]:
        async with answering({"/": slowly}) as site:
            limits = Limits(seconds=0.5)
            async with Fetcher(
                user_agent="d", allow=[site.host], per_host=1, limits=limits
            ) as fetcher:
                asks = [fetcher.get(f"{site.url}/") for _ in range(8)]
                return await asyncio.gather(*asks), site.most_at_once

    got, most = asyncio.run(run())
    assert [one.status for one in got] == [200] * 8
    assert most == 1


# ---- packed bodies -------------------------------------------------------------------------------

TEXT = b"All of the news. " * 10_000


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("x-gzip", gzip.compress(TEXT)),
        ("GZIP", gzip.compress(TEXT[:1000]) + gzip.compress(TEXT[1000:])),
        ("gzip", gzip.compress(TEXT) + b"\0\0rubbish"),
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
        ("gzip", gzip.compress(TEXT)[:-9]),
        ("gzip", b"not packed at all"),
        ("deflate", b"\xff\xff\xff"),
        ("br", b"x"),
        ("gzip, gzip", gzip.compress(gzip.compress(TEXT))),
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


# ---- addresses -----------------------------------------------------------------------------------

FORBIDDEN = [
    METADATA, "http://127.0.0.1:{port}/secret", "http://[::ffff:127.0.0.1]:{port}/secret",
    "http://[::1]:{port}/", "http://2130706433:{port}/secret", "http://0x7f.1:{port}/secret",
    "http://0177.0.0.1:{port}/secret", "http://127.0.0.1.:{port}/secret", "http://0:{port}/secret",
    "http://localhost:{port}/secret", "http://\uff11\uff12\uff17.0.0.1:{port}/secret",
    "http://127\u30020\u30020\u30021:{port}/secret", "http://[fe80::1%25lo]:{port}/secret",
    "http://[64:ff9b::7f00:1]:{port}/secret",
]  # fmt: skip


@pytest.mark.parametrize("url", FORBIDDEN)
def test_an_address_that_is_not_public_is_never_asked(url: str) -> None:
    (got,), site = fetched({"/secret": http(200, b"secret")}, {"url": url}, allow=())
    assert isinstance(got, FetchFailed)
    assert got.why == "address"
    assert site.asked == []


@pytest.mark.parametrize("url", [*FORBIDDEN, "file:///etc/passwd", "gopher://127.0.0.1:{port}/",
    "ftp://news.example/", "javascript:alert(1)", "//[", "http://a b/"])  # fmt: skip
def test_a_redirect_is_judged_as_the_first_address_was(url: str) -> None:
    async def run() -> tuple[str, list[str], list[str]]:
        async with answering({"/secret": http(200, b"secret")}) as inner:
            to = url.replace("{port}", str(inner.port))
            async with (
                answering({"/": redirect(to)}) as site,
                Fetcher(user_agent="d", allow=[site.host], limits=QUICK) as fetcher,
            ):
                with pytest.raises(FetchFailed) as raised:
                    await fetcher.get(f"{site.url}/")
            return raised.value.why, site.paths, inner.paths

    why, asked, inner = asyncio.run(run())
    assert asked == ["/"]
    assert inner == []
    assert why == "address"


@pytest.mark.parametrize(
    "url",
    ["", " ", "news.example", "file:///etc/passwd", "gopher://news.example/", "ftp://news.example/",
     "data:text/xml,<rss/>", "http://", "http://:80/", "http://news.example:99999/", "http://a\nb/",
     "http://news.example/\r\nX: y", "x" * 10_000, "http://" + "a" * 9_000, "http://[::1",
     "\ud800"],
)  # fmt: skip
def test_what_is_no_address_is_told(url: str) -> None:
    failed = failure({}, url if ":" in url else f":{url}")
    assert failed.why == "address"
    assert str(failed).isprintable()


def looked_up(
    *rounds: Sequence[str],
) -> tuple[Callable[[str, int], Awaitable[Sequence[str]]], list[str]]:
    """A lookup that gives other answers each time, and who was asked for."""
    left, asked = list(rounds), []

    async def look_up(name: str, port: int) -> Sequence[str]:
        asked.append(name)
        return left.pop(0) if len(left) > 1 else left[0]

    return look_up, asked


def test_a_name_that_leads_to_the_loopback_is_refused_after_the_lookup() -> None:
    look_up, asked = looked_up(["127.0.0.1"])
    (got,), site = fetched(
        {"/": http(200, b"secret")},
        {"url": "http://inside.example:{port}/"},
        allow=(),
        lookup=look_up,
    )
    assert isinstance(got, FetchFailed)
    assert got.why == "address"
    assert asked == ["inside.example"]
    assert site.asked == []


def test_a_redirect_to_a_name_that_leads_to_the_loopback_is_refused() -> None:
    look_up, asked = looked_up(["127.0.0.1"])
    (got,), site = fetched({"/": redirect("http://inside.example/")}, {"url": "/"}, lookup=look_up)
    assert isinstance(got, FetchFailed)
    assert got.why == "address"
    assert asked == ["inside.example"]
    assert site.paths == ["/"]


def test_the_address_that_was_judged_is_the_one_that_is_connected_to() -> None:
    # 127.0.0.2 is allowed, and nobody listens there; a second lookup would give the secret away.
    look_up, asked = looked_up(["127.0.0.2"], ["127.0.0.1"])
    (got,), site = fetched(
        {"/": http(200, b"secret")}, {"url": "http://rebound.example:{port}/"},
        allow=["127.0.0.2"], lookup=look_up,
    )  # fmt: skip
    assert isinstance(got, FetchFailed)
    assert got.why == "connection"
    assert asked == ["rebound.example"]
    assert site.asked == []


def test_a_name_that_leads_nowhere_is_told() -> None:
    async def nowhere(name: str, port: int) -> Sequence[str]:
        raise OSError("no such name")

    assert failure({}, "http://gone.example/", lookup=nowhere).why == "dns"


def test_a_name_is_connected_to_where_the_operator_allows_it() -> None:
    look_up, _ = looked_up(["127.0.0.1"])
    answers = {"/": http(200, b"x")}
    assert (
        answer(
            answers, "http://intranet.example:{port}/", allow=["intranet.example"], lookup=look_up
        ).body
        == b"x"
    )
    refused = failure(
        answers, "http://x.intranet.example:{port}/", allow=["intranet.example"], lookup=look_up
    )
    assert refused.why == "address"


def test_names_and_passwords_are_neither_sent_nor_shown() -> None:
    for url in ("http://me:secret@127.0.0.1:{port}/", "ftp://me:secret@a.example/",
                "http://me:secret@[/", "http://me:secret@a.example/" + "a" * 9000):  # fmt: skip
        failed = failure({}, url)
        assert failed.why == "address"
        assert "secret" not in str(failed)
    (got,), site = fetched(
        {"/": redirect("http://me:secret@127.0.0.1:1/")}, {"url": "/"}, allow=["127.0.0.1"]
    )
    assert "secret" not in f"{got}"

    def to_itself(site_port: int) -> bytes:
        return redirect(f"http://me:secret@127.0.0.1:{site_port}/end")

    async def run() -> tuple[Fetched, Site]:
        async with answering({"/end": http(200, b"x")}) as site:
            site.answers["/"] = to_itself(site.port)
            async with Fetcher(user_agent="d", allow=[site.host], limits=QUICK) as fetcher:
                return await fetcher.get(f"{site.url}/"), site

    end, site = asyncio.run(run())
    assert "secret" not in end.url
    assert all("authorization" not in request.headers for request in site.asked)


# ---- redirects -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chain", "moved"),
    [
        ([301], "/1"), ([308], "/1"), ([302], None), ([303], None), ([307], None),
        ([301, 308, 301], "/3"), ([301, 302, 301], "/1"), ([302, 301], None),
    ],
)  # fmt: skip
def test_a_feed_has_moved_as_far_as_its_answers_say_for_good(
    chain: list[int], moved: str | None
) -> None:
    answers: dict[str, Answer] = {
        f"/{i}": redirect(f"/{i + 1}", status) for i, status in enumerate(chain)
    }
    answers[f"/{len(chain)}"] = http(200, b"x")
    (got,), site = fetched(answers, {"url": "/0"})
    assert isinstance(got, Fetched)
    assert got.url == f"{site.url}/{len(chain)}"
    assert got.moved == (None if moved is None else site.url + moved)
    assert got.body == b"x"


def test_a_feed_has_not_moved_to_where_there_is_nothing() -> None:
    got = answer({"/": redirect("/gone", 301)})
    assert (got.status, got.moved) == (404, None)


def test_redirects_in_a_ring_are_given_up() -> None:
    (got,), site = fetched({"/": redirect("/a"), "/a": redirect("/")}, {"url": "/"})
    assert isinstance(got, FetchFailed)
    assert got.why == "redirects"
    assert len(site.asked) == QUICK.redirects + 1


def test_a_redirect_that_is_not_followed_is_the_answer() -> None:
    (got,), site = fetched({"/": redirect("/a")}, {"url": "/", "follow": False})
    assert isinstance(got, Fetched)
    assert (got.status, got.location) == (302, f"{site.url}/a")
    assert site.paths == ["/"]
