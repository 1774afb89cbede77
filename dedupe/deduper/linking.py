"""Newcomers into clusters: drafted, linked whole, drafted anew where others were quicker."""

from __future__ import annotations

from collections.abc import Sequence

from dedupe.deduper.deciding import Deciding, Newcomer
from dedupe.deduper.draft import Draft
from dedupe.deduper.joining import Rules, sample, settle
from dedupe.deduper.window import Vanished, Window
from dedupe.errors import IndexUnavailable, RecordRejected
from dedupe.models import Decision

_AT_ONCE = 3  # attempts to link a batch as one, before its articles go one by one
_LIGHT = 0.25  # share of its words: a version that changed less keeps its seat in any case
_ALONE = 100  # attempts to link one article; each that fails is another's that went through

Outcome = Decision | RecordRejected


class Linking:
    """Links what was looked up and judged, and says what became of it."""

    def __init__(self, window: Window) -> None:
        self._window, self._deciding = window, Deciding(window)
        self.vacated: dict[int, tuple[int, ...]] = {}  # clusters in which versions took a seat

    def link(self, news: Sequence[Newcomer], hours: float | None) -> list[Decision | None]:
        """Link the articles of a batch, at once if nobody is in the way, else one by one.

        None for those that are there no more, or superseded: another was quicker.
        """
        decisions = self._attempt(news, hours, _AT_ONCE if len(news) > 1 else _ALONE)
        if decisions is not None:
            return decisions
        return [self._alone(newcomer, hours) for newcomer in news]

    def _alone(self, newcomer: Newcomer, hours: float | None) -> Decision | None:
        decisions = self._attempt([newcomer], hours, _ALONE)
        if decisions is None:
            raise IndexUnavailable(
                "other processes keep changing the same stories; nothing is lost, add it again"
            )
        return decisions[0]

    def _attempt(
        self, news: Sequence[Newcomer], hours: float | None, attempts: int
    ) -> list[Decision | None] | None:
        left = list(news)
        for attempt in range(attempts):
            if attempt:  # somebody was in the way, perhaps by taking down what is read here
                read = {p for n in left for p in (n.place, *n.known, *n.candidates)}
                gone = self._window.gone(read)
                moved = self._window.moved(read - gone)
                left = [
                    n.without(gone).following(moved)
                    for n in left
                    if n.place not in gone and n.place not in moved
                ]
            try:
                decided = self._decided(left, hours, careful=attempt > 0)
            except Vanished:
                continue
            if decided is not None:
                return [decided.get(n.place) for n in news]
        return None

    def _decided(
        self, news: Sequence[Newcomer], hours: float | None, *, careful: bool
    ) -> dict[int, Decision] | None:
        """The decisions by place, once linked; None where a change no longer held."""
        self._window.heeded.read()
        rules = self._window.rules()
        known = {place for newcomer in news for place in newcomer.known}
        draft = self._window.draft(careful=careful)
        draft.load([*(newcomer.place for newcomer in news), *known])
        self._window.fetch_samples(draft, known)
        for newcomer in news:
            own = draft.cluster_of(newcomer.place)
            if newcomer.place in draft.seats.values() and own is not None:
                self.vacated[newcomer.place] = tuple(draft.members(own))
            if newcomer.again and own is not None:
                continue  # what was decided stays
            mates = self._window.heeded.mates(newcomer.place)
            draft.load(mates)
            if mate := next((c for m in mates if (c := draft.cluster_of(m))), None):
                _put(draft, newcomer.place, mate, rules)
            else:
                self._settle(draft, newcomer, rules)
        window = self._window
        change = draft.change(window.elect, window.heeded.hands, hours, window.notice)
        if not draft.is_empty and not self._window.index.link(change):
            return None
        decisions = self._deciding.decide(news, draft, change)
        return {n.place: decision for n, decision in zip(news, decisions, strict=True)}

    def told(self, newcomer: Newcomer, draft: Draft) -> Decision:
        """What holds of an article that is linked, and in the draft."""
        return self._deciding.decide([newcomer], draft, None)[0]

    def _settle(self, draft: Draft, newcomer: Newcomer, rules: Rules) -> None:
        place = newcomer.place
        if place in draft.seats.values() and not self._belongs(draft, newcomer, rules):
            own = draft.cluster_of(place)
            assert own is not None
            draft.split(own, [place])
        if newcomer.head >= 0:
            _settle_copy(draft, newcomer, rules)
        else:
            settle(draft, place, newcomer.known, rules)

    def _belongs(self, draft: Draft, newcomer: Newcomer, rules: Rules) -> bool:
        """Whether a new version stays in the story in which it was given a seat."""
        place, versions = newcomer.place, self._window.cache.records[newcomer.row].versions
        own = draft.cluster_of(place)
        others = [p for p in draft.members(own) if p != place] if own is not None else []
        changed = versions[-1].changed if versions else None
        if not others or (changed is not None and changed <= _LIGHT):
            return True
        some = sample(others)
        return float(rules.score([place] * len(some), some).mean()) >= rules.threshold

    def would(self, newcomer: Newcomer) -> Decision:
        """What would become of an article that is not in the index."""
        self._window.heeded.read()
        draft = self._window.draft(list(newcomer.known))
        draft.adopt(newcomer.place)
        self._window.fetch_samples(draft, set(newcomer.known))
        self._settle(draft, newcomer, self._window.rules())
        change = draft.change(self._window.elect, self._window.heeded.hands, None)
        return self._deciding.decide([newcomer], draft, change)[0]


def _put(draft: Draft, place: int, cluster: str, rules: Rules) -> None:
    """Into that cluster, whatever but people speaks against it."""
    own = draft.cluster_of(place)
    if own is None:
        draft.join(cluster, place)
    elif own != cluster and not (
        rules.apart and rules.apart(draft.members(own), draft.members(cluster))
    ):
        draft.merge(cluster, own)


def _settle_copy(draft: Draft, newcomer: Newcomer, rules: Rules) -> None:
    """An exact copy goes where the first of its text is, unless people or the window say no."""
    place, head = newcomer.place, newcomer.head
    if draft.cluster_of(place) is not None:
        return
    if draft.cluster_of(head) is None:
        draft.found(head)
    cluster = draft.cluster_of(head)
    assert cluster is not None
    first, last = draft.span(cluster)
    hours = rules.hours(place)
    fits = max(last, hours) - min(first, hours) <= rules.window
    if fits and not (rules.apart and rules.apart([place], draft.members(cluster))):
        draft.join(cluster, place)
    else:
        draft.found(place)
