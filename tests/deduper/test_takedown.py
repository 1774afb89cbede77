"""What is taken down is gone: its text, its buckets, its place in stories; a receipt is left."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace
from streams import LATER, all_events, assert_sound, copy, filled, partition, story

from dedupe.deduper import Deduper
from dedupe.errors import RecordRejected, UsageError
from dedupe.index.base import Receipt
from dedupe.index.memory import MemoryIndex
from dedupe.index.opening import open_index

DAM = story("dam-repair")
IDS = [article.id for article in DAM]
CUT = copy(DAM[0], "cut", 3.0, cut=1)
AGAIN = copy(DAM[0], "again", 4.0)


@pytest.fixture
def deduper() -> Deduper:
    return filled(Deduper(MemoryIndex()), DAM)


def test_a_story_elects_anew_and_a_receipt_is_left(deduper: Deduper) -> None:
    receipt = deduper.remove(IDS[0], "a court said so", LATER)
    assert receipt == Receipt(IDS[0], LATER.timestamp() / 3600, "a court said so")
    assert list(deduper.index.receipts()) == [receipt]
    decision = deduper.decision(IDS[1])
    assert decision is not None
    assert decision.canonical_id in IDS[1:]
    kinds = [event.kind for event in all_events(deduper.index)]
    assert kinds[-2:] == ["removed", "canonical_changed"]
    assert_sound(deduper.index)


def test_what_was_taken_down_is_refused_and_nothing_is_told_of_it(deduper: Deduper) -> None:
    deduper.remove(IDS[0], "a court said so", LATER)
    for article in (DAM[0], replace(DAM[0], text="Something else.")):
        with pytest.raises(RecordRejected, match="taken down: a court said so"):
            deduper.add(article)
        assert isinstance(deduper.check_batch([article])[0], RecordRejected)
    assert deduper.decision(IDS[0]) is None
    assert deduper.story(IDS[0]) is None
    with pytest.raises(UsageError, match="no article"):
        deduper.evidence(IDS[1], IDS[0])


def test_taking_down_again_gives_the_first_receipt(deduper: Deduper) -> None:
    first = deduper.remove(IDS[0], "a court said so", LATER)
    before = all_events(deduper.index)
    assert deduper.remove(IDS[0], "another reason", LATER) == first
    assert all_events(deduper.index) == before


def test_the_last_article_takes_its_story_along() -> None:
    deduper = filled(Deduper(MemoryIndex()), DAM[:1])
    id = deduper.decision(IDS[0]).cluster_id  # type: ignore[union-attr]
    deduper.remove(IDS[0], "asked to", LATER)
    assert partition(deduper.index) == set()
    assert deduper.story(id) is None
    assert_sound(deduper.index)


@pytest.mark.parametrize("late", [AGAIN, CUT], ids=["exact", "near"])
def test_copies_of_what_was_taken_down_are_still_found(deduper: Deduper, late: object) -> None:
    deduper.remove(IDS[0], "asked to", LATER)
    decision = deduper.add(late)  # type: ignore[arg-type]
    assert decision.relation in ("exact", "copy")
    assert decision.nearest_id == IDS[1]
    assert_sound(deduper.index)


@pytest.mark.parametrize("late", [AGAIN, CUT], ids=["exact", "near"])
def test_a_copy_that_was_split_off_is_still_found(late: object) -> None:
    deduper = filled(Deduper(MemoryIndex()), DAM[:2])
    deduper.split(IDS[0], [IDS[1]])
    deduper.remove(IDS[0], "asked to", LATER)
    decision = deduper.add(late)  # type: ignore[arg-type]
    assert (decision.nearest_id, decision.cluster_size) == (IDS[1], 2)
    assert_sound(deduper.index)


class Cut(Exception):
    """The process ends here."""


class CutShort(MemoryIndex):
    """An index whose user is killed right before an article is deleted."""

    armed = False

    def remove(self, *given: object) -> bool:
        if self.armed:
            self.armed = False
            raise Cut
        return super().remove(*given)  # type: ignore[arg-type]


@pytest.mark.parametrize("late", [AGAIN, CUT], ids=["exact", "near"])
def test_a_removal_that_was_cut_short_is_finished_by_another(late: object) -> None:
    index = CutShort()
    first = filled(Deduper(index), DAM[:2])
    index.armed = True
    with pytest.raises(Cut):
        first.remove(IDS[0], "asked to", LATER)
    assert_sound(index, linked=False)
    second = Deduper(index)
    assert second.remove(IDS[0], "asked to", LATER).id == IDS[0]
    assert index.places([IDS[0]]) == [None]
    assert second.add(late).nearest_id == IDS[1]  # type: ignore[arg-type]
    assert_sound(index)


def test_another_facade_that_knew_it_forgets_it(deduper: Deduper) -> None:
    other = Deduper(deduper.index)
    other.add(CUT)
    deduper.remove(IDS[0], "asked to", LATER)
    assert other.decision(IDS[0]) is None
    assert all(m.id != IDS[0] for view in other.stories() for m in view.members)
    other.add(AGAIN)
    assert_sound(deduper.index)


def test_no_word_of_it_is_left_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "index.db"
    secret = replace(
        DAM[0], title="Quillomantic Zanthorpe resigns", url="https://quillomantic.example/zanthorpe"
    )
    index = open_index(f"sqlite:///{file}")
    deduper = filled(Deduper(index), [secret, *DAM[1:]])
    (place,) = index.places([secret.id])
    assert place is not None
    (record,), (text,) = index.records([place]), index.texts([place])
    assert record is not None
    assert text is not None
    deduper.remove(secret.id, "asked to", LATER)
    with sqlite3.connect(file) as db:
        dump = "\n".join(db.iterdump())
    db.close()
    for trace in (record, text):
        assert trace.hex().upper() not in dump
    assert b"anthorpe".hex().upper() not in dump
    index.close()
    assert b"anthorpe" not in file.read_bytes()
