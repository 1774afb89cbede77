"""A process that keeps a queue busy: python busy.py URL FEED. Says each round that was committed.

Each round polls a feed, which puts two articles, takes two and ends them with three messages.
"""

from __future__ import annotations

import sys

from dedupe.queues.base import Feed, Finished
from dedupe.queues.opening import open_queue


def main(url: str, feed: str) -> None:
    queue = open_queue(url)
    queue.subscribe({feed: b"0"})
    version = 1
    while True:
        assert queue.polled(Feed(feed, version, b"%d" % version), [b"a", b"b"])
        version += 1
        first, *rest = queue.take(feed, 2, 5.0)
        messages = tuple(f"{first.id} {n}".encode() for n in range(3))
        queue.finish([Finished(first.id, messages), *(Finished(e.id, ()) for e in rest)])
        print(version, flush=True)


main(sys.argv[1], sys.argv[2])
