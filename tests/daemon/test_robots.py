"""What sites ask to leave alone."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
from answering import Answer, Site, answering, http, redirect

from dedupe.daemon.fetching import Fetcher, Limits
from dedupe.daemon.robots import Robots

DAY = 86_400.0
RULES = b"""
User-agent: dedupe
Disallow: /private/
Allow: /private/press
Crawl-delay: 7

User-agent: *
Disallow: /
"""


def asked(
    answers: Mapping[str, Answer],
    *asks: tuple[str, float],
    agent: str = "dedupe/1 (+https://x.example/bot)",
) -> tuple[list[bool], Site]:
    """Whether these paths are allowed at these times, one after the other."""

    async def run() -> tuple[list[bool], Site]:
        async with (
            answering(answers) as site,
            Fetcher(user_agent=agent, allow=[site.host], limits=Limits(seconds=5.0)) as fetcher,
        ):
            robots = Robots(fetcher, agent)
            return [await robots.allowed(site.url + path, now) for path, now in asks], site

    return asyncio.run(run())


def test_the_rules_for_us_are_heeded_and_asked_for_once_a_day() -> None:
    paths = ["/", "/private/1", "/private/press/1", "/robots.txt"]
    times = [(path, now) for now in (0.0, DAY - 1, DAY + 1) for path in paths]
    allowed, site = asked({"/robots.txt": http(200, RULES)}, *times)
    assert allowed == [True, False, True, True] * 3
    assert site.paths == ["/robots.txt"] * 2


def test_whoever_is_not_named_has_the_rules_for_all() -> None:
    assert asked({"/robots.txt": http(200, RULES)}, ("/", 0.0), agent="other/1")[0] == [False]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_site_without_rules_allows_everything(status: int) -> None:
    assert asked({"/robots.txt": http(status, RULES)}, ("/private/1", 0.0))[0] == [True]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_site_that_cannot_say_is_left_alone_for_an_hour(status: int) -> None:
    times = [("/", 0.0), ("/", 3599.0), ("/", 3601.0)]
    allowed, site = asked({"/robots.txt": http(status)}, *times)
    assert allowed == [False] * 3
    assert len(site.asked) == 2


def test_a_site_that_cannot_be_reached_any_more_is_taken_at_its_last_word() -> None:
    async def run() -> list[bool]:
        async with (
            answering({"/robots.txt": http(200, RULES)}) as site,
            Fetcher(user_agent="dedupe", allow=[site.host]) as fetcher,
        ):
            robots = Robots(fetcher, "dedupe")
            got = [await robots.allowed(f"{site.url}/private/1", 0.0)]
            site.answers["/robots.txt"] = http(503)
            for path in ("/", "/private/1"):
                got.append(await robots.allowed(site.url + path, DAY + 1))
            return got

    assert asyncio.run(run()) == [False, True, False]


def test_rules_are_read_where_they_have_moved_to() -> None:
    answers = {"/robots.txt": redirect("/rules"), "/rules": http(200, RULES)}
    assert asked(answers, ("/private/1", 0.0), ("/", 0.0))[0] == [False, True]


@pytest.mark.parametrize(
    "body",
    [b"\xff\xfe\0", b"Disallow: /" * 100_000, b"User-agent: *\nDisallow: /" + b"*a" * 100_000,
     b"User-agent: *\nCrawl-delay: " + b"9" * 100_000, b"\xef\xbb\xbf" + RULES],
)  # fmt: skip
def test_any_rules_are_an_answer(body: bytes) -> None:
    allowed, _ = asked({"/robots.txt": http(200, body)}, ("/" + "a" * 4000, 0.0))
    assert allowed == [True]


def test_a_rule_beyond_what_is_read_does_not_count() -> None:
    body = b"User-agent: *\n" + b"# rest\n" * 100_000 + b"Disallow: /\n"
    assert asked({"/robots.txt": http(200, body)}, ("/", 0.0))[0] == [True]


def test_many_who_ask_at_once_are_answered_by_one_request() -> None:
    async def run() -> tuple[list[bool], list[str], list[float | None]]:
        async with (
            answering({"/robots.txt": http(200, RULES)}) as site,
            Fetcher(user_agent="dedupe", allow=[site.host]) as fetcher,
        ):
            robots = Robots(fetcher, "dedupe")
            delays = [robots.crawl_delay(site.url)]
            asks = [robots.allowed(f"{site.url}/{i}", 0.0) for i in range(20)]
            got = await asyncio.gather(*asks)
            delays.append(robots.crawl_delay(f"{site.url}/x"))
            return list(got), site.paths, delays

    got, paths, delays = asyncio.run(run())
    assert got == [True] * 20
    assert paths == ["/robots.txt"]
    assert delays == [None, 7.0]


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://", "news.example", "http://[", "http://169.254.169.254/"]
)
def test_what_may_not_be_fetched_is_not_allowed(url: str) -> None:
    async def run() -> bool:
        async with Fetcher(user_agent="dedupe") as fetcher:
            return await Robots(fetcher, "dedupe").allowed(url, 0.0)

    assert asyncio.run(run()) is False
