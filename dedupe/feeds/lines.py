"""Lines out of chunks of bytes, however long the lines are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dedupe.feeds.limits import MAX_RECORD_BYTES


def split_lines(
    chunks: Iterable[bytes], limit: int = MAX_RECORD_BYTES
) -> Iterator[tuple[int, bytes | None]]:
    r"""Yield (line number from 1, line without its \n); None for a line of over `limit` bytes.

    Holds one chunk and at most `limit` bytes of a line that goes on into the next.
    """
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
        number += 1
        yield number, b"".join(held) if size <= limit else None
        last = others.pop()
        for line in others:
            number += 1
            yield number, line if len(line) <= limit else None
        held, size = [last], len(last)
        if size > limit:
            held.clear()
    if size:
        yield number + 1, b"".join(held) if size <= limit else None
