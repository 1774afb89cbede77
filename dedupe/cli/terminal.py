"""What is put before people: numbers with their nouns, and no text that steers the terminal."""

from __future__ import annotations

import re

# Controls (an escape sequence can do anything to a terminal), line separators, overrides of the
# writing direction, lone surrogates. Joiners stay: Persian and emoji are spelt with them.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def counted(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 article`, `1,200 articles`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def harmless(text: str) -> str:
    """The text on one line, each character that steers a terminal as U+FFFD."""
    return _UNSAFE.sub("\ufffd", text)
