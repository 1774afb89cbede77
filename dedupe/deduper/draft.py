"""What a batch makes of the clusters, worked out here and handed to the index as one change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count, islice
from math import inf

from dedupe.index.base import Change, Cluster, Event, Hands, Index
from dedupe.stories.story import story_id

# An article, and the members of its cluster: the kind of event that it is, and the ids of it.
Notices = Callable[[int, Sequence[int]], tuple[str, tuple[str, ...]] | None]
Elect = Callable[[Sequence[int], Cluster | None], Cluster]  # members, and what it was before

_ASKED = 4  # names that are asked about at once


class Draft:
    """Clusters as they were read, and as they shall be.

    Articles are given by their places; `hours` and `name` give the time and the id of one, `before`
    the place of the version that it superseded, or -1. A version that is in no cluster yet takes
    the seat of the one before as soon as it is loaded. Whether a new name is taken is asked
    beforehand only where it is likely, or if `careful`: the index refuses a change with a name that
    is.
    """

    def __init__(
        self,
        index: Index,
        hours: Callable[[int], float],
        name: Callable[[int], str],
        careful: bool = False,
        before: Callable[[int], int] = lambda place: -1,
    ) -> None:
        self._index, self._hours, self._name, self._careful = index, hours, name, careful
        self._before = before
        self.seats: dict[int, int] = {}  # superseded versions, and those that took their seats
        self.seated_in: dict[int, str] = {}  # the clusters in which they did
        self._read: dict[str, Cluster] = {}
        self._of: dict[int, str | None] = {}
        self._unlinked: set[int] = set()
        self._members: dict[str, list[int]] = {}
        self._spans: dict[str, tuple[float, float]] = {}
        self._changed: dict[str, None] = {}  # in the order of change
        self._redirects: dict[str, str] = {}
        self._events: list[Event] = []

    def load(self, places: Iterable[int]) -> None:
        """Read the clusters of places that are not known yet."""
        wanted = [place for place in dict.fromkeys(places) if place not in self._of]
        if not wanted:
            return
        ids = self._index.memberships(wanted)
        new = [each for each in dict.fromkeys(ids) if each is not None and each not in self._read]
        for cluster in self._index.clusters(new):
            if cluster is not None and cluster.id not in self._read:
                self._read[cluster.id] = cluster
                self._members[cluster.id] = list(cluster.members)
                first, last = cluster.first, cluster.last
                self._spans[cluster.id] = (
                    inf if first is None else first, -inf if last is None else last
                )  # fmt: skip
                self._of.update((place, cluster.id) for place in cluster.members)
        loose = [place for place in wanted if place not in self._of]
        for place in loose:
            self._of[place] = None
            self._unlinked.add(place)
        for place in loose:
            self._seat(place)

    def adopt(self, place: int) -> None:
        """Know an article as one in no cluster, without asking the index."""
        self._of[place] = None
        self._seat(place)

    def _seat(self, place: int) -> None:
        """Give an article that is in no cluster the seat of an earlier version that is in one."""
        old = self._before(place)
        while old >= 0:
            self.load([old])
            if self._of[old] is not None and old not in self.seats:
                self.supersede(old, place)
                return
            old = self._before(old)

    def cluster_of(self, place: int) -> str | None:
        """The cluster that an article is in now, or a later version; None while it is in none."""
        while place in self.seats:
            place = self.seats[place]
        return self._of[place]

    def is_there(self, cluster: str) -> bool:
        """Whether a cluster has any articles now."""
        return bool(self._members.get(cluster))

    def members(self, cluster: str) -> list[int]:
        """The articles of a cluster now."""
        return self._members[cluster]

    def before(self, cluster: str) -> Cluster | None:
        """A cluster as it was read; None for a new one."""
        return self._read.get(cluster)

    def span(self, cluster: str) -> tuple[float, float]:
        """The hours of the earliest and of the latest article of a cluster."""
        return self._spans[cluster]

    # ---- changes ---------------------------------------------------------------------------------

    def found(self, place: int) -> str:
        """Make a cluster of one article that is in none."""
        cluster = self._new_id([place], self._careful)
        hours = self._hours(place)
        self._members[cluster], self._spans[cluster] = [place], (hours, hours)
        self._of[place] = cluster
        self._note("created", cluster, [place])
        return cluster

    def join(self, cluster: str, place: int) -> None:
        """Put an article that is in no cluster into one."""
        self._take(cluster, [place])
        self._note("joined", cluster, [place])

    def supersede(self, old: int, new: int) -> None:
        """Give the seat of an article in its cluster to a new version of it, which is in none.

        Whoever still knows the old one finds it where the new one is.
        """
        cluster = self._of[old]
        assert cluster is not None
        members = self._members[cluster]
        members[members.index(old)] = new
        self._of[new] = cluster
        self.seats[old] = new
        self.seated_in[new] = cluster
        if self._hours(new) != self._hours(old):
            self._respan(cluster)
        self._note("updated", cluster, [new])

    def merge(self, into: str, gone: str) -> None:
        """Put all articles of a cluster into another; its id becomes a redirect."""
        moved = self._members.pop(gone)
        self._take(into, moved)
        self._drop(gone, into)
        self._note("merged", into, moved, gone)

    def split(self, cluster: str, moved: Sequence[int], into: str | None = None) -> str:
        """Take some articles out of a cluster, into a new one or `into` another."""
        leaving = set(moved)
        self._members[cluster] = [p for p in self._members[cluster] if p not in leaving]
        self._respan(cluster)
        if into is None:
            into = self._new_id(moved, True)
            self._members[into] = []
            self._spans[into] = (inf, -inf)
        self._take(into, moved)
        self._changed[cluster] = None
        self._note("split", into, moved, cluster)
        return into

    def remove(self, cluster: str, place: int) -> None:
        """Take an article out of its cluster for good; it is in none then."""
        self._members[cluster].remove(place)
        self._of[place] = None
        self._note("removed", cluster, [place])
        if self._members[cluster]:
            self._respan(cluster)
        else:
            del self._members[cluster]
            self._changed.pop(cluster)

    def elect_again(self, cluster: str) -> None:
        """See to a new election although nobody comes or goes."""
        self._changed[cluster] = None

    def _take(self, cluster: str, places: Sequence[int]) -> None:
        self._members[cluster].extend(places)
        first, last = self._spans[cluster]
        hours = [self._hours(place) for place in places]
        self._spans[cluster] = (min(first, *hours), max(last, *hours))
        self._of.update((place, cluster) for place in places)
        self._changed[cluster] = None

    def _respan(self, cluster: str) -> None:
        hours = [self._hours(place) for place in self._members[cluster]]
        self._spans[cluster] = (min(hours), max(hours))

    def _drop(self, gone: str, into: str) -> None:
        self._redirects = {a: into if b == gone else b for a, b in self._redirects.items()}
        self._redirects[gone] = into
        self._changed.pop(gone, None)

    def _new_id(self, places: Sequence[int], ask: bool) -> str:
        """Named after one of its articles, by a name that no cluster has or has had."""
        names = self._names(places)
        while True:
            some = [
                name
                for name in islice(names, _ASKED)
                if name not in self._members and name not in self._redirects
            ]
            taken = self._index.clusters(some) if ask else [None] * len(some)
            free = (name for name, cluster in zip(some, taken, strict=True) if cluster is None)
            if (name := next(free, None)) is not None:
                return name

    def _names(self, places: Sequence[int]) -> Iterator[str]:
        for place in places:
            yield story_id([self._name(place)])
        for turn in count(1):
            yield story_id([f"{self._name(places[0])} {turn}"])

    def _note(
        self, kind: str, cluster: str, places: Sequence[int], other: str | None = None
    ) -> None:
        self._changed[cluster] = None
        ids = tuple(self._name(place) for place in places)
        self._events.append(Event(kind, cluster, ids, other))

    # ---- the outcome -----------------------------------------------------------------------------

    @property
    def is_empty(self) -> bool:
        """Whether nothing changes."""
        return not self._events and not self._changed

    def change(
        self,
        elect: Elect,
        hands: Hands,
        hours: float | None,
        notices: Notices = lambda place, members: None,
    ) -> Change:
        """The change, every changed cluster with a new election; `hours` is when it is decided.

        `notices` tells what an article that is linked now says of itself.
        """
        clusters, events = [], list(self._events)
        alive = [cluster for cluster in self._changed if self._members.get(cluster)]
        for cluster in alive:
            before = self._read.get(cluster)
            elected = elect(self._members[cluster], before)
            first, last = self._spans[cluster]
            clusters.append(
                Cluster(
                    cluster, before.version + 1 if before else 1, tuple(self._members[cluster]),
                    elected.canonical, elected.canonical_id, elected.reason, elected.credit,
                    elected.credited, first, last,
                )
            )  # fmt: skip
            if before and before.canonical_id != elected.canonical_id:
                events.append(Event("canonical_changed", cluster, (elected.canonical_id,)))
        for place in sorted(self._unlinked):
            at = self.cluster_of(place)
            if at is not None and at in alive and (told := notices(place, self._members[at])):
                events.append(Event(told[0], at, told[1]))
        gone = [c for c in self._read if not self._members.get(c) and c not in self._redirects]
        touched = {*alive, *gone, *self._redirects} & self._read.keys()
        placed = {place for cluster in alive for place in self._members[cluster]}
        return Change(
            expected=tuple((c, self._read[c].version) for c in sorted(touched)),
            unlinked=tuple(sorted(self._unlinked & placed)),
            hands=hands.version,
            clusters=tuple(clusters),
            dropped=tuple(gone),
            redirects=tuple(self._redirects.items()),
            events=tuple(
                Event(e.kind, e.cluster, e.articles, e.other, hours) for e in events
            ),
        )  # fmt: skip
