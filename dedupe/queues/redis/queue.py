"""The queue on Redis: streams that change by scripts, so that each step is whole.

All keys are in one slot, so that a script is atomic on a cluster too. A request carries the name of
this handle and a number: one that is repeated because its reply was lost gets that reply again.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from dedupe.errors import IndexDamaged, UsageError
from dedupe.index.redis.connecting import Command, Store, script
from dedupe.queues.base import ALONE, FORMAT, Backlog, Dead, Entry, Feed, Finished, Output

_NAMES = (
    "open", "feeds", "polled", "drop", "present", "hold", "put", "take", "own", "take_over",
    "finish", "bury", "revive", "publish", "cursor", "advance", "trim", "backlog", "count",
)  # fmt: skip
_BY_NAME = {name: script(name, "queue", __package__) for name in _NAMES}
SCRIPTS = list(_BY_NAME.values())
_DAY = 86_400_000  # milliseconds after which a consumer that has nothing is forgotten
_SCANNED = 500  # feeds that one step of reading all asks for
_COUNTED = 10_000  # entries that one step of counting looks at
_ID = re.compile(r"\d{1,20}-\d{1,20}")


class RedisQueue:
    """One queue. dedupe.queues.base.Queue says what each method promises."""

    def __init__(self, store: Store, namespace: str) -> None:
        self._store = store
        self._root = f"{namespace}:{{q}}:".encode()
        self._caller = secrets.token_hex(8)
        self._requests = count(1)
        self._lost: dict[str, Command] = {}  # by consumer: what was asked and not answered
        self._call("open")

    def _command(self, name: str, *args: Any, caller: str = "") -> Command:
        caller = caller or self._caller
        return ("EVALSHA", _BY_NAME[name][0], 1, self._root, caller, next(self._requests), *args)

    def _call(self, name: str, *args: Any) -> Any:
        return self._store.ask(*self._command(name, *args))

    def _get(self, command: str, key: str, *args: Any) -> Any:
        return self._store.ask(command, self._root + key.encode(), *args)

    # ---- feeds -----------------------------------------------------------------------------------

    def feeds(self) -> list[Feed]:
        """All feeds."""
        found: dict[bytes, bytes] = {}
        at: Any = 0
        while True:
            at, some = self._get("HSCAN", "feeds", at, "COUNT", _SCANNED)
            found |= some
            if not int(at):
                return [self._feed(key, found[key]) for key in sorted(found)]

    def _feed(self, key: bytes, held: bytes) -> Feed:
        version, blank, state = held.partition(b" ")
        if not (blank and version.isdigit()):
            raise IndexDamaged(
                f"{self._store.where}: the state of the feed {_text(key)} cannot be read; remove"
                " the feed and add it again"
            )
        return Feed(_text(key), int(version), state)

    def subscribe(self, states: Mapping[str, bytes]) -> int:
        """Add feeds."""
        return int(self._call("feeds", *(part for pair in states.items() for part in pair)))

    def unsubscribe(self, keys: Sequence[str]) -> int:
        """Remove feeds."""
        return int(self._call("drop", "HDEL", "feeds", *keys))

    def polled(self, feed: Feed, articles: Sequence[bytes]) -> bool:
        """Replace the state of a feed and put the articles."""
        return bool(self._call("polled", FORMAT, feed.key, feed.version, feed.state, *articles))

    def present(self, role: str, name: str, now: float, seconds: float) -> list[str]:
        """Be a member of a role."""
        return sorted(map(_text, self._call("present", role, name, repr(now), repr(seconds))))

    def hold(self, lock: str, name: str, now: float, seconds: float) -> bool:
        """Have a lock."""
        return bool(self._call("hold", lock, name, repr(now), repr(seconds)))

    # ---- articles --------------------------------------------------------------------------------

    def put(self, articles: Sequence[bytes]) -> list[str]:
        """Append articles."""
        return [_text(id) for id in self._call("put", FORMAT, *articles)]

    def take(self, consumer: str, most: int, wait: float) -> list[Entry]:
        """Entries that nobody has had."""
        end = time.monotonic() + wait
        while True:
            if taken := self._again(consumer):
                return taken
            last, handed = self._hand("take", consumer, most)
            left = end - time.monotonic()
            if handed or left <= 0:
                return _entries(handed)
            self._wait("articles", _text(last), left)

    def own(self, consumer: str, most: int, after: str = "") -> list[Entry]:
        """Entries that this consumer has."""
        self._lost.pop(consumer, None)  # what it would give is among them
        command = self._command(
            "own", consumer, most, ALONE, _id(after), caller=self._asker(consumer)
        )
        return _entries(self._store.ask(*command))

    def take_over(self, consumer: str, idle: float, most: int) -> list[Entry]:
        """Entries that others have had for long."""
        if taken := self._again(consumer):
            return taken
        return _entries(self._hand("take_over", consumer, most, ALONE, int(idle * 1000) + 1))

    def _hand(self, name: str, consumer: str, *args: Any) -> Any:
        """Ask for entries, in a way that they can be asked for again."""
        command = self._command(name, consumer, *args, caller=self._asker(consumer))
        self._lost[consumer] = command
        told = self._store.ask(*command)
        del self._lost[consumer]
        return told

    def _asker(self, consumer: str) -> str:
        return f"{self._caller}:{consumer}"

    def _again(self, consumer: str) -> list[Entry]:
        """What was handed out to a consumer while the reply was lost for good."""
        command = self._lost.get(consumer)
        if command is None:
            return []
        told = self._store.ask(*command)
        del self._lost[consumer]
        return _entries(told[1] if command[1] == _BY_NAME["take"][0] else told)

    def _wait(self, stream: str, after: str, left: float) -> None:
        """Wait until there is more beyond an id, but not so long that the wait looks like death."""
        milliseconds = max(1, int(1000 * min(left, self._store.answering / 2)))
        key = self._root + stream.encode()
        self._store.ask("XREAD", "COUNT", 1, "BLOCK", milliseconds, "STREAMS", key, after)

    def finish(self, done: Sequence[Finished]) -> int:
        """End entries and append their outputs."""
        parts: list[Any] = []
        for each in done:
            parts += _id(each.id), len(each.outputs), *each.outputs
        return int(self._call("finish", *parts))

    def bury(self, entry: Entry, reason: str, outputs: Sequence[bytes] = ()) -> bool:
        """End an entry and keep it among the dead."""
        return bool(self._call("bury", _id(entry.id), entry.format, entry.body, reason, *outputs))

    def dead(self, after: str = "", most: int = 1000) -> list[Dead]:
        """The dead beyond an id."""
        return [
            Dead(
                _text(id),
                _text(fields.get(b"entry", b"")),
                _text(fields.get(b"reason", b"")),
                fields.get(b"article", b""),
            )
            for id, fields in self._range("dead", after, most)
        ]

    def revive(self, ids: Sequence[str]) -> int:
        """Put dead entries into the queue again."""
        return int(self._call("revive", *filter(_ID.fullmatch, ids)))

    def _range(self, stream: str, after: str, most: int) -> list[tuple[bytes, dict[bytes, bytes]]]:
        first = f"({_id(after)}" if after else "-"
        found = self._get("XRANGE", stream, first, "+", "COUNT", most)
        return [(id, fields or {}) for id, fields in found]

    # ---- outputs ---------------------------------------------------------------------------------

    def publish(self, reader: str, before: str, after: str, outputs: Sequence[bytes]) -> bool:
        """Append messages and move a cursor."""
        return bool(self._call("publish", reader, before, after, *outputs))

    def outputs(self, after: str, most: int, wait: float = 0.0) -> list[Output]:
        """Messages beyond an id."""
        end = time.monotonic() + wait
        while True:
            found = self._range("decisions", after, most)
            left = end - time.monotonic()
            if found or left <= 0:
                break
            self._wait("decisions", after or "0-0", left)
        return [
            Output(_text(id), fields[b"message"] if b"message" in fields else _as_json(fields))
            for id, fields in found
        ]

    def cursor(self, reader: str) -> str:
        """How far a reader is."""
        return _text(self._call("cursor", reader))

    def advance(self, reader: str, before: str, after: str) -> bool:
        """Move a reader's cursor."""
        return bool(self._call("advance", reader, before, _id(after)))

    def forget(self, reader: str) -> None:
        """Let a reader go."""
        self._call("drop", "HDEL", "cursors", reader)
        self._call("drop", "HDEL", "copied", reader)

    # ---- upkeep ----------------------------------------------------------------------------------

    def trim(self, before: float) -> int:
        """Delete what nobody still needs."""
        return int(self._call("trim", max(0, int(before * 1000)), _DAY))

    def discard(self, ids: Sequence[str]) -> int:
        """Delete dead entries for good."""
        return int(self._call("drop", "XDEL", "dead", *filter(_ID.fullmatch, ids)))

    def backlog(self) -> Backlog:
        """How much waits."""
        entries, last, waiting, pending, oldest, dead, outputs, told, readers = self._call(
            "backlog"
        )
        return Backlog(
            entries=entries,
            waiting=waiting if waiting >= 0 else self._counted(_text(last)),
            pending=pending,
            oldest=int(oldest.partition(b"-")[0]) / 1000 if oldest else None,
            dead=dead,
            outputs=outputs,
            behind={
                _text(reader): max(0, told - number + 1)
                for reader, number in zip(readers[::2], readers[1::2], strict=True)
            },
        )

    def _counted(self, after: str) -> int:
        """Entries beyond one, where the server does not know (before 7.0, or some were deleted)."""
        total, found = 0, _COUNTED
        while found == _COUNTED:
            found, last = self._call("count", after, _COUNTED)
            total, after = total + found, _text(last)
        return total

    def close(self) -> None:
        """Hang up."""
        self._store.close()


def _text(blob: bytes) -> str:
    return blob.decode("utf-8", "replace")


def _id(id: str) -> str:
    """An id that may be sent to the server. Raises UsageError for what is none."""
    if id and not _ID.fullmatch(id):
        raise UsageError(
            f"{id[:40]!r} is no id of this queue; on Redis they look like 1700000000000-0"
        )
    return id


def _entries(handed: Sequence[Sequence[Any]]) -> list[Entry]:
    entries = []
    for id, tries, flat in handed:
        fields = dict(zip(flat[::2], flat[1::2], strict=True))
        version = fields.get(b"v", b"1")
        if b"article" in fields and re.fullmatch(rb"\d{1,9}", version):
            entries.append(Entry(_text(id), fields[b"article"], int(version), tries))
        else:
            entries.append(Entry(_text(id), _as_json(fields), 0, tries))
    return entries


def _as_json(fields: Mapping[bytes, bytes]) -> bytes:
    """Whatever somebody has put into a stream, to be shown."""
    shown = {_text(name): _text(value) for name, value in fields.items()}
    return json.dumps(shown, ensure_ascii=False).encode("utf-8", "replace")
