"""To which news agency does an article attribute its report?

Evidence, strongest first: the page's metadata; the article's own source; byline; dateline; credit
line; reported speech ("Reuters reported"); statements to an agency ("told Reuters"). Acronyms count
only where a credit is expected. Picture credits are not credits of the report.
"""

from __future__ import annotations

import re
from typing import Literal

from dedupe.attribution import phrases
from dedupe.attribution.agencies import BY_NAME, SHORT, Agency, agency_of
from dedupe.attribution.mentions import Mention, any_of, mentions
from dedupe.attribution.metadata import stated_authors
from dedupe.attribution.speech import reported
from dedupe.models import Credit

How = Literal["dateline", "byline", "credit_line", "reported", "metadata", "source"]

_HEAD = 400  # characters in which a dateline or byline can stand
_TAIL = 300  # characters in which a credit line can stand
_READ_HEAD = 3000  # characters in which a report says whose it is; deeper it speaks of side facts
_READ_TAIL = 600  # and the end, where credit lines stand
_MAX_MENTIONS = 40  # mentions of agencies looked at in one article
_MAX_LINE = 120  # characters of a byline or credit line
_MAX_FIELD = 300  # characters of an author field

_OTHER_SCRIPT = re.compile("[\u0370-\u1fff\u2c00-\ud7ff\uf900-\uffef]")

_PLACE = re.compile(  # what stands before "(Reuters)": a place in capitals, or a place and a date
    r"[^a-zà-ÿ]{3,60}$|[^.!?]{2,70}[,.]? ?\(?\d{1,2}\.?(?: [^\W\d]{3,10}\.?)?(?: \d{4})?[,.]?\s?$"
    r"|[^.!?]{2,50}[,.] [^\W\d]{3,10}\.? \d{1,2},?(?: \d{4})?,?\s?$"
)
_PHOTOGRAPHER = re.compile(r"\s*[^\W\d_][^/\n]* [^/\n]+ ?/")  # "Jane Roe/Reuters" is a picture's
_DASH = re.compile(r"\s?[.,:]?\s?[-–—―_=:]|\s?/|\s*\n|\s?[.．]-")
_SLASHED = re.compile(r"[^/\n]{2,80}[./,] ?/ ?([^/\n]{2,25}?) ?/")
_DASHED = re.compile(
    r"[^\n.!?]{0,60}\d[^\n.!?]{0,20}\.? ?[-–—] ?([^\W\d_][^\n.,:–—]{1,25})[.,:]"
    r"|[^\n.]{2,40}\. \d{1,2} [^\W\d]{3,10}\. ([^\W\d_][\w .-]{2,25}?)(?:\.[A-Z]{2})?(?:\.| [-–—])"
    r"|([^\W\d_][^\n(),.:–—]{1,25}) ?(?:[–—]|--? )"
)
_BRACKETED_CJK = re.compile(r"[【［\[(（]([^】］\])）\n]{2,40})[】］\])）]")
_CJK_TELEGRAM = re.compile(
    r"[（(]?(新华社|新華社|新华网|中新社|中新网|中央社|路透社?|法新社|美联社|美聯社|德新社|俄新社|塔斯社|韩联社|共同社|埃菲社)"
    r"[^\n。，]{0,30}?\d*[^\n。，]{0,4}?(?:电|電|讯|訊)"
)
_JAPANESE_SHORT = {"共同": "共同通信", "時事": "時事通信"}

_BY = re.compile(
    r"(?:By|BY|Von|VON|Par|Por|POR|Di|Door|Av|Af|Från|Autor|Autore|Penulis|Oleh|Reporting by|"
    r"Автор|Korrespondent|Bron|Redaktion|Rédaction)\b:?\s+"
)
_STAFF = re.compile(
    r"(?: (?:[Ss]taff|[Nn]ews|[Ww]riters?|[Rr]eporters?|[Cc]orrespondents?|in [A-Z]\w+|"
    r"[A-Z]\w+ (?:[A-Z]\w+ )?[Ww]riter|[Rr]edaktion|agencies|wires))+"
)
_SOURCE_LINE = re.compile(
    r"\W*(?:Source|Sources|SOURCE|Quelle|Quellen|Fuente|Fonte|Bron|Kilde|Källa|Lähde|Źródło|Zdroj|"
    r"Sursa|Izvor|Forrás|Sumber|Kaynak|Nguồn|Πηγή|Источник|Джерело|Източник|Извор|المصدر|منبع|来源|"
    r"來源|出典|出所|स्रोत|출처)\s?[:：]"
    r"|\W*(?:©|Copyright|\(c\)|\(C\))"
    r"|\W*[Ww]ith (?:(?:additional |agency )?(?:files|reporting|information|material|inputs?))"
    r" (?:from|by)\b"
    r"|\W*(?:Con información de|Com informações d|Avec |avec |Mit Material|"
    r"Met (?:informatie|medewerking)|Con (?:notizie|agenzie)|Z wykorzystaniem|"
    r"Med material)"
)
_CONTRIBUTED = re.compile(r"contributed (?:to|reporting|additional)|a contribué|hat zu diesem")
_TITLE_END = re.compile(r"\s[-–—|]\s?([^-–—|]{2,30})$")
_GENERIC = frozenset("agencies agenturen agencias agences agenzie staff wires".split())
_PARTS = re.compile(r"[/,;&|]| and | und | et | y | e | en | och | og ")


def find_credit(
    text: str,
    *,
    title: str | None = None,
    author: str | None = None,
    source: str | None = None,
    url: str | None = None,
    html: str | None = None,
) -> Credit | None:
    """The agency to which an article attributes its report, with the words that say so.

    `text` is plain text; `source` an outlet's name, domain or feed; `html` the page, of which only
    metadata is read. Of several agencies the one with the strongest evidence is given, then the one
    named first. The quote is a literal part of one of the arguments.
    """
    if html:
        for name in stated_authors(html):
            found = _in_field(name)
            if found:
                return _credit(found, "metadata")
    # Whoever publishes may link to an agency's site without being the agency: the source decides.
    publisher = (source, None) if source and source.strip() else (None, url)
    own = agency_of(*publisher)
    if own:
        return Credit(agency=own, how="source", quote=publisher[0] or publisher[1] or "")
    if author:
        found = _in_field(author[:_MAX_FIELD])
        if found:
            return _credit(found, "byline")
    if len(text) > _READ_HEAD + _READ_TAIL:
        text = f"{text[:_READ_HEAD]}\n\n{text[-_READ_TAIL:]}"
    return _in_text(text, title)


def _in_text(text: str, title: str | None) -> Credit | None:
    """Credit in the words of the article; most articles name no agency and end here soon."""
    titled, named = _mentions_in(title or "", text)
    head, tail = text[:_HEAD], text[-_TAIL:]
    if (named and named[0][1] < _HEAD) or any(name in head for name in _JAPANESE_SHORT):
        found = _byline(head) or _dateline(head)
        if found:
            return found
    if (
        (named and named[-1][2] > len(text) - _TAIL)
        or len(named) == _MAX_MENTIONS
        or any(name in tail for name in _JAPANESE_SHORT)
    ):
        found = _in_tail(tail, whole=len(text) <= _TAIL)
        if found:
            return found
    if title and (titled or _TITLE_END.search(title[-40:])):
        found = _in_title(title, titled, text)
        if found:
            return found
    return reported(text, named, text) if named else None


def _mentions_in(title: str, text: str) -> tuple[list[Mention], list[Mention]]:
    """The mentions in the title and in the text, found in one pass."""
    both = mentions(f"{title}\n{text}", _MAX_MENTIONS)
    seam = len(title) + 1
    titled = [mention for mention in both if mention[1] < seam]
    return titled, [(name, start - seam, end - seam) for name, start, end in both[len(titled) :]]


def _credit(found: tuple[Agency, str], how: How) -> Credit:
    return Credit(agency=found[0].name, how=how, quote=found[1])


# ---- fields and short segments ------------------------------------------------------------------


def _in_segment(segment: str) -> tuple[Agency, str] | None:
    """The first agency in a short piece of text in which a credit is expected."""
    for name, start, end in mentions(segment, _MAX_MENTIONS):
        rest = segment[end : end + 40]
        if phrases.NOT_A_REPORT.match(rest) and not _IN_SLASHES.match(rest):
            continue
        if name in SHORT and not _ENDS.match(rest):
            continue
        return BY_NAME[name], segment[start:end]
    return None


_IN_SLASHES = re.compile(r"/(?:" + any_of(BY_NAME) + r")\b")
_ENDS = re.compile(
    r"\W*$|\s?[,/;|&)\]】］）.:–—-]| (?:and|und|et|y|e) |"
    r"(?:'s)? (?:[A-Z][\w.]+ ){0,3}[Ss]taff|(?: [A-Z]\w+){0,2} [Ww]riter|"
    r" [Nn]ews|(?:'s)? [Rr]eporter|(?:'s)? [Cc]orrespondent| contributed"
)


def _in_field(field: str) -> tuple[Agency, str] | None:
    """The agency in an author field: "Reuters Staff", "Jane Roe, AP", "dpa/afp"."""
    if len(field) > _MAX_FIELD or phrases.PICTURE.search(field):
        return None
    if field.strip() in BY_NAME:
        return BY_NAME[field.strip()], field.strip()
    return _in_segment(field)


# ---- the beginning ------------------------------------------------------------------------------


def _byline(head: str) -> Credit | None:
    """A line of its own at the top: "By Reuters Staff", "The Associated Press"."""
    if "\n" not in head:
        return None
    for line in head.split("\n", 6)[:-1]:  # not the last one: an article follows a byline
        line = line.strip()
        if not 2 <= len(line) <= _MAX_LINE or line[-1] in ".!?:":
            continue
        by = _BY.match(line)
        found = _in_segment(line[by.end() :]) if by else _alone(line)
        if found and not phrases.PICTURE.search(line):
            return _credit((found[0], line), "byline")
    return None


def _alone(line: str) -> tuple[Agency, str] | None:
    """The agency of a line that holds nothing else: "AFP", "— Reuters", "dpa/afp"."""
    bare = line.strip(" \t\u3000-–—―.,;:()[]（）【】*©|/_•\xa0")
    bare = bare.removeprefix("The ").removeprefix("the ")
    if len(bare) > 60 or not bare:
        return None
    agency = None
    for part in map(str.strip, _PARTS.split(bare)):
        staff = _STAFF.search(part)
        name = part[: staff.start()] if staff else part
        name = name.strip()
        if name in BY_NAME:
            agency = agency or BY_NAME[name]
        elif part.lower() not in _GENERIC:
            return None
    return (agency, line) if agency else None


def _dateline(head: str) -> Credit | None:
    """`LONDON (Reuters) -`, `МОСКВА, 3 марта. /ТАСС/.`, `新华社北京3月3日电`, `【東京共同】`."""
    if not head.isascii() and _OTHER_SCRIPT.search(head, 0, 120):
        found = _cjk_dateline(head)
        if found:
            return _credit(found, "dateline")
    lines = (line.lstrip() for line in head.split("\n", 6)[:6])
    for line in lines:
        found = _parenthesised(line) or _set_off(line)
        if found:
            return _credit(found, "dateline")
    return None


def _parenthesised(line: str) -> tuple[Agency, str] | None:
    start = line.find("(", 0, 120)
    while start >= 0:
        end = line.find(")", start, start + 45)
        if end < 0:
            return None
        inside = line[start + 1 : end]
        found = None if _PHOTOGRAPHER.match(inside) else _in_segment(inside)
        if found and not phrases.PICTURE.search(line[: end + 20]):
            after = line[end + 1 : end + 5]
            if _DASH.match(after) or (after and start == 0) or _PLACE.match(line[:start]):
                return found[0], line[: end + 1]
        start = line.find("(", end, 120)
    return None


def _set_off(line: str) -> tuple[Agency, str] | None:
    for pattern in (_SLASHED, _DASHED):
        match = pattern.match(line, 0, 160)
        if match:
            name = next(filter(None, match.groups())).strip()
            agency = BY_NAME.get(name) or BY_NAME.get(name.removesuffix(".RU"))
            if agency:
                return agency, match.group().rstrip(" -–—")
    return None


def _cjk_dateline(head: str) -> tuple[Agency, str] | None:
    telegram = _CJK_TELEGRAM.search(head, 0, 120)
    if telegram:
        return BY_NAME[telegram[1]], telegram.group()
    for match in _BRACKETED_CJK.finditer(head, 0, 160):
        inside = match[1].strip()
        if phrases.PICTURE.search(inside):
            continue
        found = _in_segment(inside)
        if found:
            return found[0], match.group()
        for short, name in _JAPANESE_SHORT.items():
            if inside.endswith(short) and match[0][0] in "【［":
                return BY_NAME[name], match.group()
    return None


# ---- the end ------------------------------------------------------------------------------------


def _in_tail(tail: str, *, whole: bool) -> Credit | None:
    """A credit line: "— Reuters", "(AFP)", "Source: AFP", "With files from The Canadian Press"."""
    lines = tail.rstrip().split("\n")
    if not whole and len(lines) > 1:
        lines = lines[1:]  # the first line is cut
    lines = [line.strip() for line in lines[-5:]]
    for line in lines:
        found = _credit_line(line, last=line is lines[-1])
        if found:
            return _credit(found, "credit_line")
    return None


def _credit_line(line: str, *, last: bool) -> tuple[Agency, str] | None:
    found = (
        _in_last_brackets(line, last=last)
        or _labelled(line)
        or (_alone(line) if len(line) <= 60 else None)
        or _signed_off(line)
    )
    return found if found and not phrases.PICTURE.search(line) else None


def _in_last_brackets(line: str, *, last: bool) -> tuple[Agency, str] | None:
    if not line.endswith((")", ").", "）", "]", "］", "）。")):
        return None
    start = max(line.rfind(mark) for mark in "(（[［")
    if start < 0 or len(line) - start > 60:
        return None
    if not last and line[:start].rstrip()[-1:] not in _SENTENCE_ENDS:  # a picture's caption
        return None
    inside = line[start + 1 :].rstrip(").）]］。")
    found = None if _PHOTOGRAPHER.match(inside) else _in_segment(inside)
    return (found[0], line[start:]) if found else None


def _labelled(line: str) -> tuple[Agency, str] | None:
    """A label and a name: "Source: AFP", "With files from …", "© 2020 …"."""
    if "Thomson Reuters Trust Principles" in line:
        return BY_NAME["Reuters"], line
    if len(line) > 2 * _MAX_LINE or not (_SOURCE_LINE.match(line) or _CONTRIBUTED.search(line)):
        return None
    found = _in_segment(line)
    return (found[0], line) if found else None


def _signed_off(line: str) -> tuple[Agency, str] | None:
    """A dash and a name after the last sentence."""
    end = _SIGN_OFF.search(line, max(0, len(line) - 40))
    return (BY_NAME[end[1]], end.group()) if end and end[1] in BY_NAME else None


_SENTENCE_ENDS = (*'.!?”"»。', "")
_SIGN_OFF = re.compile(r"[.!?”\"»]\s+[-–—]{1,2}\s?(?:The )?([^\n.]{2,30}?)\.?$")


def _in_title(title: str, named: list[Mention], text: str) -> Credit | None:
    end = _TITLE_END.search(title[-40:])
    if end and end[1].strip() in BY_NAME:
        return _credit((BY_NAME[end[1].strip()], end.group().strip()), "credit_line")
    return reported(title, named, text)
