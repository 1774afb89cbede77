"""The circumstances of an article: who published it, when, and whom it credits."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import NamedTuple

from dedupe.attribution import find_credit
from dedupe.models import Article
from dedupe.text.kinds import kind_of
from dedupe.text.links import named_original
from dedupe.text.notices import notice_of
from dedupe.text.urls import url_host


class Entry(NamedTuple):
    """One article without its text."""

    id: str
    url: str | None  # as given
    source: str | None  # as given, else the host of the URL
    published: datetime | None
    agency: str | None  # that it credits, or is
    own: bool  # it is the agency's own article
    original: str | None  # the canonical URL or the host it names as its original
    kind: int  # dedupe.models.Kind, by its form alone
    notice: str = ""  # what its source says of it: dedupe.text.notices


def entry_of(article: Article) -> Entry:
    """What the scan remembers of an article besides its fingerprint."""
    credit = find_credit(
        article.text,
        title=article.title,
        author=article.author,
        source=article.source,
        url=article.url,
        html=article.html,
    )
    source = article.source or (url_host(article.url) if article.url else None)
    return Entry(
        id=article.id,
        url=article.url,
        source=sys.intern(source) if source else None,  # a few sources, many articles
        published=article.published,
        agency=credit.agency if credit else None,
        own=credit is not None and credit.how == "source",
        original=named_original(article.text, article.html, article.url),
        kind=int(kind_of(article.title, article.text)),
        notice=notice_of(article.title, article.text, article.status),
    )


def outlet_of(entry: Entry) -> str | None:
    """Who publishes: one outlet may have many feeds."""
    host = url_host(entry.url) if entry.url else None
    return host or (entry.source.casefold() if entry.source else None)
