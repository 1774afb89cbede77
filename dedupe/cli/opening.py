"""Open the index that a command names, with the parameters that it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dedupe.cli.options import default_index, election, scan_params
from dedupe.errors import IndexMismatch, IndexUnavailable, UsageError

if TYPE_CHECKING:
    from dedupe.deduper import Deduper
    from dedupe.index.base import Index
    from dedupe.index.manifest import Manifest
    from dedupe.queues.base import Queue

_OF_MANIFEST = {"level": "level", "window": "window_hours"}


@contextmanager
def opened_index(given: dict[str, Any], *, new: bool = False) -> Iterator[Index]:
    """The index of `--index`, closed in the end.

    With `new` it is made where there is none; without, that is a UsageError, as far as a file
    shows it. Raises IndexMismatch where `--level` or `--window` is given and the index has others.
    """
    url, force = given["index"], given.get("force", False)
    look_for(url, new)
    index = _open(url, _asked(given) if new else {}, force)
    try:
        yield index
    finally:
        index.close()


@contextmanager
def opened_with(given: dict[str, Any], wanted: Manifest) -> Iterator[Index]:
    """The index of `--index`, made with this manifest where there is none; any other is taken."""
    from dedupe.index.opening import open_index

    url, force = given["index"], given.get("force", False)
    look_for(url, True)
    try:
        index = open_index(url, wanted, force=force)
    except IndexMismatch:
        index = open_index(url, force=force)
    try:
        yield index
    finally:
        index.close()


@contextmanager
def opened_or_none(given: dict[str, Any]) -> Iterator[Index | None]:
    """The index of `--index`; None where there is no such file, or nobody answers."""
    from dedupe.index.opening import file_of

    path = file_of(given["index"])
    with ExitStack() as stack:
        index = None
        if path is None or path.exists():
            with suppress(IndexUnavailable):
                index = stack.enter_context(opened_index(given))
        yield index


@contextmanager
def opened_queue(given: dict[str, Any], *, new: bool = False) -> Iterator[Queue]:
    """The queue of the index of `--index`, closed in the end.

    With `new` its file is made where there is none; without, that is a UsageError.
    """
    from dedupe.queues.opening import open_queue

    url = given["index"]
    look_for(url, new, "dedupe daemon, dedupe feeds add and dedupe add make one")
    queue = open_queue(url)
    try:
        yield queue
    finally:
        queue.close()


@contextmanager
def opened(given: dict[str, Any], *, new: bool = False) -> Iterator[Deduper]:
    """A deduper on the index of `--index`, with the options for judging and electing."""
    with opened_index(given, new=new) as index:
        yield deduper_on(index, given)


def open_deduper(given: dict[str, Any]) -> Deduper:
    """A deduper on an index of its own, made where there is none; the caller closes its index."""
    look_for(given["index"], True)
    index = _open(given["index"], _asked(given), given.get("force", False))
    try:
        return deduper_on(index, given)
    except BaseException:
        index.close()
        raise


def deduper_on(index: Index, given: dict[str, Any]) -> Deduper:
    """A deduper on an index, with the options for judging and electing, as far as there are."""
    from dedupe.deduper import Deduper

    manifest = index.manifest
    settings = {**given, "window": manifest.window_hours, "level": manifest.level}
    elected = election(given) if "elect" in given else {}
    return Deduper(index, scan_params(settings, signature=manifest.signature, **elected))


def _asked(given: dict[str, Any]) -> dict[str, Any]:
    """What is asked of the manifest; the rest is as it is in the index, or as usual."""
    asked = {
        field: given[name] for name, field in _OF_MANIFEST.items() if given.get(name) is not None
    }
    if given.get("no_texts"):
        asked["texts"] = False
    return asked


def _open(url: str, asked: dict[str, Any], force: bool) -> Index:
    import msgspec

    from dedupe.index.manifest import check, manifest_of
    from dedupe.index.opening import open_index
    from dedupe.models import Level

    if not asked:
        return open_index(url, force=force)
    if "level" in asked:
        asked["level"] = Level(asked["level"])
    try:
        return open_index(url, manifest_of(**asked), force=force)
    except IndexMismatch:  # in what was asked, or in what was not
        index = open_index(url, force=force)
        try:
            check(index.manifest, msgspec.structs.replace(index.manifest, **asked), url)
        except IndexMismatch:
            index.close()
            raise
        return index


def look_for(url: str, new: bool, made: str = "dedupe add makes one") -> None:
    """Make the folder of a new index in the user's data folder, where it is to be there.

    Raises UsageError where there is to be a file and is none; `made` says what makes it.
    """
    from dedupe.index.opening import file_of

    path = file_of(url)
    if path is None or path.exists():
        return
    if not new:
        raise UsageError(f"{path}: there is no index; {made}, --index names another")
    if url == default_index():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
