"""What kind of entry a text is, by its form. Most are articles.

Series and templates show only beside other entries of their source: dedupe.stories.series.
"""

from __future__ import annotations

import re

from dedupe.models import Kind

_ENTRIES = 4  # a form that comes back so often is a form
_HEAD = 4000  # characters in which a form shows
_PREFACE = 300  # characters in which a newsletter says that it is one
_SHORT = 1500  # characters: no stub is longer
_TEASER = 600  # characters: no text that merely breaks off is longer
_END = 60  # characters in which a stub says that there is more
_FEW_WORDS = 5  # of text beyond the title: fewer are a headline
_BULLETS = " \t*•–—([-"  # may stand before the number
_BEGINNINGS = frozenset(_BULLETS + "0123456789")
_WORD = re.compile(r"\w+")
_CLOCK = re.compile(r"\W{0,3}(?:[01]?\d|2[0-3])[:.h][0-5]\d(?!\d)")
_ITEM = re.compile(r"\W{0,3}(?:[1-9]|1\d|20)[.):] +\S")
_GREETING = re.compile(r"\bgood (?:morning|evening)\b|\bnewsletter\b|\bhere(?:’|'| i)s what\b")

_LIVE_TITLE = re.compile(
    r"\blive[ -]?(?:updates?|blog|coverage|ticker|briefing)\b"
    r"|\blive\b.{0,40}\b(?:updates?|coverage)\b"
    r"|^live ?:|[-–—|] live\b|\b(?:news|politics|business|ukraine|war|markets?|election|football"
    r"|cricket|budget|trial|row|crash|collapse|indictment|results) live\W*(?:$|:)"
    r"|\bas it happened\b|\bnewsblog\b|\ben direct(?:\W*$| ?:)"
    r"|\ben (?:vivo|directo)(?:\W*$| ?:)|\bminut[oa] a minut[oa]\b|\bminuta po minucie\b"
    r"|\brelacj[aęi] (?:na żywo|live)\b|(?:^|[-–—.|\]] )na żywo\W*(?:$|:)|\bin diretta(?:\W*$| ?:)"
    r"|\bla diretta\b|\bao vivo(?:\W*$| ?:)|\b(?:онлайн|текстовая|текстова|online)[ -]трансляц"
)
_GALLERY_TITLE = re.compile(
    r"\bin (?:\d+ )?(?:pictures|photos|images)\W*$|^(?:in )?(?:pictures|photos|images) ?:"
    r"|\b(?:best|top) (?:photos|photographs|pictures|images)\W*$|\bphoto (?:gallery|essay)\b"
    r"|\b(?:photos?|pictures?|images?) of the (?:day|week|month|year)\b"
    r"|\bweek in (?:\w+ )?pictures\b|\bslideshow\b|\bw obiektywie\b|\bzdjęcia (?:dnia|tygodnia)\b"
    r"|\bfotogaleri|\bfoto der woche\b|\bbilder des (?:tages|jahres)\b|\bbilderstrecke\b"
    r"|\ben (?:images|imágenes|fotos)\W*$|\bfotogalería\b|\bin foto\W*$|\bфоторепортаж\b"
    r"|\bфотогалере"
)
_NUMERAL = (
    r"(?:\d+|three|five|six|seven|ten|trzy|pięć|sześć|dziesięć|cinq|cinco|fünf|cinque|пять|п.ять)"
)
_WHEN = (
    r"\W+(?:for |on |this |before |as )?(?:the |your )?"
    r"(?:day|week|morning|evening|mon|tues|wednes|thurs|fri|satur|sun|today|tonight|stock market)"
)
_ROUNDUP_TITLE = re.compile(
    rf"\b{_NUMERAL} (?:top )?things (?:to|you (?:need to|should|must)) know{_WHEN}"
    rf"|^(?:the )?{_NUMERAL} things (?:to|you (?:need to|should|must)) know\W*$"
    rf"|\b{_NUMERAL} rzeczy, które (?:warto|trzeba|musisz) wiedzieć(?! o)"
    r"|\b(?:morning|afternoon|evening|midday|nightly|daily|weekly|weekend|news|market|markets"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day) (?:briefing|round-?up|digest|newsletter|wrap)\b"
    r"|\b(?:morning|afternoon|evening|12:30) (?:report|update|mail|edition)(?: ?[:—–-]| *$)"
    r"|\bround-?up ?(?::|$|–|—|- )|\bnewsletter ?(?::|$|–|—|- )|\bthe week in\b(?! pictures)"
    r"|\b(?:war|week|news|day|invasion) at a glance\b|\blist of key events\b|\bnews in brief\b"
    r"|\bcatch up (?:on|with) the\b|\byour .{0,30}briefing\W*$"
    r"|\bnajważniejsze (?:wydarzenia|informacje)\b|\bpodsumowanie (?:dnia|tygodnia|newsów|miesiąca)"
    r"|\bprzegląd (?:prasy|tygodnia|dnia|wydarzeń|wiadomości)\b|\bprasówka\b"
    r"|\bskrót (?:dnia|wydarzeń)"
    r"|\bdas wichtigste (?:am|vom|des|zum|in kürze)\b|\bpresseschau\b|\b(?:wochen|tages)rückblick\b"
    r"|\bmorgenlage\b|\bl[’']essentiel d[eu]\b|\brevue de presse\b"
    r"|\bresumen (?:del día|de la semana)"
    r"|\b(?:las noticias|le notizie|as notícias) (?:de hoy|del día|del giorno|di oggi|do dia)\b"
    r"|\brassegna stampa\b|\b(?:главное|головне) за\b|\bитоги (?:дня|недели)\b"
    r"|\bпідсумки (?:дня|тижня)\b|\bдайджест\b|\bобзор (?:прессы|сми)\b"
)
# One of these words is in every title that the three expressions match: looking for them is cheap.
_TITLE_WORDS = frozenset(
    word + mark
    for word in """live liveblog liveticker newsblog happened direct directo vivo diretta minuto
    minuta żywo relacja relację relacji трансляция трансляции трансляція online-трансляция
    онлайн-трансляция онлайн-трансляція live-blog live-ticker live-updates pictures photos photo
    photographs picture images slideshow obiektywie zdjęcia fotogaleria fotogalerie foto fotos
    bilder bilderstrecke imágenes fotogalería фоторепортаж фотогалерея things rzeczy briefing
    roundup round-up digest newsletter wrap report update mail edition week glance key brief catch
    najważniejsze podsumowanie przegląd prasówka skrót wichtigste presseschau wochenrückblick
    tagesrückblick morgenlage l'essentiel l’essentiel revue resumen noticias notizie notícias
    rassegna главное головне итоги підсумки дайджест обзор""".split()
    for mark in ("", ":", "!", ",", ".", "]", "…")
)
_HEADLINES_GREETING = ("ヘッドラインニュース", "新闻早报", "要闻回顾", "今日要闻")
_NEWSLETTER = re.compile(
    r"\bis (?:our|your|the|a|an) [\w’' -]{0,40}newsletter\b"
    r"|\bwelcome to [^.!?\n]{0,60}newsletter\b"
    r"|\bnewsletter (?:brings you|covering|that (?:brings|covers))"
    r"|\bin (?:this|today[’']s) newsletter"
)

# What a stub ends in: an ellipsis, or words that send the reader elsewhere.
_CUT = ("…", "...", "[…]", "[...]", "[&hellip;]", "…]", "...]")
_MORE = (
    "read more", "read on", "read the rest", "full story", "full article", "continue reading",
    "keep reading", "czytaj więcej", "czytaj dalej", "czytaj całość", "weiterlesen", "mehr lesen",
    "lire la suite", "lire plus", "leer más", "seguir leyendo", "leggi tutto", "leggi di più",
    "leggi anche", "ler mais", "lees meer", "lees verder", "читать далее", "читать полностью",
    "читати далі", "続きを読む", "阅读全文",
)  # fmt: skip
_PUNCTUATION = " .…:»>→)]\n\t!\xa0"
_MORE_AT = re.compile(r"(?:continue|keep) reading(?: \S+){1,4}$")
_PAYWALL = re.compile(
    r"\bsubscribe (?:now )?to (?:read|continue|unlock)"
    r"|\bto (?:continue|keep) reading,? (?:please )?(?:subscribe|log in|sign)"
    r"|\b(?:reserved for|available only to|only for|exclusive to)"
    r" (?:our )?subscribers\b|\bsubscribers? only\b|\bdla (?:abonentów|subskrybentów|prenumerator)"
    r"|\bpara suscriptores\b|\baux abonnés\b|\bfür abonnenten\b|\bдля подписчиков\b|会員限定"
)
_PAYWALL_STEMS = ("subscri", "abon", "prenumer", "suscri", "подписч", "会員限定")


def kind_of(title: str | None, text: str) -> Kind:
    """The kind of an entry, from its title, its length, its end and the way its lines begin."""
    lower = title.lower() if title else ""
    if not _TITLE_WORDS.isdisjoint(lower.split()):
        if _LIVE_TITLE.search(lower):
            return Kind.LIVE_BLOG
        if _GALLERY_TITLE.search(lower):
            return Kind.GALLERY
        if _ROUNDUP_TITLE.search(lower):
            return Kind.ROUNDUP
    if not lower.isascii() and any(words in lower for words in _HEADLINES_GREETING):
        return Kind.ROUNDUP
    short = len(text) <= _SHORT
    start = text.lower() if short else text[:_PREFACE].lower()
    if "newsletter" in start and _NEWSLETTER.search(start, 0, _PREFACE):
        return Kind.ROUNDUP
    if "\n" in text:
        listed = _by_lines(text, start[:_PREFACE])
        if listed:
            return listed
    return _of_short(lower, start) if short else Kind.ARTICLE


def _by_lines(text: str, preface: str) -> Kind:
    """A live blog has lines that begin with the time, a roundup greets and numbers them."""
    lines = [line for line in text[:_HEAD].split("\n") if line[:1] in _BEGINNINGS]
    if len(lines) < _ENTRIES:
        return Kind.ARTICLE
    numbered = [line for line in lines if line[:4].lstrip(_BULLETS)[:1].isdigit()]
    if sum(_CLOCK.match(line) is not None for line in numbered) >= _ENTRIES:
        return Kind.LIVE_BLOG
    items = sum(_ITEM.match(line) is not None for line in numbered)
    if items >= _ENTRIES and _GREETING.search(preface):
        return Kind.ROUNDUP
    return Kind.ARTICLE


def _of_short(title: str, text: str) -> Kind:
    """Tells headlines and stubs from short articles. Both are in lower case."""
    text = text.strip()
    if len(text) < len(title) + 60:
        rest = text.removeprefix(title)
        if rest.count(" ") <= _FEW_WORDS and len(_WORD.findall(rest)) < _FEW_WORDS:
            return Kind.ARTICLE if _without_spaces(rest) else Kind.HEADLINE
    if len(text) <= _TEASER and text.endswith(_CUT):
        return Kind.STUB
    end = text[-_END:].rstrip(_PUNCTUATION)
    if end.endswith(_MORE) or (" reading " in end and _MORE_AT.search(end)):
        return Kind.STUB
    for stem in _PAYWALL_STEMS:
        if stem in text:
            return Kind.STUB if _PAYWALL.search(text) else Kind.ARTICLE
    return Kind.ARTICLE


def _without_spaces(text: str) -> bool:
    """Whether a text has scripts without spaces, whose words cannot be counted so."""
    return not text.isascii() and any("\u3040" <= char <= "\ud7ff" for char in text)
