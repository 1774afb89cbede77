"""Buckets that are not read have nobody else in them, whoever enters what and whatever is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from random import Random
from threading import Barrier
from typing import Any

import numpy as np
import pytest
from filing import BANDS, filed
from hypothesis import given
from hypothesis import strategies as st
from servers import Server

from dedupe.errors import IndexDamaged
from dedupe.index.base import Filed, Found, Index
from dedupe.index.memory import MemoryIndex
from dedupe.index.redis import presence
from dedupe.index.redis.presence import Filter, Presence, meeting
from dedupe.index.redis.wire import command

Open = Callable[..., Index]


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every slice is passed over before it is read."""
    monkeypatch.setattr(presence, "_WORTH", 0)


# ---- filters -------------------------------------------------------------------------------------


def some_keys(seed: int, n: int, bands: int = BANDS) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1 << 32, (n, bands), np.uint32)


def test_a_filter_knows_all_that_was_marked_and_takes_an_eighth_of_the_rest_for_known() -> None:
    n = presence._LEAST // (2 * presence.BITS * BANDS)
    made, keys, others = Filter(n * BANDS), some_keys(1, 2 * n), some_keys(2, n)
    made.mark(keys.ravel(), np.tile(np.arange(BANDS, dtype=np.int32), 2 * n))
    assert made.look(keys, np.arange(2 * n)).all()
    assert made.look(others, np.arange(n)).mean() < 1 / presence.BITS
    assert not made.full
    made.mark(keys[:1].ravel(), np.arange(BANDS, dtype=np.int32))
    assert made.full


def test_a_filter_at_its_largest_is_never_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "_MOST", presence._LEAST)
    made = Filter(1 << 24)
    keys = some_keys(1, presence._LEAST // BANDS)
    made.mark(keys.ravel(), np.tile(np.arange(BANDS, dtype=np.int32), len(keys)))
    assert not made.full


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 3)), max_size=9))
def test_what_a_batch_enters_itself_is_told_apart_from_what_each_enters(articles) -> None:
    keys = np.array([rest for _, *rest in articles], np.uint32).reshape(-1, 2)
    slots = np.array([slot for slot, *_ in articles], np.int64)
    visits = [(i, at) for i in range(len(articles)) for at in (1, 2)]
    found = np.zeros((len(visits), 2), np.bool_)
    who, at = np.array(visits, np.int64).reshape(-1, 2).T
    meeting(keys, slots, np.ascontiguousarray(who), np.ascontiguousarray(at), found)
    assert found.tolist() == [
        [
            any(
                slots[j] == s and keys[j, band] == keys[i, band] and j != i
                for j in range(len(keys))
            )
            for band in range(2)
        ]
        for i, s in visits
    ]


def test_a_stream_that_has_lost_what_was_read_last_makes_everything_unknown() -> None:
    one = Presence(2)
    one.position = b"7-0"
    one.begin(5, 10, [])
    (said,) = one.said([5], np.array([[1, 2]], np.uint32))
    assert one.hear([(b"7-0", (b"e", b"")), (b"8-0", (b"e", said))], set())
    assert one.position == b"8-0"
    keys, row = np.array([[1, 2], [3, 4]], np.uint32), np.arange(2)
    assert one.look(5, keys, row).tolist() == [[True, True], [False, False]]
    assert not one.hear([(b"9-0", (b"e", said))], set())
    assert one.position is None
    assert one.look(5, keys, row).all()


def test_an_entry_of_a_stranger_makes_everything_unknown() -> None:
    one = Presence(2)
    one.position = b"7-0"
    assert not one.hear([(b"7-0", (b"e", b"")), (b"8-0", (b"e", b"rubbish"))], set())
    assert one.position is None


# ---- on a server ---------------------------------------------------------------------------------


class Pair:
    """Two handles on an index in Redis, and what the index in memory says of the same."""

    def __init__(self, url: str, opened: Open) -> None:
        self.handles: list[Any] = [opened(url), opened(url)]
        self.model = MemoryIndex(self.handles[0].manifest)

    def add(self, turn: int, batch: Sequence[Filed]) -> None:
        """One of the two adds, and finds what the model finds."""
        found = self.handles[turn].add(batch, 64)
        wanted = self.model.add(batch, 64)
        for mine, its in zip(found, wanted, strict=True):
            assert mine.place == its.place
            assert mine.candidates.tolist() == its.candidates.tolist()
            assert mine.hits.tolist() == its.hits.tolist()
            assert mine.capped == its.capped

    @property
    def filters(self) -> list[int]:
        """How many each has."""
        return [len(each._buckets.presence._filters) for each in self.handles]


@pytest.fixture
def pair(redis_urls: Callable[[], str], opened: Open) -> Pair:
    return Pair(redis_urls(), opened)


def batches(seed: int, n: int) -> Iterator[list[Filed]]:
    """Articles that share some buckets with earlier ones, over three slices."""
    random, there = Random(seed), [filed("first")]
    yield there[:]
    for _ in range(n):
        batch = []
        for _ in range(random.randint(1, 6)):
            like, shared = random.choice(there), random.randint(0, BANDS)
            batch.append(
                filed(f"a{len(there)}", like=like, shared=shared, slice=random.randint(4, 6))
            )
            there.append(batch[-1])
        yield batch


def test_two_that_add_by_turns_find_what_there_is(pair: Pair) -> None:
    for turn, batch in enumerate(batches(1, 40)):
        pair.add(turn % 3 % 2, batch)
    assert all(pair.filters)


def test_who_falls_behind_the_stream_begins_again(pair: Pair) -> None:
    store = pair.handles[0]._store
    known = []
    for turn, batch in enumerate(batches(2, 40)):
        pair.add(turn % 7 == 6, batch)
        known.append(pair.filters[0] > 0)
        if turn % 5 == 4:
            store.ask("XTRIM", pair.handles[0]._buckets._entered, "MAXLEN", 0)
    assert True in known
    assert False in known[known.index(True) :]


def test_a_slice_that_has_outgrown_its_filter_is_passed_over_again(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "_LEAST", 64)
    for turn, batch in enumerate(batches(3, 40)):
        pair.add(turn % 2, batch)
    first = next(iter(pair.handles[0]._buckets.presence._filters.values()))
    assert 64 * len(first._bits) > 64


def test_most_groups_are_not_read_once_a_slice_is_known(pair: Pair) -> None:
    handle = pair.handles[0]
    read = []
    groups_of = handle._buckets._groups_of

    def counting(blob: bytes, replies: int) -> list[bytes]:
        told: list[bytes] = groups_of(blob, replies)
        read.append(len(told))
        return told

    pair.add(0, [filed("a")])
    pair.add(0, [filed("b")])
    handle._buckets._groups_of = counting
    pair.add(0, [filed(f"c{i}") for i in range(50)])
    assert sum(read) < 50


def test_an_older_copy_in_the_place_of_what_was_killed_is_noticed(
    server: Server, opened: Open
) -> None:
    """A server that was killed may have lost the last second of what it was given."""
    index: Any = opened(server.url)
    index.add([filed("a")], 5)
    index.add([filed("b")], 5)
    with server.client() as client:
        (last,) = client.xrevrange(index._buckets._entered, count=1)
        client.xdel(index._buckets._entered, last[0])
    theirs = filed("c")
    opened(server.url).add([theirs], 5)
    (found,) = index.add([filed("d", like=theirs, shared=3)], 5)
    assert found.hits.tolist() == [3]


def test_a_group_that_cannot_be_written_is_told(server: Server, opened: Open) -> None:
    index: Any = opened(server.url)
    first = filed("a")
    index.add([first], 5)
    with server.client() as client:
        group = next(client.scan_iter(match="*}b*", count=1000))
        index.add([filed("b")], 5)
        value = client.dump(group)
        client.delete(group)
        client.rpush(group, "mine")
        with pytest.raises(IndexDamaged, match="namespace"):
            index.add([filed("c", like=first, shared=BANDS)], 5)
        client.delete(group)
        client.restore(group, 0, value)
    (found,) = index.add([filed("d", like=first, shared=BANDS)], 5)
    assert found.candidates.tolist()


def test_what_was_refused_for_a_moment_is_found_by_who_began_a_filter_then(
    redis_urls: Callable[[], str], opened: Open
) -> None:
    url = redis_urls()
    ours: Any = opened(url)
    theirs = opened(url)
    ours.add([filed("first")], 5)
    one = filed("one")
    by_scripts = ours._buckets._by_scripts

    def later(*given: Any) -> Any:
        theirs.add([filed("between")], 5)
        return by_scripts(*given)

    ours._buckets._by_scripts = later
    ours._buckets._wire.appends = lambda *given: command(b"REFUSED")
    (mine,) = ours.add([one], 5)
    (its,) = theirs.add([filed("other", like=one, shared=3)], 5)
    assert its.candidates.tolist() == [mine.place]
    assert its.hits.tolist() == [3]


def test_of_two_that_are_added_at_once_one_sees_the_other(
    redis_urls: Callable[[], str], opened: Open
) -> None:
    url, rounds = redis_urls(), 100
    handles = [opened(url), opened(url)]
    for i, handle in enumerate(handles):
        handle.add([filed(f"first{i}")], 5)
    begin = Barrier(2)
    copies = [[one, filed(f"b{i}", like=one)] for i in range(rounds) if (one := filed(f"a{i}"))]
    copies = [[one, other._replace(keys=one.keys)] for one, other in copies]

    def add(side: int) -> list[Found]:
        found = []
        for pair in copies:
            begin.wait(30)
            found += handles[side].add([pair[side]], 5)
        return found

    with ThreadPoolExecutor(2) as threads:
        ours, theirs = threads.map(add, range(2))
    for mine, its in zip(ours, theirs, strict=True):
        assert its.place in mine.candidates or mine.place in its.candidates
    assert all(handle._buckets.presence._filters for handle in handles)  # type: ignore[attr-defined]
