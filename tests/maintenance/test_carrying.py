"""What is exported from one index and imported into another."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace
from streams import LATER

from dedupe.deduper import Deduper
from dedupe.errors import IndexMismatch, RecordRejected, UsageError
from dedupe.index.base import Index
from dedupe.index.manifest import manifest_of
from dedupe.maintenance.exporting import exported
from dedupe.maintenance.importing import Imported, Importer, read_header
from dedupe.maintenance.verifying import verify


def taken(index: Index, lines: Iterable[bytes], rejected: list[str] | None = None) -> Imported:
    """Import lines; what is rejected goes to the list, and is a failure without one."""
    told: list[str] = []
    numbered = iter([*enumerate(lines, 1)])
    manifest = read_header(numbered, "lines")

    def reject(error: RecordRejected) -> None:
        told.append(str(error))

    done = Importer(Deduper(index), manifest, reject).take(numbered, "lines", lambda done: None)
    if rejected is None:
        assert told == []
    else:
        rejected.extend(told)
    return done


def test_from_any_index_into_any_other_and_back_it_is_the_same(
    new: Any, fill: Any, kind: str, another: str
) -> None:
    index = new(kind)
    fill(index)
    lines = sorted(exported(index))
    other = new(another)
    done = taken(other, exported(index))
    assert (done.articles, done.known, done.receipts) == (102, 0, 1)
    assert sorted(exported(other)) == lines
    assert list(verify(other)) == []
    back = new(kind)
    taken(back, exported(other))
    assert sorted(exported(back)) == lines


def test_an_imported_index_decides_as_the_first_one(new: Any, fill: Any, kind: str) -> None:
    index, other = new("memory"), new(kind)
    fill(index)
    taken(other, exported(index))
    first, second = Deduper(index), Deduper(other)
    article = first.evidence("ferry-fire-ap", "dam-repair-reuters").article
    assert second.decision(article.id) == first.decision(article.id)
    before, after = first.story("dam-repair-valley"), second.story("dam-repair-valley")
    assert before is not None
    assert after is not None
    # Rarity counts what was taken down until its slice expires, and an export does not have it.
    for old, new_ in zip(before.members, after.members, strict=True):
        assert new_ == replace(old, similarity=new_.similarity)
        assert new_.similarity == pytest.approx(old.similarity, abs=0.02)
    assert replace(after, members=()) == replace(before, members=(), version=1)
    gone = next(id for id, _ in index.redirects())
    assert other.clusters([gone]) != [None]
    assert len(list(other.redirects())) == len(list(index.redirects()))


def test_importing_twice_changes_nothing(new: Any, fill: Any, kind: str) -> None:
    index, other = new("memory"), new(kind)
    fill(index)
    taken(other, exported(index))
    lines, events = sorted(exported(other)), other.stats().events
    again = taken(other, exported(index))
    assert (again.articles, again.known, again.stories) == (0, 102, 0)
    assert (sorted(exported(other)), other.stats().events) == (lines, events)


def test_what_is_there_stays_and_the_rest_comes_to_it(new: Any, fill: Any) -> None:
    index, other = new("memory"), new("memory")
    deduper = fill(index)
    here = Deduper(other)
    some = [deduper.evidence(id, id).article for id in ("dam-repair-reuters", "dam-repair-courier")]
    here.add_batch(some)
    taken(other, exported(index))
    assert other.stats().articles == 102
    assert list(verify(other)) == []
    story, whole = Deduper(other).story("dam-repair-reuters"), deduper.story("dam-repair-reuters")
    assert story is not None
    assert whole is not None
    assert {m.id for m in story.members} == {m.id for m in whole.members}
    assert story.canonical_id == "dam-repair-valley"  # the pin came along


def test_an_article_that_was_taken_down_there_is_taken_down_here(new: Any, fill: Any) -> None:
    index, other = new("memory"), new("memory")
    deduper = fill(index)
    lines = list(exported(index))
    here = Deduper(other)
    article = deduper.evidence("ferry-fire-ap", "ferry-fire-ap").article
    taken(other, lines)
    deduper.remove("ferry-fire-ap", "court order", LATER)
    taken(other, exported(index))
    assert other.places([article.id]) == [None]
    assert isinstance(here.add_batch([article])[0], RecordRejected)
    rejected: list[str] = []
    taken(other, lines, rejected)
    assert rejected == [r for r in rejected if "was taken down" in r]
    assert len(rejected) == 1


def test_another_window_is_refused_and_texts_may_be_left_out(new: Any, fill: Any) -> None:
    index = new("memory")
    fill(index)
    lines = list(exported(index))
    with pytest.raises(IndexMismatch, match="window_hours"):
        taken(new("memory", manifest_of(window_hours=24.0)), lines)
    bare = new("memory", manifest_of(texts=False))
    taken(bare, lines)
    kept = [json.loads(line) for line in exported(bare)]
    assert {line["article"] for line in kept if line["type"] == "article"} == {None}
    assert list(verify(bare)) == []


def test_a_file_of_another_version_is_refused(new: Any) -> None:
    header = json.loads(next(exported(new("memory"))))
    for changed in ({"format": 99}, {"fields": ["id"]}):
        line = json.dumps(header | changed).encode()
        with pytest.raises(UsageError, match="exported by another version"):
            read_header(iter([(1, line)]), "lines")


def test_lines_that_make_no_sense_are_rejected_with_their_place(new: Any, fill: Any) -> None:
    index, other = new("memory"), new("memory")
    fill(index)
    lines = list(exported(index))
    story = {
        "type": "story", "id": "s1", "members": ["nobody"], "canonical": "nobody", "reason": "",
        "credit": None, "credited": 0, "first": None, "last": None, "merged": [],
    }  # fmt: skip
    more = [b"{", b"[]", b'{"type":"article","id":"a"}', json.dumps(story).encode()]
    rejected: list[str] = []
    taken(other, lines + more, rejected)
    assert [r.split(": ")[0] for r in rejected] == [f"lines:{len(lines) + n}" for n in (1, 2, 3, 4)]
    assert sorted(exported(other)) == sorted(lines)
