"""No address is asked that is not public or allowed, whatever leads to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from answering import Site, answering, http, redirect
from requesting import QUICK, answer, failure, fetched

from dedupe.daemon.fetching import Fetched, Fetcher
from dedupe.errors import FetchFailed

METADATA = "http://169.254.169.254/latest/meta-data/"
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
