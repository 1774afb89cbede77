"""Versions of an article: which is the newer one, what changed, what is kept of it."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from typing import NamedTuple

from msgspec.structs import replace

from dedupe.index.records import Record, Version
from dedupe.models import Article
from dedupe.text.notices import KILLED, is_usable
from dedupe.text.sentences import sentences

KEPT = 20  # versions of an article, the last of them
_SENTENCES = 8  # that are kept of what was added, and of what was removed
_CUT = 240  # characters that are kept of a sentence
_WORD = re.compile(r"\w+")


class _Difference(NamedTuple):
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: float | None


def is_older(old: Record, new: Record) -> bool:
    """Whether what comes is no newer than what is there: earlier by its dates, or a past version.

    What has been there before is newer only where its source says that it changed it since.
    """
    latest = max((m for v in history(old) if (m := v.updated or v.published)), default=None)
    moment = new.updated or (None if new.notice else new.published)  # of the article, not of it
    if latest is not None and moment is not None and moment < latest:
        return True
    if new.content not in {v.content for v in history(old)}:
        return False
    return latest is None or new.updated is None or new.updated <= latest


def history(record: Record) -> tuple[Version, ...]:
    """The versions that are known of an article, the current one last."""
    if record.versions:
        return record.versions
    first = Version(
        number=1, published=record.published, updated=record.updated, notice=record.notice,
        content=record.content,
    )  # fmt: skip
    return (first,)


def first_published(old: Record, new: Record) -> datetime | None:
    """When an article was published: its time stays that of its first version."""
    return min((m for m in (old.published, new.published) if m is not None), default=None)


def next_version(
    old: Record, new: Record, place: int, article: Article, text: str | None, now: datetime | None
) -> Record:
    """The record of a version that supersedes the one at a place.

    `new` is the version's own, `text` the one before, where it is kept. A killed article stays so
    until its source says that it may be used.
    """
    differs = _difference(text, article.text)
    version = Version(
        number=history(old)[-1].number + 1, came=now, published=article.published,
        updated=article.updated, notice=new.notice, content=new.content,
        titles=(old.title, new.title) if old.title != new.title else None,
        added=differs.added, removed=differs.removed, changed=differs.changed,
    )  # fmt: skip
    killed = old.notice == KILLED and not is_usable(article.status)
    return _kept(new, old, place, version, KILLED if killed else new.notice)


def killed(old: Record, place: int, new: Record, article: Article, now: datetime | None) -> Record:
    """The record of the same text once its source has killed it.

    It came as a version of the `article` itself, whose own text is that of the notice.
    """
    version = Version(
        number=history(old)[-1].number + 1, came=now, notice=KILLED, changed=0.0,
        published=article.published, updated=article.updated, content=new.content,
    )  # fmt: skip
    return _kept(replace(old, content=new.content), old, place, version, KILLED)


def marked(old: Record, place: int, by: Record, now: datetime | None) -> Record | None:
    """The record of the same text with the notice of another article, `by`.

    None where it has it already, or was killed.
    """
    if old.notice == KILLED or any(version.by == by.id for version in old.versions):
        return None
    version = Version(
        number=history(old)[-1].number + 1, came=now, notice=by.notice, by=by.id, changed=0.0,
        content=old.content,
    )  # fmt: skip
    return _kept(old, old, place, version, by.notice)


def carried(old: Record, place: int, other: Record) -> Record | None:
    """The record of the same text with the history that it has elsewhere.

    None where it has one of its own, or there is none.
    """
    if old.versions or not other.versions:
        return None
    return replace(
        old, before=place, versions=other.versions, notice=other.notice, content=other.content,
        updated=other.updated,
    )  # fmt: skip


def again(old: Record, place: int) -> Record:
    """The record of a version that is stored once more, since its first storing was cut short."""
    return replace(old, before=place)


def _kept(record: Record, old: Record, place: int, version: Version, notice: str) -> Record:
    versions = (*history(old), version)[-KEPT:]
    return replace(record, before=place, versions=versions, notice=notice)


def _difference(old: str | None, new: str) -> _Difference:
    """What changed from one text to the next, in short."""
    if old is None:
        return _Difference((), (), None)
    before, after = _sentences(old), _sentences(new)
    words, now = (Counter(_WORD.findall(text.casefold())) for text in (old, new))
    total = words.total() + now.total()
    differ = ((words - now) + (now - words)).total()
    return _Difference(
        _first(after, before), _first(before, after), round(differ / total, 4) if total else 0.0
    )


def _sentences(text: str) -> list[str]:
    return [" ".join(text[start:end].split()) for start, end in sentences(text)]


def _first(ones: list[str], others: list[str]) -> tuple[str, ...]:
    """The first of the ones that are not among the others, cut."""
    known = set(others)
    new = [s for s in dict.fromkeys(ones) if s not in known]
    return tuple(s if len(s) <= _CUT else s[: _CUT - 1] + "…" for s in new[:_SENTENCES])
