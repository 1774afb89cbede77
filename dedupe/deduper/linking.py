"""Newcomers into clusters: drafted, linked whole, drafted anew where others were quicker."""

from __future__ import annotations

from collections.abc import Sequence

from dedupe.deduper.deciding import Deciding, Newcomer
from dedupe.deduper.draft import Draft
from dedupe.deduper.joining import Rules, fits, sample, settle
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

        None for those that are there no more, or superseded, or whose copy is: another was quicker,
        and they are to be looked up again.
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
                    # Without the copy that stood for its text it must be looked up again.
                    if not {n.place, n.head} & (gone | moved.keys())
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
        self._window.foresee(_to_be_judged(draft, news))
        for newcomer in news:
            if newcomer.again and draft.cluster_of(newcomer.place) is not None:
                continue  # what was decided stays
            mates = self._window.heeded.mates(newcomer.place)
            draft.load(mates)
            if mate := next((c for m in mates if (c := draft.cluster_of(m))), None):
                _put(draft, newcomer.place, mate, rules)
            else:
                self._settle(draft, newcomer, rules)
        self._window.foresee(())
        self._note_vacated(draft)
        window = self._window
        change = draft.change(window.elect, window.heeded.hands, hours, window.notice)
        if not draft.is_empty and not self._window.index.link(change):
            return None
        decisions = self._deciding.decide(news, draft, change)
        return {n.place: decision for n, decision in zip(news, decisions, strict=True)}

    def _note_vacated(self, draft: Draft) -> None:
        """Remember who is near the seats that versions took: copies of the text that is gone."""
        for old, new in draft.seats.items():
            clusters = {draft.seated_in[new], draft.cluster_of(new)}
            near = [draft.members(c) for c in clusters if c is not None and draft.is_there(c)]
            self.vacated[new] = tuple(p for members in near for p in members if p != old)

    def told(self, newcomer: Newcomer, draft: Draft) -> Decision:
        """What holds of an article that is linked, and in the draft."""
        return self._deciding.decide([newcomer], draft, None)[0]

    def _settle(self, draft: Draft, newcomer: Newcomer, rules: Rules) -> None:
        place = newcomer.place
        if (own := draft.cluster_of(place)) is not None and not self._belongs(
            draft, newcomer, own, rules
        ):
            alone = draft.split(own, [place])
            if newcomer.head >= 0:
                _join_copy(draft, alone, newcomer, rules)
        if newcomer.head >= 0:
            _settle_copy(draft, newcomer, rules)
        else:
            settle(draft, place, newcomer.known, rules)

    def _belongs(self, draft: Draft, newcomer: Newcomer, own: str, rules: Rules) -> bool:
        """Whether an article stays in its story: all do but versions that have changed much."""
        place, record = newcomer.place, self._window.cache.records[newcomer.row]
        others = [p for p in draft.members(own) if p != place]
        if record.before < 0 or not others:
            return True
        changed = record.versions[-1].changed if record.versions else None
        if changed is not None and changed <= _LIGHT:
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


def _to_be_judged(draft: Draft, news: Sequence[Newcomer]) -> list[tuple[int, int]]:
    """Newcomers with those who speak for the clusters of their candidates, as far as not known."""
    pairs = []
    for newcomer in news:
        if newcomer.head >= 0 or len(newcomer.known) == 0:
            continue
        for cluster in {draft.cluster_of(place): None for place in newcomer.known}:
            if cluster is not None:
                for place in sample(draft.members(cluster)):
                    if place not in newcomer.known and place != newcomer.place:
                        pairs.append((newcomer.place, place))
    return pairs


def _put(draft: Draft, place: int, cluster: str, rules: Rules) -> None:
    """Into that cluster, whatever but people speaks against it."""
    own = draft.cluster_of(place)
    if own is None:
        draft.join(cluster, place)
    elif own != cluster and not (
        rules.apart and rules.apart(draft.members(own), draft.members(cluster))
    ):
        draft.merge(cluster, own)


def _join_copy(draft: Draft, alone: str, newcomer: Newcomer, rules: Rules) -> None:
    """A version that has left its story goes where the first of its text is, as any copy does."""
    cluster = draft.cluster_of(newcomer.head)
    if cluster is None:
        cluster = draft.found(newcomer.head)
    if fits(draft, cluster, alone, rules):
        draft.merge(cluster, alone)


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
