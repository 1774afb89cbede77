"""Bytes to text where the encoding is not what it should be."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from importlib import import_module

_REPLACEMENT = "\ufffd"
_BOMS = (  # UTF-32 first: its little-endian mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 1 << 16  # bytes looked at when an encoding is guessed
_ENOUGH = 16  # bytes that are not ASCII, below which a guess is worth less than the usual cp1252
_WIDE = ["utf_7", "utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le"]
# Python's own codecs, no encodings of documents; some take time that grows with the square.
_NO_CHARSETS = frozenset("idna punycode unicode_escape raw_unicode_escape undefined utf_7".split())
_SURROGATE = re.compile("[\ud800-\udfff]")


def as_utf8(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same text as UTF-8 without a byte order mark; UTF-16 and UTF-32 are told by theirs."""
    chunks = iter(chunks)
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= 4:
            break
    for bom, encoding in _BOMS:
        if head.startswith(bom):
            head = head[len(bom) :]
            if encoding == "utf-8":
                break
            decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
            yield decoder.decode(head).encode()
            for chunk in chunks:
                yield decoder.decode(chunk).encode()
            yield decoder.decode(b"", final=True).encode()
            return
    yield head
    yield from chunks


def decode_record(data: bytes) -> str:
    """Text of a record that is not valid UTF-8: UTF-8 with some damaged bytes, else cp1252.

    Accented words in cp1252 hardly ever form UTF-8 sequences, so when most of what is not ASCII
    does, the record is UTF-8 and only its damaged bytes become U+FFFD. Raises UnicodeDecodeError
    where it is neither.
    """
    text = data.decode("utf-8", "replace")
    return text if _is_damaged_utf8(text) else data.decode("cp1252")


def decode_document(data: bytes, declared: str | None = None) -> tuple[str, bool]:
    """Text of a whole file, and whether it was UTF-8 throughout.

    After UTF-8 come the `declared` encoding, a guess from the text where charset_normalizer is
    installed, and cp1252; never raises.
    """
    data = b"".join(as_utf8([data]))
    try:
        return data.decode(), True
    except UnicodeDecodeError:
        pass
    try:
        if declared and codecs.lookup(declared).name.replace("-", "_") not in _NO_CHARSETS:
            return data.decode(declared), False
    except (LookupError, ValueError):
        pass
    return data.decode(guess_encoding(data), "replace"), False


def guess_encoding(data: bytes) -> str:
    """The likely encoding of text that is not valid UTF-8; an encoding that Python knows."""
    sample = data[:_SAMPLE]
    if _is_damaged_utf8(sample.decode("utf-8", "replace")):
        return "utf-8"
    foreign = len(sample) - len(sample.decode("ascii", "ignore"))
    if foreign < _ENOUGH:
        return "cp1252"
    try:
        found = import_module("charset_normalizer").from_bytes(sample, cp_exclusion=_WIDE).best()
    except ImportError:
        return "cp1252"
    return "cp1252" if found is None else str(found.encoding)


def _is_damaged_utf8(decoded: str) -> bool:
    """Whether more sequences were valid than were not, in text decoded with replacement."""
    damaged = decoded.count(_REPLACEMENT)
    intact = sum(not character.isascii() for character in decoded) - damaged
    return intact > damaged


def without_surrogates(text: str) -> str:
    """The text with lone surrogates, which no encoding can write, as U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub(_REPLACEMENT, text)
