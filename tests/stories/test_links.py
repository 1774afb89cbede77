"""An entry that tells of several stories leads to one of them and joins none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from dedupe.batch.scan import scan
from dedupe.models import Article, Decision
from dedupe.stories.links import Links, closest

MONDAY = datetime(2024, 3, 4, 6, tzinfo=UTC)
FIRE = (
    "Nineteen delivery vans burned and two night watchmen were hurt in a blaze at the Tantallow "
    "warehouse in Harrowby, where magistrate Oduya has opened an inquiry into a missing alarm. "
)
BRIDGE = (
    "Divers found cracked bearings under the Quillmere swing bridge, which stays shut until "
    "engineer Penhallow has new pistons; lorries queue as far as the Zennorick tollgate. "
)
MORE = (
    "Insurers put the loss at eighty million crowns. The owner, the Ostrava brewery, had asked "
    "for sprinklers in a letter that the council mislaid. Neighbours saw a yellow flame at four. "
)


def decided(*articles: tuple[str, str, str]) -> dict[str, Decision]:
    rows = [
        Article(id=id, title=title, text=text, published=MONDAY + timedelta(hours=i), source=id)
        for i, (id, title, text) in enumerate(articles)
    ]
    return {d.id: d for d in scan(rows)}


def test_a_live_blog_is_linked_to_the_canonical_article_of_its_story_and_joins_it_not() -> None:
    found = decided(
        ("first", "Harrowby warehouse burns", FIRE + MORE),
        ("second", "Blaze at Harrowby", FIRE + MORE + "Schools stay closed."),
        ("bridge", "Quillmere bridge shut", BRIDGE * 2),
        ("live", "Harrowby warehouse fire – live", FIRE + "Our reporter is at the gate."),
    )
    assert found["first"].cluster_id == found["second"].cluster_id
    assert found["live"].kind == "live_blog"
    assert found["live"].cluster_size == 1
    assert found["live"].linked_id == found["first"].canonical_id
    assert {d.linked_id for id, d in found.items() if id != "live"} == {None}


def test_a_roundup_does_not_bridge_the_stories_it_tells() -> None:
    found = decided(
        ("fire", "Harrowby warehouse burns", FIRE + MORE),
        ("bridge", "Quillmere bridge shut", BRIDGE * 2),
        ("roundup", "Morning briefing", FIRE + BRIDGE),
    )
    assert len({d.cluster_id for d in found.values()}) == 3
    assert found["roundup"].linked_id in {"fire", "bridge"}


def test_a_copy_of_a_live_blog_joins_it_and_has_its_link() -> None:
    live = FIRE + "Our reporter is at the gate."
    found = decided(
        ("fire", "Harrowby warehouse burns", FIRE + MORE),
        ("live", "Harrowby warehouse fire – live", live),
        ("again", "Harrowby warehouse fire – live", live),
    )
    assert found["live"].cluster_id == found["again"].cluster_id != found["fire"].cluster_id
    assert found["live"].linked_id == found["again"].linked_id == "fire"


def test_an_entry_that_has_to_do_with_nothing_is_not_linked() -> None:
    found = decided(
        ("fire", "Harrowby warehouse burns", FIRE + MORE),
        ("gallery", "Gardens of the valley – in pictures", "Peonies, dahlias and a patient gnome "
         "in the morning light, seen by readers who sent us seven hundred postcards."),
    )  # fmt: skip
    assert found["gallery"].linked_id is None


def test_a_short_text_that_a_much_longer_one_begins_with_is_a_stub_and_joins_it() -> None:
    found = decided(
        ("whole", "Harrowby warehouse burns", FIRE + MORE + BRIDGE + BRIDGE.upper() * 2),
        ("teaser", "Harrowby warehouse burns", FIRE),
    )
    assert (found["whole"].kind, found["teaser"].kind) == ("article", "stub")
    assert found["whole"].cluster_id == found["teaser"].cluster_id


def test_the_closest_article_outside_the_cluster_is_chosen_and_the_lower_rank_of_two() -> None:
    links = Links(
        np.array([3, 3, 3, 4, 4], dtype=np.int32),
        np.array([4, 1, 0, 2, 1], dtype=np.int32),
        np.array([0.9, 0.5, 0.5, 0.3, 0.4], dtype=np.float32),
    )
    labels, together = np.array([0, 1, 2, 3, 3, 3]), np.array([0, 1, 2, 3, 4, 4])
    assert closest(links, labels, together).tolist() == [-1, -1, -1, 0, 1, 1]
