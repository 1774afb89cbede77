"""What is told on the output stream: one JSON object a message, in version 1.

Every message has `v`, the version, and `type`:

- `decision`: one article, with the fields of dedupe.models.Decision.
- `event`: one change of one story, with the fields of dedupe.index.base.Event, but `time` in the
  place of its hours, as `dedupe index events` has it.
- `refused`: an article that could not be used: `entry`, its id in the queue, its own `id` where it
  had one, and the `reason`.
- `undelivered`: a message that a webhook has not taken: the `reader`, the `reason`, the number of
  the message, `of`, and its `body`.

A message leaves with its number in the stream, as `message`: whoever gets it again can tell by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import Struct

from dedupe.index.base import Event
from dedupe.models import Decision
from dedupe.queues.base import Output

VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_encode = msgspec.json.Encoder().encode


class Told(Struct):
    """What of a message says whom it concerns."""

    type: str
    cluster_id: str | None = None  # of a decision
    cluster: str | None = None  # of an event
    other: str | None = None
    entry: str | None = None  # of what was refused

    @property
    def concerns(self) -> tuple[str, ...]:
        """The stories, by their ids; what concerns one is told in order."""
        return tuple(filter(None, (self.cluster_id, self.cluster, self.other, self.entry)))


told = msgspec.json.Decoder(Told).decode


def decision(decided: Decision) -> bytes:
    """What became of an article."""
    return _message("decision", _encode(decided))


def event(happened: Event) -> bytes:
    """What happened to a story."""
    fields = msgspec.structs.asdict(happened)
    hours = fields.pop("hours")
    time = None if hours is None else _EPOCH + timedelta(hours=hours)
    return _message("event", _encode({**fields, "time": time}))


def refused(entry: str, reason: str, id: str | None) -> bytes:
    """That an article could not be used."""
    return _message("refused", _encode({"entry": entry, "id": id, "reason": reason}))


def undelivered(reader: str, output: Output, reason: str) -> bytes:
    """That a webhook has not taken a message."""
    fields: Mapping[str, Any] = {
        "reader": reader, "of": output.id, "reason": reason, "body": msgspec.Raw(output.body)
    }  # fmt: skip
    return _message("undelivered", _encode(fields))


def numbered(output: Output) -> bytes:
    """A message as it leaves."""
    return output.body[:-1] + b',"message":' + _encode(output.id) + b"}"


def _message(type: str, fields: bytes) -> bytes:
    return b'{"v":%d,"type":"%s",' % (VERSION, type.encode()) + fields[1:]
