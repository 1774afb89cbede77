"""XML of strangers, before a parser sees it: decoded, and without whatever declares entities.

Everything before the root element goes: the XML declaration, comments, and a DOCTYPE with all it
declares. A parser that starts at the root element meets no entities but XML's own, and no DTD to
fetch; a DOCTYPE further on is an error to it.
"""

from __future__ import annotations

import re

from dedupe.errors import SourceUnreadable
from dedupe.feeds.charset import decode_document
from dedupe.feeds.extraction import declared_encoding

_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", re.I)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")  # no part of XML, yet met in feeds
_MARK = re.compile(r"<(?:[A-Za-z_]|!--|\?|!)")
_IN_DOCTYPE = re.compile(r"""<!--|<\?|["'\[\]>]""")
# UTF-16 without a byte order mark, by the first two characters: `<?`, `<r`.
_WIDE = (
    (re.compile(rb"\x00[^\x00]\x00[^\x00]"), "utf-16-be"),
    (re.compile(rb"[^\x00]\x00[^\x00]\x00"), "utf-16-le"),
)


def bare_xml(data: bytes, where: str, content_type: str | None = None) -> str:
    """The document from its root element on; line breaks before it are kept, for line numbers.

    `content_type` is the header's, with a charset or without. Raises SourceUnreadable where there
    is no element.
    """
    text = _decoded(data, content_type)
    root = _root(text, where)
    return "\n" * text.count("\n", 0, root) + _CONTROL.sub("", text[root:])


def charset_of(content_type: str | None) -> str | None:
    """The encoding that a Content-Type names."""
    match = _CHARSET.search(content_type or "")
    return match[1] if match else None


def _decoded(data: bytes, content_type: str | None) -> str:
    for beginning, encoding in _WIDE:
        if beginning.match(data):
            return data.decode(encoding, "replace")
    declared = charset_of(content_type) or declared_encoding(data)
    if declared and declared.lower().startswith("iso-2022") and b"\x1b" in data:
        try:
            return data.decode(declared, "replace")  # seven bits: it looks like ASCII
        except LookupError:
            pass
    return decode_document(data, declared)[0]


def _root(text: str, where: str) -> int:
    """Where the root element begins."""
    at = 0
    while mark := _MARK.search(text, at):
        at = mark.start()
        match mark[0]:
            case "<!--":
                at = _after("-->", text, at + 4, where)
            case "<?":
                at = _after("?>", text, at, where)
            case "<!":
                at = _after_declaration(text, at, where)
            case _:
                return at
    raise SourceUnreadable(where, "not a feed")


def _after_declaration(text: str, at: int, where: str) -> int:
    """Behind a DOCTYPE and the declarations in it."""
    depth = 0
    at += 2
    while mark := _IN_DOCTYPE.search(text, at):
        at = mark.end()
        match mark[0]:
            case "<!--":
                at = _after("-->", text, at, where)
            case "<?":
                at = _after("?>", text, at, where)
            case "[":
                depth += 1
            case "]":
                depth -= 1
            case ">":
                if depth <= 0:
                    return at
            case quote:
                at = _after(quote, text, at, where)
    raise SourceUnreadable(where, "not usable as XML: its DOCTYPE does not end")


def _after(end: str, text: str, at: int, where: str) -> int:
    found = text.find(end, at)
    if found < 0:
        raise SourceUnreadable(where, f"not usable as XML: it stops before a {end}")
    return found + len(end)
