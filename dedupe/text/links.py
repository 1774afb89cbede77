"""Where an article says that it was first published: a hint for the election, never proof."""

from __future__ import annotations

import re

from dedupe.text.urls import canonical_url, url_host

_HEAD = 65_536  # characters of a page in which its head lies
_END = 800  # characters at either end of a text where such a note stands
# A search for plain words costs a tenth of the expression.
_SIGNS = ("riginally published", "riginally appeared", "irst published", "irst appeared")
_LINK = re.compile(r"<link\b[^>]{0,500}\brel\s*=\s*[\"']?canonical\b[^>]{0,2000}>", re.IGNORECASE)
_HREF = re.compile(r"\bhref\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_PHRASE = re.compile(
    r"(?:originally|first) (?:published|appeared) (?:at|on|in|by) (?:the )?(https?://\S+|[\w-]+(?:\.[\w-]+)+)",
    re.IGNORECASE,
)


def named_original(text: str, html: str | None, own_url: str | None) -> str | None:
    """The canonical URL, or the host, that an article names as its original; None for itself.

    Looks at rel=canonical in the page and at "originally published at …" in the text.
    """
    if html and (link := _LINK.search(html, 0, _HEAD)) and (href := _HREF.search(link[0])):
        target = canonical_url(href[1])
        if target and not (own_url and target == canonical_url(own_url)):
            return target
    ends = text if len(text) <= 2 * _END else f"{text[:_END]}\n{text[-_END:]}"
    if any(sign in ends for sign in _SIGNS) and (said := _PHRASE.search(ends)):
        address = said[1].rstrip(".,;:)!?")
        return canonical_url(address) if "://" in address else url_host(address)
    return None
