"""The index on Redis: records and texts, and how ledger and buckets work together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from dedupe.errors import IndexDamaged, UsageError
from dedupe.index.base import (
    SLICE_BITS,
    Change,
    Cluster,
    Event,
    Filed,
    Found,
    Hands,
    Receipt,
    Stats,
    Tally,
    slice_of,
)
from dedupe.index.manifest import Manifest
from dedupe.index.redis.buckets import NOTHING, Buckets, low_bytes
from dedupe.index.redis.connecting import Store
from dedupe.index.redis.keys import Keys, number_of
from dedupe.index.redis.ledger import KNOWN, NEW, OTHER, Ledger, Reserved, slices_in
from dedupe.index.redis.visits import Asked

_T = TypeVar("_T")
_BATCH = 256  # articles that go to the server at once
_PRUNED = 256  # articles that expire at once; a multiple of 64
_READ = 1024  # keys in one command
_MOST = (1 << 24) - 1  # articles of a slice that an entry of a bucket can name


class RedisIndex:
    """One index. dedupe.index.base.Index says what each method promises."""

    def __init__(self, store: Store, keys: Keys, manifest: Manifest) -> None:
        self.manifest = manifest
        self._store, self._keys = store, keys
        self._bands = manifest.signature.bands
        self._buckets = Buckets(store, keys, self._bands, manifest.depth)
        self._ledger = Ledger(store, keys)
        self._open = True
        self._besides: list[RedisIndex] = []

    # ---- articles --------------------------------------------------------------------------------

    def add(self, filed: Sequence[Filed], most: int) -> list[Found]:
        """Store articles and return their candidates."""
        self._check()
        return self._meet(filed, most, store=True)

    def probe(self, filed: Sequence[Filed], most: int) -> list[Found]:
        """What `add` would return."""
        self._check()
        return self._meet(filed, most, store=False)

    def _meet(self, filed: Sequence[Filed], most: int, store: bool) -> list[Found]:
        if not filed:
            return []
        reserved = self._each(filed, lambda some: self._ledger.reserve(some, store))
        # Until it is in a cluster, an article that comes again is finished, or becomes a head.
        opens = [store and _opens(each) for each in reserved]
        both = list(zip(filed, reserved, strict=True))
        self._keep([
            (f, r) for (f, r), o in zip(both, opens, strict=True) if o and not r.stored
        ])  # fmt: skip
        asking = [i for i, each in enumerate(reserved) if each.state in (NEW, KNOWN)]
        heads, live = self._ledger.admit(
            [filed[i] for i in asking],
            [reserved[i].place for i in asking],
            [opens[i] for i in asking],
            self.manifest.window_hours,
        )
        head = dict(zip(asking, heads, strict=True))
        reading = [i for i in asking if filed[i].bucketed and head[i] == -1]
        enters = {i for i in reading if opens[i] and not reserved[i].entered}
        asked = [
            Asked(filed[i].keys, reserved[i].place, filed[i].near, i in enters) for i in reading
        ]
        self._rekey([both[i] for i in sorted(enters)])
        written = [i for i, (_, r) in enumerate(both) if opens[i] and not (r.stored and r.entered)]
        after = self._ledger.whole(
            [reserved[i].place for i in written], [i in enters for i in written]
        )
        met, told = self._buckets.meet(asked, live, most, [after] if written else [])
        begun = {s: groups for reply in told for s, groups in slices_in(reply).items()}
        if any(a <= s <= b for s in begun.keys() - live.keys() for a, b in (e.near for e in asked)):
            # Slices that began before all was written: what is in them may not have seen this.
            again = [each._replace(enters=False) for each in asked]
            met, _ = self._buckets.meet(again, live | begun, most, [])
        shared = dict(zip(reading, met, strict=True))
        return [
            Found(
                r.place, r.state == KNOWN, r.state == OTHER, r.receipt, head.get(i, -1),
                *shared.get(i, NOTHING),
            )
            for i, r in enumerate(reserved)
        ]  # fmt: skip

    def _each(self, some: Sequence[Filed], ask: Callable[..., list[_T]]) -> list[_T]:
        return [told for at in range(0, len(some), _BATCH) for told in ask(some[at : at + _BATCH])]

    def _rekey(self, entering: Sequence[tuple[Filed, Reserved]]) -> None:
        """Keep with the record what its buckets are, where it was written without entering any."""
        self._store.ask_all([
            ("SETRANGE", self._keys.record(r.place), 0, low_bytes(f.keys))
            for f, r in entering if r.stored
        ])  # fmt: skip

    def _keep(self, stored: Sequence[tuple[Filed, Reserved]]) -> None:
        """Write records and texts."""
        written: defaultdict[int, list[bytes]] = defaultdict(list)
        for filed, reserved in stored:
            place = reserved.place
            if number_of(place) >= _MOST:
                raise UsageError(
                    f"a time slice holds at most {_MOST:,} articles; make an index with a shorter"
                    " window"
                )
            group = self._keys.group(place)
            written[group] += self._keys.record(place), low_bytes(filed.keys) + filed.record
            if filed.text is not None:
                written[group] += self._keys.text(place), filed.text
        self._store.ask_all([("MSET", *pairs) for pairs in written.values()])

    def tally(self, slice: int, blob: bytes) -> int:
        """Append a part."""
        self._check()
        return self._ledger.tally(slice, blob)

    def tallies(self, read: dict[int, int]) -> list[Tally]:
        """The parts beyond the positions that were read."""
        self._check()
        return self._ledger.tallies(read)

    def fold(self, slice: int, position: int, blob: bytes) -> bool:
        """Replace parts by one."""
        self._check()
        return self._ledger.fold(slice, position, blob)

    def records(self, places: Sequence[int]) -> list[bytes | None]:
        """Encoded records."""
        self._check()
        bands = self._bands
        return [
            None if blob is None else blob[bands:]
            for blob in self._fetch(places, self._keys.record)
        ]

    def texts(self, places: Sequence[int]) -> list[bytes | None]:
        """Compressed texts."""
        self._check()
        return self._fetch(places, self._keys.text)

    def _fetch(self, places: Sequence[int], name: Callable[[int], bytes]) -> list[bytes | None]:
        """Values by place, from each slot group at once."""
        grouped: defaultdict[int, list[int]] = defaultdict(list)
        for i, place in enumerate(places):
            grouped[self._keys.group(place) if self._store.clustered else 0].append(i)
        parts = [
            some[at : at + _READ] for some in grouped.values() for at in range(0, len(some), _READ)
        ]
        told = self._store.ask_all([("MGET", *(name(places[i]) for i in part)) for part in parts])
        found: list[bytes | None] = [None] * len(places)
        for part, values in zip(parts, told, strict=True):
            for i, value in zip(part, values, strict=True):
                found[i] = value
        return found

    def places(self, ids: Sequence[str]) -> list[int | None]:
        """Where the articles are."""
        self._check()
        return self._ledger.places(ids) if ids else []

    def slices(self) -> list[int]:
        """The live slices."""
        self._check()
        return list(self._ledger.live())

    def scan(self, slice: int) -> Iterator[int]:
        """The places of a slice."""
        self._check()
        return self._scan(slice)

    def _scan(self, slice: int) -> Iterator[int]:
        end = self._ledger.numbered(slice)
        for first in range(0, end, 64):
            for number in self._ledger.numbers(slice, first, min(end, first + 64)):
                yield slice << SLICE_BITS | number

    # ---- clusters --------------------------------------------------------------------------------

    def memberships(self, places: Sequence[int]) -> list[str | None]:
        """The cluster of each."""
        self._check()
        return [
            id
            for at in range(0, len(places), _READ)
            for id in self._ledger.memberships(places[at : at + _READ])
        ]

    def clusters(self, ids: Sequence[str]) -> list[Cluster | None]:
        """The clusters, through redirects."""
        self._check()
        return [
            cluster
            for at in range(0, len(ids), _READ)
            for cluster in self._ledger.clusters(ids[at : at + _READ])
        ]

    def stories(self) -> Iterator[Cluster]:
        """All clusters."""
        self._check()
        return self._ledger.stories()

    def redirects(self) -> Iterator[tuple[str, str]]:
        """All merged ids."""
        self._check()
        return self._ledger.redirects()

    def link(self, change: Change) -> bool:
        """Apply a change whole, or not."""
        self._check()
        return self._ledger.link(change)

    def events(self, after: int, most: int) -> list[Event]:
        """Events above a position."""
        self._check()
        return self._ledger.events(after, most)

    def hands(self) -> Hands:
        """What people decided."""
        self._check()
        return self._ledger.hands()

    def lay(self, hands: Hands) -> bool:
        """Replace the hands."""
        self._check()
        return self._ledger.lay(hands)

    # ---- going away ------------------------------------------------------------------------------

    def remove(self, place: int, receipt: Receipt | None, heir: Filed | None) -> bool:
        """Delete all that is kept of an article: what leads to it first, its number last.

        The heir comes between: as long as there is a record, somebody may finish this.
        """
        self._check()
        if not self._ledger.forget(place, receipt):
            return False
        groups = self._ledger.live().get(slice_of(place))
        kept = self._fetch([place], self._keys.record)[0]
        if kept is not None and groups is not None:
            if len(kept) < self._bands:
                raise IndexDamaged(f"{self._store.where}: the record of article {place} is short")
            self._buckets.leave(place, kept[: self._bands], groups)
        if heir is not None:
            self._inherit(heir)
        self._store.ask_all([
            ("UNLINK", self._keys.record(place), self._keys.text(place)),
            self._ledger.forgotten(place),
        ])  # fmt: skip
        return True

    def _inherit(self, heir: Filed) -> None:
        [held] = self._ledger.reserve([heir], False)
        if held.place < 0:
            return
        _, live = self._ledger.admit([heir], [held.place], [True], self.manifest.window_hours)
        if heir.bucketed and not held.entered:
            self._rekey([(heir, held)])
            asked = Asked(heir.keys, held.place, heir.near, True)
            self._buckets.meet([asked], live, 1, [self._ledger.whole([held.place], [True])])

    def receipts(self) -> Iterator[Receipt]:
        """All receipts."""
        self._check()
        return self._ledger.receipts()

    def expire(self, slice: int, most: int, since: int = 0) -> int:
        """Delete old slices, some articles at a time."""
        self._check()
        gone = 0
        for old, groups in self._ledger.live().items():
            if old >= slice or gone >= most:
                break
            if old < since:
                continue
            gone += self._expire(old, groups, most - gone)
        if gone < most:
            self._ledger.trim(slice * self.manifest.slice_hours, slice)
        return gone

    def _expire(self, slice: int, groups: int, most: int) -> int:
        first, end = self._ledger.expired(slice), self._ledger.numbered(slice)
        self._buckets.drop(slice, groups)  # again at every step: others may have added meanwhile
        gone = 0
        while first < end and gone < most:
            last = min(end, first + min(_PRUNED, most - gone))
            places = range(slice << SLICE_BITS | first, slice << SLICE_BITS | last)
            grouped: defaultdict[int, list[bytes]] = defaultdict(list)
            for place in places:
                grouped[self._keys.group(place)] += self._keys.record(place), self._keys.text(place)
            self._store.ask_all([("UNLINK", *names) for names in grouped.values()])
            gone += self._ledger.prune(slice, first, last - 1)
            first = last
        if first >= end:
            self._ledger.close(slice, end)
        return gone

    def stats(self) -> Stats:
        """What the index holds."""
        self._check()
        slices = self._ledger.counts()
        clusters, events = self._ledger.sizes()
        return Stats(
            articles=sum(each.articles for each in slices),
            clusters=clusters,
            events=events,
            slices=slices,
            capped=self._buckets.pushed(),
            bytes=None,
        )

    def incarnation(self) -> str:
        """The run ids of all masters."""
        self._check()
        return " ".join(sorted(str(told["run_id"]) for told in self._store.info("server")))

    def memory(self) -> int:
        """What all masters use."""
        self._check()
        return sum(int(told["used_memory"]) for told in self._store.info("memory"))

    def beside(self) -> RedisIndex:
        """Another connection."""
        self._check()
        self._besides.append(RedisIndex(self._store.again(), self._keys, self.manifest))
        return self._besides[-1]

    def close(self) -> None:
        """Hang up."""
        self._open = False
        for each in self._besides:
            each.close()
        self._store.close()

    def _check(self) -> None:
        if not self._open:
            raise ValueError("the index is closed")


def _opens(reserved: Reserved) -> bool:
    """Whether something may be written of it: it is new, or in no cluster yet."""
    return reserved.state == NEW or (reserved.state == KNOWN and not reserved.linked)
