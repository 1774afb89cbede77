"""Reported speech: "Reuters reported", "according to the AFP news agency", "told Reuters".

Each mention of an agency is judged by the words around it, in the languages of `phrases`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dedupe.attribution import phrases
from dedupe.attribution.agencies import BY_NAME, SHORT, Agency
from dedupe.attribution.mentions import Mention
from dedupe.models import Credit

_CUE_WITHIN = 90  # characters before a name in which its cue can stand


def reported(part: str, named: Iterable[Mention], text: str) -> Credit | None:
    """The first report attributed to an agency; failing that, the first statement made to one.

    `part` holds the mentions; the whole `text` shows what an ambiguous name means.
    """
    told: Credit | None = None
    for name, start, end in named:
        found = _attributed(part, name, start, end)
        if found and _means_the_agency(name, text):
            agency, quote, weak = found
            if not weak:
                return Credit(agency=agency.name, how="reported", quote=quote)
            told = told or Credit(agency=agency.name, how="reported", quote=quote)
    return told


def _means_the_agency(name: str, text: str) -> bool:
    unless = BY_NAME[name].unless
    return name not in SHORT or not any(phrase in text for phrase in unless)


def _attributed(text: str, name: str, start: int, end: int) -> tuple[Agency, str, bool] | None:
    """Agency, quote and whether it is only "told", if the words around the name attribute."""
    agency = BY_NAME[name]
    guarded = name in SHORT and agency.ambiguous and not _after_agency_word(text, start)
    if text.endswith("/", 0, start) or text[max(0, start - 8) : start] == "Thomson ":
        return None
    cue = _cue_before(text, start, guarded=guarded)
    if cue and not cue[1] and not phrases.NOT_A_REPORT.match(text, end):
        return agency, text[cue[0] : end], False
    after = _report_after(text, end, guarded=guarded)
    if after and not (name in SHORT and text[after : after + 2].strip().isdigit()):
        return agency, text[start:after], False
    if text[start] > "\u0370":
        told = phrases.TOLD_AFTER_OTHER.match(text, end, end + 40)
        if told:
            return agency, text[start : told.end()], True
    if cue and cue[1] and not phrases.NOT_A_REPORT.match(text, end):
        return agency, text[cue[0] : end], True
    return None


def _report_after(text: str, end: int, *, guarded: bool) -> int | None:
    limit = end + 80
    english = phrases.AFTER_EN_STRICT if guarded else phrases.AFTER_EN
    for pattern in (english, phrases.AFTER_LATIN, phrases.AFTER_OTHER):
        match = pattern.match(text, end, limit)
        if match:
            return match.end()
    return None


_WORD = re.compile(r"\S+")


def _after_agency_word(text: str, start: int) -> bool:
    """Whether "news agency" or the like stands right before the name."""
    words = text[max(0, start - 30) : start].split()
    return bool(words) and _plain(words[-1]) in phrases.AGENCY_WORDS


def _cue_before(text: str, start: int, *, guarded: bool) -> tuple[int, bool] | None:
    """Where the cue before a name starts, and whether it is a "told"; None without a cue.

    Walks back over articles and "news agency" words. After an agency word up to three others may
    stand between ("the state-run Iranian news agency"), and an acronym needs no other context.
    """
    from_ = max(0, start - _CUE_WITHIN)
    raw = text[from_:start]
    for cues, told in ((phrases.BEFORE_HAN, False), (phrases.TOLD_BEFORE_HAN, True)):
        if raw.endswith(cues):
            return start - max(len(cue) for cue in cues if raw.endswith(cue)), told
    places = [(m.start() + from_, m.group()) for m in _WORD.finditer(raw)]
    words = [_plain(word) for _, word in places]
    agency_word, skipped = False, 0
    for last in range(len(words) - 1, -1, -1):
        word = words[last]
        for length in (1, 2, 3, 4):
            cue = phrases.BEFORE.get(tuple(reversed(words[max(0, last - length + 1) : last + 1])))
            if cue and (agency_word or not (guarded and cue[1])):
                return places[last - length + 1][0], cue[0]
        if word in phrases.AGENCY_WORDS:
            agency_word = True
        elif word not in phrases.FILLERS and word:
            skipped += 1
            if not agency_word or skipped > 3 or places[last][1][-1] in ".!?":
                return None
    return None


def _plain(word: str) -> str:
    """A word without quotes, brackets and an elided article, in small letters."""
    word = word.strip('«»"“”„(‘,:').replace("’", "'").lower()
    article, elided, rest = word.partition("'")
    if elided and (not rest or rest in phrases.AGENCY_WORDS):
        return rest or article
    return word
