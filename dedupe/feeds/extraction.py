"""What a web page or a fragment of HTML says, without its markup and furniture."""

from __future__ import annotations

import logging
import re

from dedupe.feeds.extras import load

_BLOCKS = frozenset(
    "address article aside blockquote br dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 "
    "header hr li main nav ol p pre section table td th tr ul".split()
)
_MARKUP = re.compile(r"<[a-zA-Z/!]|&[a-zA-Z#]")
_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?([\w-]+)""", re.I
)

# These log what they fail to parse; without a handler Python would print it to stderr.
for _name in ("trafilatura", "htmldate", "courlan"):
    logging.getLogger(_name).addHandler(logging.NullHandler())


def extract_page(html: str, url: str | None = None) -> dict[str, str]:
    """What trafilatura finds in a page, by the names of a record's fields; empty where nothing.

    Gives any of text, title, author, url, source and published (a day). Raises MissingExtra.
    """
    trafilatura = load("trafilatura", "reading HTML", "feeds")
    try:
        page = trafilatura.bare_extraction(
            html, url=url, with_metadata=True, include_comments=False
        )
    except Exception:  # a page can break any part of a parser; then it holds nothing for us
        return {}
    if page is None:
        return {}
    found = {
        "text": page.text,
        "title": page.title,
        "author": page.author,
        "url": page.url,
        "source": page.sitename or page.hostname,
        "published": page.date,
    }
    return {name: value for name, value in found.items() if value}


def declared_encoding(page: bytes) -> str | None:
    """The encoding that a page or an XML file names in its first kilobyte."""
    match = _DECLARED.search(page[:1024])
    return match[1].decode("ascii") if match else None


def plain_text(fragment: str) -> str:
    """The text of an HTML fragment, blocks on lines of their own; plain text stays as it is."""
    if not _MARKUP.search(fragment):
        return fragment.strip()
    html = load("lxml.html", "reading HTML", "feeds")
    try:
        root = html.fragment_fromstring(fragment, create_parent="div")
    except Exception:  # lxml has many errors for what is no markup
        return fragment.strip()
    pieces: list[str] = []
    for event, element in load("lxml.etree", "reading HTML", "feeds").iterwalk(
        root, events=("start", "end", "comment", "pi")
    ):
        is_text = isinstance(element.tag, str) and element.tag not in ("script", "style")
        if is_text and element.tag in _BLOCKS:
            pieces.append("\n")
        if event == "start" and is_text and element.text:
            pieces.append(element.text)
        if event != "start" and element is not root and element.tail:
            pieces.append(element.tail)
    lines = ("".join(pieces)).split("\n")
    return "\n".join(" ".join(line.split()) for line in lines if line.strip())
