"""What goes away: single articles, which leave a receipt, and whole slices."""

from __future__ import annotations

from filing import BANDS, DEPTH, cluster, creation, filed
from msgspec.structs import replace

from dedupe.index.base import Change, Event, Index, Receipt

MOST = 64
RECEIPT = Receipt(id="a", hours=466_000.25, reason="ärger")


def candidates(index: Index, asked: object) -> list[int]:
    (found,) = index.probe([asked], MOST)  # type: ignore[list-item]
    return found.candidates.tolist()


def test_nothing_is_left_of_an_article_but_its_receipt(index: Index) -> None:
    a = filed("a")
    b = filed("b", like=a, shared=4)
    place, other = (f.place for f in index.add([a, b], MOST))
    index.remove(place, RECEIPT, None)
    assert index.records([place, other]) == [None, b.record]
    assert index.texts([place, other]) == [None, b.text]
    assert index.places(["a"]) == [None]
    assert list(index.scan(5)) == [other]
    assert candidates(index, b) == []
    assert candidates(index, filed("x", like=a, shared=BANDS)) == [other]
    assert index.probe([filed("y", digest=a.digest)], MOST)[0].head == -1
    assert list(index.receipts()) == [RECEIPT]
    assert index.stats().articles == 1


def test_an_article_may_go_without_receipt_and_come_again(index: Index) -> None:
    a = filed("a")
    (place,) = (f.place for f in index.add([a], MOST))
    index.remove(place, None, None)
    assert list(index.receipts()) == []
    (found,) = index.add([a], MOST)
    assert not found.known
    assert found.place != place
    assert candidates(index, filed("x", like=a, shared=2)) == [found.place]


def test_removing_again_changes_nothing(index: Index) -> None:
    a, b = filed("a"), filed("b")
    place, _ = (f.place for f in index.add([a, b], MOST))
    for _ in range(2):
        assert index.remove(place, RECEIPT, None)
        assert index.stats().articles == 1
        assert list(index.receipts()) == [RECEIPT]


def test_an_article_that_is_in_a_cluster_is_not_removed(index: Index) -> None:
    (place,) = (f.place for f in index.add([filed("a")], MOST))
    index.link(creation("one", place))
    assert not index.remove(place, RECEIPT, None)
    assert index.places(["a"]) == [place]
    assert list(index.receipts()) == []


def test_what_was_removed_cannot_be_linked(index: Index) -> None:
    (place,) = (f.place for f in index.add([filed("a")], MOST))
    index.remove(place, None, None)
    assert not index.link(creation("one", place))


def test_an_heir_enters_the_buckets_in_the_stead_of_its_copy(index: Index) -> None:
    a = filed("a")
    b, c = (filed(id, like=a, shared=BANDS, digest=a.digest) for id in "bc")
    first, heir, third = (f.place for f in index.add([a, b, c], MOST))
    for _ in range(2):
        index.remove(first, RECEIPT, b)
        asked = filed("x", like=a, shared=4)
        assert candidates(index, asked) == [heir]
        assert index.probe([asked], MOST)[0].hits.tolist() == [4]
        assert index.probe([c, b], MOST)[0].head == heir
        assert index.probe([b], MOST)[0].head == -1
        assert index.records([first, heir, third]) == [None, b.record, c.record]


def test_an_heir_may_be_in_another_slice(index: Index) -> None:
    a = filed("a", slice=4)
    b = filed("b", slice=5, like=a, shared=BANDS, digest=a.digest)
    first, heir = (f.place for f in index.add([a, b], MOST))
    index.remove(first, RECEIPT, b)
    assert candidates(index, filed("x", slice=6, like=a, shared=4)) == [heir]
    assert index.probe([filed("y", slice=6, digest=a.digest)], MOST)[0].head == heir


def test_a_full_bucket_that_loses_a_member_has_room_for_one(index: Index) -> None:
    a = filed("a")
    others = [filed(f"b{i}", like=a, shared=2) for i in range(DEPTH + 1)]
    places = [index.add([each], MOST)[0].place for each in others]
    index.remove(places[2], None, None)
    kept = [p for p in places[1:] if p != places[2]]
    assert candidates(index, a) == kept[::-1]
    for i in range(2):
        (found,) = index.add([filed(f"c{i}", like=a, shared=2)], MOST)
        kept.append(found.place)
        assert candidates(index, a) == kept[: -DEPTH - 1 : -1]


def test_receipts_are_all_told(index: Index) -> None:
    places = [f.place for f in index.add([filed(f"a{i}") for i in range(3)], MOST)]
    receipts = [Receipt(id=f"a{i}", hours=float(i), reason="") for i in range(3)]
    for place, receipt in zip(places, receipts, strict=True):
        index.remove(place, receipt, None)
    assert sorted(index.receipts(), key=lambda r: r.id) == receipts


# ---- expiry --------------------------------------------------------------------------------------


def expire_all(index: Index, slice: int, most: int) -> list[int]:
    """How many went at each step."""
    steps: list[int] = []
    while gone := index.expire(slice, most):
        steps.append(gone)
    return steps


def test_old_slices_go_whole_and_in_steps(index: Index) -> None:
    old = [filed(f"o{i}", slice=3 + i % 2) for i in range(25)]
    new = filed("n", slice=5, like=old[0], shared=3)
    *gone, kept = (f.place for f in index.add([*old, new], MOST))
    steps = expire_all(index, 5, 10)
    assert sum(steps) == 25
    assert len(steps) >= 2
    assert index.slices() == [5]
    assert index.records([*gone, kept]) == [None] * 25 + [new.record]
    assert index.texts(gone) == [None] * 25
    assert index.places(["o0", "o24", "n"]) == [None, None, kept]
    assert list(index.scan(3)) == []
    assert candidates(index, new._replace(near=(0, 99))) == []
    assert index.probe([filed("x", digest=old[0].digest, slice=4)], MOST)[0].head == -1
    assert index.stats().articles == 1
    assert index.expire(5, 10) == 0


def test_clusters_lose_the_members_that_expire(index: Index) -> None:
    a, b, c = (
        f.place for f in index.add([filed("a", slice=3), filed("b", slice=3), filed("c")], MOST)
    )
    index.link(creation("one", a, c))
    index.link(creation("two", b))
    before = index.events(0, 100)
    expire_all(index, 4, 1)
    one, two = index.clusters(["one", "two"])
    assert two is None
    assert one is not None
    assert one.members == (c,)
    assert one.version > 1
    assert replace(one, version=1, members=(a, c)) == cluster("one", 1, a, c)
    assert index.memberships([a, b, c]) == [None, None, "one"]
    assert list(index.stories()) == [one]
    assert index.events(0, 100) == before


def test_a_change_that_was_read_before_members_expired_does_not_hold(index: Index) -> None:
    a, b, c = (f.place for f in index.add([filed("a", slice=3), filed("b"), filed("c")], MOST))
    index.link(creation("one", a, b))
    expire_all(index, 4, 100)
    stale = Change(expected=(("one", 1),), unlinked=(c,), clusters=(cluster("one", 2, a, b, c),))
    assert not index.link(stale)
    assert not index.link(creation("two", a))


def test_a_cluster_that_expires_takes_its_redirects_along(index: Index) -> None:
    a, b, c, d = (
        f.place for f in index.add([filed(x, slice=3) for x in "abc"] + [filed("d")], MOST)
    )
    for id, place in (("A", a), ("B", b), ("C", c), ("D", d)):
        index.link(creation(id, place))
    for lost, kept, version, members in (("A", "B", 1, (b, a)), ("B", "C", 2, (c, b, a))):
        assert index.link(Change(
            expected=((lost, version), (kept, 1)), clusters=(cluster(kept, 2, *members),),
            redirects=((lost, kept),), events=(Event("merged", kept, (), other=lost),),
        ))  # fmt: skip
    assert len(list(index.redirects())) == 2
    expire_all(index, 4, 2)
    assert list(index.redirects()) == []
    assert index.clusters(["A", "B", "C"]) == [None] * 3
    assert index.stats().clusters == 1


def test_an_expired_article_may_come_again(index: Index) -> None:
    a = filed("a", slice=3)
    (place,) = (f.place for f in index.add([a], MOST))
    expire_all(index, 4, 100)
    (found,) = index.add([a], MOST)
    assert (found.known, found.head) == (False, -1)
    assert candidates(index, filed("x", slice=3, like=a, shared=2)) == [found.place]
    assert index.slices() == [3]
    assert place != found.place


def test_events_from_before_the_slice_go_with_it(index: Index) -> None:
    """Whoever follows the events goes on with those that are left; positions are not used again."""
    (place,) = (f.place for f in index.add([filed("a", slice=9)], MOST))
    begins = 5 * index.manifest.slice_hours
    hours = [begins - 1.0, None, begins, begins - 0.5, begins + 1.0]
    kept = [None, begins, begins + 1.0]
    index.link(creation("one", place, events=tuple(
        Event("created", "one", (), hours=h) for h in hours
    )))  # fmt: skip
    first, *_, last = (event.position for event in index.events(0, 100))
    expire_all(index, 5, 100)
    assert [event.hours for event in index.events(0, 100)] == kept
    assert [event.hours for event in index.events(first, 2)] == kept[:2]
    assert index.events(last, 100) == []
    assert index.stats().events == 3
    expire_all(index, 50, 100)
    (place,) = (f.place for f in index.add([filed("b", slice=50)], MOST))
    index.link(creation("two", place))
    assert [event.hours for event in index.events(0, 100)] == [None, None]
    assert index.events(last, 100)[0].cluster == "two"


def test_receipts_outlive_the_slice(index: Index) -> None:
    a = filed("a", slice=3)
    (place,) = (f.place for f in index.add([a], MOST))
    index.remove(place, RECEIPT, None)
    expire_all(index, 9, 100)
    assert index.add([a], MOST)[0].removed == RECEIPT


def test_a_slice_that_has_lost_its_articles_expires_too(index: Index) -> None:
    (place,) = (f.place for f in index.add([filed("a", slice=3)], MOST))
    index.add([filed("b", slice=4)], MOST)
    index.tally(3, b"part")
    index.remove(place, None, None)
    assert sum(expire_all(index, 5, 100)) == 1
    assert index.slices() == []
    assert index.tallies({}) == []
