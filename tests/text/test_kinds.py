"""Kinds that show in the form of one entry: recognised in several languages, and not where a word
only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.models import Kind
from dedupe.text.kinds import kind_of

STORY = (
    "The harbour board of Quillmere closed the swing bridge on Monday after divers found two "
    "cracked bearings. Lorries are sent round by Harrowby until the parts arrive."
)


@pytest.mark.parametrize(
    "title",
    [
        "Telaqua volcano live: latest updates from San Amaro",
        "Harrowby Rovers v Quillmere Town – live",
        "UK politics live: minister quits",
        "Quillmere bridge closure: as it happened",
        "Wojna o most. 12. dzień. Relacja na żywo",
        "Volcán Telaqua, minuto a minuto",
        "Telaqua : la situation en direct",
        "Извержение: текстовая трансляция",
    ],
)
def test_a_title_tells_a_live_blog(title: str) -> None:
    assert kind_of(title, STORY) is Kind.LIVE_BLOG


def test_entries_with_the_time_before_them_tell_a_live_blog() -> None:
    text = "Newest first.\n" + "\n".join(f"1{i}:20 Divers are back. {STORY}" for i in range(5))
    assert kind_of("Swing bridge", text) is Kind.LIVE_BLOG


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Morning briefing", STORY),
        ("Five things to know this Thursday", STORY),
        ("Your Monday Briefing: bridges", STORY),
        ("Pięć rzeczy, które warto wiedzieć 5 września", STORY),
        ("Podsumowanie tygodnia: mosty", STORY),
        ("Das Wichtigste am Morgen", STORY),
        ("Главное за день", STORY),
        ("Bridges, bananas and beetles", f"Welcome to the Lantern's daily newsletter. {STORY}"),
        (
            "Bridges",
            "Good morning. Here is what happened.\n"
            + "\n".join(f"{i}. {STORY}" for i in range(1, 6)),
        ),
    ],
)
def test_roundups_and_newsletters_are_told_by_title_preface_or_list(title: str, text: str) -> None:
    assert kind_of(title, text) is Kind.ROUNDUP


@pytest.mark.parametrize(
    "title",
    [
        "Fire on the Saint Brannoc – in pictures",
        "Photos: the swing bridge from below",
        "Beetles and a bridge: Friday’s best photos",
        "Zdjęcia tygodnia",
        "Pożar promu w obiektywie",
        "Die Bilder des Tages",
        "El puente, en imágenes",
    ],
)
def test_a_title_tells_a_gallery(title: str) -> None:
    assert kind_of(title, STORY) is Kind.GALLERY


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Swing bridge closed", ""),
        ("Swing bridge closed", "Swing bridge closed."),
        ("Swing bridge closed", "SWING BRIDGE CLOSED. More follows."),
        (None, "Swing bridge closed"),
        ("Most zamknięty", "Kierowcy czekają."),
    ],
)
def test_an_entry_without_a_text_to_speak_of_is_a_headline(title: str | None, text: str) -> None:
    assert kind_of(title, text) is Kind.HEADLINE


@pytest.mark.parametrize(
    "end",
    ["…", " [...]", " Read more", "\nContinue reading...", " Czytaj dalej »", " Weiterlesen",
     " Lire la suite", " Leer más", " Subscribe to continue reading.",
     " This article is reserved for subscribers of the Lantern. Choose a plan."],
)  # fmt: skip
def test_a_short_text_that_sends_the_reader_elsewhere_is_a_stub(end: str) -> None:
    assert kind_of("Swing bridge closed in Quillmere", STORY + end) is Kind.STUB


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Bridge keeper has a year left to live", STORY),
        ("Live cattle futures rise", STORY),
        ("How to watch live: a guide for bridge lovers", STORY),
        ("Lost dog found in holiday photos", STORY),
        ("Five things to watch in Monday's debate", STORY),
        ("Police release photos of the bridge thief", STORY),
        ("Five things to watch in the bridge trial", STORY),
        ("The week that broke the bridge", STORY),
        ("Newsletter writers form a union", STORY),
        ("Swing bridge closed", f"{STORY} Sign up for our newsletter."),
        ("Swing bridge closed", f"{STORY}\n1. Why?\n2. Who?\n3. When?\n4. What now?\n"),
        ("Swing bridge closed", f"Read more, said the keeper, {STORY}"),
        ("Swing bridge closed", STORY * 20 + "…"),
        ("跳开桥关闭", "由于潜水员发现两个轴承开裂,奎尔米尔港务局周一关闭了平旋桥。"),
    ],
)
def test_an_article_that_has_a_word_of_another_kind_is_an_article(title: str, text: str) -> None:
    assert kind_of(title, text) is Kind.ARTICLE


@given(st.none() | st.text(), st.text())
def test_any_entry_has_a_kind(title: str | None, text: str) -> None:
    assert kind_of(title, text) in Kind
