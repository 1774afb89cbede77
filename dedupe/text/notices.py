"""What a source says of its own article beyond its text: that it is killed, or corrected.

Status fields say so, and the conventions of the wires: words in capitals, set off by a mark, at
the beginning of the headline or of the first line. Everyday news has the same words and not the
form: nothing is taken for a notice that is not set off.
"""

from __future__ import annotations

import re

KILLED = "killed"  # not to be used, and to be taken out where it was
CORRECTED = "corrected"

_LINE = 240  # characters of a line in which a notice begins
_STATUS = {
    "canceled": KILLED,  # ninjs and NewsML-G2
    "cancelled": KILLED,
    "withheld": KILLED,
    "killed": KILLED,
    "recalled": KILLED,
    "withdrawn": KILLED,
    "retracted": KILLED,
    "corrected": CORRECTED,
}
_USABLE = "usable"
_SET_OFF = r"(?: ?(?:[:/–—)\]>]|--?)|\s*$)"
_SLUG = r"(?:\W*(?:(?:UPDATE \d+|REFILE|URGENT|BULLETIN|ADVISORY)\b ?[-:–—]*|BC-[\w&'’]+-+) ?)*\W*"
_KILL = (
    rf"{_SLUG}(?:KILL(?:ED)?|WITHDRAWN|WITHDRAWAL|RETRACT(?:ED|ION))\b{_SET_OFF}"
    rf"|\W*(?i:mandatory kill)\b|BC-(?:[\w&'’.]+[-, ]+){{1,6}}KILL\b"
    rf"|\W*(?:Withdrawn|Retracted|Retraction) ?:|\W*(?i:(?:story|article) (?:kill(?:ed)?|withdrawn|"
    rf"retracted)){_SET_OFF}"
    r"|\W*(?i:(?:note to |attention |attn\.? |advisory to )?(?:editors|eds)\W{0,3}[:,–—-]\W{0,3}"
    r"(?:please |kindly )?(?:kill|withdraw|disregard)\b"
    r"|(?:note to|attention|attn\.?|advisory to) (?:editors|eds)\b.{0,60}\b(?:kill|withdraw|"
    r"disregard) (?:the|this|our|story|item|bc-))"
)
_CORRECTION = (
    rf"{_SLUG}CORRECT(?:ED|ION|S){_SET_OFF}|{_SLUG}CORRECTS(?= [a-z])"
    r"|\W*(?:Correction|Corrected|Corrects) ?:|\W*\((?i:corrects|correcting)\b"
)
_NOTICE = re.compile(rf"\s*(?:(?P<{KILLED}>{_KILL})|(?P<{CORRECTED}>{_CORRECTION}))")
_AT_END = re.compile(
    r"[(\[](?:(?P<killed>KILLED|WITHDRAWN|RETRACTED)|(?P<corrected>(?i:corrected|correction)))[)\]]"
    r"\s*\Z"
)


def notice_of(title: str | None, text: str, status: str | None) -> str:
    """What an article is marked as: `killed`, `corrected`, or neither (empty)."""
    if status and (told := _STATUS.get(_status(status))):
        return told
    if title:
        found = _NOTICE.match(title) or (title[-1:] in ")]" and _AT_END.search(title))
        if found:
            return str(found.lastgroup)
    found = _NOTICE.match(text[:_LINE].lstrip().partition("\n")[0])
    return str(found.lastgroup) if found else ""


def is_usable(status: str | None) -> bool:
    """Whether a status says in so many words that an article may be used."""
    return status is not None and _status(status) == _USABLE


def without_notice(title: str) -> str:
    """A headline without the words that make it a notice."""
    found = _NOTICE.match(title)
    rest = title[found.end() :] if found else title
    return _AT_END.sub("", rest).strip(" \t-:–—/>)]")


def _status(status: str) -> str:
    """The word itself, where it comes as a code of a vocabulary (stat:canceled)."""
    return re.split(r"[:/]", status.strip())[-1].casefold()
