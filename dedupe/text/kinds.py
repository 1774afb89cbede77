"""What kind of entry a text is, by its form. Most are articles."""

from __future__ import annotations

import re
from enum import IntEnum


class Kind(IntEnum):
    """Entries of a kind other than ARTICLE tell of several stories, or of one for days."""

    ARTICLE = 0
    LIVE_BLOG = 1
    ROUNDUP = 2


_ENTRIES = 4  # a form that comes back so often is a form
_HEAD = 4000  # characters in which a form shows
_BULLETS = " \t*•–—([-"  # may stand before the number
_BEGINNINGS = frozenset(_BULLETS + "0123456789")
_CLOCK = re.compile(r"\W{0,3}(?:[01]?\d|2[0-3])[:.h][0-5]\d(?!\d)")
_ITEM = re.compile(r"\W{0,3}(?:[1-9]|1\d|20)[.):] +\S")
_LIVE_TITLE = re.compile(
    r"\blive\b.{0,40}\b(?:updates?|blog|coverage)|\bas it happened\b|\bliveticker\b|\ben direct\b"
    r"|\bminuto a minuto\b|\bonline-трансляция|\bтекстовая трансляция",
)
_ROUNDUP_TITLE = re.compile(
    r"\b(?:\d+|five|ten|three) things to (?:know|watch)|\b(?:morning|evening|daily|weekly|news)"
    r" (?:briefing|roundup|round-up|digest|newsletter|wrap)\b|\bthe week in\b",
)
# One of these is in every title that the two expressions match; looking for them is cheaper.
_TITLE_WORDS = (
    "live", "as it happened", "en direct", "minuto a minuto", "трансляция", "things to", "briefing",
    "roundup", "round-up", "digest", "newsletter", "wrap", "the week in",
)  # fmt: skip


def kind_of(title: str | None, text: str) -> Kind:
    """The kind of an entry, from its title and the way its lines begin."""
    lower = title.lower() if title else ""
    if any(word in lower for word in _TITLE_WORDS):
        if _LIVE_TITLE.search(lower):
            return Kind.LIVE_BLOG
        if _ROUNDUP_TITLE.search(lower):
            return Kind.ROUNDUP
    lines = [line for line in text[:_HEAD].split("\n") if line[:1] in _BEGINNINGS]
    numbered = [line for line in lines if line[:4].lstrip(_BULLETS)[:1].isdigit()]
    if len(numbered) >= _ENTRIES:
        if sum(_CLOCK.match(line) is not None for line in numbered) >= _ENTRIES:
            return Kind.LIVE_BLOG
        if sum(_ITEM.match(line) is not None for line in numbered) >= _ENTRIES:
            return Kind.ROUNDUP
    return Kind.ARTICLE
