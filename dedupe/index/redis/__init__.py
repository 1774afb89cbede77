"""The index on Redis or Valkey: one server, a Sentinel's master, or a cluster."""

from __future__ import annotations

from dedupe.index import manifest as manifests
from dedupe.index.manifest import Manifest
from dedupe.index.redis import buckets, ledger
from dedupe.index.redis.connecting import Store, parse
from dedupe.index.redis.index import RedisIndex
from dedupe.index.redis.keys import Keys


def open_redis(url: str, wanted: Manifest | None = None, *, force: bool = False) -> RedisIndex:
    """Open the index of a namespace (`?namespace=`, else dedupe), or make it where there is none.

    Raises as dedupe.index.opening.open_index says, and UsageError for a server that may evict
    keys, unless `force`: an index that loses single keys silently misses copies.
    """
    address = parse(url)
    store = Store(address, [*buckets.SCRIPTS, *ledger.SCRIPTS])
    try:
        if not force:
            store.refuse_evicting("; --force opens it as it is")
        keys = Keys(address.namespace)
        return RedisIndex(store, keys, _manifest(store, keys, wanted))
    except BaseException:
        store.close()
        raise


def _manifest(store: Store, keys: Keys, wanted: Manifest | None) -> Manifest:
    """The manifest that the index has; a new index gets the one that is wanted."""
    where = f"{store.where}: key {keys.manifest.decode()}"
    stored = store.ask("GET", keys.manifest)
    if stored is None:
        made = wanted or manifests.manifest_of()
        store.ask("SET", keys.manifest, manifests.encode(made), "NX")
        stored = store.ask("GET", keys.manifest)
    found = manifests.decode(stored or b"", where)
    if wanted is not None:
        manifests.check(found, wanted, where)
    return found
