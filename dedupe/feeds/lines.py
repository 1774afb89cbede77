"""Lines out of chunks of bytes, however long the lines are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from dedupe.feeds.limits import MAX_RECORD_BYTES


def split_lines(
    chunks: Iterable[bytes], limit: int = MAX_RECORD_BYTES
) -> Iterator[tuple[int, bytes | None]]:
    r"""Yield (line number from 1, line without its \n); None for a line of over `limit` bytes.

    Holds one chunk and at most `limit` bytes of a line that goes on into the next.
    """
    return chain.from_iterable(lines_of_chunks(chunks, limit))


def lines_of_chunks(
    chunks: Iterable[bytes], limit: int = MAX_RECORD_BYTES
) -> Iterator[list[tuple[int, bytes | None]]]:
    """Yield, for each chunk, the lines that end in it, as `split_lines` gives them."""
    number = 0
    held: list[bytes] = []  # the line that the last chunk left open
    size = 0  # its bytes, counted on when they are no longer held
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        size += len(first)
        if size > limit:
            held.clear()
        else:
            held.append(first)
        if not others:
            continue
        *whole, last = others
        ended = [b"".join(held) if size <= limit else None]
        ended += [line if len(line) <= limit else None for line in whole]
        yield list(enumerate(ended, number + 1))
        number += len(ended)
        held, size = [last], len(last)
        if size > limit:
            held.clear()
    if size:
        yield [(number + 1, b"".join(held) if size <= limit else None)]
