"""Any groups of articles into any other, with names that stay where most of them are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from filing import MANIFEST, creation, filed
from hypothesis import given, settings
from hypothesis import strategies as st
from streams import replayed

from dedupe.deduper.draft import Draft
from dedupe.deduper.joining import AFRESH, is_due, regroup, sample
from dedupe.index.base import Cluster, Event, Hands
from dedupe.index.memory import MemoryIndex

Labels = list[tuple[int, int]]


def groups_of(labels: list[int]) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for place, label in enumerate(labels):
        groups.setdefault(label, []).append(place)
    return list(groups.values())


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=24))
def test_any_stories_become_any_others_and_the_events_tell_how(labels: Labels) -> None:
    index = MemoryIndex(MANIFEST)
    places = [found.place for found in index.add([filed(f"a{i}") for i in range(len(labels))], 1)]
    was = [[places[i] for i in group] for group in groups_of([a for a, _ in labels])]
    shall = [[places[i] for i in group] for group in groups_of([b for _, b in labels])]
    names = {place: f"a{i}" for i, place in enumerate(places)}
    for group in was:
        ids = tuple(names[place] for place in group)
        change = creation(names[group[0]], *group, events=(Event("created", ids[0], ids),))
        assert index.link(change)

    def elect(members: Sequence[int], before: Cluster | None) -> Cluster:
        first = min(members)
        return Cluster("", 0, (), first, names[first], "", None, 0, None, None)

    draft = Draft(index, lambda place: 1.0, names.__getitem__, careful=True)
    draft.load(places)
    regroup(draft, [names[group[0]] for group in was], shall)
    assert index.link(draft.change(elect, Hands(), None))

    clusters = {cluster.id: cluster for cluster in index.stories()}
    assert sorted(sorted(c.members) for c in clusters.values()) == sorted(sorted(g) for g in shall)
    told = replayed(index.events(0, 1000))
    assert told == {id: {names[p] for p in c.members} for id, c in clusters.items()}
    old = {place: names[group[0]] for group in was for place in group}
    shares = Counter((old[place], g) for g, group in enumerate(shall) for place in group)
    of = {id: g for g, group in enumerate(shall) for id, c in clusters.items()
          if set(c.members) == set(group)}  # fmt: skip
    for (name, g), share in shares.items():
        alone = all(n != name for n, other in shares if other != g)
        if alone and share == len(shall[g]):
            assert of[name] == g, "a story that is what it was has lost its name"
    largest = max(shares.values())
    assert any(of.get(name) == g for (name, g), share in shares.items() if share == largest)


def test_nothing_changes_where_the_groups_are_the_stories() -> None:
    index = MemoryIndex(MANIFEST)
    places = [found.place for found in index.add([filed(f"b{i}") for i in range(4)], 1)]
    for name, group in (("one", places[:2]), ("two", places[2:])):
        assert index.link(creation(name, *group))
    draft = Draft(index, lambda place: 1.0, str)
    draft.load(places)
    regroup(draft, ["one", "two"], [places[2:], places[:2]])
    assert draft.is_empty


def test_a_story_is_looked_at_again_whenever_it_has_grown_by_half() -> None:
    due = [size for size in range(1, 10 * AFRESH) if is_due(size)]
    assert due[:4] == [3, 5, 8, 13]
    assert all(1.5 * a <= b <= 2 * a for a, b in pairwise(due))


@given(st.integers(1, 200))
def test_a_sample_is_drawn_evenly_and_each_once(n: int) -> None:
    drawn = list(sample(list(range(n))))
    assert len(set(drawn)) == len(drawn) == min(n, 10)
    assert drawn == sorted(drawn)
    assert max(b - a for a, b in zip(drawn, [*drawn[1:], n], strict=True)) <= n / 10 + 1
