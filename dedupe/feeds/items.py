"""What a feed holds, whatever its format: itself, and its items as fields of records."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from dedupe.feeds.charset import without_surrogates

MOST_ITEMS = 5_000  # of one feed; the rest is left out
_LONGEST_LINE = 2_000  # characters of a title, an author; what is longer is none
_LONGEST_URL = 8_192
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_STATUS = re.compile(r"(?:\w{1,20}:)?([A-Za-z][A-Za-z_-]{2,30})")  # canceled, stat:canceled
# What a plain `status` must say to be that of a wire; others count reviews, or name HTTP's.
_OF_WIRES = frozenset(
    "usable withheld withdrawn canceled cancelled killed kill embargoed corrected".split()
)


class FeedItem(Struct, frozen=True):
    """One item. `fields` are those of a record that the item has: text, title, url, published,
    updated, lang, author, status; all strings, dates as ISO 8601 or as they were found.
    """

    guid: str | None  # as given, not resolved
    link: str | None  # absolute, http or https
    fields: dict[str, str]


class ParsedFeed(Struct, frozen=True, kw_only=True):
    """A feed as it was read."""

    title: str | None
    site: str | None  # its web site's address
    lang: str | None  # BCP 47 tag as given
    ttl_minutes: float | None  # how long it says that it stays as it is
    items: tuple[FeedItem, ...]  # in the order of the feed
    broken: str | None  # what was wrong with it, though its items were read


def one_line(value: object) -> str | None:
    """Text on one line, without control characters; None where there is none."""
    if not isinstance(value, str):
        return None
    line = " ".join(_CONTROL.sub(" ", without_surrogates(value)).split())
    return line[:_LONGEST_LINE] or None


def running_text(value: str) -> str:
    """Text with its line breaks, without other control characters."""
    return _CONTROL.sub("", without_surrogates(value)).strip()


def web_address(value: object, base: str) -> str | None:
    """The http(s) address that a link of a document at `base` leads to; None for any other."""
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_URL:
        return None
    try:
        url = urljoin(base, _CONTROL.sub("", without_surrogates(value)).strip())
        parts = urlsplit(url)
        return url if parts.scheme in ("http", "https") and parts.hostname else None
    except ValueError:
        return None


def wire_status(pubstatus: object, status: object = None) -> str | None:
    """What a wire says of an item: usable, withheld, canceled."""
    if isinstance(pubstatus, str) and (match := _STATUS.fullmatch(pubstatus.strip())):
        return match[1].lower()
    if isinstance(status, str) and status.strip().lower() in _OF_WIRES:
        return status.strip().lower()
    return None


def present(fields: dict[str, str | None]) -> dict[str, str]:
    """The fields that have a value."""
    return {name: value for name, value in fields.items() if value}
