"""What adding and checking articles promises, over the index in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from streams import (
    LATER,
    MONDAY,
    all_events,
    assert_sound,
    batches,
    clear_cut,
    copy,
    examples,
    filled,
    fresh,
    partition,
    shuffled,
    story,
    with_copies,
)

from dedupe.deduper import Deduper
from dedupe.errors import RecordRejected
from dedupe.index.manifest import manifest_of
from dedupe.index.memory import MemoryIndex
from dedupe.models import Article, Decision, Level

DAM = story("dam-repair")
FERRY = story("ferry-fire")


def state(deduper: Deduper) -> tuple[object, ...]:
    index = deduper.index
    stories = sorted(index.stories(), key=lambda cluster: cluster.id)
    return index.stats(), stories, all_events(index), sorted(index.redirects())


@pytest.fixture(scope="module")
def whole() -> Deduper:
    """All examples, added one by one."""
    return filled(fresh(), examples())


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_adding_again_changes_nothing_however_it_is_cut_into_batches(
    whole: Deduper, size: int
) -> None:
    before = state(whole)
    told = [d for batch in batches(examples(), size) for d in whole.add_batch(batch)]
    assert state(whole) == before
    for article, decision in zip(examples(), told, strict=True):
        assert isinstance(decision, Decision)
        now = whole.decision(article.id)
        assert now is not None
        assert (decision.cluster_id, decision.canonical_id) == (now.cluster_id, now.canonical_id)


def test_adding_again_with_another_facade_changes_nothing(whole: Deduper) -> None:
    before = state(whole)
    Deduper(whole.index).add_batch(shuffled(examples(), 3))
    assert state(whole) == before


@pytest.mark.parametrize("size", [2, 10, 1000])
def test_a_batch_gives_the_stories_that_one_by_one_gives(whole: Deduper, size: int) -> None:
    deduper = fresh()
    for batch in batches(examples(), size):
        deduper.add_batch(batch)
    assert partition(deduper.index) == partition(whole.index)
    assert_sound(deduper.index)


def test_a_decision_after_the_last_article_is_what_its_adding_said() -> None:
    deduper = fresh()
    for article in examples():
        assert deduper.add(article) == deduper.decision(article.id)


def test_check_says_what_add_would_say_and_changes_nothing() -> None:
    deduper = filled(fresh(), clear_cut()[::2])  # what is rare is known by then
    for article in clear_cut()[1::2]:
        before = state(deduper)
        (checked,) = deduper.check_batch([article])
        assert state(deduper) == before
        added = deduper.add(article)
        assert isinstance(checked, Decision)
        assert checked.cluster_size == added.cluster_size
        for field in ("relation", "canonical_id", "kind", "update", "credit"):
            assert getattr(checked, field) == getattr(added, field), (article.id, field)


def test_checking_what_is_there_gives_its_decision(whole: Deduper) -> None:
    before = state(whole)
    assert whole.check_batch(examples()) == [whole.decision(a.id) for a in examples()]
    assert state(whole) == before


def test_checking_says_of_each_alone_what_it_says_of_all_together() -> None:
    deduper = filled(fresh(), DAM[:2])
    together = deduper.check_batch([*DAM[2:], *FERRY])
    assert together == [deduper.check_batch([article])[0] for article in [*DAM[2:], *FERRY]]


@pytest.mark.parametrize("size", [1, 9, 1000])
@pytest.mark.parametrize("seed", [1, 2])
def test_exact_copies_join_wherever_they_come(seed: int, size: int) -> None:
    deduper = fresh()
    stream = shuffled(with_copies(examples()), seed)
    for batch in batches(stream, size):
        deduper.add_batch(batch)
    apart = [
        article.id
        for article in stream
        if article.id.endswith("-again")
        and deduper.decision(article.id).cluster_id  # type: ignore[union-attr]
        != deduper.decision(article.id.removesuffix("-again")).cluster_id  # type: ignore[union-attr]
    ]
    assert apart == []
    assert_sound(deduper.index)


def test_a_late_original_takes_over_and_that_is_an_event() -> None:
    deduper = fresh()
    original, *rest = DAM
    filled(deduper, rest)
    before = deduper.decision(rest[0].id)
    assert before is not None
    decision = deduper.add(original)
    assert decision.is_canonical
    assert decision.canonical_id == original.id != before.canonical_id
    assert decision.cluster_id == before.cluster_id
    last = all_events(deduper.index)[-1]
    assert (last.kind, last.cluster, last.articles) == (
        "canonical_changed", decision.cluster_id, (original.id,),
    )  # fmt: skip


def test_an_earlier_date_takes_over_where_nobody_is_credited() -> None:
    first = Article(id="first", text=FERRY[3].text.replace("AP", ""), published=MONDAY)
    deduper = filled(fresh(), [replace(first, id="second", published=MONDAY + timedelta(hours=2))])
    assert deduper.add(first).canonical_id == "first"
    assert [e.kind for e in all_events(deduper.index)] == ["created", "joined", "canonical_changed"]


def test_a_merge_leaves_a_redirect_that_leads_to_the_story() -> None:
    seen = 0
    for seed in range(6):
        deduper = filled(fresh(), shuffled(with_copies(examples()), seed))
        for event in all_events(deduper.index):
            if event.kind == "merged":
                seen += 1
                led, kept = deduper.index.clusters([str(event.other), event.cluster])
                assert led is not None
                assert led == kept
                view = deduper.story(str(event.other))
                assert view is not None
                assert view.id == led.id
    assert seen


def test_what_comes_again_in_a_batch_is_met_by_what_is_new_in_it() -> None:
    deduper = filled(fresh(), [DAM[2]])
    told = deduper.add_batch([DAM[0], DAM[2], DAM[1]])
    assert [d.cluster_size for d in told if isinstance(d, Decision)] == [3, 3, 3]
    assert_sound(deduper.index)


def test_no_articles_are_no_decisions() -> None:
    deduper = fresh()
    assert deduper.add_batch([]) == deduper.check_batch([]) == []
    assert deduper.add_batch([], LATER) == []


@pytest.mark.parametrize("text", ["", "…", "Fire."])
def test_what_has_no_text_to_speak_of_stays_alone(text: str) -> None:
    deduper = fresh()
    articles = [Article(id=f"a{i}", text=text, title=None, published=MONDAY) for i in range(3)]
    told = deduper.add_batch(articles)
    if not text.strip("…"):
        assert partition(deduper.index) == {frozenset({article.id}) for article in articles}
    assert [t.id for t in told if isinstance(t, Decision)] == ["a0", "a1", "a2"]
    assert_sound(deduper.index)


def test_undated_articles_count_as_of_when_they_come() -> None:
    deduper = fresh()
    undated = replace(DAM[3], published=None)
    filled(deduper, DAM[:3])
    assert DAM[0].published is not None
    decision = deduper.add(undated, now=DAM[0].published + timedelta(hours=5))
    assert decision.cluster_size == 4
    late = replace(undated, id="late")
    assert deduper.add(late, now=DAM[0].published + timedelta(days=30)).cluster_size == 1


def test_what_says_that_it_is_of_tomorrow_counts_as_of_when_it_came() -> None:
    deduper = filled(fresh(), DAM[:2])
    assert DAM[0].published is not None
    wrong = replace(DAM[2], published=DAM[0].published + timedelta(days=9))
    now = DAM[0].published + timedelta(hours=3)
    assert deduper.add(wrong, now=now).cluster_size == 3


def test_the_window_keeps_stories_apart() -> None:
    week = copy(DAM[0], "a-week-later", hours=167.0)
    more = copy(DAM[0], "more", hours=169.0)
    assert filled(fresh(), [DAM[0]]).add(week).cluster_size == 2
    assert filled(fresh(), [DAM[0]]).add(more).cluster_size == 1
    chain = filled(fresh(), [copy(DAM[0], f"c{i}", hours=100.0 * i) for i in range(6)])
    for cluster in chain.index.stories():
        assert cluster.first is not None
        assert cluster.last is not None
        assert cluster.last - cluster.first <= 168.0
    assert_sound(chain.index)


@settings(max_examples=15)
@given(st.lists(st.integers(0, 500), min_size=2, max_size=40))
def test_no_story_spans_more_than_the_window(hours: list[int]) -> None:
    deduper = fresh()
    sorts = [DAM[0], DAM[2], DAM[3]]
    for i, hour in enumerate(hours):
        deduper.add(copy(sorts[i % 3], f"c{i}", hours=float(hour)))
    for cluster in deduper.index.stories():
        assert cluster.first is not None
        assert cluster.last is not None
        assert cluster.last - cluster.first <= 168.0
    assert_sound(deduper.index)


def test_a_live_blog_names_a_story_that_it_is_no_part_of(whole: Deduper) -> None:
    linked = {}
    for article in examples():
        decision = whole.decision(article.id)
        assert decision is not None
        if decision.kind == "live_blog":
            (told,) = whole.add_batch([article])
            assert isinstance(told, Decision)
            linked[article.id] = told.linked_id
            assert told.cluster_size == 1
    assert any(linked.values())
    for id, other in linked.items():
        assert other is None or whole.decision(other).cluster_id != whole.decision(id).cluster_id  # type: ignore[union-attr]


def test_a_later_version_by_the_same_source_is_an_update() -> None:
    first, later = (
        next(a for a in FERRY if a.id == id) for id in ("ferry-fire-ap", "ferry-fire-ap-2")
    )
    deduper = filled(fresh(), [first])
    assert deduper.add(later).update
    assert not deduper.decision(first.id).update  # type: ignore[union-attr]


@pytest.mark.parametrize("level", [Level.COPY, Level.REWRITE])
def test_below_story_level_only_closer_relations_share_a_story(level: Level) -> None:
    levels = [Level.COPY, Level.REWRITE, Level.STORY]
    found = {}
    for each in (level, levels[levels.index(level) + 1]):
        deduper = filled(fresh(level=each), [*DAM, *FERRY])
        found[each] = {
            pair
            for cluster in partition(deduper.index)
            for pair in combinations(sorted(cluster), 2)
        }
        assert_sound(deduper.index)
    lower, upper = found.values()
    assert lower <= upper
    assert ("dam-repair-courier", "dam-repair-reuters") in lower
    rewritten = ("dam-repair-meridian", "dam-repair-reuters") in lower
    assert rewritten == (level is Level.REWRITE)


# ---- somebody else in between --------------------------------------------------------------------


class Crossed(MemoryIndex):
    """An index in which something else happens right before a change of clusters is applied."""

    def __init__(self) -> None:
        super().__init__(manifest_of())
        self.before: Callable[[], object] | None = None

    def link(self, change: object) -> bool:
        if (meanwhile := self.before) is not None:
            self.before = None
            meanwhile()
        return super().link(change)  # type: ignore[arg-type]


def test_what_was_looked_up_is_looked_up_again_when_another_was_quicker() -> None:
    index = Crossed()
    ours, theirs = Deduper(index), Deduper(index)
    ours.add(DAM[0])
    index.before = lambda: theirs.add_batch(DAM[2:])
    assert ours.add(DAM[1]).cluster_size == len(DAM)
    assert_sound(index)


def test_a_candidate_that_is_taken_down_meanwhile_is_not_joined() -> None:
    index = Crossed()
    ours, theirs = Deduper(index), Deduper(index)
    ours.add_batch(DAM[:2])
    index.before = lambda: [theirs.remove(a.id, "asked to", LATER) for a in DAM[:2]]
    decision = ours.add(DAM[2])
    assert (decision.cluster_size, decision.nearest_id) == (1, None)
    assert partition(index) == {frozenset({DAM[2].id})}
    assert_sound(index)


def test_an_article_that_is_taken_down_while_it_is_added_is_refused_and_the_rest_is_not() -> None:
    index = Crossed()
    ours, theirs = Deduper(index), Deduper(index)
    ours.add(DAM[0])
    index.before = lambda: theirs.remove(DAM[1].id, "asked to", LATER)
    told = ours.add_batch([DAM[1], DAM[2]])
    assert isinstance(told[0], RecordRejected)
    assert isinstance(told[1], Decision)
    assert partition(index) == {frozenset({DAM[0].id, DAM[2].id})}
    assert_sound(index)


def test_a_hand_that_is_laid_meanwhile_is_heeded() -> None:
    index = Crossed()
    ours, theirs = Deduper(index), Deduper(index)
    ours.add_batch(DAM[:2])
    ids = [article.id for article in DAM]
    index.before = lambda: theirs.keep_apart([ids[0]], [ids[2]])
    ours.add(DAM[2])
    assert not any({ids[0], ids[2]} <= cluster for cluster in partition(index))
    assert_sound(index)
