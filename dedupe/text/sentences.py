"""Where the sentences of a text begin and end: by punctuation and lines, in any language."""

from __future__ import annotations

import re

_CLOSING = r"(?:[\"'”’»)\]]|&(?:quot|rdquo|rsquo|raquo|#39|#34);)*"
_END = re.compile(
    rf"\n+|[。！？｡]+[」』”）]*|[.!?…؟۔।]+{_CLOSING}(?=\s+[^\sa-zà-öø-ÿа-я])",
)
# A point behind these ends no sentence: initials, and forms of address that names follow.
_ABBREVIATION = re.compile(
    r"(?:\b[^\W\d_]|\b(?:Mr|Mrs|Ms|Dr|Prof|St|Gen|Sen|Rep|Gov|Lt|Col|Sgt|Capt|No|vs|Jr|Sr|Herr|M"
    r"|Mme|Sr|Sra|Hr|Fr|Nr|zw|dr|prof|ul))\Z"
)
_LOOK_BACK = 6  # characters that hold any of them


def sentences(text: str) -> list[tuple[int, int]]:
    """The sentences as places [start, end) in the text, ascending, without white space around."""
    found = []
    start = 0
    for end in _END.finditer(text):
        before = text[max(0, end.start() - _LOOK_BACK) : end.start()]
        if end[0][0] == "." and _ABBREVIATION.search(before):
            continue
        found.append((start, end.end()))
        start = end.end()
    found.append((start, len(text)))
    return [_trimmed(text, a, b) for a, b in found if text[a:b].strip()]


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    return start + len(part) - len(part.lstrip()), start + len(part.rstrip())
