"""What an index keeps of an article, and its text: encoded with msgpack, never pickled."""

from __future__ import annotations

import zlib
from datetime import datetime

import msgspec
from msgspec import Struct

from dedupe.errors import IndexDamaged
from dedupe.models import Article


class Version(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of an article: what its source changed when."""

    number: int  # from 1
    came: datetime | None = None  # when it was added, where the caller said
    published: datetime | None = None  # as given
    updated: datetime | None = None  # as given
    notice: str = ""  # what its source says of it: corrected, killed
    by: str | None = None  # id of the article that says so, where it is one of its own
    titles: tuple[str | None, str | None] | None = None  # before and after, where it changed
    added: tuple[str, ...] = ()  # sentences that are new, the first of them, cut
    removed: tuple[str, ...] = ()
    changed: float | None = None  # share of the words, 0 to 1; None: not known, or the first
    content: int = 0  # Record.content of what came


class Record(Struct, frozen=True, array_like=True):
    """An article without its text: circumstances, fingerprint, buckets. Numbers little-endian."""

    id: str
    title: str | None
    url: str | None
    source: str | None  # as given, else the host of the URL
    published: datetime | None
    agency: str | None  # that it credits, or is
    own: bool  # it is the agency's own article
    original: str | None  # the canonical URL or the host it names as its original
    kind: int  # dedupe.models.Kind, by its form alone
    hours: float  # since 1970, that it is filed under: as published, else when it arrived
    content: int  # 64-bit hash of the article as given
    digest: int  # 64 bits, of the normalised text
    length: int  # tokens that the copy signature stands for
    informative: int  # informative words of the lead
    copy: bytes  # copy signature: the lower 16 bits of each place
    terms: bytes  # uint32 each, ascending
    tfs: bytes  # uint8 each
    zipfs: bytes
    marks: bytes  # kinds of the terms, with the bits of dedupe.similarity.features
    skeletons: bytes  # uint32 each
    keys: bytes  # buckets, uint32 each
    forms: (
        bytes  # uint64 each, as dedupe.stories.recurring has them; of who publishes and skeletons
    )
    form_marks: bytes  # uint8 each, what the forms come with
    updated: datetime | None = None  # as given
    notice: str = ""  # what its source says of it by now: corrected, killed
    before: int = -1  # place of the version that it superseded
    versions: tuple[Version, ...] = ()  # the last of them, itself included; empty: the first


_ENCODER = msgspec.msgpack.Encoder()
_RECORDS = msgspec.msgpack.Decoder(Record)
_ARTICLES = msgspec.msgpack.Decoder(Article)


def encode_record(record: Record) -> bytes:
    """As the index stores it."""
    return _ENCODER.encode(record)


def decode_record(stored: bytes, where: str) -> Record:
    """A stored record. Raises IndexDamaged for what is none."""
    try:
        return _RECORDS.decode(stored)
    except (ValueError, RecursionError) as error:
        raise IndexDamaged(f"{where}: a record cannot be read: {error}") from error


def encode_article(article: Article) -> bytes:
    """The article as given, compressed: about 45 % of its text."""
    return zlib.compress(_ENCODER.encode(article), level=1)


def decode_article(stored: bytes, where: str) -> Article:
    """A stored article. Raises IndexDamaged for what is none."""
    try:
        return _ARTICLES.decode(zlib.decompress(stored))
    except (ValueError, RecursionError, zlib.error) as error:
        raise IndexDamaged(f"{where}: a text cannot be read: {error}") from error
