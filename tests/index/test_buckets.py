"""Buckets in memory against the same in lists."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest
from filing import random_keys
from hypothesis import given
from hypothesis import strategies as st

from dedupe.index.buckets import Buckets

BANDS = 3
KEYS = st.lists(st.integers(0, 3), min_size=BANDS, max_size=BANDS)
ENTER = st.tuples(st.integers(0, 2), st.lists(KEYS, min_size=1, max_size=6))
LEAVE = st.integers(0, 30)


class Lists:
    """Each bucket of a slice keeps its newest members, in order of insertion."""

    def __init__(self, depth: int) -> None:
        self.depth = depth
        self.members: defaultdict[tuple[int, int, int], list[int]] = defaultdict(list)
        self.full: set[tuple[int, int, int]] = set()
        self.pushed: set[tuple[int, int]] = set()

    def enter(self, slice: int, place: int, keys: list[int]) -> None:
        for bucket in ((slice, band, key) for band, key in enumerate(keys)):
            self.members[bucket].append(place)
            if len(self.members[bucket]) > self.depth:
                self.members[bucket].pop(0)
                self.full.add(bucket)
                self.pushed.add((place, bucket[1]))

    def leave(self, place: int) -> None:
        for bucket, members in self.members.items():
            if place in members:
                members.remove(place)
                if not members:
                    self.full.discard(bucket)

    def shared(
        self, keys: list[int], near: tuple[int, int], own: int, most: int
    ) -> tuple[list[tuple[int, int]], int]:
        hits: defaultdict[int, int] = defaultdict(int)
        capped = 0
        for (slice, band, key), members in self.members.items():
            if near[0] <= slice <= near[1] and keys[band] == key:
                capped += (slice, band, key) in self.full
                for place in members:
                    hits[place] += place != own
        ranked = sorted(((n, place) for place, n in hits.items() if n), reverse=True)
        return ranked[:most], capped


@given(st.lists(ENTER | LEAVE, max_size=25), KEYS, st.integers(1, 4), st.integers(1, 8))
def test_buckets_keep_their_newest_members(
    steps: list[tuple[int, list[list[int]]] | int], asked: list[int], depth: int, most: int
) -> None:
    buckets, lists = Buckets(BANDS, depth), Lists(depth)
    places: list[int] = []
    for step in steps:
        if isinstance(step, int):
            if step < len(places):
                buckets.leave(places[step])
                lists.leave(places[step])
            continue
        slice, batch = step
        new = [slice << 32 | len(places) + i for i in range(len(batch))]
        places += new
        pushed = buckets.enter(slice, new, np.array(batch, np.uint32))
        before = len(lists.pushed)
        for place, keys in zip(new, batch, strict=True):
            lists.enter(slice, place, keys)
        assert pushed == len(lists.pushed) - before
    for near in ((0, 2), (1, 1), (2, 9)):
        own = places[0] if places else -1
        got = buckets.shared(np.array([asked], np.uint32), [near], [own], most)[0]
        ranked = list(zip(got.hits.tolist(), got.candidates.tolist(), strict=True))
        assert (ranked, got.capped) == lists.shared(asked, near, own, most)


@given(st.lists(ENTER | LEAVE, max_size=25), KEYS, st.integers(1, 4))
def test_cuts_do_to_other_buckets_what_leaving_did(
    steps: list[tuple[int, list[list[int]]] | int], asked: list[int], depth: int
) -> None:
    """Filled anew without the articles that left, but with their cuts, buckets are the same."""
    buckets = Buckets(BANDS, depth)
    places: list[int] = []
    gone: set[int] = set()
    log: list[tuple[int, object, object]] = []
    for step in steps:
        if not isinstance(step, int):
            slice, batch = step
            new = [slice << 32 | len(places) + i for i in range(len(batch))]
            places += new
            buckets.enter(slice, new, np.array(batch, np.uint32))
            log.append((slice, new, batch))
        elif step < len(places):
            gone.add(places[step])
            log.append((places[step] >> 32, None, buckets.leave(places[step])))
    again = Buckets(BANDS, depth)
    for slice, new, what in log:
        if new is None:
            again.cut(slice, what)
        elif rest := [(p, k) for p, k in zip(new, what, strict=True) if p not in gone]:
            again.enter(slice, [p for p, _ in rest], np.array([k for _, k in rest], np.uint32))
    results = [
        b.shared(np.array([asked], np.uint32), [(0, 2)], [-1], 64)[0] for b in (buckets, again)
    ]
    assert results[0].candidates.tolist() == results[1].candidates.tolist()
    assert results[0].hits.tolist() == results[1].hits.tolist()
    assert results[0].capped == results[1].capped


def test_buckets_grow() -> None:
    keys = np.stack([random_keys(i, BANDS) for i in range(1000)])
    buckets = Buckets(BANDS, 15)
    for low in range(0, 1000, 37):
        buckets.enter(4, [4 << 32 | i for i in range(low, min(low + 37, 1000))], keys[low:][:37])
    found = buckets.shared(keys, [(4, 4)] * 1000, [-1] * 1000, 5)
    assert [f.candidates.tolist() for f in found] == [[4 << 32 | i] for i in range(1000)]
    assert {f.hits.tolist()[0] for f in found} == {BANDS}


def test_keys_of_all_bits_are_told_apart() -> None:
    keys = np.array([[0] * BANDS, [2**32 - 1] * BANDS, [2**31] * BANDS], np.uint32)
    buckets = Buckets(BANDS, 15)
    buckets.enter(0, [0, 1, 2], keys)
    found = buckets.shared(keys, [(0, 0)] * 3, [-1] * 3, 5)
    assert [f.candidates.tolist() for f in found] == [[0], [1], [2]]


def test_a_dropped_slice_has_no_members() -> None:
    keys = random_keys("a", BANDS)[None]
    buckets = Buckets(BANDS, 15)
    buckets.enter(3, [3 << 32], keys)
    buckets.drop(3)
    assert buckets.slices() == []
    assert not len(buckets.shared(keys, [(0, 9)], [-1], 5)[0].candidates)


@pytest.mark.parametrize("depth", [0, 64])
def test_a_depth_that_cannot_be_kept_is_refused(depth: int) -> None:
    with pytest.raises(ValueError, match="1 to 63"):
        Buckets(BANDS, depth)
