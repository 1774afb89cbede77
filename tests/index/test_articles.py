"""What every backend promises of articles: stored once, in order, found by their buckets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from filing import BANDS, DEPTH, filed

from dedupe.index.base import Filed, Found, Index, Receipt, slice_of

MOST = 64


def pairs(found: Found) -> list[tuple[int, int]]:
    """Candidates with their hits."""
    assert found.candidates.dtype == np.int64
    assert found.hits.dtype == np.int32
    return list(zip(found.candidates.tolist(), found.hits.tolist(), strict=True))


def place_of(index: Index, *articles: Filed) -> list[int]:
    """Add articles one by one; their places."""
    return [index.add([each], MOST)[0].place for each in articles]


def test_a_new_article_is_stored_under_its_slice(index: Index) -> None:
    a = filed("a", slice=7)
    (found,) = index.add([a], MOST)
    assert slice_of(found.place) == 7
    assert (found.known, found.other, found.removed, found.head, found.capped) == (
        False, False, None, -1, 0,
    )  # fmt: skip
    assert pairs(found) == []
    assert index.records([found.place]) == [a.record]
    assert index.texts([found.place]) == [a.text]
    assert index.places(["a", "b"]) == [found.place, None]
    assert index.slices() == [7]
    assert list(index.scan(7)) == [found.place]
    assert index.memberships([found.place]) == [None]


def test_what_is_not_there_is_none(index: Index) -> None:
    assert index.records([0, 5 << 32]) == [None, None]
    assert index.texts([5 << 32]) == [None]
    assert index.memberships([5 << 32]) == [None]
    assert index.places(["a"]) == [None]
    assert index.clusters(["c"]) == [None]
    assert index.slices() == []
    assert list(index.scan(5)) == []
    assert list(index.stories()) == []
    assert list(index.redirects()) == []
    assert list(index.receipts()) == []
    assert index.events(0, 10) == []
    assert index.tallies({}) == []
    assert index.hands().version == 0
    assert index.add([], MOST) == []
    assert index.probe([], MOST) == []


def test_an_index_may_keep_no_texts(index: Index) -> None:
    a = filed("a", text=None)
    (place,) = place_of(index, a)
    assert index.texts([place]) == [None]
    assert index.records([place]) == [a.record]


def test_places_of_a_slice_ascend(index: Index) -> None:
    places = [f.place for f in index.add([filed(f"a{i}") for i in range(20)], MOST)]
    places += place_of(index, filed("later"))
    assert places == sorted(set(places))
    assert list(index.scan(5)) == places


def test_hashes_of_all_64_bits_are_kept(index: Index) -> None:
    top = 2**64 - 1
    a = filed("a", content=top, digest=top)
    (place,) = place_of(index, a)
    assert index.add([a], MOST)[0].known
    (copy,) = index.add([filed("b", content=2**63, digest=top)], MOST)
    assert copy.head == place


# ---- order -------------------------------------------------------------------------------------


def test_all_of_a_batch_are_stored_before_candidates_are_read(index: Index) -> None:
    a = filed("a")
    b = filed("b", like=a, shared=3)
    c = filed("c", like=a, shared=2)
    of_a, of_b, of_c = index.add([a, b, c], MOST)
    assert pairs(of_a) == [(of_b.place, 3), (of_c.place, 2)]
    assert pairs(of_b) == [(of_a.place, 3), (of_c.place, 2)]
    assert pairs(of_c) == [(of_b.place, 2), (of_a.place, 2)]


def test_a_later_batch_finds_an_earlier_one(index: Index) -> None:
    a = filed("a")
    (place,) = place_of(index, a)
    (found,) = index.add([filed("b", like=a, shared=4)], MOST)
    assert pairs(found) == [(place, 4)]


# ---- once --------------------------------------------------------------------------------------


def test_adding_again_changes_nothing_and_says_the_same(index: Index) -> None:
    a = filed("a")
    b = filed("b", like=a, shared=3)
    first = index.add([a, b], MOST)
    before = index.stats()
    again = index.add([a, b], MOST)
    assert index.stats() == before
    assert [f.place for f in again] == [f.place for f in first]
    assert [f.known for f in again] == [True, True]
    assert [pairs(f) for f in again] == [pairs(f) for f in first]
    assert list(index.scan(5)) == [f.place for f in first]


def test_a_known_article_stays_where_it_was_filed_first(index: Index) -> None:
    """An article without a date comes again at another time."""
    a, b = filed("a"), filed("b")
    b = b._replace(digest=a.digest)
    of_a, of_b = index.add([a, b], MOST)
    index.remove(of_a.place, None, None)
    (again,) = index.add([b._replace(slice=7, near=(5, 9))], MOST)
    assert (again.place, again.known, again.head) == (of_b.place, True, -1)
    assert index.slices() == [5]
    assert pairs(index.probe([filed("x", slice=3, like=b, shared=2)], MOST)[0]) == [(of_b.place, 2)]


def test_a_known_id_with_another_content_is_not_stored(index: Index) -> None:
    a = filed("a")
    (place,) = place_of(index, a)
    b = filed("b")
    (found,) = index.add([b._replace(id="a", record=b"new", text=b"new")], MOST)
    assert found.other
    assert not found.known
    assert pairs(found) == []
    assert index.records([place]) == [a.record]
    assert index.texts([place]) == [a.text]
    assert index.stats().articles == 1
    assert pairs(index.add([filed("c", like=b, shared=BANDS)], MOST)[0]) == []


def test_what_was_taken_down_does_not_come_back(index: Index) -> None:
    a = filed("a")
    (place,) = place_of(index, a)
    receipt = Receipt(id="a", hours=9.5, reason="court order")
    index.remove(place, receipt, None)
    for ask in (index.probe, index.add):
        (found,) = ask([a], MOST)
        assert found.removed == receipt
        assert (found.place, found.known, found.other, found.head) == (-1, False, False, -1)
        assert pairs(found) == []
    assert index.places(["a"]) == [None]
    assert index.stats().articles == 0


# ---- probing -----------------------------------------------------------------------------------


def test_probing_stores_nothing_and_says_what_adding_would(index: Index) -> None:
    a = filed("a")
    b = filed("b", like=a, shared=3)
    (place,) = place_of(index, a)
    before = index.stats()
    (probed,) = index.probe([b], MOST)
    assert index.stats() == before
    assert probed.place == -1
    assert pairs(probed) == [(place, 3)]
    assert index.places(["b"]) == [None]
    (added,) = index.add([b], MOST)
    assert (pairs(added), added.head, added.capped) == (pairs(probed), -1, 0)
    (known,) = index.probe([b], MOST)
    assert (known.place, known.known) == (added.place, True)
    assert pairs(known) == [(place, 3)]


def test_probing_tells_other_contents_and_copies(index: Index) -> None:
    a = filed("a")
    (place,) = place_of(index, a)
    assert index.probe([a._replace(content=1)], MOST)[0].other
    (copy,) = index.probe([filed("b", digest=a.digest)], MOST)
    assert (copy.place, copy.head) == (-1, place)


# ---- exact copies ------------------------------------------------------------------------------


def test_an_exact_copy_has_a_head_and_no_candidates(index: Index) -> None:
    a = filed("a")
    near = filed("near", like=a, shared=4)
    b = filed("b", like=a, shared=BANDS, digest=a.digest)
    head, _ = place_of(index, a, near)
    (found,) = index.add([b], MOST)
    assert found.head == head
    assert pairs(found) == []
    assert index.add([a], MOST)[0].head == -1
    assert index.add([b], MOST)[0].head == head


def test_only_the_first_of_exact_copies_enters_buckets(index: Index) -> None:
    a = filed("a")
    b, c = (filed(id, like=a, shared=BANDS, digest=a.digest) for id in "bc")
    first, second, third = index.add([a, b, c], MOST)
    assert (first.head, second.head, third.head) == (-1, first.place, first.place)
    (found,) = index.add([filed("near", like=a, shared=4)], MOST)
    assert pairs(found) == [(first.place, 4)]


def test_copies_are_looked_for_in_the_near_slices_only(index: Index) -> None:
    a = filed("a", slice=3)
    far = filed("far", slice=6, digest=a.digest, like=a, shared=2)
    near = filed("near", slice=5, digest=a.digest)
    head, own = place_of(index, a, far)
    assert index.probe([far], MOST)[0].head == -1
    assert index.probe([near], MOST)[0].head == head
    assert pairs(index.probe([filed("x", slice=7, like=a, shared=2)], MOST)[0]) == [(own, 2)]


def test_copies_are_at_most_the_window_apart(index: Index) -> None:
    """The same text a week later is a head of its own, in buckets."""
    window = index.manifest.window_hours
    a = filed("a", slice=4, hours=400.0)
    b, c = (
        filed(id, slice=6, hours=400.0 + hours, digest=a.digest, like=a, shared=3)
        for id, hours in (("b", window), ("c", window + 0.5))
    )
    of_a, of_b, of_c = index.add([a, b, c], MOST)
    assert (of_b.head, of_c.head) == (of_a.place, -1)
    assert pairs(of_c) == [(of_a.place, 3)]
    later = filed("d", slice=7, hours=401.0 + window, digest=a.digest)
    assert index.probe([later], MOST)[0].head == of_c.place


def test_the_head_of_the_own_slice_comes_first(index: Index) -> None:
    window = index.manifest.window_hours
    a = filed("a", slice=4, hours=400.0)
    b = filed("b", slice=6, hours=400.5 + window, digest=a.digest)
    between = filed("c", slice=6, hours=400.0 + window, digest=a.digest)
    elsewhere = between._replace(id="d", slice=5, hours=500.0)
    of_a, of_b = index.add([a, b], MOST)
    assert of_b.head == -1
    assert [f.head for f in index.probe([between, elsewhere], MOST)] == [of_b.place, of_a.place]


def test_a_copy_of_a_copy_that_is_far_stands_for_itself(index: Index) -> None:
    """Each slice knows the first that found no head: one that found one is none."""
    a = filed("a", slice=3)
    b, c, d = (filed(id, slice=s, digest=a.digest) for id, s in (("b", 5), ("c", 7), ("d", 6)))
    of_a, of_b, of_c = index.add([a, b, c], MOST)
    assert (of_a.head, of_b.head, of_c.head) == (-1, of_a.place, -1)
    assert index.add([d], MOST)[0].head == of_c.place
    assert index.add([b], MOST)[0].head == of_a.place


def test_a_copy_that_has_lost_its_head_stands_for_its_text_when_it_comes_again(
    index: Index,
) -> None:
    a = filed("a")
    b = filed("b", like=a, shared=BANDS, digest=a.digest)
    of_a, of_b = index.add([a, b], MOST)
    index.remove(of_a.place, None, None)
    asked = filed("x", like=a, shared=3)
    assert pairs(index.probe([asked], MOST)[0]) == []
    assert index.add([b], MOST)[0].head == -1
    assert pairs(index.probe([asked], MOST)[0]) == [(of_b.place, 3)]
    assert index.probe([filed("c", digest=a.digest)], MOST)[0].head == of_b.place


def test_articles_without_text_are_no_copies(index: Index) -> None:
    index.add([filed("a", digest=0)], MOST)
    assert index.add([filed("b", digest=0)], MOST)[0].head == -1


# ---- buckets -----------------------------------------------------------------------------------


def test_an_article_with_too_few_words_enters_and_reads_no_bucket(index: Index) -> None:
    a = filed("a")
    b = filed("b", like=a, shared=BANDS, bucketed=False)
    _, found = index.add([a, b], MOST)
    assert pairs(found) == []
    assert pairs(index.probe([a], MOST)[0]) == []
    assert index.add([filed("c", bucketed=False, digest=b.digest)], MOST)[0].head == found.place


def test_candidates_come_from_the_near_slices(index: Index) -> None:
    a = filed("a", slice=1)
    others = [filed(f"a{s}", slice=s, like=a, shared=4) for s in range(2, 8)]
    places = dict(zip([1, *range(2, 8)], place_of(index, a, *others), strict=True))
    asked = filed("x", slice=4, near=(3, 5), like=a, shared=4)
    assert pairs(index.probe([asked], MOST)[0]) == [(places[s], 4) for s in (5, 4, 3)]
    one = asked._replace(near=(7, 7))
    far = asked._replace(near=(40, 50))
    assert [pairs(f) for f in index.probe([one, far], MOST)] == [[(places[7], 4)], []]


def test_candidates_are_ranked_by_shared_buckets_then_place(index: Index) -> None:
    a = filed("a")
    shared = [2, 5, 2, 7, 5]
    # Each in a slice of its own, so that no bucket is full.
    others = [
        filed(f"b{i}", slice=5 + i, near=(0, 99), like=a, shared=s) for i, s in enumerate(shared)
    ]
    places = place_of(index, *others)
    best = sorted(zip(shared, places, strict=True), reverse=True)
    asked = a._replace(near=(0, 99))
    assert pairs(index.probe([asked], MOST)[0]) == [(place, hits) for hits, place in best]
    assert pairs(index.probe([asked], 3)[0]) == [(place, hits) for hits, place in best[:3]]


def test_a_bucket_keeps_its_newest_members_and_counts_the_others(index: Index) -> None:
    a = filed("a")
    others = [filed(f"b{i}", like=a, shared=2) for i in range(DEPTH + 2)]
    places = place_of(index, *others)
    (found,) = index.probe([a], MOST)
    assert pairs(found) == [(place, 2) for place in places[: -DEPTH - 1 : -1]]
    assert found.capped == 2
    assert index.stats().capped == 4
    full = filed("c", slice=6, like=a, shared=2)
    (found,) = index.add([full], MOST)
    assert found.capped == 2
    assert len(found.candidates) == DEPTH


def test_a_bucket_that_is_just_full_is_not_capped(index: Index) -> None:
    a = filed("a")
    place_of(index, *(filed(f"b{i}", like=a, shared=2) for i in range(DEPTH)))
    assert index.probe([a], MOST)[0].capped == 0
    assert index.stats().capped == 0


def test_within_a_batch_the_later_push_the_earlier_out(index: Index) -> None:
    a = filed("a")
    batch = [a, *(filed(f"b{i}", like=a, shared=BANDS) for i in range(DEPTH))]
    found = index.add(batch, MOST)
    rest = [f.place for f in found[1:]]
    assert found[0].candidates.tolist() == rest[::-1]
    assert found[1].candidates.tolist() == [p for p in rest[::-1] if p != found[1].place]
    assert [f.capped for f in found] == [BANDS] * len(batch)


def test_slices_have_buckets_of_their_own(index: Index) -> None:
    a = filed("a", slice=4)
    others = [filed(f"b{i}", slice=4 + i % 2, like=a, shared=1) for i in range(2 * DEPTH)]
    place_of(index, *others)
    (found,) = index.probe([a], MOST)
    assert len(found.candidates) == 2 * DEPTH
    assert found.capped == 0


# ---- what an index says of itself --------------------------------------------------------------


def test_stats_count_what_is_there(index: Index) -> None:
    index.add([filed("a", slice=3), filed("b", slice=9), filed("c", slice=3)], MOST)
    stats = index.stats()
    assert stats.articles == 3
    assert [(s.slice, s.articles) for s in stats.slices] == [(3, 2), (9, 1)]
    assert (stats.clusters, stats.events, stats.capped) == (0, 0, 0)
    assert stats.bytes is None or stats.bytes > 0


@pytest.mark.parametrize("size", [1, 600])
def test_a_slice_is_scanned_whole(index: Index, size: int) -> None:
    batch: Sequence[Filed] = [filed(f"a{i}", bucketed=i < 3) for i in range(size)]
    places = [f.place for f in index.add(batch, 1)]
    assert list(index.scan(5)) == places
    assert index.records(places) == [each.record for each in batch]
