"""Clusters change by `link` alone: whole, with their events, and only as they were read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from filing import cluster, creation, filed
from msgspec.structs import replace

from dedupe.index.base import Change, Event, Hands, Index


@pytest.fixture
def places(index: Index) -> list[int]:
    """Six articles that are in no cluster."""
    return [f.place for f in index.add([filed(f"a{i}") for i in range(6)], 1)]


def seen(index: Index, places: list[int]) -> tuple[object, ...]:
    """Everything that a change of clusters may touch."""
    return (
        index.memberships(places),
        sorted(index.stories(), key=lambda c: c.id),
        sorted(index.redirects()),
        index.events(0, 1000),
    )


def merge(a: str, b: str, versions: tuple[int, int], *members: int) -> Change:
    """Cluster `b` goes, `a` takes its members."""
    return Change(
        expected=((a, versions[0]), (b, versions[1])),
        clusters=(cluster(a, versions[0] + 1, *members),),
        redirects=((b, a),),
        events=(Event("merged", a, (), other=b),),
    )


def test_a_new_cluster_has_its_members(index: Index, places: list[int]) -> None:
    a, b, c, *_ = places
    assert index.link(creation("one", b, a))
    assert index.memberships([a, b, c]) == ["one", "one", None]
    (made,) = index.clusters(["one"])
    assert made == cluster("one", 1, b, a)
    assert list(index.stories()) == [made]
    assert index.stats().clusters == 1


def test_every_field_of_a_cluster_is_kept(index: Index, places: list[int]) -> None:
    state = cluster(
        "ä 1", 1, *places[:2], canonical=places[1], canonical_id="ü", reason="agency",
        credit="Reuters", credited=2, first=None, last=None,
    )  # fmt: skip
    assert index.link(Change(unlinked=tuple(places[:2]), clusters=(state,)))
    assert index.clusters(["ä 1"]) == [state]


def test_an_article_joins(index: Index, places: list[int]) -> None:
    a, b, *_ = places
    index.link(creation("one", a))
    joined = Change(
        expected=(("one", 1),), unlinked=(b,), clusters=(cluster("one", 2, a, b),),
        events=(Event("joined", "one", ("a1",)),),
    )  # fmt: skip
    assert index.link(joined)
    assert index.memberships([a, b]) == ["one", "one"]
    assert not index.link(joined)


def test_a_merged_id_leads_to_where_its_members_are(index: Index, places: list[int]) -> None:
    a, b, c, *_ = places
    for id, place in (("A", a), ("B", b), ("C", c)):
        assert index.link(creation(id, place))
    assert index.link(merge("B", "A", (1, 1), b, a))
    assert index.link(merge("C", "B", (1, 2), c, b, a))
    last = cluster("C", 2, c, b, a)
    assert index.clusters(["A", "B", "C", "D"]) == [last, last, last, None]
    assert list(index.stories()) == [last]
    assert index.memberships([a, b, c]) == ["C"] * 3
    led = dict(index.redirects())
    assert set(led) == {"A", "B"}
    assert led["B"] == "C"
    assert led["A"] in ("B", "C")


def test_a_split_moves_members_to_a_new_cluster(index: Index, places: list[int]) -> None:
    a, b, c, *_ = places
    index.link(creation("one", a, b, c))
    split = Change(
        expected=(("one", 1),), clusters=(cluster("one", 2, a), cluster("two", 1, b, c)),
        events=(Event("split", "two", ("a1", "a2"), other="one"),),
    )  # fmt: skip
    assert index.link(split)
    assert index.memberships([a, b, c]) == ["one", "two", "two"]


def test_a_member_that_is_left_out_is_in_no_cluster(index: Index, places: list[int]) -> None:
    a, b, *_ = places
    index.link(creation("one", a, b))
    assert index.link(Change(expected=(("one", 1),), clusters=(cluster("one", 2, a),)))
    assert index.memberships([a, b]) == ["one", None]


def test_a_dropped_cluster_goes_with_what_led_to_it(index: Index, places: list[int]) -> None:
    a, b, *_ = places
    index.link(creation("A", a))
    index.link(creation("B", b))
    index.link(merge("B", "A", (1, 1), b, a))
    assert index.link(Change(expected=(("B", 2),), dropped=("B",)))
    assert index.memberships([a, b]) == [None, None]
    assert index.clusters(["A", "B"]) == [None, None]
    assert list(index.redirects()) == []
    assert index.stats().clusters == 0


# ---- compare and set -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stale",
    [
        "an older version", "a newer version", "a merged cluster", "no such cluster",
        "a linked article", "no such article", "another version of the hands", "a taken id",
        "a taken id of a merged cluster", "one of several",
    ],
)  # fmt: skip
def test_what_no_longer_holds_changes_nothing(index: Index, places: list[int], stale: str) -> None:
    a, b, c, d, e, f = places
    index.link(creation("A", a))
    index.link(creation("B", b))
    index.link(merge("B", "A", (1, 1), b, a))  # B has version 2
    index.link(creation("C", c))
    index.lay(Hands(version=1))
    good = Change(
        hands=1, expected=(("B", 2), ("C", 1)), unlinked=(d,),
        clusters=(cluster("B", 3, b, a, d, c), cluster("D", 1, e)), redirects=(("C", "B"),),
        events=(Event("merged", "B", ("a2",), other="C"),),
    )  # fmt: skip
    changes = {
        "an older version": replace(good, expected=(("B", 1), ("C", 1))),
        "a newer version": replace(good, expected=(("B", 3), ("C", 1))),
        "a merged cluster": replace(good, expected=(*good.expected, ("A", 1))),
        "no such cluster": replace(good, expected=(*good.expected, ("X", 1))),
        "a linked article": replace(good, unlinked=(d, a)),
        "no such article": replace(good, unlinked=(d, f + 100)),
        "another version of the hands": replace(good, hands=0),
        "a taken id": replace(good, expected=(("B", 2),), clusters=(cluster("C", 1, d),)),
        "a taken id of a merged cluster": replace(good, clusters=(cluster("A", 1, d),)),
        "one of several": replace(good, expected=(("C", 1), ("B", 2), ("B", 1))),
    }
    before = seen(index, places)
    assert not index.link(changes[stale])
    assert seen(index, places) == before
    assert index.link(good)
    assert index.memberships(places) == ["B", "B", "B", "B", "D", None]


def test_of_two_who_read_the_same_only_one_changes_it(
    lasting_url: str, opened: Callable[..., Index]
) -> None:
    one, two = opened(lasting_url), opened(lasting_url)
    a, b, c = (f.place for f in one.add([filed(f"a{i}") for i in range(3)], 1))
    one.link(creation("one", a))
    read = two.clusters(["one"])
    assert one.clusters(["one"]) == read
    mine, theirs = (
        Change(expected=(("one", 1),), unlinked=(p,), clusters=(cluster("one", 2, a, p),))
        for p in (b, c)
    )
    assert two.link(theirs)
    assert not one.link(mine)
    assert one.memberships([a, b, c]) == ["one", None, "one"]


def test_an_empty_change_holds(index: Index) -> None:
    assert index.link(Change())
    assert index.events(0, 10) == []


# ---- events --------------------------------------------------------------------------------------


def test_every_change_appends_its_events(index: Index, places: list[int]) -> None:
    a, b, *_ = places
    index.link(creation("A", a))
    index.link(creation("B", b))
    index.link(merge("B", "A", (1, 1), b, a))
    events = index.events(0, 10)
    assert [(e.kind, e.cluster, e.articles, e.other) for e in events] == [
        ("created", "A", (f"a{a}",), None),
        ("created", "B", (f"a{b}",), None),
        ("merged", "B", (), "A"),
    ]
    positions = [e.position for e in events]
    assert positions == sorted(set(positions))
    assert positions[0] > 0
    assert index.stats().events == 3


def test_events_keep_what_was_said(index: Index, places: list[int]) -> None:
    event = Event("split", "two", ("x", "ÿ"), other="one", hours=466_000.25)
    index.link(creation("two", places[0], events=(event, event)))
    one, two = index.events(0, 10)
    assert [replace(e, position=0) for e in (one, two)] == [event, event]
    assert one.position < two.position


def test_consumers_follow_the_events_from_any_point(index: Index, places: list[int]) -> None:
    everything: list[Event] = []
    followers: list[list[Event]] = [[], [], []]
    for n, place in enumerate(places):
        index.link(creation(f"c{n}", place, events=tuple(
            Event("created", f"c{n}", (str(k),)) for k in range(n)
        )))  # fmt: skip
        for stride, follower in enumerate(followers, start=1):
            if n % stride == 0:
                after = follower[-1].position if follower else 0
                follower += index.events(after, 3)
    everything = index.events(0, 1000)
    assert len(everything) == 15
    for follower in followers:
        while more := index.events(follower[-1].position, 2):
            assert len(more) <= 2
            follower += more
        assert follower == everything
    for k, event in enumerate(everything):
        assert index.events(event.position, 1000) == everything[k + 1 :]


def test_a_change_that_does_not_hold_uses_up_no_event(index: Index, places: list[int]) -> None:
    assert not index.link(replace(creation("A", places[0]), hands=7))
    assert index.events(0, 10) == []


# ---- hands ---------------------------------------------------------------------------------------


def test_hands_are_kept_and_follow_one_another(index: Index) -> None:
    first = Hands(version=1, pins=("a",))
    second = Hands(
        version=2, pins=("a", "ü"), apart=((("a",), ("b", "c")),), together=(("d", "e"),)
    )
    assert index.hands() == Hands()
    assert index.lay(first)
    assert index.hands() == first
    assert not index.lay(first)
    assert not index.lay(replace(second, version=3))
    assert index.hands() == first
    assert index.lay(second)
    assert index.hands() == second


def test_many_clusters_are_all_told(index: Index) -> None:
    places = [f.place for f in index.add([filed(f"m{i}") for i in range(1100)], 1)]
    for low in range(0, 1100, 100):
        some = places[low : low + 100]
        assert index.link(
            Change(unlinked=tuple(some), clusters=tuple(cluster(f"c{p}", 1, p) for p in some))
        )
    assert sorted(c.members[0] for c in index.stories()) == places
    assert index.stats().clusters == 1100
