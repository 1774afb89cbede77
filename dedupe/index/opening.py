"""An index by its URL."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from dedupe.errors import UsageError
from dedupe.index.base import Index
from dedupe.index.manifest import Manifest

SCHEMES = (
    "memory:", "sqlite:///FILE", "redis://HOST:PORT/DB", "rediss://…", "unix://SOCKET",
    "redis+cluster://HOST:PORT,…", "redis+sentinel://HOST:PORT,…/NAME",
)  # fmt: skip


def file_of(url: str) -> Path | None:
    """The file of an index that is one; None for all others."""
    prefix = "sqlite:///"
    return Path(url.removeprefix(prefix)) if url.startswith(prefix) else None


def open_index(url: str, wanted: Manifest | None = None, *, force: bool = False) -> Index:
    """Open an index, or make it where there is none.

    `wanted` is the manifest that the index must have, and gets where it is new; None takes that
    of the index, and the default for a new one. `force` opens a Redis that may evict keys.
    Raises UsageError for a URL that names no index, IndexMismatch where the manifest is another,
    IndexUnavailable where the store does not answer or is none, IndexDamaged where its content
    cannot be read.
    """
    scheme = urlsplit(url).scheme
    match scheme:
        case "memory":
            from dedupe.index.memory import MemoryIndex

            return MemoryIndex(wanted)
        case "sqlite":
            from dedupe.index.sqlite import open_sqlite

            return open_sqlite(url, wanted)
        case "redis" | "rediss" | "unix" | "redis+cluster" | "rediss+cluster" | "redis+sentinel":
            from dedupe.index.redis import open_redis

            return open_redis(url, wanted, force=force)
    raise UsageError(f"{url!r} names no index; write one of {', '.join(SCHEMES)}")
