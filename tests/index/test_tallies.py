"""What the articles of a slice say together is appended by many and folded by any."""

from __future__ import annotations

from collections.abc import Callable

from filing import filed

from dedupe.index.base import Index


def test_parts_come_in_order_with_their_positions(index: Index) -> None:
    positions: list[int] = []
    for slice, blob in ((6, b"x"), (5, b"a"), (5, b"b")):
        positions.append(index.tally(slice, blob))
    assert positions == [1, 1, 2]
    assert index.tallies({}) == [
        (5, 1, False, b"a"), (5, 2, False, b"b"), (6, 1, False, b"x"),
    ]  # fmt: skip
    assert index.tallies({5: 1}) == [(5, 2, False, b"b"), (6, 1, False, b"x")]
    assert index.tallies({5: 2, 6: 1}) == []


def test_a_fold_stands_for_all_parts_before_it(index: Index) -> None:
    for blob in (b"a", b"b", b"c"):
        index.tally(5, blob)
    assert index.fold(5, 2, b"ab")
    assert index.tallies({}) == [(5, 2, True, b"ab"), (5, 3, False, b"c")]
    assert index.tallies({5: 1}) == [(5, 2, True, b"ab"), (5, 3, False, b"c")]
    assert index.tallies({5: 2}) == [(5, 3, False, b"c")]
    assert index.tally(5, b"d") == 4
    assert index.tallies({5: 3}) == [(5, 4, False, b"d")]


def test_a_fold_that_another_was_quicker_with_changes_nothing(index: Index) -> None:
    for blob in (b"a", b"b", b"c"):
        index.tally(5, blob)
    assert index.fold(5, 3, b"abc")
    before = index.tallies({})
    assert not index.fold(5, 2, b"late")
    assert not index.fold(5, 3, b"late")
    assert index.tallies({}) == before


def test_folds_follow_one_another(index: Index) -> None:
    for i in range(4):
        index.tally(5, b"%d" % i)
    assert index.fold(5, 2, b"01")
    assert index.fold(5, 4, b"0123")
    index.tally(5, b"4")
    assert index.tallies({5: 2}) == [(5, 4, True, b"0123"), (5, 5, False, b"4")]


def test_what_is_not_there_cannot_be_folded(index: Index) -> None:
    index.tally(5, b"a")
    assert not index.fold(5, 2, b"more than there is")
    assert not index.fold(4, 1, b"no such slice")
    assert index.tallies({}) == [(5, 1, False, b"a")]


def test_readers_that_fold_and_append_by_turns_read_the_same(
    lasting_url: str, opened: Callable[..., Index]
) -> None:
    """Each has the whole of what was appended, however often it looked."""
    writers = [opened(lasting_url) for _ in range(3)]
    read: list[dict[int, int]] = [{} for _ in writers]
    sums: list[dict[int, bytes]] = [{} for _ in writers]

    def look(k: int) -> None:
        for part in writers[k].tallies(read[k]):
            before = b"" if part.whole else sums[k].get(part.slice, b"")
            sums[k][part.slice] = before + part.blob
            read[k][part.slice] = part.position

    for i in range(30):
        k = i % 3
        writers[k].tally(5 + i % 2, bytes([65 + i]))
        if i % 4 == 0:
            look(k)
        if i % 5 == 0:
            look((k + 1) % 3)
            for slice, position in read[(k + 1) % 3].items():
                writers[(k + 1) % 3].fold(slice, position, sums[(k + 1) % 3][slice])
    for k in range(3):
        look(k)
    whole = {5: bytes(range(65, 95, 2)), 6: bytes(range(66, 96, 2))}
    assert sums == [whole] * 3


def test_tallies_go_with_their_slice(index: Index) -> None:
    index.add([filed("a", slice=4), filed("b", slice=6)], 1)
    index.tally(4, b"a")
    index.tally(6, b"b")
    while index.expire(5, 10):
        pass
    assert index.tallies({}) == [(6, 1, False, b"b")]
