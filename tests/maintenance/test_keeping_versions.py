"""Versions and notices outlive what is done to an index as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from streams import LATER, assert_sound, filled, story

from dedupe.deduper import Deduper
from dedupe.errors import RecordRejected
from dedupe.index.base import Index
from dedupe.index.records import Record, decode_record
from dedupe.maintenance.exporting import exported
from dedupe.maintenance.importing import Imported, Importer, read_header
from dedupe.maintenance.mending import mend
from dedupe.maintenance.migrating import migrated
from dedupe.maintenance.verifying import Problem, verify

DAM = story("dam-repair")
FIRST = DAM[0]
CHANGED = replace(FIRST, text=FIRST.text + "\n\nThe gate is open.", updated=LATER)
KILL = replace(CHANGED, status="canceled", updated=LATER + timedelta(hours=1))


def refused(error: RecordRejected) -> None:
    raise error


def taken(index: Index, lines: Iterable[bytes]) -> Imported:
    numbered = iter([*enumerate(lines, 1)])
    manifest = read_header(numbered, "lines")
    return Importer(Deduper(index), manifest, refused).take(numbered, "lines", lambda done: None)


def with_versions(index: Index) -> Deduper:
    return filled(Deduper(index), [*DAM, CHANGED, KILL])


def record(index: Index) -> Record:
    (place,) = index.places([FIRST.id])
    assert place is not None
    (stored,) = index.records([place])
    assert stored is not None
    return replace(decode_record(stored, ""), before=-1)


def test_an_export_has_versions_and_notices(new: Any, kind: str) -> None:
    index, other = new("memory"), new(kind)
    with_versions(index)
    done = taken(other, exported(index))
    assert done.articles == len(DAM)
    assert record(other) == record(index)
    assert sorted(exported(other)) == sorted(exported(index))
    assert Deduper(other).add(KILL).notice == "killed"
    assert Deduper(other).add(FIRST).version == 3
    assert list(verify(other)) == []


def test_an_export_from_before_there_were_versions_is_taken_in(new: Any) -> None:
    index, other = new("memory"), new("memory")
    filled(Deduper(index), DAM)
    lines = [_of_before(line) for line in exported(index)]
    assert taken(other, lines).articles == len(DAM)
    assert record(other) == record(index)


def _of_before(line: bytes) -> bytes:
    told = json.loads(line)
    if told["type"] == "index":
        told["fields"] = told["fields"][:23]
    elif told["type"] == "article":
        told["record"] = told["record"][:23]
    return json.dumps(told).encode()


def test_migrating_carries_versions_and_notices(new: Any) -> None:
    index, other = new("memory"), new("sqlite")
    with_versions(index)
    assert migrated(index, Deduper(other), refused) == len(DAM)
    assert record(other).versions == record(index).versions
    decision = Deduper(other).decision(FIRST.id)
    assert decision is not None
    assert (decision.version, decision.notice, decision.is_canonical) == (3, "killed", False)
    assert list(verify(other)) == []


@pytest.mark.parametrize("linked", [True, False])
def test_what_was_superseded_and_left_is_found_and_taken_out(
    new: Any, kind: str, linked: bool
) -> None:
    index = new(kind)
    deduper = filled(Deduper(index), DAM)
    removed = index.remove

    class Cut(Exception):
        pass

    def cut(*given: Any) -> bool:
        raise Cut

    setattr(index, "remove" if linked else "link", cut)
    with pytest.raises(Cut):
        deduper.add(CHANGED)
    delattr(index, "remove" if linked else "link")
    assert index.remove == removed
    problems = list(verify(index))
    assert [p.kind for p in problems if p.where == FIRST.id] == (
        ["superseded"] if linked else sorted(["superseded", "unlinked"])
    )
    assert all(mended for _, mended in mend(Deduper(index), problems))
    assert list(verify(index)) == []
    assert_sound(index)
    assert record(index).versions[-1].number == 2


def test_what_is_made_anew_from_its_text_keeps_its_versions(new: Any) -> None:
    index = new("memory")
    deduper = with_versions(index)
    (place,) = index.places([FIRST.id])
    told = Problem(kind="buckets", where=FIRST.id, what="is in none", place=place)
    assert all(mended for _, mended in mend(deduper, [told]))
    assert record(index).notice == "killed"
    assert [v.number for v in record(index).versions] == [1, 2, 3]
    assert list(verify(index)) == []
