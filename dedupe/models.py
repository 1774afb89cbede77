"""The records that flow through dedupe: frozen, plain, one comment a field."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Literal

from msgspec import Struct


class Relation(IntEnum):
    """How two articles are related; a higher value is a closer relation."""

    NONE = 0  # different stories
    STORY = 1  # the same story, told independently
    REWRITE = 2  # derived: the same report in other words
    COPY = 3  # the same text, trimmed or lightly edited
    EXACT = 4  # the same normalised text

    @property
    def label(self) -> str:
        """The word used in output, e.g. `rewrite`."""
        return self.name.lower()


class Kind(IntEnum):
    """What an entry is, by its form or by its repetition."""

    ARTICLE = 0
    LIVE_BLOG = 1
    ROUNDUP = 2  # a newsletter too
    GALLERY = 3
    SERIES = 4  # one title day after day, with other dates and numbers
    TEMPLATE = 5  # one wording with other names and numbers
    HEADLINE = 6  # no text to speak of
    STUB = 7  # the beginning of a text; the rest is elsewhere or behind a paywall

    @property
    def label(self) -> str:
        """The word used in output, e.g. `live_blog`."""
        return self.name.lower()


# They tell of several stories, or of one for days, and join nothing but copies of themselves.
SEVERAL = (Kind.LIVE_BLOG, Kind.ROUNDUP, Kind.GALLERY)


class Level(StrEnum):
    """The weakest relation that puts two articles into one cluster."""

    COPY = "copy"
    REWRITE = "rewrite"
    STORY = "story"


class Article(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One article as it was read; the text is kept as given."""

    id: str  # unique in one scan or index; a content hash when the input has none
    text: str  # body as plain text
    title: str | None = None  # headline
    url: str | None = None  # address as given, not canonicalised
    source: str | None = None  # outlet or feed: a name, a domain or a feed's URL
    published: datetime | None = None  # aware, UTC; None where unknown or not believable
    lang: str | None = None  # BCP 47 tag as given
    author: str | None = None  # byline field
    html: str | None = None  # the page, where given: only metadata is read from it
    updated: datetime | None = None  # when its source says that it changed it
    first_seen: datetime | None = None  # when it was first met: its time where it has no date
    status: str | None = None  # as a wire says, e.g. usable, withheld or canceled


class Credit(Struct, frozen=True, kw_only=True):
    """The agency to which an article attributes its report."""

    agency: str  # the agency's usual name, e.g. "Reuters"
    how: Literal["dateline", "byline", "credit_line", "reported", "metadata", "source"]
    quote: str  # the words that say so, as they stand in the article


class Decision(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What dedupe says about one article: one line of output."""

    id: str  # the article
    cluster_id: str  # its story; a story of one has an id too
    canonical_id: str  # the article elected as the story's canonical source
    is_canonical: bool  # whether that is this article
    relation: str  # to the nearest article: exact, copy, rewrite, story or none
    update: bool  # a newer version of an article by the same source
    nearest_id: str | None  # the closest other article of the same cluster
    similarity: float | None  # to the nearest article, 0 to 1
    credit: str | None  # the agency the story is attributed to
    credit_count: int  # members of the story that attribute it so
    cluster_size: int  # members of the story
    canonical_reason: str  # the rule of the election that decided
    kind: str  # what the entry is: the label of its Kind
    linked_id: str | None  # canonical article of a story that it tells of without being part of it
    version: int = 1  # of the article, where an index knows earlier ones
    notice: str | None = None  # what its source says of it: killed or corrected


class Rejection(Struct, frozen=True, kw_only=True):
    """One record that could not be used."""

    where: str  # file and line, e.g. "feed.jsonl:17"
    reason: str  # plain words
    id: str | None = None  # the record's id, where it had one
