"""One article has one canonical address, however it was linked."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dedupe.text.urls import canonical_url, url_host

STORY = "https://example.com/news/bridge-reopens"


@pytest.mark.parametrize(
    "found",
    [
        STORY,
        "HTTP://WWW.EXAMPLE.COM:80/news/bridge-reopens",
        "https://m.example.com:443/news/bridge-reopens/",
        "https://amp.example.com/news/bridge-reopens",
        "https://mobile.example.com/news/bridge-reopens",
        "https://www.example.com./news/bridge-reopens#comments",
        "  https://example.com/news/bridge%2Dreopens\n",
        "https://reader@example.com/news/bridge-reopens",
        "https://example.com/news/bridge-reopens?utm_source=rss&utm_medium=feed",
        "https://example.com/news/bridge-reopens?UTM_SOURCE=rss",
        "https://example.com/news/bridge-reopens?fbclid=1&gclid=2&mc_cid=3&ocid=4&cmp=5&smid=6",
        "https://example.com/news/bridge-reopens?ref=home&source=rss",
        "https://example.com/news/bridge-reopens?utm_source=rss&amp;utm_medium=feed",
        "https://example.com/news/bridge-reopens?",
        "https://example.com/news/bridge-reopens/amp",
        "https://example.com/news/bridge-reopens/amp/",
        "https://example.com/amp/news/bridge-reopens",
        "https://example.com/news/bridge-reopens.amp",
        "https://example.com/news/bridge-reopens/amp.html",
        "https://example.com/news/bridge-reopens?amp",
        "https://example.com/news/bridge-reopens?amp=1",
        "https://example.com/news/bridge-reopens?outputType=amp",
        "https://example.com/news/bridge-reopens?amphtml",
        "https://example.com/news/bridge-reopens/index.html",
        "https://example-com.cdn.ampproject.org/c/s/example.com/news/bridge-reopens",
        "https://cdn.ampproject.org/v/www.example.com/news/bridge-reopens?amp_js_v=0.1",
        "https://www.google.com/amp/s/www.example.com/news/bridge-reopens/amp/",
        "https://www.google.co.uk/amp/example.com/news/bridge-reopens",
        "https://example.com/news/bridge-reopens#:~:text=reopens",
    ],
)
def test_every_way_to_link_an_article_has_one_canonical_address(found: str) -> None:
    assert canonical_url(found) == STORY


@pytest.mark.parametrize(
    ("found", "canonical"),
    [
        ("https://example.com", "https://example.com/"),
        ("https://www.example.com/index.php", "https://example.com/"),
        ("https://example.com/story.amp.html", "https://example.com/story.html"),
        ("https://example.com/a?page=2&utm_source=x", "https://example.com/a?page=2"),
        ("https://example.com/a?b=2&a=1", "https://example.com/a?a=1&b=2"),
        ("https://example.com/a?source=42", "https://example.com/a?source=42"),
        ("https://example.com/a?q=two+words", "https://example.com/a?q=two+words"),
        ("https://example.com/a?id=", "https://example.com/a?id="),
        ("https://example.com:8080/a", "https://example.com:8080/a"),
        ("https://example.com/#!/story/7", "https://example.com/#!/story/7"),
        ("https://example.com/Case/Kept", "https://example.com/Case/Kept"),
        ("https://bücher.example/straße", "https://xn--bcher-kva.example/stra%C3%9Fe"),
        ("https://example.com/%e6%a9%8b", "https://example.com/%E6%A9%8B"),
        ("https://example.com/a%2Fb", "https://example.com/a%2Fb"),
        ("https://example.com/100%", "https://example.com/100%25"),
        ("https://www.com/a", "https://www.com/a"),
        ("http://[2001:DB8::1]/a", "https://[2001:db8::1]/a"),
        ("https://example.com/camp", "https://example.com/camp"),
        ("https://example.com/x.amplifier", "https://example.com/x.amplifier"),
        ("https://google.com/s/example.com/a", "https://google.com/s/example.com/a"),
    ],
)
def test_what_leads_elsewhere_is_kept(found: str, canonical: str) -> None:
    assert canonical_url(found) == canonical


@pytest.mark.parametrize(
    "address",
    [
        "",
        "example.com/news",
        "ftp://example.com/a",
        "mailto:desk@example.com",
        "javascript:void(0)",
        "https://",
        "https:///a",
        "https://[broken/a",
        "https://example.com:port/a",
        "https://exa mple.com/a",
        "https://a..b/c",
        "https://" + "ü" * 80 + ".example/a",
        "https://example.com/" + "a" * 10_000,
    ],
)
def test_what_is_no_web_address_has_no_canonical_form(address: str) -> None:
    assert canonical_url(address) is None


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://www.example.com/a?b", "example.com"),
        ("http://m.news.example.com:8080", "news.example.com"),
        ("feeds.example.com", "feeds.example.com"),
        ("WWW.Example.com/rss", "example.com"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("The Daily Invention", None),
        ("", None),
        ("https://[broken", None),
    ],
)
def test_the_host_of_an_address_or_bare_domain(address: str, host: str | None) -> None:
    assert url_host(address) == host


_PIECES = st.sampled_from(
    "http:// https:// www. m. amp. example.com google.com cdn.ampproject.org /amp /amp/ /c/s/ "
    "/s/ / // .amp .html /index.html index.php ? & = # #! amp utm_source=x a=1 page=2 source=rss "
    "amp; % %2f %7E %e4 ü 橋 : :443 :80 @ [ ] [::1] . .. ; + ~ ! \ud800".split()
) | st.text(max_size=4)  # fmt: skip


@given(st.lists(_PIECES, max_size=14).map("".join) | st.text())
@example("https://m.a.cdn.ampproject.org/c/s/example.com/amp")
@example("https://example.com//amp//index.html/.amp")
@example("https://google.com/amp/s/google.com/amp/s/example.com/a")
@example("https://İ.example/")
def test_canonical_form_is_its_own_canonical_form(address: str) -> None:
    canonical = canonical_url(address)
    if canonical is not None:
        assert canonical_url(canonical) == canonical
        assert canonical.startswith("https://")


@given(st.lists(_PIECES, max_size=14).map("".join) | st.text())
def test_the_host_is_the_host_of_the_canonical_form(address: str) -> None:
    host = url_host(address)
    canonical = canonical_url(address)
    if canonical is not None and "/amp/" not in address and "ampproject" not in address:
        assert host is not None
        assert canonical.startswith(f"https://{host}")
