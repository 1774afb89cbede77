"""The index in the memory of one process: nothing outlives it. What the seam means, in dicts."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from msgspec.structs import replace

from dedupe.index.base import (
    SLICE_BITS,
    Change,
    Cluster,
    Event,
    Filed,
    Found,
    Hands,
    Receipt,
    SliceStats,
    Stats,
    Tally,
    slice_of,
)
from dedupe.index.buckets import Buckets, stack
from dedupe.index.manifest import Manifest, manifest_of
from dedupe.index.meeting import Meeting, answers, entering


class _Kept(NamedTuple):
    id: str
    content: int
    digest: int
    record: bytes
    text: bytes | None


class _Slice:
    def __init__(self) -> None:
        self.articles: dict[int, _Kept] = {}  # by place, ascending
        self.heads: dict[int, tuple[int, float]] = {}  # digest, place and hours of its head
        self.bucketed: set[int] = set()  # places that are in buckets, or were until pushed out
        self.capped = 0
        self.parts: list[tuple[int, bool, bytes]] = []  # position, whether folded, blob


class MemoryIndex:
    """One index, in this process alone. dedupe.index.base.Index says what each method promises."""

    def __init__(self, wanted: Manifest | None = None) -> None:
        self.manifest = wanted or manifest_of()
        self._bands = self.manifest.signature.bands
        self._buckets = Buckets(self._bands, self.manifest.depth)
        self._slices: defaultdict[int, _Slice] = defaultdict(_Slice)
        self._next: Counter[int] = Counter()  # number of a slice's next article; outlives it
        self._places: dict[str, int] = {}
        self._members: dict[int, str] = {}  # place, cluster
        self._clusters: dict[str, Cluster] = {}
        self._redirects: dict[str, str] = {}
        self._events: list[Event] = []
        self._position = 0  # of the last event that there was
        self._receipts: dict[str, Receipt] = {}
        self._hands = Hands()
        self._open = True

    # ---- articles --------------------------------------------------------------------------------

    def add(self, filed: Sequence[Filed], most: int) -> list[Found]:
        """Store articles and return their candidates."""
        self._check()
        met = [self._file(each) for each in filed]
        for slice, places, some in entering(filed, met):
            self._enter(slice, places, some)
        return answers(self._buckets, filed, met, most)

    def probe(self, filed: Sequence[Filed], most: int) -> list[Found]:
        """What `add` would return."""
        self._check()
        return answers(self._buckets, filed, [self._meet(each) for each in filed], most)

    def _meet(self, filed: Filed) -> Meeting:
        if filed.id in self._receipts:
            return Meeting(removed=self._receipts[filed.id])
        place = self._places.get(filed.id)
        if place is not None and place != filed.revises:
            if self._kept(place).content != filed.content:
                return Meeting(place, other=True)
            return Meeting(place, known=True, head=self._head(filed, place))
        head = self._head(filed, None)
        return Meeting(head=-1 if head == filed.revises else head)

    def _head(self, filed: Filed, own: int | None) -> int:
        first, last = filed.near
        mine = filed.slice if own is None else slice_of(own)
        for slice in sorted(self._slices, key=lambda slice: (slice != mine, slice)):
            if first <= slice <= last and filed.digest in self._slices[slice].heads:
                head, hours = self._slices[slice].heads[filed.digest]
                if abs(hours - filed.hours) <= self.manifest.window_hours:
                    return -1 if head == own else head
        return -1

    def _file(self, filed: Filed) -> Meeting:
        met = self._meet(filed)
        if met.known and met.place not in self._members:
            return self._head_or_copy(met, filed)
        if met.known or met.other or met.removed:
            return met
        mine = self._slices[filed.slice]
        place = filed.slice << SLICE_BITS | self._next[filed.slice]
        self._next[filed.slice] += 1
        mine.articles[place] = _Kept(
            filed.id, filed.content, filed.digest, filed.record, filed.text
        )
        self._places[filed.id] = place
        return self._head_or_copy(met._replace(place=place), filed)

    def _head_or_copy(self, met: Meeting, filed: Filed) -> Meeting:
        mine = self._slices[slice_of(met.place)]
        if met.head == -1 and filed.digest:
            mine.heads.setdefault(filed.digest, (met.place, filed.hours))
        new = filed.bucketed and met.place not in mine.bucketed
        return met._replace(enters=met.head == -1 and new)

    def _enter(self, slice: int, places: Sequence[int], filed: Sequence[Filed]) -> None:
        keys = stack((each.keys for each in filed), self._bands)
        self._slices[slice].capped += self._buckets.enter(slice, places, keys)
        self._slices[slice].bucketed.update(places)

    def _kept(self, place: int) -> _Kept:
        return self._slices[slice_of(place)].articles[place]

    def tally(self, slice: int, blob: bytes) -> int:
        """Append a part."""
        self._check()
        parts = self._slices[slice].parts
        position = parts[-1][0] + 1 if parts else 1
        parts.append((position, False, blob))
        return position

    def tallies(self, read: dict[int, int]) -> list[Tally]:
        """The parts beyond the positions that were read."""
        self._check()
        return [
            Tally(slice, position, whole, blob)
            for slice, mine in sorted(self._slices.items())
            for position, whole, blob in mine.parts
            if position > read.get(slice, 0)
        ]

    def fold(self, slice: int, position: int, blob: bytes) -> bool:
        """Replace parts by one."""
        self._check()
        parts = self._slices[slice].parts if slice in self._slices else []
        if (position, False) not in [part[:2] for part in parts]:
            return False
        parts[:] = [(position, True, blob), *(part for part in parts if part[0] > position)]
        return True

    def records(self, places: Sequence[int]) -> list[bytes | None]:
        """Encoded records."""
        return [kept and kept.record for kept in self._all(places)]

    def texts(self, places: Sequence[int]) -> list[bytes | None]:
        """Compressed texts."""
        return [kept and kept.text for kept in self._all(places)]

    def _all(self, places: Sequence[int]) -> list[_Kept | None]:
        self._check()
        slices = self._slices
        return [
            slices[slice_of(p)].articles.get(p) if slice_of(p) in slices else None for p in places
        ]

    def places(self, ids: Sequence[str]) -> list[int | None]:
        """Where the articles are."""
        self._check()
        return [self._places.get(id) for id in ids]

    def slices(self) -> list[int]:
        """The live slices."""
        self._check()
        return sorted(self._slices)

    def scan(self, slice: int) -> Iterator[int]:
        """The places of a slice."""
        self._check()
        return iter(list(self._slices[slice].articles) if slice in self._slices else ())

    # ---- clusters --------------------------------------------------------------------------------

    def memberships(self, places: Sequence[int]) -> list[str | None]:
        """The cluster of each."""
        self._check()
        return [self._members.get(place) for place in places]

    def clusters(self, ids: Sequence[str]) -> list[Cluster | None]:
        """The clusters, through redirects."""
        self._check()
        return [self._clusters.get(self._led(id)) for id in ids]

    def _led(self, id: str) -> str:
        while id in self._redirects:
            id = self._redirects[id]
        return id

    def stories(self) -> Iterator[Cluster]:
        """All clusters."""
        self._check()
        return iter(list(self._clusters.values()))

    def redirects(self) -> Iterator[tuple[str, str]]:
        """All merged ids."""
        self._check()
        return iter(list(self._redirects.items()))

    def link(self, change: Change) -> bool:
        """Apply a change whole, or not."""
        self._check()
        if not self._holds(change):
            return False
        gone = [*change.dropped, *(id for id, _ in change.redirects)]
        for id in (*gone, *(cluster.id for cluster in change.clusters)):
            if (old := self._clusters.pop(id, None)) is not None:
                self._leave(old.members)
        for cluster in change.clusters:
            self._clusters[cluster.id] = cluster
            self._members.update(dict.fromkeys(cluster.members, cluster.id))
        self._redirects.update(change.redirects)
        self._unredirect(set(change.dropped) - self._redirects.keys())
        for event in change.events:
            self._position += 1
            self._events.append(replace(event, position=self._position))
        return True

    def _holds(self, change: Change) -> bool:
        expected = dict(change.expected)
        return (
            change.hands == self._hands.version
            and all(
                id in self._clusters and self._clusters[id].version == version
                for id, version in change.expected
            )
            and all(
                kept is not None
                and place not in self._members
                and self._places.get(kept.id) == place
                for place, kept in zip(change.unlinked, self._all(change.unlinked), strict=True)
            )
            and not any(
                id in self._clusters or id in self._redirects
                for id in (*(cluster.id for cluster in change.clusters), *dict(change.redirects))
                if id not in expected
            )
        )

    def _leave(self, places: Iterable[int]) -> None:
        for place in places:
            self._members.pop(place, None)

    def _unredirect(self, gone: set[str]) -> None:
        """Forget the ids that lead to clusters that are gone."""
        while gone:
            gone = {id for id, to in self._redirects.items() if to in gone}
            for id in gone:
                del self._redirects[id]

    def events(self, after: int, most: int) -> list[Event]:
        """Events above a position."""
        self._check()
        first = bisect_right(self._events, after, key=attrgetter("position"))
        return self._events[first : first + most]

    def hands(self) -> Hands:
        """What people decided."""
        self._check()
        return self._hands

    def lay(self, hands: Hands) -> bool:
        """Replace the hands."""
        self._check()
        if hands.version != self._hands.version + 1:
            return False
        self._hands = hands
        return True

    # ---- going away ------------------------------------------------------------------------------

    def remove(self, place: int, receipt: Receipt | None, heir: Filed | None) -> bool:
        """Delete all that is kept of an article."""
        self._check()
        if place in self._members:
            return False
        if self._all([place])[0] is not None:
            self._forget(place)
            self._buckets.leave(place)
        if receipt is not None:
            self._receipts[receipt.id] = receipt
        if heir is not None and heir.id in self._places:
            self._inherit(self._places[heir.id], heir)
        return True

    def _forget(self, place: int) -> None:
        mine = self._slices[slice_of(place)]
        kept = mine.articles.pop(place)
        if self._places.get(kept.id) == place:
            del self._places[kept.id]
        mine.bucketed.discard(place)
        if mine.heads.get(kept.digest, (None, 0.0))[0] == place:
            del mine.heads[kept.digest]

    def _inherit(self, place: int, heir: Filed) -> None:
        met = Meeting(place, head=self._head(heir, place))
        self._head_or_copy(met, heir)
        if heir.bucketed and place not in self._slices[slice_of(place)].bucketed:
            self._enter(slice_of(place), [place], [heir])

    def receipts(self) -> Iterator[Receipt]:
        """All receipts."""
        self._check()
        return iter(sorted(self._receipts.values(), key=attrgetter("id")))

    def expire(self, slice: int, most: int, since: int = 0) -> int:
        """Delete old slices, some articles at a time."""
        self._check()
        gone: list[int] = []
        for old in [s for s in sorted(self._slices) if since <= s < slice]:
            self._buckets.drop(old)
            some = list(self._slices[old].articles)[: most - len(gone)]
            for place in some:
                self._forget(place)
            self._prune(some)
            gone += some
            if self._slices[old].articles:
                break
            del self._slices[old]
        if not gone:
            begins = slice * self.manifest.slice_hours
            self._events = [e for e in self._events if e.hours is None or e.hours >= begins]
        return len(gone)

    def _prune(self, gone: Iterable[int]) -> None:
        losing = {self._members.pop(place) for place in gone if place in self._members}
        for id in losing:
            cluster = self._clusters[id]
            members = tuple(place for place in cluster.members if place in self._members)
            if members:
                self._clusters[id] = replace(cluster, version=cluster.version + 1, members=members)
            else:
                del self._clusters[id]
                self._unredirect({id})

    def stats(self) -> Stats:
        """What the index holds."""
        self._check()
        slices = sorted(self._slices.items())
        counts = tuple(SliceStats(slice=s, articles=len(mine.articles)) for s, mine in slices)
        return Stats(
            articles=sum(each.articles for each in counts),
            clusters=len(self._clusters),
            events=len(self._events),
            slices=counts,
            capped=sum(mine.capped for _, mine in slices),
            bytes=None,
        )

    def incarnation(self) -> str:
        """There is no server."""
        return ""

    def memory(self) -> None:
        """There is no server."""

    def beside(self) -> None:
        """None: there is no server to wait for."""

    def close(self) -> None:
        """Forget everything."""
        self._open = False

    def _check(self) -> None:
        if not self._open:
            raise ValueError("the index is closed")
