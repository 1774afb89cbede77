"""An article of the examples in several versions, and what is stored of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from msgspec.structs import replace
from streams import all_events, assert_sound, story

from dedupe.deduper import Deduper
from dedupe.index.base import Index
from dedupe.index.records import Record, decode_article, decode_record
from dedupe.maintenance.verifying import verify
from dedupe.models import Article, Decision

DAM = story("dam-repair")
FERRY = story("ferry-fire")
FIRST = DAM[0]
STORY = frozenset(article.id for article in DAM)
MORE = "The engineers said on Friday that the second gate would be opened by the end of the month."


def version(number: int, article: Article = FIRST, **given: Any) -> Article:
    """The article as changed some hours later, a sentence longer each time."""
    assert article.published is not None
    more = "\n\n".join(MORE.replace("Friday", f"day {n}") for n in range(1, number))
    given.setdefault("updated", article.published + timedelta(hours=number))
    return replace(article, text=f"{article.text}\n\n{more}".strip(), **given)


def record(deduper: Deduper, id: str = FIRST.id) -> Record:
    (place,) = deduper.index.places([id])
    assert place is not None
    (stored,) = deduper.index.records([place])
    assert stored is not None
    return decode_record(stored, "")


def text(deduper: Deduper, id: str = FIRST.id) -> str:
    (place,) = deduper.index.places([id])
    assert place is not None
    (stored,) = deduper.index.texts([place])
    assert stored is not None
    return decode_article(stored, "").text


def decided(deduper: Deduper, id: str = FIRST.id) -> Decision:
    decision = deduper.decision(id)
    assert decision is not None
    return decision


def kinds(index: Index, *, after: int = 0) -> list[str]:
    return [event.kind for event in all_events(index) if event.position > after]


def assert_whole(deduper: Deduper) -> None:
    """Nothing is left of what was superseded."""
    assert list(verify(deduper.index)) == []
    assert_sound(deduper.index)
