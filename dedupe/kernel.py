"""How the kernels are compiled: once for a machine, kept on disk, renewed when any source changes.

Numba's own cache watches only the file of the function; here a kernel is built of functions of
several files. So the cache lies in a folder named after the digest of all of them, in the user's
cache folder ($NUMBA_CACHE_DIR where that is set), since the package's own may not be writable. One
that was filled before, and can only be read now, serves as well.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import numba
import xxhash
from numba.core import event
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from platformdirs import user_cache_path


class _Locator:
    """A folder for each module, wherever the package is installed; it need not be writable."""

    def __init__(self, function: Any, file: str) -> None:
        self._path = os.path.join(numba.config.CACHE_DIR, function.__module__)
        self._line, self._file = function.__code__.co_firstlineno, file

    @classmethod
    def from_function(cls, function: Any, file: str) -> _Locator:
        """As numba makes them."""
        return cls(function, file)

    def get_cache_path(self) -> str:
        """The folder."""
        return self._path

    def ensure_cache_path(self) -> None:
        """Make it. Raises OSError."""
        os.makedirs(self._path, exist_ok=True)

    def get_source_stamp(self) -> int:
        """What changes with the file of the function."""
        return _digest(self._file)

    def get_disambiguator(self) -> str:
        """What tells functions of one name apart."""
        return str(self._line)


@cache
def _digest(file: str) -> int:
    return xxhash.xxh3_64_intdigest(Path(file).read_bytes())


class _Located(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (_Locator,)


class _Cache(FunctionCache):  # type: ignore[misc]
    """Numba's cache on disk, a help and no more: what goes wrong with it costs a compilation."""

    _impl_class = _Located

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled function; None where it is not there, or damaged."""
        try:
            return super().load_overload(sig, target_context)
        except Exception:  # whatever unpickling half a file ends in
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled function, unless the disk is full."""
        with suppress(OSError):
            super().save_overload(sig, data)


def kernel(function: Callable[..., Any], *, nogil: bool = True) -> Any:
    """Compile a function at its first call and keep the result on disk.

    It runs without the GIL, unless `nogil` is false: a call of a few microseconds, made for every
    article, would wait longer to have the GIL back.
    """
    compiled = numba.njit(nogil=nogil)(function)
    folder = cache_folder()
    if folder is not None:
        shared = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = folder
        try:
            with suppress(RuntimeError):  # the folder is there, but its disk is full
                compiled._cache = _Cache(function)  # as enable_caching does
        finally:
            numba.config.CACHE_DIR = shared
    return compiled


@cache
def cache_folder() -> str | None:
    """The folder of these sources' kernels, or None where there is none and none can be made."""
    package = Path(__file__).parent
    digest = xxhash.xxh3_64(numba.__version__.encode())
    for source in sorted(package.rglob("*.py")):
        content = source.read_bytes()
        if b"numba" in content or b"dedupe.kernel" in content:
            digest.update(content)
    base = Path(os.environ.get("NUMBA_CACHE_DIR") or user_cache_path("newsdedupe"))
    folder = base.absolute() / f"kernel-{digest.hexdigest()}"
    try:
        if base.parts[:1] == ("~",):  # nobody knows where this user is at home
            return None
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    return str(folder)


def _keeps() -> bool:
    """Whether what is compiled now is there at the next run."""
    folder = cache_folder()
    return folder is not None and os.access(folder, os.W_OK | os.X_OK)


class _Notice(event.Listener):  # type: ignore[misc]
    def __init__(self, tell: Callable[[bool], None]) -> None:
        self._tell: Callable[[bool], None] | None = tell

    def on_start(self, event: Any) -> None:
        if self._tell is not None:
            tell, self._tell = self._tell, None
            tell(_keeps())

    def on_end(self, event: Any) -> None:
        """Nothing to say at the end."""


@contextmanager
def on_compile(tell: Callable[[bool], None]) -> Iterator[None]:
    """Call `tell` once, when a kernel is first compiled in this block rather than read from disk.

    Its argument says whether the result can be kept for the next run.
    """
    with event.install_listener("numba:compile", _Notice(tell)):
        yield
