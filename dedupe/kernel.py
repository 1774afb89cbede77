"""How the kernels are compiled: once for a machine, kept on disk, renewed when any source changes.

Numba's own cache watches only the file of the function; here a kernel is built of functions of
several files. So the cache lies in a folder named after the digest of all of them, in the user's
cache folder ($NUMBA_CACHE_DIR where that is set), since the package's own may not be writable.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
import xxhash
from numba.core import event
from platformdirs import user_cache_path


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function at its first call, without the GIL, and keep the result on disk."""
    compiled = numba.njit(nogil=True)(function)
    folder = _cache_folder()
    if folder is not None:
        shared = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = folder
        try:
            compiled.enable_caching()
        finally:
            numba.config.CACHE_DIR = shared
    return compiled


@cache
def _cache_folder() -> str | None:
    """The folder for these sources, or None where nothing can be written."""
    package = Path(__file__).parent
    digest = xxhash.xxh3_64(numba.__version__.encode())
    for source in sorted(package.rglob("*.py")):
        content = source.read_bytes()
        if b"numba" in content:
            digest.update(content)
    base = os.environ.get("NUMBA_CACHE_DIR") or user_cache_path("newsdedupe")
    folder = Path(base) / f"kernel-{digest.hexdigest()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return str(folder) if os.access(folder, os.W_OK) else None


class _Notice(event.Listener):  # type: ignore[misc]
    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell: Callable[[], None] | None = tell

    def on_start(self, event: Any) -> None:
        if self._tell is not None:
            self._tell()
            self._tell = None

    def on_end(self, event: Any) -> None:
        """Nothing to say at the end."""


def on_compile(tell: Callable[[], None]) -> None:
    """Call `tell` once, when a kernel is first compiled rather than read from the cache."""
    event.register("numba:compile", _Notice(tell))
