"""An index made anew from the texts of another."""

from __future__ import annotations

from typing import Any

import pytest

from dedupe.deduper import Deduper
from dedupe.errors import RecordRejected, UsageError
from dedupe.index.base import Index
from dedupe.index.manifest import manifest_of
from dedupe.maintenance.exporting import exported
from dedupe.maintenance.migrating import migrated
from dedupe.maintenance.verifying import verify
from dedupe.params import SignatureParams


def refused(error: RecordRejected) -> None:
    raise error


def stories(index: Index) -> set[frozenset[str]]:
    return {frozenset(m.id for m in story.members) for story in Deduper(index).stories()}


def test_with_the_same_parameters_hardly_a_story_changes(new: Any, fill: Any, kind: str) -> None:
    source, target = new(kind), new("memory")
    fill(source)
    assert migrated(source, Deduper(target), refused) == 102
    assert list(verify(target)) == []
    assert len(stories(source) & stories(target)) > 0.9 * len(stories(source))
    ids = {place: id for id in ("ferry-fire-globe",) for place in target.places([id])}
    assert len(ids) == 1
    assert target.hands() == replace_version(source, target)
    assert list(target.receipts()) == list(source.receipts())


def replace_version(source: Index, target: Index) -> Any:
    from msgspec.structs import replace

    return replace(source.hands(), version=target.hands().version)


def test_with_other_signatures_everything_is_signed_anew(new: Any, fill: Any) -> None:
    source = new("memory")
    fill(source)
    params = SignatureParams(story_bands=64)
    manifest = manifest_of(params, window_hours=336.0)
    target = new("sqlite", manifest)
    deduper = Deduper(target, scan_params(manifest))
    assert migrated(source, deduper, refused) == 102
    assert list(verify(target)) == []
    joined = {story for story in stories(source) & stories(target) if len(story) > 1}
    assert len(joined) > 10


def scan_params(manifest: Any) -> Any:
    from dedupe.params import ScanParams

    return ScanParams(
        level=manifest.level, window_hours=manifest.window_hours, signature=manifest.signature
    )


def test_without_texts_it_is_refused_and_nothing_is_begun(new: Any, fill: Any) -> None:
    source, target = new("memory", manifest_of(texts=False)), new("memory")
    fill(source)
    with pytest.raises(UsageError, match="made without texts"):
        migrated(source, Deduper(target), refused)
    assert len(list(exported(target))) == 2
