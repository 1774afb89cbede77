"""Text from outside, made harmless before a terminal shows it."""

from __future__ import annotations

import re

# Controls (an escape sequence can do anything to a terminal), line separators, overrides of the
# writing direction, lone surrogates. Joiners stay: Persian and emoji are spelt with them.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def harmless(text: str) -> str:
    """The text on one line, each character that steers a terminal as U+FFFD."""
    return _UNSAFE.sub("\ufffd", text)
