"""The seam of the queue: what stands between pollers, workers and whoever reads what they decided.

It lives in the store of the index, under the same URL. Like the index it decides nothing.

What every backend guarantees:

- **Nothing lost.** What a method has returned from is kept. The state of a feed and the articles
  that were found in it are written in one step (`polled`).
- **Once.** An entry's outputs are appended in the very step that ends it (`finish`), and only if
  it had not ended: of two workers that decide one entry, one is heard.
- **From the beginning.** Whoever takes entries gets those that were put before it came.
- **Nobody is overtaken.** `trim` deletes only what every reader is done with.

A method that ended in IndexUnavailable may have done its work or not. What compares first
(`polled`, `publish`, `advance`) or ends entries (`finish`, `bury`) is safe to ask again, and says
False or 0 where it had been done. `put` is not: an article may be there twice then, which costs a
second decision that finds it known. Entries that `take` or `take_over` had handed out are given by
the next call of either, or of `own`.

Bodies are bytes, JSON in UTF-8; the queue does not look into them. Ids come in the order of the
queue, but are not to be compared as text. On Redis the streams are open to all: docs/queue.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from msgspec import Struct

FORMAT = 1  # of the articles that this version of dedupe puts
# How often an entry may be handed out in company (`own`, `take_over`). A killed process takes down
# whatever it had, so only what was handed out alone and was not finished is suspect: of an entry
# that was handed out ALONE + 3 times three workers died that had nothing else.
ALONE = 2


class Feed(NamedTuple):
    """One feed that is polled."""

    key: str  # its URL as it was first listed; the ids of its articles depend on it
    version: int  # counts the changes of its state, from 1
    state: bytes  # as dedupe.daemon.feedstate encodes it


class Entry(NamedTuple):
    """One article as it was handed out."""

    id: str
    body: bytes  # the article as JSON; where the format is 0 whatever there is, as JSON
    format: int  # version of the format of the body; 0: a stranger's entry that has none
    tries: int  # how often it was handed out before, to whomever


class Finished(NamedTuple):
    """An entry that is done with, and what is to be told of it."""

    id: str  # of the entry
    outputs: tuple[bytes, ...]


class Output(NamedTuple):
    """One message for whoever listens."""

    id: str
    body: bytes  # JSON


class Dead(NamedTuple):
    """An entry that was given up."""

    id: str  # its own among the dead
    entry: str  # id that it had
    reason: str
    body: bytes


class Backlog(Struct, frozen=True):
    """How much waits."""

    entries: int  # in the queue, with those that are done and not trimmed
    waiting: int  # not handed out yet
    pending: int  # handed out, not finished
    oldest: float | None  # seconds since 1970 at which the oldest unfinished one was put
    dead: int
    outputs: int  # messages that are kept
    behind: Mapping[str, int]  # by reader: messages from the first that it is not done with


class Queue(Protocol):
    """One open queue. Not for several threads at once; each has its own.

    Every method raises dedupe.errors.IndexUnavailable where the store does not answer in time or
    refuses (a retry may succeed), IndexDamaged where what is stored cannot be read, and UsageError
    for an id to go on from that is none. Names of consumers, readers and members are short words of
    the caller's; of a consumer no two live at once. Times are seconds since 1970, `now` is the
    caller's; when something was put or handed out, the clock of the store says.
    """

    # ---- feeds -----------------------------------------------------------------------------------

    def feeds(self) -> list[Feed]:
        """All feeds, by key."""
        ...

    def subscribe(self, states: Mapping[str, bytes]) -> int:
        """Add feeds with their first states; those that are there stay as they are. How many."""
        ...

    def unsubscribe(self, keys: Sequence[str]) -> int:
        """Remove feeds, with their states. How many were there."""
        ...

    def polled(self, feed: Feed, articles: Sequence[bytes]) -> bool:
        """Replace the state of a feed and put the articles, in their order, in one step.

        `feed.version` is that of the state that was read; False, and nothing, where it is another
        by now or the feed is gone.
        """
        ...

    def present(self, role: str, name: str, now: float, seconds: float) -> list[str]:
        """Be a member of a role until now + seconds; gives all members that are, sorted.

        0 seconds: leave.
        """
        ...

    def hold(self, lock: str, name: str, now: float, seconds: float) -> bool:
        """Have a lock, or keep it, until now + seconds; False where another has it.

        0 seconds: let go of it.
        """
        ...

    # ---- articles --------------------------------------------------------------------------------

    def put(self, articles: Sequence[bytes]) -> list[str]:
        """Append articles in their order; the ids of their entries."""
        ...

    def take(self, consumer: str, most: int, wait: float) -> list[Entry]:
        """Entries that nobody has had, in order; waits so many seconds for the first."""
        ...

    def own(self, consumer: str, most: int, after: str = "") -> list[Entry]:
        """Entries that this consumer has and has not finished, beyond one: what it was at when it
        was killed. None are left where it gives none.

        They are handed out once more. Those that were handed out ALONE times or more come one at a
        time, so that one that kills its worker takes no others with it.
        """
        ...

    def take_over(self, consumer: str, idle: float, most: int) -> list[Entry]:
        """Entries that others have had for more than `idle` seconds; they are this consumer's now.

        Those that were handed out ALONE times or more come one at a time, as with `own`.
        """
        ...

    def finish(self, done: Sequence[Finished]) -> int:
        """End entries and append their outputs, all in one step; how many had not ended yet."""
        ...

    def bury(self, entry: Entry, reason: str, outputs: Sequence[bytes] = ()) -> bool:
        """End an entry and keep it among the dead, in one step; False where it has ended."""
        ...

    def dead(self, after: str = "", most: int = 1000) -> list[Dead]:
        """The dead beyond an id, in order."""
        ...

    def revive(self, ids: Sequence[str]) -> int:
        """Put dead entries into the queue again, at its end; how many there were."""
        ...

    # ---- outputs ---------------------------------------------------------------------------------

    def publish(self, reader: str, before: str, after: str, outputs: Sequence[bytes]) -> bool:
        """Append messages and move a cursor, in one step; False, and nothing, where it was moved.

        For what is copied from another log: the cursor is a position in that, or any text that
        tells how far its reader is, and `trim` takes no notice of it. Without outputs it says that
        a reader is one that copies.
        """
        ...

    def outputs(self, after: str, most: int, wait: float = 0.0) -> list[Output]:
        """Messages beyond an id ("": from the first that is kept); waits so long for the first."""
        ...

    def cursor(self, reader: str) -> str:
        """How far a reader is; "" for one that is new. From now on `trim` spares what it lacks,
        unless it is one that copies (`publish`).
        """
        ...

    def advance(self, reader: str, before: str, after: str) -> bool:
        """Move a reader's cursor; False, and nothing, where it is not where it was."""
        ...

    def forget(self, reader: str) -> None:
        """Let a reader go; nothing is kept for it any more."""
        ...

    # ---- upkeep ----------------------------------------------------------------------------------

    def trim(self, before: float) -> int:
        """Delete entries and messages from before a time that nobody still needs; how many.

        Entries that are not finished stay, and all behind the slowest group that reads them;
        messages stay until the slowest reader has them. The dead stay until they are revived or
        discarded. On Redis groups of strangers count too, and consumers that had nothing for a day
        are forgotten.
        """
        ...

    def discard(self, ids: Sequence[str]) -> int:
        """Delete dead entries for good; how many there were."""
        ...

    def backlog(self) -> Backlog:
        """How much waits."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...
