"""The seam of the index: what every backend keeps and promises. It decides nothing.

An article is filed under a time slice (its own time, in steps of a part of the window) and known
by its place, slice · 2**32 + number in the slice. Everything that is kept of it belongs to that
slice, which expires whole.

What every backend guarantees:

- **Order.** `add` stores an article's record and writes all its buckets before it reads any. Of two
  copies that are added at once, by whatever processes, at least one sees the other.
- **Once.** Adding an article again (the same id, the same content) changes nothing and gives its
  place. Until it is linked, adding it again also repairs what a killed process left half written.
- **All or nothing.** `link` applies a change of clusters whole or not at all, and only where the
  clusters still are as they were read. No reader ever sees half a merge. Every change appends its
  events to the log in the same step.
- **Nothing else.** Clusters change by `link` alone. What is in the index and in no cluster has been
  added but not linked yet: whoever meets it may link it.
- **One place an id.** An id leads to one place. A new version of an article gets a place of its
  own, and the id leads there from then on; nothing else of the superseded place changes. It can
  leave its cluster, and never be linked again: then it is removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from dedupe.index.manifest import Manifest

SLICE_BITS = 32


def slice_of(place: int) -> int:
    """The time slice that a place belongs to."""
    return place >> SLICE_BITS


class Filed(NamedTuple):
    """An article as it goes into the index."""

    id: str
    content: int  # 64-bit hash of the article as given: tells whether a known id is another text
    digest: int  # 64-bit digest of the normalised text; 0 is no text
    hours: float  # of its time, since 1970: as published, else when it arrived
    slice: int  # that it is filed under
    near: tuple[int, int]  # first and last slice in which copies and candidates are looked for
    keys: NDArray[np.uint32]  # (bands,) its buckets
    bucketed: bool  # whether it may enter buckets; it has too few informative words otherwise
    record: bytes  # dedupe.index.records.Record, encoded; goes to disk or wire as it is
    text: bytes | None  # compressed, for evidence; None where the index keeps none
    revises: int = -1  # place of the version that this one supersedes; -1: it is no new version


class Found(NamedTuple):
    """What the index says of an article that was added or probed."""

    place: int  # -1 where it was only probed and is not in the index
    known: bool  # the id was in the index before, with the same content
    # The id is at `place` with another content, or another version is there than the one to be
    # superseded: nothing was stored.
    other: bool
    removed: Receipt | None  # the id was taken down: nothing was stored
    head: int  # place of the article of the same digest that stands for it in buckets; -1: none;
    # never the one that it supersedes
    candidates: NDArray[np.int64]  # places that share most buckets, best first; never its own
    hits: NDArray[np.int32]  # buckets that each of them shares
    capped: int  # buckets that had more members than are kept


class Cluster(Struct, frozen=True, array_like=True):
    """One story. Versions count its changes from 1."""

    id: str
    version: int
    members: tuple[int, ...]  # places, in the order in which they joined
    canonical: int  # place
    canonical_id: str
    reason: str  # the rule of the election that decided
    credit: str | None  # agency
    credited: int  # members that credit it
    first: float | None  # hours since 1970 of the earliest dated member
    last: float | None  # of the latest


class Event(Struct, frozen=True, array_like=True, omit_defaults=True):
    """One change of one cluster. `position` is given by the index, ascending, without reuse."""

    # created, joined, merged, canonical_changed, split, removed, updated, killed, corrected
    kind: str
    cluster: str
    # Ids: that joined, that moved, the new canonical, that is gone, that has a new version; killed
    # and corrected: the article, then those of its cluster that republished it.
    articles: tuple[str, ...]
    other: str | None = None  # merged: the id that is now a redirect; split: where it came from
    hours: float | None = None  # when it was decided, since 1970, where the caller said
    position: int = 0


class Change(Struct, frozen=True, kw_only=True):
    """A change of clusters, applied only where `expected` and `unlinked` still hold."""

    expected: tuple[tuple[str, int], ...] = ()  # clusters that were read, with their versions
    # Places of articles that are there, that their ids lead to, and that were in no cluster.
    unlinked: tuple[int, ...] = ()
    hands: int = 0  # version of the hands that were heeded
    # Their new states and versions; new ones have 1, and names that no cluster or redirect has.
    clusters: tuple[Cluster, ...] = ()
    dropped: tuple[str, ...] = ()  # clusters that have lost their last member
    # Merged cluster, cluster that took its members. One that is not expected was never stored: its
    # name must be free too.
    redirects: tuple[tuple[str, str], ...] = ()
    events: tuple[Event, ...] = ()


class Hands(Struct, frozen=True, array_like=True):
    """What people decided about clusters: by article ids, so that it outlives reprocessing."""

    version: int = 0
    pins: tuple[str, ...] = ()  # articles that are canonical wherever they are
    apart: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()  # no cluster has one of both
    together: tuple[tuple[str, ...], ...] = ()  # always in one cluster


class Receipt(Struct, frozen=True, array_like=True):
    """What is left of an article that was taken down: no content."""

    id: str
    hours: float  # when, since 1970
    reason: str


class Tally(NamedTuple):
    """A part of what the articles of a slice say together, as dedupe.deduper.tallies encodes it."""

    slice: int
    position: int  # how many parts of the slice come up to this one, itself included
    whole: bool  # it stands for all parts up to `position`, what was read of the slice is void
    blob: bytes


class SliceStats(Struct, frozen=True):
    """One time slice."""

    slice: int
    articles: int


class Stats(Struct, frozen=True):
    """What an index holds."""

    articles: int
    clusters: int
    events: int
    slices: tuple[SliceStats, ...]
    capped: int  # bucket entries that were pushed out of full buckets
    bytes: int | None  # that the index takes, where the backend can tell


class Index(Protocol):
    """One open index. Not for several threads at once; each has an index `beside`, or its own.

    Every method raises dedupe.errors.IndexUnavailable where the store does not answer in time or
    refuses (a retry may succeed; nothing was half done that a repetition would not mend), and
    IndexDamaged where what is stored cannot be read.
    """

    manifest: Manifest

    # ---- articles --------------------------------------------------------------------------------

    def add(self, filed: Sequence[Filed], most: int) -> list[Found]:
        """Store articles and return the `most` best candidates of each.

        All of the batch are stored before the first candidates are read, so later articles of the
        batch are among the candidates of earlier ones. Of exact copies (one digest, in the near
        slices, their hours at most the window apart) only the first enters buckets and is the head
        of the others, which have no candidates. Each slice knows one head of a digest: the first
        that was filed there without finding one. Within one batch ids are unique.

        An article that `revises` a place is stored, whatever its content, if its id leads there,
        and its id leads to the new place. Where a process was killed before it had stored all of a
        version, the version before is the one that is found, and that may be superseded.
        """
        ...

    def probe(self, filed: Sequence[Filed], most: int) -> list[Found]:
        """What `add` would return, without storing anything."""
        ...

    def tally(self, slice: int, blob: bytes) -> int:
        """Append a part to what the articles of a slice say together; its position, from 1."""
        ...

    def tallies(self, read: dict[int, int]) -> list[Tally]:
        """The parts of all live slices beyond the positions that were `read`, in order.

        Where parts that were not read have been folded since, the folded whole comes instead.
        """
        ...

    def fold(self, slice: int, position: int, blob: bytes) -> bool:
        """Replace the parts up to `position` by one; False where another was quicker."""
        ...

    def records(self, places: Sequence[int]) -> list[bytes | None]:
        """Encoded records; None for what is not there (any more)."""
        ...

    def texts(self, places: Sequence[int]) -> list[bytes | None]:
        """Compressed texts; None where there is none."""
        ...

    def places(self, ids: Sequence[str]) -> list[int | None]:
        """Where the articles with these ids are."""
        ...

    def slices(self) -> list[int]:
        """The live slices, ascending."""
        ...

    def scan(self, slice: int) -> Iterator[int]:
        """The places of all articles of a slice, ascending. What is added meanwhile may miss."""
        ...

    # ---- clusters --------------------------------------------------------------------------------

    def memberships(self, places: Sequence[int]) -> list[str | None]:
        """The id of the cluster that each article is in; None where it is not linked yet."""
        ...

    def clusters(self, ids: Sequence[str]) -> list[Cluster | None]:
        """The clusters, those of merged ids through their redirects."""
        ...

    def stories(self) -> Iterator[Cluster]:
        """All clusters, in no order. What changes meanwhile is given before or after the change."""
        ...

    def redirects(self) -> Iterator[tuple[str, str]]:
        """All merged ids, each with the id that it leads to."""
        ...

    def link(self, change: Change) -> bool:
        """Apply a change whole, with its events; False, and nothing, where it no longer holds."""
        ...

    def events(self, after: int, most: int) -> list[Event]:
        """At most `most` events with a position above `after` (0: from the beginning)."""
        ...

    def hands(self) -> Hands:
        """What people decided about clusters."""
        ...

    def lay(self, hands: Hands) -> bool:
        """Replace the hands; False where theirs is not the version before `hands.version`."""
        ...

    # ---- going away ------------------------------------------------------------------------------

    def remove(self, place: int, receipt: Receipt | None, heir: Filed | None) -> bool:
        """Delete all that is kept of an article that is in no cluster any more, and keep a receipt.

        Its id is free then, unless it leads elsewhere by now: to a later version.
        `heir` is another article with the same digest: it enters the buckets in its stead. Doing it
        again finishes what a killed process left. False, and nothing, where it is in a cluster.
        """
        ...

    def receipts(self) -> Iterator[Receipt]:
        """The receipts of all articles that were taken down."""
        ...

    def expire(self, slice: int, most: int, since: int = 0) -> int:
        """Delete what belongs to slices from `since` to before `slice`, about `most` articles.

        Members that go leave their clusters; a cluster without members goes, with its redirects.
        Nothing of it is an event; events with `hours` before the beginning of `slice` go too.
        Returns how many articles are gone; 0 when all is done.
        """
        ...

    def stats(self) -> Stats:
        """What the index holds."""
        ...

    def incarnation(self) -> str:
        """Another one each time that the store's server was started, when it may have lost the
        last that it was given; empty where there is no server.
        """
        ...

    def memory(self) -> int | None:
        """Bytes of memory that the store's server uses, for all that is in it; None without one."""
        ...

    def beside(self) -> Index | None:
        """Another handle on the same index, closed with it, for a second thread.

        None where waiting for the store takes no time that a second thread could use.
        """
        ...

    def close(self) -> None:
        """Let go of the store. Anything after that raises ValueError."""
        ...
