"""A queue by the URL of the index that it stands before."""

from __future__ import annotations

from urllib.parse import urlsplit

from dedupe.errors import UsageError
from dedupe.index.opening import SCHEMES
from dedupe.queues.base import Queue


def open_queue(url: str) -> Queue:
    """Open the queue of an index, or make it where there is none.

    Raises UsageError for a URL that names no index, IndexUnavailable where the store does not
    answer or is none. A queue in memory is another one each time that it is opened.
    """
    match urlsplit(url).scheme:
        case "memory" | "sqlite":
            from dedupe.queues.sqlite import open_sqlite

            return open_sqlite(url)
        case "redis" | "rediss" | "unix" | "redis+cluster" | "rediss+cluster" | "redis+sentinel":
            from dedupe.queues.redis import open_redis

            return open_redis(url)
    raise UsageError(f"{url!r} names no index; write one of {', '.join(SCHEMES)}")
