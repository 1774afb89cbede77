"""Kills and corrections are told by their form; everyday news with the same words is not."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dedupe.text.notices import is_usable, notice_of, without_notice

KILLS = [
    "KILL: Mayor of Halverston resigns",
    "KILL - Mayor of Halverston resigns",
    "KILL-Mayor-Resigns",
    "KILLED: Ferry fire",
    "KILL",
    "(KILL) Mayor of Halverston resigns",
    "MANDATORY KILL: Mayor of Halverston resigns",
    "Mandatory kill, ferry fire story",
    "URGENT - KILL: Ferry fire",
    "UPDATE 2-KILL-Ferry fire out",
    "BC-XX--Ferry Fire, KILL",
    "BC-Ferry-Fire-KILL",
    "WITHDRAWN: Dam report",
    "Withdrawn: Dam report",
    "WITHDRAWAL - Dam report",
    "RETRACTED: Dam report",
    "RETRACTION: Dam report",
    "Retraction: Dam report",
    "Dam report (WITHDRAWN)",
    "STORY KILLED",
    "Story withdrawn",
    "Editors: please kill the ferry story",
    "EDITORS, PLEASE KILL",
    "Attention editors: kill BC-Ferry",
    "Note to editors: Please withdraw the dam report",
    "Attention editors, the ferry fire story was wrong; kill the story at once",
]
CORRECTIONS = [
    "CORRECTED: Dam repair to take a year",
    "CORRECTED-Dam repair to take a year",
    "CORRECTED - DAM REPAIR TO TAKE A YEAR",
    "(CORRECTED) - DAM REPAIR TO TAKE A YEAR",
    "<CORRECTED> - DAM REPAIR TO TAKE A YEAR",
    "UPDATE 1-CORRECTED-Dam repair to take a year",
    "REFILE-CORRECTED-Dam repair to take a year",
    "CORRECTION: Dam repair story",
    "Correction: Dam repair story",
    "CORRECTS: spelling of the mayor's name",
    "CORRECTS spelling of the mayor's name",
    "Dam repair to take a year (corrected)",
    "Dam repair to take a year [CORRECTED]",
    "(Corrects paragraph 3 to say the gate is open)",
    "(Correcting date in first paragraph) The dam",
]
NEWS = [
    "Storm kills 12 on the coast",
    "STORM KILLS 12 ON THE COAST",
    "Kill Bill returns to cinemas",
    "KILL BILL RETURNS TO CINEMAS",
    "Kill the bill, protesters tell the senate",
    "KILL THE BILL, PROTESTERS TELL THE SENATE",
    "Killed soldier named as father of two",
    "KILLED SOLDIER NAMED AS FATHER OF TWO",
    "Killed in action: the faces of a year of war",
    "Killer whales return to the bay",
    "KILLER-WHALE POD RETURNS",
    "Two killed - police seek driver",
    "Troops withdrawn from the border",
    "Withdrawn troops arrive at home",
    "WITHDRAWN TROOPS ARRIVE AT HOME",
    "Withdrawal from the treaty: what it means",
    "Withdrawal of troops begins",
    "Minister's bill withdrawn after protests",
    "Candidate withdraws: four are left",
    "Retraction of the study was right, says panel",
    "Senator retracted her remarks",
    "Corrections officer hurt in prison riot",
    "CORRECTIONS OFFICER HURT IN PRISON RIOT",
    "CORRECTIONS: a department in trouble",
    "Corrections and clarifications",
    "Correction in the stock market is overdue",
    "CORRECTION IN STOCK MARKET OVERDUE, SAYS BANK",
    "Corrected figures show that growth was slower",
    "CORRECTED FIGURES SHOW SLOWER GROWTH",
    "Teacher corrects pupils' maps",
    "Politically correct: a history",
    "REFILE-Dam repair to take a year",
    "UPDATE 3-Dam repair to take a year",
    "Editors of the paper walk out",
    "Editors: the people who decide what you read",
    "Editors kill story about the mayor, staff say",
    "How the army's kill chain works",
    "License to kill: the spy who never retired",
    "Kill or cure? A town divided by its dam",
    "(Killed in the crash were two pilots)",
    "Cancelled: the summer fair",
    "Kills at the mill: three die in a fire",
]


@pytest.mark.parametrize("line", KILLS)
def test_a_kill_is_told_by_headline_or_first_line(line: str) -> None:
    assert notice_of(line, "Text of the story.", None) == "killed"
    if not line.endswith(")"):
        assert notice_of("Some title", f"\n{line}\nMore.", None) == "killed"


@pytest.mark.parametrize("line", CORRECTIONS)
def test_a_correction_is_told_by_headline_or_first_line(line: str) -> None:
    assert notice_of(line, "Text of the story.", None) == "corrected"


@pytest.mark.parametrize("line", NEWS)
def test_news_with_the_same_words_is_no_notice(line: str) -> None:
    assert notice_of(line, line, None) == ""


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("usable", ""), ("Usable", ""), ("", ""), (None, ""), ("draft", ""),
        ("canceled", "killed"), ("Cancelled", "killed"), ("withheld", "killed"),
        ("stat:canceled", "killed"), ("http://cv.example/pubstatus/withheld", "killed"),
        ("corrected", "corrected"),
    ],
)  # fmt: skip
def test_a_status_tells(status: str | None, told: str) -> None:
    assert notice_of("Dam repair to take a year", "Text.", status) == told


def test_only_a_status_says_that_an_article_is_usable() -> None:
    assert is_usable("stat:usable")
    assert not is_usable(None)
    assert not is_usable("withheld")


@pytest.mark.parametrize(
    ("title", "left"),
    [
        ("KILL: Ferry fire out", "Ferry fire out"),
        ("UPDATE 1-CORRECTED-Ferry fire out", "Ferry fire out"),
        ("(CORRECTED) - FERRY FIRE OUT", "FERRY FIRE OUT"),
        ("Ferry fire out (WITHDRAWN)", "Ferry fire out"),
        ("Ferry fire out", "Ferry fire out"),
    ],
)
def test_a_headline_without_its_notice(title: str, left: str) -> None:
    assert without_notice(title) == left


# Lower case, as most of news is: only a colon or a bracket makes a notice of such words.
_WORDS = st.sampled_from(
    "storm kill kills killed killing withdrawn withdraws withdrawal troops retracted correct"
    " corrects corrected corrections correction officer in the of a 12 bill police editors".split()
)


@given(st.lists(_WORDS, min_size=1, max_size=12).map(" ".join))
@example("killed")
def test_plain_sentences_are_no_notices(line: str) -> None:
    title = line.capitalize()
    assert notice_of(title, f"{title} today.", None) == ""


@given(st.text(max_size=300), st.text(max_size=300), st.none() | st.text(max_size=20))
def test_any_text_is_something(title: str, text: str, status: str | None) -> None:
    assert notice_of(title, text, status) in ("", "killed", "corrected")
    without_notice(title)
