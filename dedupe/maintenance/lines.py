"""The lines of an exported index: JSON, without places, so that any index can take them in."""

from __future__ import annotations

from msgspec import Struct

from dedupe.index.manifest import Manifest
from dedupe.index.records import Record
from dedupe.models import Article

FORMAT = 1


class Header(Struct, frozen=True, kw_only=True, tag_field="type", tag="index"):
    """The first line."""

    format: int = FORMAT
    manifest: Manifest
    fields: tuple[str, ...] = Record.__struct_fields__  # what stands where in a `record`


class HandsLine(Struct, frozen=True, kw_only=True, tag_field="type", tag="hands"):
    """What people decided, by ids of articles."""

    pins: tuple[str, ...]
    apart: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    together: tuple[tuple[str, ...], ...]


class ReceiptLine(Struct, frozen=True, kw_only=True, tag_field="type", tag="receipt"):
    """An article that was taken down."""

    id: str
    hours: float  # when, since 1970
    reason: str


class ArticleLine(Struct, frozen=True, kw_only=True, tag_field="type", tag="article"):
    """One article; bytes in the record are base64."""

    id: str
    article: Article | None  # as given; None where the index keeps no texts
    record: Record


class StoryLine(Struct, frozen=True, kw_only=True, tag_field="type", tag="story"):
    """One cluster, by the ids of its articles. It comes after all of them."""

    id: str
    members: tuple[str, ...]  # in the order in which they joined
    canonical: str
    reason: str
    credit: str | None
    credited: int
    first: float | None  # hours since 1970
    last: float | None
    merged: tuple[str, ...]  # ids that lead here, sorted


Line = Header | HandsLine | ReceiptLine | ArticleLine | StoryLine
