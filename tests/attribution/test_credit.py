"""An article's words say which agency the report is from; pictures, companies and exams do not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.attribution import AGENCIES, find_credit

# ruff: noqa: E501  one made-up article a line

DATELINES = [
    ("Reuters", "LONDON (Reuters) - The harbour reopened on Monday after a week of storms."),
    ("AFP", "PARIS, March 3 (AFP) — Bakers across the city went back to work."),
    ("TASS", "МОСКВА, 3 марта. /ТАСС/. Движение по мосту восстановлено."),
    ("dpa", "BERLIN (dpa) - Die Brücke ist wieder frei."),
    ("dpa", "Hamburg (dpa/lno) - Die Brücke ist wieder frei."),
    ("Xinhua", "新华社北京3月3日电 大桥重新开放。"),
    ("Kyodo", "【東京共同】橋が再開した。"),
    ("EFE", "Madrid, 3 mar (EFE).- El puente reabrió este lunes."),
    ("AP", "(AP) — The bridge reopened on Monday."),
    ("AP", "KYIV, Ukraine (AP) — The bridge reopened on Monday."),
    ("ANSA", "(ANSA) - ROMA, 03 MAR - Il ponte è stato riaperto."),
    ("ANSA", "ROMA, 03 MAR - (ANSA) - Il ponte è stato riaperto."),
    ("RIA Novosti", "МОСКВА, 3 мар — РИА Новости. Мост снова открыт."),
    ("Interfax", "Москва. 3 марта. ИНТЕРФАКС - Мост снова открыт."),
    ("UNIAN", "Київ. 3 березня. УНІАН. Міст знову відкрито."),
    ("Yonhap", "(서울=연합뉴스) 홍길동 기자 = 다리가 다시 열렸다."),
    ("Reuters", "القاهرة (رويترز) - أعيد فتح الجسر يوم الاثنين."),
    ("SPA", "الرياض، 3 مارس (واس) أعيد فتح الجسر."),
    ("Anadolu", "ANKARA (AA) - Köprü pazartesi günü yeniden açıldı."),
    ("PTI", "New Delhi, Mar 3 (PTI) The bridge was reopened on Monday."),
    ("ANI", "New Delhi [India], March 3 (ANI): The bridge was reopened."),
    ("Lusa", "Lisboa, 03 mar 2024 (Lusa) - A ponte reabriu."),
    ("Bernama", "KUALA LUMPUR, 3 Mac (Bernama) -- Jambatan dibuka semula."),
    ("Antara", "Jakarta (ANTARA) - Jembatan dibuka kembali."),
    ("Reuters", "［東京　３日　ロイター］ - 橋が再開した。"),
    ("AFP", "【3月3日 AFP】橋が再開した。"),
    ("PTI", "नयी दिल्ली, तीन मार्च (भाषा) पुल फिर खुल गया।"),
    ("Reuters", "By Jane Roe\n\nMarch 3 (Reuters) - The bridge reopened after a week."),
    ("CNA", "（中央社記者陳小明台北3日電）大橋重新開放。"),
    ("AP", "WASHINGTON (AP) _ The bridge reopened after a week."),
    ("AP", "WASHINGTON (WXYZ/AP) — The bridge reopened on Monday."),
    ("Belga", "(Belga) Le pont a rouvert lundi matin après une semaine."),
    ("Interfax-Ukraine", "Київ. 3 березня. Інтерфакс-Україна - Міст знову відкрито."),
    ("ANP", "AMSTERDAM (ANP) - De brug is weer open."),
    ("PAP", "Warszawa (PAP) - Most znów otwarto."),
    ("IRNA", "تهران (ایرنا) - پل دوباره باز شد."),
]
BYLINES = [
    ("Reuters", "By Reuters Staff\nThe bridge reopened.\nIt was closed for days."),
    ("AP", "The Associated Press\nThe bridge reopened.\nIt was closed."),
    ("AP", "By Jane Roe, Associated Press\n\nThe bridge reopened."),
    ("Reuters", "By REUTERS\nThe bridge reopened.\nIt was closed for days."),
    ("AFP", "Par AFP\n\nLe pont a rouvert lundi."),
    ("dpa", "Von dpa\n\nDie Brücke ist wieder frei."),
]
CREDIT_LINES = [
    ("Reuters", "The bridge reopened on Monday. It had been shut.\n— Reuters"),
    ("The Canadian Press", "The bridge reopened on Monday.\nWith files from The Canadian Press"),
    ("AFP", "The bridge reopened on Monday.\nSource: AFP"),
    ("AFP", "The bridge reopened on Monday. (AFP)"),
    ("dpa", "Die Brücke ist frei.\nQuelle: dpa"),
    ("dpa", "Die Brücke ist frei.\ndpa/afp"),
    ("AP", "The bridge reopened on Monday.\nThe Associated Press contributed to this report."),
    ("AP", "The bridge reopened.\n© 2020 The Associated Press. All rights reserved."),
    ("Reuters", "The bridge reopened.\nOur Standards: The Thomson Reuters Trust Principles."),
    ("PTI", "The bridge reopened on Monday. (With inputs from PTI)"),
    ("AFP", "Le pont a rouvert lundi.\n(avec AFP)"),
    ("PAP", "Most znów otwarto.\nŹródło: PAP"),
    ("Xinhua", "大桥重新开放。\n来源：新华社"),
    ("TASS", "Мост снова открыт.\nИсточник: ТАСС"),
]
REPORTS = [
    ("Reuters", "The harbour reopened, Reuters reported on Monday."),
    ("Reuters", "The harbour reopened, it was reported by Reuters."),
    ("AFP", "The harbour reopened, according to the AFP news agency."),
    ("Reuters", "The plan is dead, one official told Reuters."),
    ("Reuters", "The plan is dead, Reuters reports, citing two officials."),
    ("Reuters", "A Reuters report said the plan is dead."),
    ("TASS", "Мост открыт, сообщает ТАСС со ссылкой на министерство."),
    ("EFE", "El puente reabrió, informó EFE este lunes."),
    ("EFE", "El puente reabrió, según la agencia EFE."),
    ("dpa", "Die Brücke ist frei, berichtet die dpa."),
    ("Reuters", "Die Brücke ist frei, wie die Nachrichtenagentur Reuters berichtet."),
    ("AFP", "Le pont a rouvert, selon l'AFP, lundi matin."),
    ("Xinhua", "据新华社报道，大桥重新开放。"),
    ("Kyodo", "共同通信によると、橋が再開した。"),
    ("Reuters", "نقلت وكالة رويترز عن مسؤول أن الجسر أعيد فتحه."),
    ("AFP", "ذكرت وكالة فرانس برس أن الجسر أعيد فتحه."),
    ("IRNA", "به گزارش ایرنا، پل دوباره باز شد."),
    ("Yonhap", "연합뉴스에 따르면 다리가 다시 열렸다."),
    ("PAP", "Most znów otwarto, według PAP, w poniedziałek."),
    ("Reuters", "Reuters'ın haberine göre köprü yeniden açıldı."),
    ("ANSA", "Il ponte è stato riaperto, riporta l'ANSA."),
    ("Anadolu", "Anadolu Ajansı'nın haberine göre köprü yeniden açıldı."),
    ("PTI", "समाचार एजेंसी पीटीआई के अनुसार पुल फिर खुल गया।"),
    ("Ukrinform", "Міст відкрито, повідомляє Укрінформ."),
    ("Lusa", "A ponte reabriu, segundo a agência Lusa."),
    ("ANP", "De brug is weer open, meldt persbureau ANP."),
    ("TT", "Bron är öppen igen, rapporterar nyhetsbyrån TT."),
    ("STT", "Silta on taas auki, kertoo STT maanantaina."),
    ("Reuters", "Silta on taas auki Reutersin mukaan."),
    ("ČTK", "Most je znovu otevřen, informovala agentura ČTK."),
    ("MTI", "A híd újra megnyílt, közölte az MTI."),
    ("Agerpres", "Podul a fost redeschis, potrivit Agerpres."),
    ("Antara", "Jembatan dibuka kembali, menurut kantor berita Antara."),
    ("VNA", "Theo TTXVN, cầu đã mở lại."),
    ("BTA", "Мостът е отворен, съобщава БТА."),
    ("Tanjug", "Most je ponovo otvoren, javlja Tanjug."),
    ("ANA-MPA", "Η γέφυρα άνοιξε, σύμφωνα με το ΑΠΕ-ΜΠΕ."),
    ("SANA", "The bridge reopened, the state news agency SANA said."),
    ("AP", "The bridge reopened, the AP reported on Monday."),
    ("AP", "The bridge is safe, the engineer told The Associated Press."),
    ("Reuters", "O pólo reabriu, informou a Reuters nesta segunda-feira."),
    ("AFP", "Il ponte è stato riaperto, secondo l'AFP."),
    ("Interfax", "Об этом сообщили «Интерфаксу» в министерстве, передаёт Интерфакс."),
    ("RIA Novosti", "Мост открыт, передает РИА Новости."),
    ("TASS", "Мост открыт, сказал ТАСС представитель министерства."),
    ("Reuters", "据路透社3月3日报道，大桥重新开放。"),
    ("Reuters", "ロイター通信によると、橋が再開した。"),
    ("Reuters", "로이터통신은 다리가 다시 열렸다고 보도했다."),
    ("Reuters", "कंपनी ने बताया, रॉयटर्स के मुताबिक पुल खुल गया।"),
    ("Fars", "به گزارش خبرگزاری فارس، پل دوباره باز شد."),
    ("Anadolu", "Köprünün açıldığı, Anadolu Ajansı'nın haberine göre, bildirildi."),
    ("Hina", "Most je ponovno otvoren, javlja Hina."),
    ("Ritzau", "Broen er åben igen, skriver Ritzau."),
    ("NTB", "Broen er åpen igjen, melder NTB."),
    ("AAP", "The bridge reopened, news agency AAP reported."),
    ("Bloomberg", "The bridge was sold, Bloomberg reported, citing two bankers."),
]
TRAPS = [
    "He walked past the Reuters building on Monday with the children.",
    "She got a five in AP Chemistry and the AP exam in the spring.",
    "The PA system failed at the match.",
    "The company held an associated press conference on Monday.",
    "Photo: Reuters\nThe bridge reopened on Monday with the mayor present.",
    "The bridge reopened on Monday.\nREUTERS/Jane Roe",
    "The bridge reopened on Monday.\nGetty Images/AFP",
    "AAP said the Aam Aadmi Party would contest. The AAP reported gains in Delhi, Kejriwal told the crowd.",
    "The PAP (People's Action Party) won all the seats. The PAP said it was grateful.",
    "Dia bertanya apa yang terjadi. Menurut apa yang dia lihat, jembatan itu dibuka.",
    "See the MAP for the route.",
    "Reuters said it would cut 200 jobs as the company reported lower profits.",
    "According to the Palestinian Authority, the PA said the road was open.",
    "The mayor, Michael Bloomberg, was there. Bloomberg said the bridge was safe, according to Bloomberg.",
    "A Reuters/Ipsos poll found that the voters care, according to the Reuters/Ipsos poll.",
    "The American Psychological Association met. The APA reported a rise in the number of members.",
    "Photo: Reuters",
    "The bridge reopened.\n(AP Photo/Jane Roe)",
    "The bridge reopened.\n(Photo by Jane Roe / AFP)",
    "Die Brücke ist frei.\nFoto: dpa",
    "A boat under the bridge on Monday. (Jane Roe/Handout via Reuters)",
    "A boat under the bridge on Monday. (Jane Roe/AFP)",
    "The mayor at the bridge, April 9, 2019. (Jane Roe/Reuters)\n\nIt reopened on Monday.",
    "Waiting at the bridge, New York City, April 2, 2020 (Jane B. Roe/Reuters)\n\nIt reopened.",
    "The mayor in 2012 (Jane Roe/Reuters)\n\nThe bridge reopened on Monday.",
    "Мост открыт.\nФото: РИА Новости",
    "The Reuters journalists were freed on Monday after the court ruled.",
    "The figure rose, according to Reuters calculations and Thomson Reuters data.",
    "— Reuters (@Reuters) March 3\nThe bridge reopened, and the mayor was glad.",
    "Reuters reported a loss of ten million as revenue fell.",
    "Police stand by the bridge (AFP)\nThe bridge reopened on Monday.",
    "AP reported 500 new cases on Monday, officials in Andhra Pradesh said.",
    "He ran for the PA state senate, and the PA reported a surplus.",
    "Mehr dazu morgen. Mehr war nicht zu erfahren.",
    "Antara lain, jembatan itu dibuka kembali.",
    "The UNI exam was hard; the TAP opened; the SPA was warm.",
]


@pytest.mark.parametrize(("agency", "text"), DATELINES)
def test_a_dateline_credits_the_agency(agency: str, text: str) -> None:
    credit = find_credit(text)
    assert credit is not None
    assert (credit.agency, credit.how) == (agency, "dateline")
    assert credit.quote in text


@pytest.mark.parametrize(("agency", "text"), BYLINES)
def test_a_byline_in_the_text_credits_the_agency(agency: str, text: str) -> None:
    credit = find_credit(text)
    assert credit is not None
    assert (credit.agency, credit.how) == (agency, "byline")
    assert credit.quote in text


@pytest.mark.parametrize(("agency", "text"), CREDIT_LINES)
def test_a_credit_line_credits_the_agency(agency: str, text: str) -> None:
    credit = find_credit(text)
    assert credit is not None
    assert (credit.agency, credit.how) == (agency, "credit_line")
    assert credit.quote in text


@pytest.mark.parametrize(("agency", "text"), REPORTS)
def test_reported_speech_credits_the_agency(agency: str, text: str) -> None:
    credit = find_credit(text)
    assert credit is not None
    assert (credit.agency, credit.how) == (agency, "reported")
    assert credit.quote in text


@pytest.mark.parametrize("text", TRAPS)
def test_a_name_that_credits_no_report_is_no_credit(text: str) -> None:
    assert find_credit(text) is None


@pytest.mark.parametrize(
    ("author", "agency"),
    [
        ("Reuters", "Reuters"),
        ("Reuters Staff", "Reuters"),
        ("By REUTERS", "Reuters"),
        ("AFP", "AFP"),
        ("Jane Roe, AP", "AP"),
        ("JANE ROE, Associated Press", "AP"),
        ("AP staff", "AP"),
        ("dpa/afp", "dpa"),
        ("PTI", "PTI"),
        ("新华社", "Xinhua"),
        ("Ana Map", None),
        ("Jane Roe", None),
        ("Photo: AFP", None),
        ("", None),
    ],
)
def test_the_author_field_is_a_byline(author: str, agency: str | None) -> None:
    credit = find_credit("The bridge reopened.", author=author)
    if agency is None:
        assert credit is None
    else:
        assert credit is not None
        assert (credit.agency, credit.how) == (agency, "byline")
        assert credit.quote in author


@pytest.mark.parametrize(
    ("html", "agency"),
    [
        ('<meta name="author" content="Reuters Staff">', "Reuters"),
        ("<META CONTENT='By The Associated Press' NAME='byl'/>", "AP"),
        ('<meta property="article:author" content="AFP">', "AFP"),
        ('<meta name="dc.creator" content="Jane Roe"><meta name="byl" content="dpa">', "dpa"),
        ('<meta name="description" content="Reuters reported">', None),
        ('<script type="application/ld+json">{"author": {"name": "Reuters"}}</script>', "Reuters"),
        ('<script type="application/ld+json">{"author": ["Jane Roe", "AFP"]}</script>', "AFP"),
        (
            '<script type="application/ld+json">{"@graph": [{"creditText": "EFE"}]}</script>',
            "EFE",
        ),
        (
            '<script type="application/ld+json">{"sourceOrganization": {"name": "T\\u00e9lam"}}</script>',
            None,
        ),
        ('<script type="application/ld+json">{"headline": "Reuters"}</script>', None),
        ('<script type="application/ld+json">{"author": "Reuters", </script>', None),
        ('<script type="application/ld+json">{"author": "Reuters"}', None),
        ('<meta name="author" content="Reuters', None),
    ],
)
def test_the_pages_metadata_credits_the_agency(html: str, agency: str | None) -> None:
    credit = find_credit("The bridge reopened.", html=html)
    if agency is None:
        assert credit is None
    else:
        assert credit is not None
        assert (credit.agency, credit.how) == (agency, "metadata")
        assert credit.quote in html


def test_the_agencys_own_article_is_credited_to_it() -> None:
    credit = find_credit("The bridge reopened.", url="https://www.reuters.com/world/1")
    assert credit is not None
    assert (credit.agency, credit.how) == ("Reuters", "source")
    assert credit.quote == "https://www.reuters.com/world/1"


def test_who_links_to_an_agencys_site_is_not_the_agency() -> None:
    url = "https://www.reuters.com/world/1"
    for source in ("https://evil.example/feed", "evil.example", "The Daily Invention"):
        assert find_credit("The bridge reopened.", source=source, url=url) is None
    credit = find_credit("LONDON (Reuters) - The bridge reopened.", source="evil.example", url=url)
    assert credit is not None
    assert (credit.agency, credit.how) == ("Reuters", "dateline")
    for source in ("reuters.com", "https://feeds.reuters.com/world", "Reuters: World"):
        credit = find_credit("The bridge reopened.", source=source, url=url)
        assert credit is not None
        assert (credit.agency, credit.how, credit.quote) == ("Reuters", "source", source)


def test_a_title_ending_in_an_agency_credits_it() -> None:
    credit = find_credit("The bridge reopened.", title="Bridge reopens after storm - Reuters")
    assert credit is not None
    assert (credit.agency, credit.how) == ("Reuters", "credit_line")


def test_a_quote_holds_the_words_that_attribute() -> None:
    quotes = {
        "据美国美联社报道，大桥重新开放。": "据美国美联社",
        "The bridge reopened, according to the AFP news agency.": "according to the AFP",
        "Die Brücke ist frei, berichtet die dpa.": "berichtet die dpa",
        "PARIS, March 3 (AFP) — The bridge reopened.": "PARIS, March 3 (AFP)",
    }
    for text, quote in quotes.items():
        credit = find_credit(text)
        assert credit is not None
        assert credit.quote == quote


def test_a_person_in_the_text_is_not_the_agency_in_the_title() -> None:
    text = "Michael Bloomberg spoke on Monday."
    assert find_credit(text, title="Bloomberg says bridge is safe") is None


def test_stronger_evidence_wins_over_an_earlier_mention() -> None:
    text = "PARIS (AFP) - The bridge reopened, Reuters reported."
    page = '<meta name="author" content="dpa">'
    found = [
        find_credit(text, source="AP", author="EFE", html=page),
        find_credit(text, source="AP", author="EFE"),
        find_credit(text, author="EFE"),
        find_credit(text),
        find_credit(text.partition("- ")[2]),
    ]
    assert [credit and credit.agency for credit in found] == ["dpa", "AP", "EFE", "AFP", "Reuters"]


def test_a_report_is_stronger_than_a_statement_to_an_agency() -> None:
    credit = find_credit("He told Reuters that it was over. It began in May, AFP reported.")
    assert credit is not None
    assert (credit.agency, credit.quote) == ("AFP", "AFP reported")


def test_of_two_reports_the_first_is_credited() -> None:
    credit = find_credit("It is over, Reuters reported. It began in May, AFP reported.")
    assert credit is not None
    assert credit.agency == "Reuters"


_NAMES = [name for agency in AGENCIES for name in (*agency.names, *agency.short)]
_WORDS = st.sampled_from(
    [*_NAMES, "reported", "told", "according to", "(", ")", "/", "\n", " - ", " — ", "By ", ". ", " ", "'s",
     "PARIS", "3 марта", "Photo: ", "Source: ", "news agency", "сообщает ", "据", "によると", "【", "】", ", "]
)  # fmt: skip
_TEXTS = st.lists(_WORDS, max_size=25).map("".join) | st.text()
_MAYBE = st.none() | _TEXTS


@given(text=_TEXTS, title=_MAYBE, author=_MAYBE, source=_MAYBE, url=_MAYBE, html=_MAYBE)
def test_a_quote_stands_literally_in_the_article(
    text: str,
    title: str | None,
    author: str | None,
    source: str | None,
    url: str | None,
    html: str | None,
) -> None:
    credit = find_credit(text, title=title, author=author, source=source, url=url, html=html)
    if credit is not None:
        assert credit.quote
        assert any(
            credit.quote in part for part in (text, title, author, source, url, html) if part
        )


@given(name=st.text(min_size=1), key=st.sampled_from(["author", "creator", "publisher"]))
def test_any_author_in_json_ld_can_be_read(name: str, key: str) -> None:
    page = f'<script type="application/ld+json">{json.dumps({key: f"{name}, Reuters"})}</script>'
    credit = find_credit("", html=page)
    assert credit is None or credit.quote in page


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1_000_000,
        " " * 1_000_000,
        "\n" * 1_000_000,
        "(Reuters" * 100_000,
        "Reuters " * 100_000,
        "/ТАСС " * 100_000,
        "the " * 250_000,
        "A1- " * 250_000,
        "【" * 500_000,
        "<meta " * 100_000,
        '<script type="application/ld+json">' * 20_000,
        '<script type="application/ld+json">' + "[" * 150_000 + "</script>",
    ],
    ids=lambda text: text[:12],
)
def test_hostile_text_is_read_to_the_end(text: str) -> None:
    credit = find_credit(text, title=text, author=text, source=text, url=text, html=text)
    assert credit is None or credit.quote in text
