"""Every label of the invented examples holds, with default settings."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from dedupe.batch.collection import Collection
from dedupe.batch.scan import scan
from dedupe.feeds import read_articles
from dedupe.fingerprint import Signer
from dedupe.models import Article, Decision, Level, Relation
from dedupe.params import ScanParams
from dedupe.stories.verifiers import learned

LABELS = tomllib.loads((Path(__file__).parents[2] / "examples" / "labels.toml").read_text("utf-8"))
STORIES = LABELS["stories"]
TRAPS = LABELS["traps"]
APART = [key for key, trap in TRAPS.items() if trap["expect"] == "apart"]
TOGETHER = [key for key, trap in TRAPS.items() if trap["expect"] == "together"]
MEMBERS = [
    (key, member, label)
    for key, story in STORIES.items()
    for member, label in story["members"].items()
]

Decisions = dict[str, Decision]


@pytest.fixture(scope="module")
def articles(examples: Path) -> list[Article]:
    return list(
        read_articles(
            [str(examples)],
            now=datetime(2030, 1, 1, tzinfo=UTC),
            on_reject=lambda rejection: pytest.fail(f"{rejection.where}: {rejection.reason}"),
        )
    )


@pytest.fixture(scope="module")
def decisions(articles: list[Article]) -> Decisions:
    return {decision.id: decision for decision in scan(articles)}


@pytest.fixture(scope="module")
def relation(articles: list[Article]) -> Callable[[str, str], str]:
    """How the verifier sees a pair of examples."""
    signer, params = Signer(), ScanParams()
    collection = Collection(params.signature)
    collection.note(articles)
    collection.keep(signer.sign(articles))
    ranked = collection.ranked()
    places = {entry.id: i for i, entry in enumerate(ranked.entries)}
    verifier = learned(ranked, params)

    def judged(one: str, other: str) -> str:
        pair = [np.array([places[id]], dtype=np.int32) for id in (one, other)]
        judgement = verifier.judge(*pair)
        same = judgement.scores[0] >= verifier.threshold
        return Relation(int(judgement.relations[0])).label if same else "none"

    return judged


def test_every_example_has_a_label_and_every_label_an_example(articles: list[Article]) -> None:
    labelled = [member for _, member, _ in MEMBERS] + [
        id for trap in TRAPS.values() for id in trap["members"]
    ]
    assert sorted(labelled) == sorted(article.id for article in articles)


@pytest.mark.parametrize("key", STORIES)
def test_the_members_of_a_story_share_a_cluster_that_nobody_else_is_in(
    key: str, decisions: Decisions
) -> None:
    members = set(STORIES[key]["members"])
    found = {decisions[member].cluster_id for member in members}
    assert len(found) == 1, {member: decisions[member].cluster_id for member in members}
    assert {id for id, decision in decisions.items() if decision.cluster_id in found} == members


@pytest.mark.parametrize("key", STORIES)
def test_the_agency_s_original_is_canonical_and_credited(key: str, decisions: Decisions) -> None:
    story = STORIES[key]
    for member in story["members"]:
        decision = decisions[member]
        assert decision.canonical_id == story["original"], decision.canonical_reason
        assert decision.is_canonical == (member == story["original"])
        assert decision.credit == story["credit"]
        assert 1 <= decision.credit_count <= decision.cluster_size == len(story["members"])


@pytest.mark.parametrize(
    ("key", "member", "label"), [m for m in MEMBERS if m[2] in ("exact", "copy", "rewrite")]
)
def test_a_member_is_related_to_the_original_as_labelled(
    key: str, member: str, label: str, relation: Callable[[str, str], str]
) -> None:
    original = STORIES[key]["original"]
    assert relation(original, member) == relation(member, original) == label


@pytest.mark.parametrize("key", STORIES)
def test_only_updates_are_marked_as_updates(key: str, decisions: Decisions) -> None:
    members = STORIES[key]["members"]
    updates = [member for member, label in members.items() if label == "update"]
    assert [member for member in members if decisions[member].update] == updates


@pytest.mark.parametrize("key", APART)
def test_members_of_a_trap_are_apart_from_each_other_and_from_every_story(
    key: str, decisions: Decisions
) -> None:
    members = TRAPS[key]["members"]
    together = [
        pair
        for pair in combinations(members, 2)
        if decisions[pair[0]].cluster_id == decisions[pair[1]].cluster_id
    ]
    assert together == []
    companions = {
        member: sorted(
            id
            for id, d in decisions.items()
            if id != member and d.cluster_id == decisions[member].cluster_id
        )
        for member in members
    }
    assert companions == {member: [] for member in members}


@pytest.mark.parametrize("key", TOGETHER)
def test_a_correction_is_an_update_of_what_it_corrects_and_no_other_story_s(
    key: str, decisions: Decisions
) -> None:
    first, later = TRAPS[key]["members"]
    cluster = {id for id, d in decisions.items() if d.cluster_id == decisions[first].cluster_id}
    assert cluster == {first, later}
    assert (decisions[first].update, decisions[later].update) == (False, True)
    assert decisions[later].nearest_id == first


def test_every_example_is_of_the_kind_that_its_label_says(decisions: Decisions) -> None:
    labelled = {m: trap["entry"] for trap in TRAPS.values() if "entry" in trap
                for m in trap["members"]}  # fmt: skip
    labelled |= {stub: "stub" for story in STORIES.values() for stub in story.get("stubs", [])}
    wrong = {id: d.kind for id, d in decisions.items() if d.kind != labelled.get(id, "article")}
    assert wrong == {}


def test_only_what_tells_of_several_stories_is_linked_and_to_one_of_them(
    decisions: Decisions,
) -> None:
    leads = {
        member: {STORIES[key]["original"] for key in trap.get("linked", [])}
        for trap in TRAPS.values()
        for member in trap["members"]
    }
    linked = {id: d.linked_id for id, d in decisions.items() if d.linked_id is not None}
    assert sorted(linked) == sorted(member for member, originals in leads.items() if originals)
    assert [id for id, other in linked.items() if other not in leads[id]] == []


def test_the_levels_nest(articles: list[Article]) -> None:
    clusters = {
        level: {d.id: d.cluster_id for d in scan(articles, ScanParams(level=level))}
        for level in Level
    }
    for one, other in combinations((article.id for article in articles), 2):
        together = [clusters[level][one] == clusters[level][other] for level in Level]
        assert together == sorted(together), (one, other)  # copy ≤ rewrite ≤ story


def test_at_copy_level_only_copies_share_a_cluster(
    articles: list[Article], relation: Callable[[str, str], str]
) -> None:
    found = {d.id: d for d in scan(articles, ScanParams(level=Level.COPY))}
    copies = [(key, member) for key, member, label in MEMBERS if label in ("exact", "copy")]
    for key, member in copies:
        assert found[member].cluster_id == found[STORIES[key]["original"]].cluster_id
    for key, member, label in MEMBERS:
        if label == "rewrite":
            assert found[member].cluster_id != found[STORIES[key]["original"]].cluster_id, relation(
                STORIES[key]["original"], member
            )
