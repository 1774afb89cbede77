"""Whose article is it, and which one: what a feed may say of itself, and what it may not.

An id begins with the host of its feed, as the feed was listed, before anything that the feed says:
so no feed can make an id that is another host's. Feeds of one host may share ids, as the front page
and a section do.
"""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import urlsplit

from dedupe.text.urls import canonical_url, url_host

_LONGEST = 500  # characters of what is not hashed
# A key that is read alike by everybody who reads it: no user, no backslash, no other alphabet.
_PLAIN_KEY = re.compile(
    r"https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?([/?#][!-~]*)?", re.I
)


def article_id(item_guid: str | None, item_link: str | None, feed_key: str) -> str | None:
    """The id of an item; None where it has neither a guid nor a link.

    The guid, else the link: as a canonical address where it is one on the feed's own host (`www.`
    aside), else behind the feed's key, `https://news.example/rss#item-17`. What is long or cannot
    be printed is hashed.
    """
    said = next((text for text in (item_guid, item_link) if text and text.strip()), None)
    if said is None:
        return None
    said = said.strip()
    own = _origin(feed_key)
    address = _canonical(said, keep_fragment=bool(item_guid and item_guid.strip())) or ""
    is_own = own is not None and address.startswith((f"https://{own}/", f"https://{own}?"))
    if is_own and len(address) <= _LONGEST:
        return address
    key = feed_key if own is not None and len(feed_key) <= _LONGEST else f"feed:{_hash(feed_key)}"
    if len(said) > _LONGEST or not said.isprintable():
        said = f"x{_hash(said)}"
    return f"{key}#{said}"


def source_of(feed_key: str, given: str | None) -> str:
    """Who publishes a feed: what its list says, else the host of the feed as it was listed."""
    if given and (name := " ".join("".join(c if c.isprintable() else " " for c in given).split())):
        return name
    return url_host(feed_key) or feed_key


def _origin(key: str) -> str | None:
    """Host and port of a feed, without `www.` and the usual ports; None where that is unclear."""
    if not _PLAIN_KEY.fullmatch(key):
        return None
    try:
        parts = urlsplit(key)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    host = (host or "").rstrip(".")
    bare = host.removeprefix("www.")
    host = bare if "." in bare else host
    if not host:
        return None
    host = f"[{host}]" if ":" in host else host
    return host if port in (None, 80, 443) else f"{host}:{port}"


def _canonical(text: str, keep_fragment: bool) -> str | None:
    """An address in its canonical form; the fragment of a guid tells items of one page apart."""
    if not text.isprintable():
        return None
    address = canonical_url(text)
    if address is None or not keep_fragment or "#" in address:
        return address
    fragment = text.partition("#")[2]
    return f"{address}#{fragment}" if fragment else address


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
