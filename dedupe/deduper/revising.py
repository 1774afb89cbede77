"""New versions into the index, and what they superseded out of it.

The index knows of every step what was done: an id leads to its newest place at once; the new place
takes the seat of the old one in its story in one change; then the old place is removed. Whatever
was cut short is finished when the article comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from msgspec.structs import replace

from dedupe.deduper.deciding import Newcomer
from dedupe.deduper.filing import Filing, Ready
from dedupe.deduper.heirs import heir_of
from dedupe.deduper.versions import again, first_published, is_older, killed, next_version
from dedupe.deduper.window import Window
from dedupe.errors import IndexUnavailable
from dedupe.index.base import Filed, Found, Index
from dedupe.index.records import Record, decode_article
from dedupe.models import Article
from dedupe.text.notices import KILLED

_ATTEMPTS = 100
_PATIENCE = 20  # attempts in which what another has reserved may still come to be stored
_SAME = 1e-6  # hours

# The record at a place, and what is to be there instead; None where it may stay.
Changed = Callable[[Record, int], Record | None]


class Revising:
    """Versions of the articles of one index."""

    def __init__(self, window: Window, filing: Filing) -> None:
        self._window, self._filing = window, filing

    # ---- in --------------------------------------------------------------------------------------

    def supersede(
        self,
        index: Index,
        articles: Sequence[Article],
        looked: tuple[list[Ready], list[Found]],
        most: int,
        now: datetime | None,
        *,
        store: bool = True,
    ) -> tuple[list[Ready], list[Found]]:
        """What the index says of articles, once those that are versions supersede what is there.

        What is older than what is there is known. Nothing is stored unless `store`.
        """
        ready, found = list(looked[0]), list(looked[1])
        stood: dict[int, int] = {}
        for attempt in range(_ATTEMPTS):
            others = [i for i, one in enumerate(found) if one.other]
            if not others:
                return ready, found
            asked = []
            for i, old in zip(
                others, self._standing([found[i].place for i in others]), strict=True
            ):
                place = found[i].place
                new = looked[0][i]  # as it came
                if old is None:
                    waits = store and attempt < _PATIENCE
                    asked.append((i, new if waits else _blind(new, place)))
                elif stood.get(i) == place:  # a later version was reserved and never stored
                    (text,) = self._window.index.texts([place])
                    asked.append((i, self._refiled(again(old, place), text)))
                elif self._stands(old, new.record):
                    stood[i] = place
                    asked.append((i, Ready(old, self._filing.filed(old, None))))
                else:
                    asked.append((i, self._version(old, new, place, articles[i], now)))
            ask = index.add if store else index.probe
            told = ask([each.filed for _, each in asked], most) if asked else []
            for (i, each), one in zip(asked, told, strict=True):
                ready[i], found[i] = each, one
        raise IndexUnavailable(
            "other processes keep changing the same articles; nothing is lost, add them again"
        )

    def _standing(self, places: Sequence[int]) -> list[Record | None]:
        """The records of what is to be superseded; None for what is not stored."""
        gone = self._window.cache.load(places)
        return [None if place in gone else self._window.record(place) for place in places]

    def _stands(self, old: Record, new: Record) -> bool:
        """Whether what is there stays as it is."""
        if old.content == new.content:
            return False
        return is_older(old, new) or KILLED == old.notice == new.notice

    def _version(
        self, old: Record, new: Ready, place: int, article: Article, now: datetime | None
    ) -> Ready:
        """A version made ready, whatever kind it is of."""
        (text,) = self._window.index.texts([place])
        if old.content == new.record.content:
            return self._refiled(again(old, place), text)
        if new.record.notice == KILLED:
            return self._refiled(killed(old, place, new.record, article, now), text)
        kept = None if text is None else decode_article(text, f"article {old.id!r}").text
        dated, made = self._dated(old, new, article)
        record = next_version(old, made, place, article, kept, now)
        return Ready(record, self._filing.filed(record, dated)._replace(revises=place))

    def _dated(self, old: Record, new: Ready, article: Article) -> tuple[Article, Record]:
        """A version with the time of the first one: when it was published, or else came."""
        first = first_published(old, new.record)
        hours = min(old.hours, new.record.hours)
        same = abs(new.record.hours - hours) < _SAME
        if first == new.record.published and same:
            return article, new.record
        came = datetime.fromtimestamp(old.hours * 3600.0, UTC)
        undated = first is None or first.timestamp() > old.hours * 3600.0
        dated = replace(
            article, published=first, first_seen=came if undated else article.first_seen
        )
        (made,) = self._filing.ready([dated], came)
        return dated, made.record

    def _refiled(self, record: Record, text: bytes | None) -> Ready:
        """The same text with another record."""
        filed = self._filing.filed(record, None)._replace(text=text, revises=record.before)
        return Ready(record, filed)

    def refile(self, place: int, changed: Changed) -> int | None:
        """Store the text of an article with another record: the place that it has then.

        None where it is there no more.
        """
        for _ in range(_ATTEMPTS):
            (old,) = self._standing([place])
            record = None if old is None else changed(old, place)
            if record is None:
                return None if old is None else place
            (text,) = self._window.index.texts([place])
            (found,) = self._window.index.add([self._refiled(record, text).filed], 1)
            if found.removed is not None:
                return None
            place = found.place
        raise IndexUnavailable("other processes keep changing the same article; add it again")

    # ---- out -------------------------------------------------------------------------------------

    def unfinished(self, places: Iterable[int]) -> set[int]:
        """Which articles at hand have superseded something that is still there."""
        before = {place: old for place in places if (old := self._window.before(place)) >= 0}
        gone = self._window.gone(set(before.values())) if before else set()
        return {place for place, old in before.items() if old not in gone}

    def finish(self, news: Iterable[Newcomer], vacated: dict[int, tuple[int, ...]]) -> None:
        """Remove what the newcomers superseded, once they are linked.

        `vacated` are the articles of the clusters in which they took a seat, where that was now.
        """
        for newcomer in news:
            record = self._window.cache.records[newcomer.row]
            if record.before >= 0:
                self._retire(newcomer.place, record, vacated.pop(newcomer.place, None))

    def _retire(self, place: int, record: Record, among: Sequence[int] | None) -> None:
        window = self._window
        for old in superseded(window, place):
            everywhere = among is None or window.heeded.is_kept_apart(place)
            heir = self._heir(old, place, record, among or (), everywhere=everywhere)
            window.index.remove(old, None, heir)
            window.cache.forget(old)

    def _heir(
        self, old: int, place: int, record: Record, among: Sequence[int], *, everywhere: bool
    ) -> Filed | None:
        """Who stands for the superseded text: the version itself, or a copy."""
        if not self._window.cache.load([old]) and self._window.record(old).digest == record.digest:
            return self._filing.filed(record, None)
        others = [p for p in among if p not in (old, place)]
        return heir_of(self._window, self._filing, old, others, everywhere=everywhere)


def superseded(window: Window, place: int) -> list[int]:
    """The places of the versions before one, as far as they may be there, the oldest first."""
    places: list[int] = []
    old = window.before(place)
    while old >= 0 and (not places or not window.gone({old})):
        places.append(old)
        old = window.before(old)
    return places[::-1]


def _blind(new: Ready, place: int) -> Ready:
    """A version of what was reserved and never stored."""
    record = replace(new.record, before=place)
    return Ready(record, new.filed._replace(revises=place))
