"""What people decide about stories holds, whatever comes, goes and is clustered anew after it."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from streams import LATER, all_events, assert_sound, copy, examples, filled, partition, story

from dedupe.batch.recluster import recluster
from dedupe.deduper import Deduper
from dedupe.deduper.hands import _kept_apart, _kept_together
from dedupe.deduper.window import PINNED
from dedupe.errors import UsageError
from dedupe.index.base import Hands
from dedupe.index.memory import MemoryIndex

DAM = story("dam-repair")
FERRY = story("ferry-fire")
IDS = [article.id for article in DAM]


@pytest.fixture
def deduper() -> Deduper:
    return filled(Deduper(MemoryIndex()), [*DAM, *FERRY])


def together(deduper: Deduper, *ids: str) -> bool:
    return any(set(ids) <= story for story in partition(deduper.index))


def go_on(deduper: Deduper) -> None:
    """More articles, and all stories made anew."""
    for hours in range(1, 16):
        for article in (DAM[hours % 3], FERRY[hours % 2]):
            deduper.add(copy(article, f"{article.id}-more-{hours}", float(hours)))
    recluster(deduper)
    assert_sound(deduper.index)


@pytest.mark.parametrize("moved", [IDS[:1], IDS[1:2], IDS[2:], [IDS[0], IDS[3]]])
def test_what_is_split_off_stays_apart(deduper: Deduper, moved: list[str]) -> None:
    was = deduper.story(IDS[0])
    assert was is not None
    new = deduper.split(was.id, moved, LATER)
    view = deduper.story(new)
    assert view is not None
    assert {member.id for member in view.members} == set(moved)
    (last, *_) = [e for e in reversed(all_events(deduper.index)) if e.kind == "split"]
    assert (last.cluster, set(last.articles), last.other) == (new, set(moved), was.id)
    rest = [id for id in IDS if id not in moved]
    go_on(deduper)
    assert not any(together(deduper, *pair) for pair in product(moved, rest))


def test_an_exact_copy_that_is_split_off_stays_apart(deduper: Deduper) -> None:
    deduper.split(IDS[0], [IDS[1]])
    go_on(deduper)
    assert not together(deduper, IDS[0], IDS[1])


def test_what_is_named_twice_is_split_off_once(deduper: Deduper) -> None:
    deduper.split(IDS[0], [IDS[3], IDS[3]])
    deduper.keep_apart([IDS[4], IDS[4]], [IDS[0]])
    assert_sound(deduper.index)


def test_what_is_merged_stays_together(deduper: Deduper) -> None:
    ids = [str(deduper.story(id).id) for id in (IDS[0], FERRY[0].id)]  # type: ignore[union-attr]
    kept = deduper.merge(*ids, now=LATER)
    assert kept == ids[0]
    assert deduper.story(ids[1]) == deduper.story(ids[0])
    go_on(deduper)
    assert together(deduper, *IDS, *(article.id for article in FERRY))


def test_a_pin_holds_until_it_is_taken_away(deduper: Deduper) -> None:
    deduper.pin(IDS[3], LATER)
    go_on(deduper)
    for id in IDS:
        decision = deduper.decision(id)
        assert decision is not None
        assert (decision.canonical_id, decision.canonical_reason) == (IDS[3], PINNED)
    deduper.unpin(IDS[3])
    assert deduper.decision(IDS[1]).canonical_id == IDS[0]  # type: ignore[union-attr]
    changed = [e.articles for e in all_events(deduper.index) if e.kind == "canonical_changed"]
    assert changed[-1] == (IDS[0],)


def test_a_pin_passes_when_its_article_is_taken_down(deduper: Deduper) -> None:
    deduper.pin(IDS[3])
    deduper.remove(IDS[3], "asked to", LATER)
    assert deduper.decision(IDS[1]).canonical_id == IDS[0]  # type: ignore[union-attr]


def test_what_is_kept_apart_is_taken_apart_and_stays_so(deduper: Deduper) -> None:
    deduper.keep_apart([IDS[0], IDS[1]], [IDS[3], FERRY[0].id])
    assert not any(together(deduper, a, b) for a, b in product(IDS[:2], [IDS[3], FERRY[0].id]))
    go_on(deduper)
    assert not any(together(deduper, a, b) for a, b in product(IDS[:2], [IDS[3], FERRY[0].id]))


def test_hands_hold_when_what_they_name_has_expired_and_comes_again(deduper: Deduper) -> None:
    deduper.keep_apart([IDS[0]], [IDS[3]])
    deduper.merge(IDS[1], FERRY[0].id)
    deduper.expire(LATER)
    deduper.add_batch([*FERRY, *reversed(DAM)])
    assert not together(deduper, IDS[0], IDS[3])
    assert together(deduper, IDS[1], FERRY[0].id)


def test_in_a_story_too_large_for_each_to_be_asked_one_is_still_kept_apart() -> None:
    deduper = Deduper(MemoryIndex())
    crowd = [copy(DAM[i % 3], f"c{i}", i / 2) for i in range(70)]
    deduper.add_batch(crowd)
    deduper.keep_apart(["c33"], ["c36"])
    recluster(deduper)
    assert not together(deduper, "c33", "c36")
    filled(deduper, [copy(DAM[2], f"d{i}", 20.0) for i in range(30)])
    assert not together(deduper, "c33", "c36")
    assert_sound(deduper.index)


@pytest.mark.parametrize(
    "refused",
    [
        lambda d: d.split(IDS[0], []),
        lambda d: d.split(IDS[0], IDS),
        lambda d: d.split(IDS[0], [FERRY[0].id]),
        lambda d: d.split(IDS[0], ["nobody"]),
        lambda d: d.split("nothing", [IDS[0]]),
        lambda d: d.merge(IDS[0], IDS[1]),
        lambda d: d.merge(IDS[0]),
        lambda d: d.merge(),
        lambda d: d.merge(IDS[0], "nothing"),
        lambda d: d.pin("nobody"),
        lambda d: d.keep_apart([IDS[0]], [IDS[0], IDS[1]]),
        lambda d: d.keep_apart([], [IDS[1]]),
        lambda d: d.keep_apart([IDS[0]], ["nobody"]),
        lambda d: d.remove("nobody", "asked to", LATER),
        lambda d: d.evidence(IDS[0], "nobody"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(deduper: Deduper, refused) -> None:
    before = deduper.index.hands(), deduper.index.stats(), partition(deduper.index)
    with pytest.raises(UsageError):
        refused(deduper)
    assert before == (deduper.index.hands(), deduper.index.stats(), partition(deduper.index))


def test_a_newer_hand_undoes_of_older_ones_only_what_it_contradicts() -> None:
    apart = Hands(apart=((("a", "b"), ("c", "d")),))
    both = _kept_together(apart, ["a", "c"])

    def pairs(hands: Hands) -> set[frozenset[str]]:
        return {frozenset(p) for one, other in hands.apart for p in product(one, other)}

    assert both.together == (("a", "c"),)
    assert pairs(both) == {frozenset(p) for p in ("ad", "bc", "bd")}
    group = Hands(together=(("a", "b", "c", "d"), ("x", "y")))
    cut = _kept_apart(group, ("a", "b"), ("d",))
    assert sorted(cut.together) == [("a", "b"), ("c", "d"), ("x", "y")]


# ---- anything after anything ---------------------------------------------------------------------


class Anything(RuleBasedStateMachine):
    """Articles come and go, people split, merge and pin; what is kept apart is never together."""

    ids = Bundle("ids")

    @initialize()
    def begin(self) -> None:
        self.deduper = Deduper(MemoryIndex())
        self.stock = [a for a in examples() if a.id.startswith(("dam-", "ferry-", "port-"))]
        self.stock += [copy(a, f"{a.id}-again") for a in self.stock]
        self.gone: set[str] = set()

    def there(self, *ids: str) -> bool:
        return None not in self.deduper.index.places(ids) and len(set(ids)) == len(ids)

    @rule(target=ids, which=st.lists(st.integers(0, 27), min_size=1, max_size=6))
    def add(self, which: list[int]) -> str:
        articles = [self.stock[i % len(self.stock)] for i in which]
        self.deduper.add_batch([a for a in articles if a.id not in self.gone])
        return articles[0].id

    @rule(one=ids, other=ids)
    def keep_apart(self, one: str, other: str) -> None:
        if self.there(one, other):
            self.deduper.keep_apart([one], [other])

    @rule(one=ids, other=ids)
    def merge(self, one: str, other: str) -> None:
        if self.there(one, other):
            views = [self.deduper.story(id) for id in (one, other)]
            if views[0] != views[1]:
                self.deduper.merge(one, other)
                assert self.deduper.story(one) == self.deduper.story(other)

    @rule(id=ids)
    def split(self, id: str) -> None:
        view = self.deduper.story(id) if self.there(id) else None
        if view is not None and len(view.members) > 1:
            self.deduper.split(view.id, [id])

    @rule(id=ids)
    def pin(self, id: str) -> None:
        if self.there(id):
            self.deduper.pin(id)

    @rule(id=ids)
    def remove(self, id: str) -> None:
        if self.there(id):
            self.deduper.remove(id, "asked to", LATER)
            self.gone.add(id)

    @rule()
    def make_anew(self) -> None:
        recluster(self.deduper)

    @rule()
    def expire(self) -> None:
        self.deduper.expire(LATER)

    @invariant()
    def sound_and_heeded(self) -> None:
        stories = partition(self.deduper.index)
        hands = self.deduper.index.hands()
        for one, other in hands.apart:
            for cluster in stories:
                assert not (cluster & set(one) and cluster & set(other)), (one, other)
        for one, other in combinations(hands.together, 2):
            assert not set(one) & set(other)
        for group in hands.together:
            there = {id for story in stories for id in story & set(group)}
            assert not there or any(there <= story for story in stories), group
        assert len({id for s in stories for id in s}) == self.deduper.index.stats().articles
        if self.deduper.index.stats().articles:
            for cluster in self.deduper.index.stories():
                pinned = set(hands.pins) & next(s for s in stories if cluster.canonical_id in s)
                assert not pinned or cluster.canonical_id in pinned


TestAnything = Anything.TestCase
TestAnything.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
