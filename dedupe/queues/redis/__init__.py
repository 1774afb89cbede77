"""The queue on Redis or Valkey: streams, beside the index. docs/queue.md describes them."""

from __future__ import annotations

from dedupe.index.redis.connecting import Store, parse
from dedupe.queues.redis.queue import SCRIPTS, RedisQueue


def open_redis(url: str) -> RedisQueue:
    """Open the queue of a namespace (`?namespace=`, else dedupe), or make it.

    Raises as dedupe.queues.opening.open_queue says, and UsageError for a server that may evict
    keys: it could lose a whole stream.
    """
    address = parse(url)
    store = Store(address, SCRIPTS)
    try:
        store.refuse_evicting()
        return RedisQueue(store, address.namespace)
    except BaseException:
        store.close()
        raise
