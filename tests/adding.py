"""A process that adds streams of articles to indexes: it is told by lines, and answers by lines.

    add URL SEED SIZE PART     in this process; answers "done"
    fork URL SEED SIZE PART    in a child; answers its process id, then the status it ended with

SEED is the order, SIZE the articles of a batch; of four articles the one numbered PART is left out.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from streams import batches, clear_cut, shuffled
from telling import Program

from dedupe.deduper import Deduper
from dedupe.index.opening import open_index
from dedupe.models import Decision


def add(url: str, seed: int, size: int, part: int) -> None:
    """Add the whole stream and close the index."""
    index = open_index(url)
    deduper = Deduper(index)
    stream = [article for i, article in enumerate(clear_cut()) if i % 4 != part]
    for batch in batches(shuffled(stream, seed), size):
        for outcome in deduper.add_batch(batch):
            assert isinstance(outcome, Decision), outcome
    index.close()


def told(*words: object) -> None:
    """Answer with a line."""
    print(*words, flush=True)


class Adding(Program):
    """One such process, as a test sees it."""

    def __init__(self, root: Path) -> None:
        super().__init__(__file__, root)


def main() -> None:
    """Do as each line says."""
    add("memory:", 0, 50, 4)  # so that what follows is not about loading
    told("ready")
    for line in sys.stdin:
        how, url, *numbers = line.split()
        seed, size, part = map(int, numbers)
        if how == "add":
            add(url, seed, size, part)
            told("done")
        elif (child := os.fork()) == 0:
            add(url, seed, size, part)
            os._exit(0)
        else:
            told(child)
            told(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__":
    main()
