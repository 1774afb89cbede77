"""Requests for feeds and pages, what comes back and where it leads."""

from __future__ import annotations

import asyncio
from email.utils import formatdate

import pytest
from answering import Answer, answering, http, redirect
from requesting import QUICK, answer, fetched

from dedupe.daemon.fetching import Fetched, Fetcher, Limits
from dedupe.errors import FetchFailed

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
