"""The full text of an article from its page."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Mapping

import pytest
from answering import Answer, Site, answering, http, redirect

from dedupe.daemon.fetching import Fetcher, Limits
from dedupe.daemon.pages import Page, full_text, in_thread
from dedupe.daemon.robots import Robots
from dedupe.errors import FetchFailed

SENTENCES = [
    f"The ferry number {i} ran aground near the harbour on Monday morning, the coast guard said."
    for i in range(8)
]
ARTICLE = "".join(f"<p>{sentence}</p>" for sentence in SENTENCES)
HTML = (
    "<html><head><title>Ferry aground</title><script src='/tracker.js'></script>"
    "<link rel='stylesheet' href='/style.css'></head>"
    f"<body><script>document.write('stolen')</script><article>{ARTICLE}"
    "<img src='/pixel.png'><iframe src='/frame'></iframe></article></body></html>"
)


def read(answers: Mapping[str, Answer], path: str = "/a") -> tuple[Page | None, Site]:
    """What a page of one's own server says."""

    async def run() -> tuple[Page | None, Site]:
        async with (
            answering(answers) as site,
            Fetcher(
                user_agent="dedupe/1", allow=[site.host], limits=Limits(seconds=10.0)
            ) as fetcher,
        ):
            robots = Robots(fetcher, "dedupe/1")
            return await full_text(fetcher, robots, site.url + path, 0.0), site

    return asyncio.run(run())


def page(body: bytes, content_type: str = "text/html; charset=utf-8") -> bytes:
    return http(200, body, Content_Type=content_type)


def test_a_page_gives_its_article_and_nothing_of_it_is_run_or_fetched() -> None:
    found, site = read({"/a": page(HTML.encode())})
    assert found is not None
    assert found.url == f"{site.url}/a"
    assert all(sentence in found.text for sentence in SENTENCES)
    assert "stolen" not in found.text
    assert "<" not in found.text
    assert site.paths == ["/robots.txt", "/a"]


def test_a_page_is_read_in_the_encoding_that_its_header_names() -> None:
    html = HTML.replace("ferry", "fähre")
    found, _ = read({"/a": page(html.encode("iso-8859-1"), "text/html; charset=iso-8859-1")})
    assert found is not None
    assert "fähre" in found.text


def test_a_page_that_robots_ask_to_leave_alone_is_not_fetched() -> None:
    rules = http(200, b"User-agent: *\nDisallow: /a")
    found, site = read({"/robots.txt": rules, "/a": page(HTML.encode())})
    assert found is None
    assert site.paths == ["/robots.txt"]


def test_nothing_of_a_page_is_run_and_nothing_that_it_names_is_fetched() -> None:
    active = (
        '<script src="/s"></script><script>fetch("/f")</script><link rel="stylesheet" href="/c">'
        '<meta http-equiv="refresh" content="0; url=/m"><iframe src="/i"></iframe>'
        '<img src="/p" onerror="fetch(\'/e\')"><svg onload="fetch(\'/v\')"/>'
        '<object data="/o"></object><base href="/b/">'
    )
    html = HTML.replace("<p>", f"<p>{active}", 1)
    assert html != HTML
    found, site = read({"/a": page(html.encode())})
    assert found is not None
    assert site.paths == ["/robots.txt", "/a"]
    assert not {"<", "fetch("} & {*found.text, *re.findall(r"\w+\(", found.text)}


def test_a_redirect_does_not_lead_around_robots() -> None:
    rules = http(200, b"User-agent: *\nDisallow: /private")
    answers = {"/robots.txt": rules, "/a": redirect("/private"), "/private": page(HTML.encode())}
    found, site = read(answers)
    assert found is None
    assert site.paths == ["/robots.txt", "/a"]


def test_a_redirect_is_followed_where_robots_do_not_mind() -> None:
    found, site = read({"/a": redirect("/b", 301), "/b": page(HTML.encode())})
    assert found is not None
    assert found.url == f"{site.url}/b"


def test_a_redirect_to_a_private_address_is_a_failure() -> None:
    with pytest.raises(FetchFailed) as raised:
        read({"/a": redirect("http://169.254.169.254/")})
    assert raised.value.why == "address"


@pytest.mark.parametrize(
    "answer",
    [
        http(404, HTML.encode(), Content_Type="text/html"),
        page(HTML.encode(), "application/pdf"),
        page(b""),
        page(b"\0\xff" * 1000),
        page(b"<html>" + b"<div>" * 100_000),
        page(b"<html><body><script>" + b"x" * 10_000),
        page(b" " * (5 << 20)),
        redirect("/a"),
    ],
    ids="status type empty bytes deep script large ring".split(),
)
def test_a_page_without_an_article_gives_none(answer: bytes) -> None:
    assert read({"/a": answer})[0] is None


def test_a_page_that_takes_too_long_is_given_up_and_does_not_hold_the_others_up() -> None:
    end = threading.Event()

    async def run() -> tuple[list[object], object]:
        slow = [in_thread(end.wait, 0.05) for _ in range(5)]  # more than there are threads
        gone = await asyncio.gather(*slow)
        end.set()
        return list(gone), await in_thread(lambda: "read", 30.0)

    assert asyncio.run(run()) == ([None] * 5, "read")


def test_what_fails_in_the_thread_fails_for_who_waits() -> None:
    with pytest.raises(ZeroDivisionError):
        asyncio.run(in_thread(lambda: 1 / 0, 30.0))
