"""Which article an item is: nobody speaks for another host."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dedupe.feeds.identity import article_id, source_of

FEED = "https://news.example/rss.xml"


@pytest.mark.parametrize(
    ("guid", "link", "id"),
    [
        ("https://news.example/a?utm_source=rss", None, "https://news.example/a"),
        ("http://www.news.example:80/a/", None, "https://news.example/a"),
        (None, "https://www.news.example/a#top", "https://news.example/a"),
        ("https://news.example/live#17", None, "https://news.example/live#17"),
        ("17", "https://news.example/a", f"{FEED}#17"),
        ("  ", "https://news.example/a", "https://news.example/a"),
        ("tag:news.example,2024:17", None, f"{FEED}#tag:news.example,2024:17"),
        ("https://other.example/a", None, f"{FEED}#https://other.example/a"),
        (None, "https://other.example/a", f"{FEED}#https://other.example/a"),
        ("https://news.example:8443/a", None, f"{FEED}#https://news.example:8443/a"),
        ("https://news.example.other.example/a", None,
         f"{FEED}#https://news.example.other.example/a"),
    ],
)  # fmt: skip
def test_an_item_is_known_by_its_guid_else_its_link(
    guid: str | None, link: str | None, id: str
) -> None:
    assert article_id(guid, link, FEED) == id


def test_an_item_that_names_nothing_has_no_id() -> None:
    assert article_id(None, " ", FEED) is None


def test_the_front_page_and_a_section_of_one_host_share_ids() -> None:
    feeds = [
        "https://news.example/rss",
        "http://www.news.example/sport/rss",
        "HTTPS://News.Example/x",
    ]
    assert len({article_id("https://news.example/a", None, feed) for feed in feeds}) == 1


@pytest.mark.parametrize("guid", ["a\x00b", "a\nb", "a\u202eb", "x" * 10_000, "a\ud800"])
def test_what_is_long_or_not_printable_is_hashed(guid: str) -> None:
    id = article_id(guid, None, FEED)
    assert id is not None
    assert id.isprintable()
    assert len(id) < 100
    assert id != article_id(guid + "1", None, FEED)


# ---- attacks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        "https://evil.example/feed",
        "https://google.evil.example/feed",  # read as an AMP viewer, its paths lead elsewhere
        "https://google.evil.example/amp/s/news.example/feed",
        "https://cdn.ampproject.org/c/s/news.example/feed",
        "https://news.example@evil.example/feed",
        "https://news.example\\@evil.example/feed",
        "https://news.example\x00.evil.example/feed",
        "https://news.example:8443/feed",
        "https://m.news.example/feed",  # a host of its own, though readers land on one article
        "https://new\u017f.example/feed",  # a long s, which one version of IDNA makes an s
        "https://new\ns.example/feed",
        "https://news%2eexample/feed",
        "https://\uff4eews.example/feed",
        "//news.example/feed",
        "feed",
        "",
    ],
)
@pytest.mark.parametrize(
    "guid",
    [
        "https://news.example/a",
        "https://google.evil.example/amp/s/news.example/a",
        "https://cdn.ampproject.org/c/s/news.example/a",
        "https://evil.example@news.example/a",
        "https://news.example\\@evil.example/a",
        "\nhttps://news.example/a",
        "https://m.news.example/a",
        "https://new\u017f.example/a",
        "#https://news.example/a",
    ],
)
def test_a_hostile_feed_cannot_make_the_id_of_anothers_article(key: str, guid: str) -> None:
    theirs = {article_id(g, None, FEED) for g in ("https://news.example/a", guid, "a")}
    assert article_id(guid, None, key) not in theirs
    assert article_id(None, guid, key) not in theirs


HOSTS = st.sampled_from(
    "a.example b.example a.example.b.example www.a.example m.a.example amp.b.example "
    "google.a.example "
    "google.b.example cdn.ampproject.org [::1] 10.0.0.1 xn--fa-hia.example fa\u00df.example "
    "fass.example "
    "A.EXAMPLE a.example. www.www.a.example localhost".split()
)
PARTS = st.sampled_from(
    "/ # ? & = : @ % %2e %00 \\ . .. // https:// http:// www. m. amp/ /amp/s/ /c/s/ a.example "
    "b.example google. x 1 utm_source=rss \x00 \n \t \u00df \u2028 "
    ":80 :443 :8080 #! feed rss".split(" ")
)
TAILS = st.lists(PARTS, max_size=6).map("".join)
ADDRESSES = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https", "HTTPS"]),
    HOSTS,
    st.sampled_from(["", ":80", ":443", ":8080"]),
    TAILS,
)
SAID = st.one_of(
    ADDRESSES, TAILS, st.text(max_size=40), st.builds("{}#{}".format, ADDRESSES, TAILS)
)
KEYS = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["http", "https"]),
    HOSTS,
    st.sampled_from(["", ":80", ":443", ":8080"]),
    st.sampled_from(
        ["", "/", "/feed", "/feed#1", "/feed#", "/feed?x#y", "/a/feed", "/amp/s/a.example/"]
    ),
)


def server(key: str) -> str:
    """Who answers at a feed's address, as strictly as it can be said."""
    parts = urlsplit(key)
    host = (parts.hostname or "").rstrip(".").removeprefix("www.")
    return f"{host}:{parts.port if parts.port not in (80, 443) else None}"


@settings(max_examples=2000)
@given(KEYS, KEYS, SAID, SAID)
def test_no_items_of_feeds_on_two_hosts_have_one_id(one: str, two: str, a: str, b: str) -> None:
    assume(server(one) != server(two))
    mine = {article_id(a, None, one), article_id(None, a, one)} - {None}
    theirs = {article_id(b, None, two), article_id(None, b, two)} - {None}
    assert not mine & theirs
    # What one has made, the other may say in its turn.
    for id in mine:
        assert article_id(id, None, two) not in mine
        assert article_id(None, id, two) not in mine


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_whatever_a_feed_says_an_id_can_be_printed(guid: str, link: str, key: str) -> None:
    id = article_id(guid, link, key)
    assert id is None or id.isprintable()


def test_an_id_that_is_said_again_stays_as_it_is() -> None:
    id = article_id("http://www.news.example/a/?b=1&utm_x=2#3", None, FEED)
    assert article_id(id, None, FEED) == id


# ---- sources -------------------------------------------------------------------------------------


def test_the_source_is_what_the_list_of_feeds_says_else_the_host() -> None:
    assert source_of(FEED, "Example\tNews\x1b[2J ") == "Example News [2J"
    assert source_of("https://www.news.example/rss", None) == "news.example"
    assert source_of("https://www.news.example/rss", " ") == "news.example"
