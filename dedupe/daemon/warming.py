"""A first batch about nothing: it has all kernels loaded, or compiled where they are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from dedupe.models import Article

if TYPE_CHECKING:
    from dedupe.deduper import Deduper

_BATCH = [
    Article(id=id, title="Ferry aground off Norrholm", text=text * 8, source=id)
    for id, text in (
        ("a", "A ferry with 244 passengers ran aground off Norrholm on Friday morning. "),
        ("b", "Off Norrholm a ferry ran aground; its 244 passengers were taken ashore. "),
    )
]

log = structlog.get_logger()


def warm_up(deduper: Deduper) -> None:
    """Have a batch decided as a deduper would, on an index of its own; log where that compiles."""
    from dedupe.deduper import Deduper
    from dedupe.index.memory import MemoryIndex
    from dedupe.kernel import on_compile

    with on_compile(_tell):
        Deduper(MemoryIndex(deduper.index.manifest), deduper.params).add_batch(_BATCH)


def _tell(kept: bool) -> None:
    log.info("compiling, once for this machine and version: up to a minute, and it stops only then")
    if not kept:
        log.warning(
            "what is compiled cannot be kept, so that every start compiles anew",
            hint="set NUMBA_CACHE_DIR to a folder that can be written to",
        )
