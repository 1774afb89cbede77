"""Commands laid out as bytes, and buckets read out of groups, against plain Python."""

from __future__ import annotations

from unittest import mock

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from redis.connection import Connection

from dedupe.index.redis import wire
from dedupe.index.redis.members import ENTRY, Members, members
from dedupe.index.redis.wire import Wire, command

DEPTH = 3
READ = 4  # groups in one command
MARK = b"\xff\xff\xff"


def packed(*command: bytes) -> bytes:
    """As redis-py writes a command."""
    return b"".join(Connection().pack_command(*command))


@given(st.lists(st.binary(), max_size=3))
def test_a_command_is_written_as_the_client_would(words: list[bytes]) -> None:
    assert command(b"SET", *words) == packed(b"SET", *words)


@given(st.integers(0, 3), st.lists(st.integers(1, 3), min_size=1, max_size=3), st.randoms())
def test_commands_are_those_that_the_client_would_write(n, sizes, random) -> None:
    roots = [b"news:{%d}" % 10**k for k in range(len(sizes))]
    bounds = [0, *np.cumsum(sizes).tolist()]
    bands = bounds[-1]

    def some(*shape: int) -> np.ndarray:
        return np.frombuffer(random.randbytes(int(np.prod(shape))), np.uint8).reshape(shape)

    names, groups, entries = some(n, 4), some(n, bands, 2), some(n, bands, ENTRY)

    def name(i: int, band: int) -> bytes:
        root = next(r for r, last in zip(roots, bounds[1:], strict=True) if band < last)
        return root + b"b" + bytes(names[i]) + bytes([band, 0]) + bytes(groups[i, band])

    wanted = [
        packed(b"APPEND", name(i, band), bytes(entries[i, band]))
        for i in range(n)
        for band in range(bands)
    ]
    assert Wire(roots, bounds).appends(names, groups, entries) == b"".join(wanted)
    asked = some(n, bands) % 2 == 1
    read = [name(i, band) for i, band in np.argwhere(asked).tolist()]
    with mock.patch.object(wire, "_READ", READ):
        told = Wire(roots, bounds).gets(names, groups, asked)
    gets = [packed(b"MGET", *read[at : at + READ]) for at in range(0, len(read), READ)]
    assert told == (b"".join(gets), len(gets))


ENTRIES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)), max_size=14)


@given(ENTRIES, st.integers(0, 2), st.integers(0, 9), st.booleans(), st.booleans())
def test_the_newest_distinct_members_of_a_bucket_are_read_in_their_order(
    entries, bucket, own, enters, marked
) -> None:
    stored = [(bucket, MARK)] * marked + [(b, m.to_bytes(3, "little")) for b, m in entries]
    group = b"".join(b.to_bytes(3, "little") + member for b, member in stored)
    distinct = list(dict.fromkeys(m for b, m in entries if b == bucket))
    found = Members(
        *members(
            np.frombuffer(group, np.uint8), np.array([len(group)], np.int64),
            np.array([[bucket]], np.uint32), np.array([own], np.int64), np.array([enters]),
            np.array([True]), np.array([1 << 32], np.int64), DEPTH,
        )
    )  # fmt: skip
    assert found.places.tolist() == [1 << 32 | m for m in distinct[-DEPTH:]]
    assert found.counts.tolist() == [len(found.places)]
    assert found.full.tolist() == [int(marked or len(distinct) > DEPTH)]
    assert found.pushed.tolist() == [int(enters and own in distinct[DEPTH:])]
    assert found.missing.tolist() == [int(enters and own not in distinct)]
    assert len(found.long) == int(enters and len(distinct) > 2 * DEPTH)


def test_a_group_that_was_not_read_says_nothing_and_is_not_missed() -> None:
    group = b"\1\0\0\5\0\0"
    found = Members(
        *members(
            np.frombuffer(group, np.uint8), np.array([-1, 6], np.int64),
            np.array([[1, 1]], np.uint32), np.array([5], np.int64), np.array([True]),
            np.array([True]), np.array([0]), DEPTH,
        )
    )  # fmt: skip
    assert found.places.tolist() == [5]
    assert found.missing.tolist() == [0]


def test_a_visit_that_only_counts_gives_no_members() -> None:
    group = b"\1\0\0\5\0\0"
    found = Members(
        *members(
            np.frombuffer(group, np.uint8), np.array([6], np.int64), np.array([[1]], np.uint32),
            np.array([5], np.int64), np.array([True]), np.array([False]), np.array([0]), DEPTH,
        )
    )  # fmt: skip
    assert found.places.tolist() == []
    assert found.missing.tolist() == [0]
