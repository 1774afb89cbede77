"""Lines out of chunks."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.feeds.lines import split_lines

CHUNKS = st.lists(st.lists(st.sampled_from([b"\n", b"a", b"bc", b""]), max_size=6).map(b"".join))


@settings(deadline=None)
@given(CHUNKS)
def test_lines_do_not_depend_on_where_chunks_end(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    expected = whole.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    assert list(split_lines(chunks)) == list(enumerate(expected, 1))


@settings(deadline=None)
@given(CHUNKS, st.integers(1, 5))
def test_only_lines_over_the_limit_are_dropped(chunks: list[bytes], limit: int) -> None:
    whole = [(n, line) for n, line in split_lines(chunks) if line is not None]
    assert list(split_lines(chunks, limit)) == [
        (n, line if len(line) <= limit else None) for n, line in whole
    ]
