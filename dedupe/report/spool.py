"""Articles as they pass, kept on disk until their stories are known."""

from __future__ import annotations

import tempfile
import zlib
from array import array
from collections.abc import Iterable, Iterator
from typing import Any, Self

import msgspec
from msgspec import Struct

from dedupe.models import Article

TEXT_CHARACTERS = 6_000  # kept of a text
_TITLE_CHARACTERS = 300  # of a title
_LEAD_CHARACTERS = 120  # of the text that stands for a missing title
_NAME_CHARACTERS = 200  # of a source
_URL_CHARACTERS = 2_000  # a longer address is left out: cut, it would lead elsewhere


class Spooled(Struct, frozen=True, array_like=True):
    """What the page may show of an article."""

    title: str  # the headline, or else how the text begins
    untitled: bool  # whether it is the latter
    text: str  # its beginning
    cut: bool  # whether the text goes on
    source: str | None
    url: str | None
    time: int | None  # of publication: seconds since 1970, UTC
    lang: str | None


class Spool:
    """Articles in a temporary file, compressed; each is found again by its place, from 0.

    In memory stay 12 bytes an article. Closing it, or leaving its `with` block, removes the file.
    Raises OSError where the folder for temporary files is full.
    """

    def __init__(self, characters: int = TEXT_CHARACTERS) -> None:
        self._characters = characters
        self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._ends = array("Q", [0])
        self._sizes = array("I")
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(Spooled).decode

    def watch(self, articles: Iterable[Article]) -> Iterator[Article]:
        """Pass the articles on, and keep what the page may show of them."""
        for article in articles:
            self.add(article)
            yield article

    def add(self, article: Article) -> None:
        """Keep one more article."""
        kept = _spooled(article, self._characters)
        packed = zlib.compress(self._encode(kept), level=1)
        self._file.seek(self._ends[-1])
        self._file.write(packed)
        self._ends.append(self._ends[-1] + len(packed))
        self._sizes.append(len(kept.text.encode()))

    def __len__(self) -> int:
        return len(self._sizes)

    def __getitem__(self, place: int) -> Spooled:
        self._file.seek(self._ends[place])
        return self._decode(
            zlib.decompress(self._file.read(self._ends[place + 1] - self._ends[place]))
        )

    def text_bytes(self, place: int) -> int:
        """What is kept of the article's text, in bytes of UTF-8."""
        return self._sizes[place]

    def close(self) -> None:
        """Remove the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


def _spooled(article: Article, characters: int) -> Spooled:
    text = article.text[:characters]
    title = " ".join((article.title or "").split())[:_TITLE_CHARACTERS]
    url = article.url
    return Spooled(
        title=_encodable(title or _lead(text)),
        untitled=not title,
        text=_encodable(text),
        cut=len(article.text) > characters,
        source=_encodable(article.source[:_NAME_CHARACTERS]) if article.source else None,
        url=_encodable(url) if url and len(url) <= _URL_CHARACTERS else None,
        time=int(article.published.timestamp()) if article.published else None,
        lang=_encodable(article.lang[:_NAME_CHARACTERS]) if article.lang else None,
    )


def _lead(text: str) -> str:
    lead = " ".join(text[: 2 * _LEAD_CHARACTERS].split())
    return lead if len(lead) <= _LEAD_CHARACTERS else f"{lead[:_LEAD_CHARACTERS]}…"


def _encodable(text: str) -> str:
    """The text without lone surrogates, which no file can hold."""
    return text.encode("utf-8", "replace").decode()
