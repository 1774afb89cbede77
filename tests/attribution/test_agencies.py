"""The table of agencies, and which of them a site belongs to."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.attribution import AGENCIES, agency_of


def test_the_agencies_of_at_least_25_countries_are_known() -> None:
    assert len({agency.country for agency in AGENCIES}) >= 25


@pytest.mark.parametrize("part", ["name", "names", "short", "domains"])
def test_no_spelling_or_domain_belongs_to_two_agencies(part: str) -> None:
    values: list[str] = []
    for agency in AGENCIES:
        value = getattr(agency, part)
        values += [value] if isinstance(value, str) else value
    assert [value for value, count in Counter(values).items() if count > 1] == []


def test_domains_are_bare_lower_case_hosts() -> None:
    for agency in AGENCIES:
        for domain in agency.domains:
            assert domain == domain.lower()
            assert "." in domain
            assert not domain.startswith("www.")


@pytest.mark.parametrize("script", ["а", "ا", "ی", "新", "ロ", "연", "भ", "ר", "Ρ"])
def test_agencies_are_known_in_many_scripts(script: str) -> None:
    assert any(script in name for agency in AGENCIES for name in agency.names + agency.short)


@pytest.mark.parametrize(
    ("source", "url", "agency"),
    [
        ("Reuters", None, "Reuters"),
        ("reuters", None, "Reuters"),
        ("Reuters: World", None, "Reuters"),
        ("AP Top News", None, "AP"),
        ("The Associated Press", None, "AP"),
        ("www.reuters.com", None, "Reuters"),
        ("https://feeds.reuters.com/reuters/worldNews", None, "Reuters"),
        ("apnews.com", None, "AP"),
        ("新华社", None, "Xinhua"),
        (None, "https://www.afp.com/en/news/1", "AFP"),
        (None, "HTTPS://TASS.RU:443/politika/1?x=tass", "TASS"),
        (None, "https://en.yna.co.kr/view/1", "Yonhap"),
        ("https://feeds.example.com/rss", "https://www.reuters.com/world/1", "Reuters"),
        ("AP", "https://news.example.com/ap/1", "AP"),
    ],
)
def test_an_agencys_own_site_is_recognised(
    source: str | None, url: str | None, agency: str
) -> None:
    assert agency_of(source, url) == agency


@pytest.mark.parametrize(
    ("source", "url"),
    [
        (None, None),
        ("", ""),
        ("https://feeds.example.com/rss", None),
        ("https://feeds.example.com/rss?q=reuters.com", None),
        ("The Daily Invention", "https://example.com/reuters.com/story"),
        (None, "https://notreuters.com/a"),
        (None, "https://reuters.com.example.net/a"),
        (None, "https://apnews.com/press-release/example/1"),
        ("map", None),
        ("Apple News", None),
        ("APA Psychology Today", None),
        ("Spa and Wellness News", None),
    ],
)
def test_other_sites_belong_to_no_agency(source: str | None, url: str | None) -> None:
    assert agency_of(source, url) is None


@given(st.text(), st.text())
def test_any_source_and_address_can_be_asked_about(source: str, url: str) -> None:
    names = {agency.name for agency in AGENCIES}
    assert agency_of(source, url) in names | {None}
