"""The words by which reports name their source, language by language.

`BEFORE` holds cues that stand before an agency's name ("according to"), `AFTER_*` the words that
stand after it ("reported"). "Told" cues ("told Reuters") are weaker: the agency has the quote, the
article need not have the story from it.
"""

from __future__ import annotations

import re

_REPORTED_EN = """
according to/reported by/first reported by/reports by/report by/reports from/report from/citing
cited by/quoted by/quoting/story by/published by/in a report by/news agencies including
"""
_TOLD_EN = """
told/tells/telling/interview with/interview to/interviewed by/seen by/obtained by/reviewed by
statement to/spoke to/speaking to/speaking with/spoke with/confirmed to/comment to/email to/said to
"""
_REPORTED = """
según/informó/informa/informaron/reportó/reporta/de acuerdo con/de acuerdo a/citado por
citada por/citados por
recoge/recogió/publica/publicó/señaló/indicó/adelantó/detalló/con información de/a través de
cita a
segundo/informou/noticiou/divulgou/informa/citado pela/citada pela/de acordo com/avança/avançou
conforme/reportou
selon/d'après/rapporte/rapportait/a rapporté/indique/a indiqué/annonce/a annoncé/cité par
citée par/cités par
relate/a appris/précise/révèle/citant/source
secondo/riporta/riferisce/riferiscono/riportato da/riportata da/scrive/citato da/citata da
come riferito da/ha riferito/apprende
berichtet/berichtete/berichten/meldet/meldete/melden/laut/zufolge/zitiert/unter berufung auf/wie
schreibt/nach angaben
nach informationen/bericht von/erfuhr
volgens/meldt/meldde/bericht/berichtte/schrijft/aldus/op gezag van
enligt/rapporterar/skriver/uppger/meddelar/rapporterer/melder/ifølge/oplyser/ifølgje/til
kertoo/kertoi/uutisoi/raportoi
według/podaje/podała/podał/poinformowała/poinformował/informuje/pisze/donosi/przekazała/za
powołując się na/cytowany przez
cytowana przez/relacjonuje
podle/informovala/uvedla/píše/napsala/hlásí/oznámila/informuje/uviedla/informovala o tom/podľa
s odvoláním na
potrivit/relatează/transmite/informează/a transmis/anunță/scrie/citat de/citată de/citați de
conform
közölte/írja/jelentette/jelenti/szerint
prema/javlja/javio/prenosi/prenijela/prenela/piše/objavila/izvještava/izveštava/poroča/navaja
menurut/dilansir/dilansir dari/dikutip/dikutip dari/mengutip/melansir/lapor/dilaporkan
seperti dilaporkan
theo/dẫn tin/dẫn nguồn/dẫn nguồn tin/trích/dẫn lời
сообщает/сообщают/сообщил/сообщила/сообщило/сообщили/передаёт/передает/передают/передало/пишет
информирует
по данным/по информации/по сообщению/по сообщениям/со ссылкой на/ссылаясь на/цитирует/приводит
отмечает/уточняет
повідомляє/повідомляють/повідомив/повідомила/повідомило/передає/пише/інформує/з посиланням на
посилаючись на
за даними/за інформацією/за повідомленням/цитує/наводить
съобщава/съобщи/предава/предаде/пише/информира/по данни на/по информация на/цитиран от
цитирана от/цитирани от
јавља/преноси/јавио/пренео/наводи/према
σύμφωνα με/μεταδίδει/μετέδωσε/αναφέρει/ανέφερε/επικαλείται/επικαλούμενο
نقلت/نقلا عن/نقلاً عن/نقل عن/ذكرت/أفادت/افادت/قالت/أوردت/بحسب/حسب/بحسب ما ذكرت/وفق/وفقا/وفقاً
وفقًا/كشفت/أكدت
ووفقا/وذكرت/وأفادت/وقالت/ونقلت/بحسب ما نقلت/عن
به گزارش/به نقل از/گزارش/به نوشته/بنا بر گزارش/خبرنگار
"""
_TOLD = """
dijo a/declaró a/confirmó a/explicó a/aseguró a/afirmó a/dijeron a/entrevista con/entrevista a
en declaraciones a/declaraciones a
disse à/afirmou à/declarou à/disse/contou à/em declarações à/à
dit à/déclaré à/confié à/indiqué à/a-t-il déclaré à/expliqué à/affirmé à/entretien à/a dit à
auprès de/précisé à
detto/dichiarato/spiegato/intervista/parlando con/parlando/colloquio con
sagte/sagten/gegenüber/erklärte/bestätigte/interview mit/interview
zei tegen/zegt tegen/tegenover/tegen
säger till/sade till/sier til/sa til/siger til/fortæller til
powiedział/powiedziała/przekazał/w rozmowie z/mówi
řekl/řekla/sdělil/sdělila/potvrdil/povedal/povedala/pro
a declarat pentru/a spus pentru/pentru
rekao je za/izjavio je za/za
kepada/ujar kepada/katanya kepada
nói với/trả lời/cho
сказал/сказала/рассказал/рассказала/заявил/заявила/рассказали/сказали/в интервью/уточнил/пояснил
беседе с
сказав/сказала/розповів/розповіла/заявив/заявила/в інтерв'ю/коментарі
каза пред/заяви за/пред/за
δήλωσε στο/είπε στο/στο
قال/صرح/قالت في تصريح/مقابلة مع/تصريح/تصريحات/حديث مع/حديث
گفت‌وگو با/گفتگو با/مصاحبه با/در گفتگو با
"""

# What may stand between a cue and the name: articles, "news agency", and what they decline to.
FILLERS = frozenset(
    """
the a an its az el la los las le les l lo gli il o os as die der das den dem des de het een en ett
d del dell dall all nell al au aux à du do da pela pelo dei van von zu to thông tấn xã
i di o w u na v ve ze ل ال το τον την από في ما
the: that by with
""".split()
)
AGENCY_WORDS = frozenset(
    """
agency agencies newswire wire service agencia agências agência agence agenzia agentur
nachrichtenagentur presseagentur persbureau nieuwsagentschap persagentschap nyhetsbyrån nyhetsbyrå
nyhetsbyrået nyhedsbureauet nyhedsbureau uutistoimisto uutistoimiston agencja agencji agencję
agentura agentury agentúra agentúry agentuře agenția agenției hírügynökség hírügynökségnek
ajansı ajansına ajans berita agensi agencije agencija agenciji tin hãng tấn notizie prensa presse
агентство агентства агентству агентством агентстве информагентство информагентства агентство
агенція агенції агенцією інформагентство агенция агенцията агенции агенција агенције
πρακτορείο πρακτορείου πρακτορείο ειδησεογραφικό ειδήσεων
وكالة لوكالة ووكالة بوكالة الأنباء أنباء للأنباء خبرگزاری خبرگزاریِ वार्ता एजेंसी एजेंसियों सेवा
समाचार
""".split()
)


def _cues(text: str, *, told: bool, english: bool) -> dict[tuple[str, ...], tuple[bool, bool]]:
    cues = (cue for line in text.split("\n") for cue in line.split("/"))
    return {tuple(reversed(cue.split())): (told, english) for cue in cues if cue.strip()}


# Cue, last word first → (told rather than reported, English). Later entries win.
BEFORE: dict[tuple[str, ...], tuple[bool, bool]] = {
    **_cues(_TOLD, told=True, english=False),
    **_cues(_REPORTED, told=False, english=False),
    **_cues(_TOLD_EN, told=True, english=True),
    **_cues(_REPORTED_EN, told=False, english=True),
}

# After the name, in English: a verb that is not about the agency's own affairs.
AFTER_EN = re.compile(
    r"(?:'s|’s)?(?: \([A-Z]{2,6}\))?(?: (?:[Nn]ews )?(?:[Aa]gency|newswire|wire service|"
    r"news service))?,?"
    r"(?: (?:has|had|have|also|first|earlier|previously|later|exclusively|recently|separately))*"
    r"(?: (?:report(?:s|ed|ing)?|said|says|wrote|writes|noted|notes|quoted|quotes|cited|cites|"
    r"revealed|reveals|broke the|learned|disclosed|added)\b"
    r"|(?: exclusive)? report(?=[ ,.:;])| (?:story|dispatch)\b)"
    r"(?! (?:it|its|that it|the company|profits?|earnings|revenues?|a (?:profit|loss|net)|"
    r"(?:net|annual|quarterly|adjusted|first-|second-|third-|fourth-)))"
)
# The same for a name that usually means something else: "report" with a sentence to follow.
AFTER_EN_STRICT = re.compile(
    r" report(?:s|ed)(?=[.,;:”\"]| that | citing| earlier| last| this|"
    r" on (?:Mon|Tue|Wed|Thu|Fri|Sat|Sun))"
    r"|(?: (?:News|News Agency|news agency|newswire)),? (?:report(?:s|ed)|said|says)\b"
)
# After the name, in other languages of the Latin script.
AFTER_LATIN = re.compile(
    r"(?:,? que| también| auch| också| ook| ha| a| hat| haben| har| je| także)?,? (?:"
    r"informó|informa|reportó|reporta|señaló|publicó|indicó|adelantó|detalló|recogió|"
    r"informou|noticiou|divulgou|reportou|avançou|"
    r"rapporte|rapporté|rapportait|indique|indiqué|annonce|annoncé|précise|révèle|relate|écrit|"
    r"riporta|riferisce|riferito|riportato|scrive|apprende|"
    r"berichtet|berichtete|meldet|meldete|gemeldet|schreibt|schrieb|zufolge|"
    r"meldt|meldde|gemeld|bericht|berichtte|schrijft|"
    r"rapporterar|rapporterade|skriver|uppger|meddelar|rapporterer|melder|meldte|oplyser|"
    r"kertoo|kertoi|uutisoi|raportoi|mukaan|"
    r"podaje|podała|podał|poinformowała|poinformował|informuje|pisze|donosi|przekazała|"
    r"informovala|uvedla|píše|napsala|hlásí|oznámila|uviedla|"
    r"relatează|transmite|informează|transmis|anunță|scrie|"
    r"közölte|írja|jelentette|jelenti|szerint|"
    r"javlja|javio|prenosi|prenijela|piše|objavila|izvještava|poroča|"
    r"bildirdi|duyurdu|aktardı|haberine göre|muhabirine göre|yazdı|"
    r"melaporkan|memberitakan|mewartakan|melansir|mengutip|"
    r"đưa tin|cho biết|dẫn lời|dẫn"
    r")\b"
    r"|['’](?:n?[ıiuü]n|[ae]|y[ae]|[dt][ae]n) (?:haberine|bildirdiğine|aktardığına|"
    r"geçtiğine|verdiği habere) göre|(?::n|in|[ae]n)? (?:tietojen )?mukaan\b"
)
# After the name, in other scripts.
AFTER_OTHER = re.compile(
    r"[»\"”]?,? (?:сообщает|сообщают|сообщил[аои]?|передаёт|передает|передало|пишет|информирует|"
    r"отмечает|повідомляє|повідомив|повідомила|повідомило|передає|пише|інформує|"
    r"съобщава|съобщи|предава|јавља|преноси|јавио|μεταδίδει|μετέδωσε|αναφέρει|"
    r"(?:ने )?(?:बताया|खबर दी|कहा|रिपोर्ट)|(?:न्यूज )?(?:की रिपोर्ट )?के (?:अनुसार|मुताबिक|हवाले)|"
    r"की (?:खबर|रिपोर्ट)|(?:گزارش (?:داد|کرد|می‌دهد)|نوشت|اعلام کرد|أفادت|ذكرت|قالت|أوردت|أن))"
    r"|(?:记者|記者)?[^，。、\n]{0,14}?(?:报道|報道|報導|报导|消息|引述|援引|称，|稱，|讯|电，|電，)"
    r"|(?:通信|通讯社|通訊社)?(?:など|が|は|の|によると|によれば|に?対し)?[^。\n]{0,12}?"
    r"(?:によると|によれば|が報じ|が伝え|は報じ|は伝え|の報道|の取材|が配信)"
    r"|(?:통신)?(?:은|는|이|가|과의|의|도|에)?[^.\n]{0,14}?(?:에 따르면|보도|전했다|밝혔다|인용)"
)
TOLD_AFTER_OTHER = re.compile(
    r" (?:से (?:कहा|बातचीत)|को बताया)|(?:通信)?に(?:語|述べ|明らか|対し)|(?:通信)?の取材|"
    r"(?:에|과의 인터뷰|와의 인터뷰)(?:서)? ?(?:말했다|밝혔다|전했다)|表示|表示，"
)
# Chinese and Japanese cues that touch the name.
BEFORE_HAN = (
    "据", "據", "援引", "引述", "据英国", "據英國", "据法国", "據法國", "据美国", "據美國",
    "综合", "綜合",
)  # fmt: skip
TOLD_BEFORE_HAN = ("告诉", "告訴", "接受", "对", "向")

# A name before these is not a report: a poll, a company, a picture, an exam, a handle.
NOT_A_REPORT = re.compile(
    r"(?:/[A-Z]|-Ipsos|\.com|’s? (?:office|building|headquarters)|"
    r" (?:\(@|/|[Pp]oll|[Ss]urvey|[Ii]psos|[Dd]ata\b|[Cc]alculation|[Ii]nstitute|[Bb]uilding|"
    r"[Tt]abulation|[Pp]hoto|[Ii]mages|[Ee]xam|[Cc]hemistry|[Cc]ourse|[Tt]est|[Cc]lass|[Ss]tyle|"
    r"[Ff]ile|[Hh]eadquarters|[Oo]ffice|[Tt]erminal|[Cc]ount\b|[Ii]ndex|View\b|[Bb]illionaires|[Vv]oteCast|[Tt]ally|[Ff]actbox|"
    r"[Cc]olumnist|[Ee]ditor|[Ee]xecutive|[Ss]pokes|Government|Politics|Philanthrop))"
)
# A line with these is about a picture.
PICTURE = re.compile(
    r"[Pp]hoto|PHOTO|[Ff]oto|FOTO|\b(?:[Pp]icture|[Ii]mage|IMAGE|[Bb]ild|[Gg]etty|GETTY|[Cc]aption|"
    r"[Ii]llustration|[Ii]magen|[Cc]rédit|[Vv]ideo|[Ii]mmagine|[Zz]djęcie|[Cc]redit:|CREDIT:)"
    r"|/(?:Getty|File|Corbis|Landov)|EPA[-/]|[Hh]andout|\bvia (?:AP|Reuters|REUTERS|AFP)\b"
    r"|[Фф]ото|[Сс]нимка|写真|図|图|圖|摄|攝|사진|صورة|تصوير|عکس|تصویر|फोटो|तस्वीर"
    r"|Φωτ|Görsel|[Ff]otoğraf|[Kk]uva:|[Ff]otografia|Kép:|Ảnh"
)
