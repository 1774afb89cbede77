"""Who a page says wrote it: `<meta>` tags and JSON-LD, read tolerantly and within bounds."""

from __future__ import annotations

import html as entities
import json
import re
from collections.abc import Iterator

_MAX_PAGE = 2_000_000  # characters looked at
_MAX_TAGS = 400  # `<meta>` tags and scripts looked at
_MAX_TAG = 2_000  # characters of one `<meta>` tag
_MAX_SCRIPT = 200_000  # characters of one JSON-LD script
_MAX_DEPTH = 8  # nesting followed in JSON-LD

_AUTHOR_NAMES = frozenset(
    "author authors byl byline dc.creator dcterms.creator dc.source dc.publisher article:author "
    "article:publisher parsely-author sailthru.author citation_author creator source "
    "original-source syndication-source publisher og:site_name news_agency agency".split()
)
_CREDIT_KEYS = frozenset(
    "author creator publisher sourceOrganization creditText provider copyrightHolder "
    "isBasedOn".split()
)
_ATTRIBUTE = re.compile(r"""([a-zA-Z:]{1,20})\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)')""")


def stated_authors(html: str) -> Iterator[str]:
    """Names that the page's metadata gives as author, publisher or source, as they are written.

    Yields only strings that stand in `html` literally. Broken markup yields less, never an error.
    """
    html = html[:_MAX_PAGE]
    yield from (name for name in _from_json_ld(html) if name in html)
    yield from _from_meta(html)


def _from_meta(html: str) -> Iterator[str]:
    at, tag = 0, "<meta" if "<meta" in html else "<META"
    for _ in range(_MAX_TAGS):
        at = html.find(tag, at)
        if at < 0:
            return
        end = html.find(">", at, at + _MAX_TAG)
        at += 5
        if end < 0:
            continue
        given = {m[1].lower(): m[2] or m[3] or "" for m in _ATTRIBUTE.finditer(html[at:end])}
        key = given.get("name") or given.get("property") or given.get("itemprop") or ""
        if key.lower() in _AUTHOR_NAMES and given.get("content"):
            yield given["content"]


def _from_json_ld(html: str) -> Iterator[str]:
    at = 0
    for _ in range(_MAX_TAGS):
        at = html.find("application/ld+json", at)
        if at < 0:
            return
        start = html.find(">", at, at + 200) + 1
        end = html.find("</script", start, start + _MAX_SCRIPT)
        at += 19
        if not start or end < 0:
            continue
        try:
            data = json.loads(html[start:end], strict=False)
        except (ValueError, RecursionError):
            continue
        for name in _credited(data, _MAX_DEPTH):
            yield name if name in html else _as_written(name, html)


def _credited(data: object, depth: int) -> Iterator[str]:
    """Names under the keys that credit someone, wherever they are nested."""
    if depth == 0:
        return
    if isinstance(data, list):
        for item in data:
            yield from _credited(item, depth - 1)
    elif isinstance(data, dict):
        for key, value in data.items():
            if key in _CREDIT_KEYS:
                yield from _names(value, depth - 1)
            elif key in ("@graph", "mainEntity", "mainEntityOfPage", "itemListElement"):
                yield from _credited(value, depth - 1)


def _names(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list) and depth:
        for item in value:
            yield from _names(item, depth - 1)
    elif isinstance(value, dict):
        for key in ("name", "legalName", "alternateName"):
            if isinstance(value.get(key), str):
                yield value[key]
                return


def _as_written(name: str, html: str) -> str:
    """How a decoded JSON string stands in the page, or the string itself if it does not."""
    escaped = json.dumps(name)[1:-1]
    for form in (escaped, escaped.replace("/", "\\/"), entities.escape(name)):
        if form in html:
            return form
    return name
