"""feedparser, kept from what a hostile feed could make it do.

Its parsers are driven here and not through `feedparser.parse`, which can fetch, heeds entities, and
takes time that grows with the square of some elements. Broken XML is read leniently, as there.
"""

from __future__ import annotations

import io
import re
import xml.sax.handler
from functools import lru_cache
from typing import Any, NamedTuple
from xml.sax import SAXException
from xml.sax.xmlreader import InputSource

from dedupe.feeds.extras import load

_MOST_ATTRIBUTES = 50
_LONGEST_ATTRIBUTE = 8_192  # characters; xml:base is joined to every link
_MOST_NAMESPACES = 100  # all are gone through at every element of an unknown one
# What may be large (CDATA), else a tag: expat takes a hundred bytes for each one of its attributes.
_TAG = re.compile(
    r"""<!\[CDATA\[(?:.*?\]\]>|.*)|<[A-Za-z_](?P<tag>(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+)""", re.S
)
_LONGEST_TAG = 65_536  # characters


class Bounds(NamedTuple):
    """How much of a feed is read."""

    items: int
    elements: int
    broken: int  # characters of what is not well-formed, which takes long to read


class FeedTree(NamedTuple):
    """What feedparser makes of a feed."""

    version: str  # rss20, rss10, atom10, …; "" where it cannot say
    channel: Any
    entries: list[Any]
    well_formed: bool
    crowded: bool  # it has more than was to be read


class _TooMuch(Exception):
    """A feed has more items, elements or attributes than are read."""


class _Guard:
    """What is changed in feedparser's parsers."""

    entries: list[Any]
    namespaces_in_use: dict[str, str]
    bounds: Bounds | None = None
    elements = 0

    def startElementNS(self, name: Any, qname: Any, attrs: Any) -> Any:  # noqa: N802 (SAX)
        """Every element of well-formed XML; each attribute is sought among all."""
        if len(attrs) > _MOST_ATTRIBUTES:
            raise _TooMuch
        return super().startElementNS(name, qname, attrs)  # type: ignore[misc]

    def unknown_starttag(self, tag: str, attrs: list[tuple[str, str]]) -> Any:
        """Every element begins here."""
        self.elements += 1
        if self.bounds is not None and (
            self.elements > self.bounds.elements or len(self.entries) > self.bounds.items
        ):
            raise _TooMuch
        few = [(n, v) for n, v in attrs[:_MOST_ATTRIBUTES] if len(v or "") <= _LONGEST_ATTRIBUTE]
        return super().unknown_starttag(tag, few)  # type: ignore[misc]

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        """Every declared namespace."""
        if len(self.namespaces_in_use) < _MOST_NAMESPACES:
            super().track_namespace(prefix, uri)  # type: ignore[misc]

    def _sync_author_detail(self, key: str = "author") -> None:
        """Looks for an address of mail in a name, in quadratic time; nobody here asks for it."""
        context = self._get_context()  # type: ignore[attr-defined]
        details = context.get(f"{key}s")
        if details and details[-1]:
            super()._sync_author_detail(key)  # type: ignore[misc]

    def _add_tag(self, term: object, scheme: object, label: object) -> None:
        """Compares every category with all others; only feedparser itself asks for the last."""
        tag = {"term": term, "scheme": scheme, "label": label}
        self._get_context()["tags"] = [tag]  # type: ignore[attr-defined]


def parse_xml(text: str, bounds: Bounds | None = None) -> FeedTree:
    """What a document that begins with its root element says, as a feed (see `prolog`)."""
    whole = len(text)
    if bounds is not None:
        text = text[: _first_long_tag(text)]
    strict, loose = _parsers()
    parser = strict("", None, "utf-8")
    well_formed = True
    try:
        crowded = _run(parser, bounds, lambda: _parse_strictly(parser, text))
        well_formed = not parser.bozo
    except (SAXException, ValueError, _undeclared()):
        well_formed = False
        if bounds is not None:
            text = text[: bounds.broken]
        parser = loose("", None, "utf-8", {})
        crowded = _run(parser, bounds, lambda: parser.feed(text))
    crowded = crowded or len(text) < whole
    most = None if bounds is None else bounds.items
    return FeedTree(parser.version, parser.feeddata, parser.entries[:most], well_formed, crowded)


def _first_long_tag(text: str) -> int:
    """Where the first tag begins that is longer than any honest one."""
    tags = (match for match in _TAG.finditer(text) if match["tag"] is not None)
    return next((m.start() for m in tags if len(m["tag"]) > _LONGEST_TAG), len(text))


def _run(parser: Any, bounds: Bounds | None, parse: Any) -> bool:
    """Whether a parser met more than it was to read."""
    parser.bounds = bounds
    parser.resolve_relative_uris = False  # of text alone; what is in it becomes plain text
    parser.sanitize_html = False
    try:
        parse()
    except _TooMuch:
        return True
    return False


def _parse_strictly(handler: Any, text: str) -> None:
    reader = load("defusedxml.expatreader", "reading feeds", "feeds").create_parser(
        namespaceHandling=1, forbid_dtd=True
    )
    reader.setFeature(xml.sax.handler.feature_external_ges, 0)
    reader.setContentHandler(handler)
    reader.setErrorHandler(handler)
    source = InputSource()
    source.setByteStream(io.BytesIO(text.encode("utf-8", "replace")))
    reader.parse(source)


@lru_cache(maxsize=1)
def _parsers() -> tuple[Any, Any]:
    api = load("feedparser.api", "reading feeds", "feeds")
    return tuple(
        type(parser.__name__, (_Guard, parser), {})
        for parser in (api.StrictFeedParser, api.LooseFeedParser)
    )  # type: ignore[return-value]


def _undeclared() -> type[Exception]:
    return load("feedparser.exceptions", "reading feeds", "feeds").UndeclaredNamespace  # type: ignore[no-any-return]
