from __future__ import annotations

import asyncio

import msgspec
import pytest
from feedserver import Entry, Feed, Format, entries

from dedupe.daemon.feedstate import Reading
from dedupe.daemon.parsers import Parsers
from dedupe.daemon.parsing import Body, parse

KEY = "https://feeds.example/a.xml"


def _body(feed: Feed | bytes) -> Body:
    data = feed if isinstance(feed, bytes) else feed.rendered()
    return Body(data, KEY, None, KEY)


def _ids(feed: Feed | bytes) -> list[str]:
    return [item.id for item in parse(_body(feed)).items]


def _feed(*given: Entry, format: Format = "rss") -> Feed:
    feed = Feed(format=format)
    feed.add(*given)
    return feed


@pytest.mark.parametrize("format", ["rss", "atom", "rdf", "json"])
def test_each_format_gives_the_same_entries(format: Format) -> None:
    given = entries(5)
    reading = parse(_body(_feed(*given, format=format)))
    assert [item.fields["title"] for item in reading.items] == [e.title for e in given[::-1]]
    assert [item.moment for item in reading.items] == [
        each.published.timestamp() for each in given[::-1] if each.published
    ]


def test_what_an_entry_says_is_its_title_and_text_whatever_the_spaces_and_dates() -> None:
    [first], [spaced], [later], [other] = (
        parse(_body(_feed(entry))).items
        for entry in (
            Entry("1", "Ferry late", "The ferry is late."),
            Entry("1", "Ferry  late", "The ferry\n is late. "),
            Entry("1", "Ferry late", "The ferry is late.", published=entries(1)[0].published),
            Entry("1", "Ferry late", "The ferry is not late."),
        )
    )
    assert first.digest == spaced.digest == later.digest
    assert first.digest != other.digest


def test_an_entry_without_a_name_is_known_by_what_it_says() -> None:
    items = (
        "<item><title>Ferry late</title></item><item><title>Quay closed</title></item>"
        "<item><title>Ferry late</title></item>"
    )
    data = f"<rss version='2.0'><channel><title>t</title>{items}</channel></rss>".encode()
    ids = _ids(data)
    assert ids[0] == ids[2] != ids[1]
    assert all(id.startswith(f"{KEY}#x") for id in ids)


def test_entries_that_share_a_guid_are_told_apart_by_their_links() -> None:
    same = [Entry("site", f"T {n}", f"Text {n}.", f"https://feeds.example/{n}") for n in (1, 2)]
    assert sorted(_ids(_feed(*same))) == ["https://feeds.example/1", "https://feeds.example/2"]
    assert _ids(_feed(same[0])) == [f"{KEY}#site"]


def test_what_is_no_feed_says_so() -> None:
    for data in (b"", b"<html><body>Hello</body></html>", b"\x00\xff" * 50, b"{}"):
        reading = parse(_body(data))
        assert reading.items == []
        assert reading.broken


# ---- in processes of their own -------------------------------------------------------------------


def _parsed(bodies: list[Body], seconds: float = 20.0) -> list[Reading]:
    async def main() -> list[Reading]:
        async with Parsers(2, seconds) as parsers:
            return list(await asyncio.gather(*map(parsers.parse, bodies)))

    return asyncio.run(main())


def test_another_process_finds_what_this_one_would() -> None:
    body = _body(_feed(*entries(5)))
    assert _parsed([body] * 5) == [msgspec.convert(parse(body), Reading)] * 5


def test_a_process_that_takes_too_long_is_ended_and_the_next_body_is_read() -> None:
    item = "<item><description>" + "&lt;b&gt;x" * 300 + "</description></item>"
    slow = _body(f"<rss version='2.0'><channel>{item * 4_000}</channel></rss>".encode())
    good = _body(_feed(*entries(5)))
    ended, *read = _parsed([slow, good, good, good], 1.0)
    assert ended.broken == "takes more than 1 s to be read"
    assert [len(each.items) for each in read] == [5, 5, 5]


def test_what_is_given_up_leaves_a_process_for_the_next() -> None:
    good = _body(_feed(*entries(5)))

    async def main() -> Reading:
        async with Parsers(1) as parsers:
            first = asyncio.create_task(parsers.parse(good))
            await asyncio.sleep(0)
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            return await parsers.parse(good)

    assert len(asyncio.run(main()).items) == 5
