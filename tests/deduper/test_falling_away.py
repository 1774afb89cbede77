"""What is old falls away; what was old when an index began stays."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace
from streams import (
    LATER,
    batches,
    copy,
    examples,
    fresh,
    partition,
    story,
)

DAM = story("dam-repair")


def test_with_the_time_given_what_is_old_falls_away() -> None:
    deduper = fresh()
    for i in range(10):
        article = copy(DAM[0], f"c{i}", hours=100.0 * i)
        deduper.add(article, now=article.published)
    kept = {id for story in partition(deduper.index) for id in story}
    assert {"c8", "c9"} <= kept
    assert not {"c0", "c1", "c2", "c3", "c4", "c5"} & kept
    assert deduper.decision("c0") is None
    assert deduper.story("c0") is None


def test_an_archive_that_is_taken_in_later_does_not_fall_away_at_once() -> None:
    deduper = fresh()
    for batch in batches(examples(), 20):
        deduper.add_batch(batch, now=LATER)
    assert deduper.index.stats().articles == len(examples())
    gone = deduper.expire(LATER)
    assert gone == len(examples())
    assert partition(deduper.index) == set()
    assert list(deduper.index.redirects()) == []
    assert deduper.add(DAM[0]).cluster_size == 1  # it may come again


def test_an_article_of_today_does_not_empty_an_archive() -> None:
    deduper = fresh()
    deduper.add_batch(examples(), now=LATER)
    deduper.add(
        replace(DAM[0], id="undated", text="The mayor opened a bridge.", published=None), LATER
    )
    deduper.add(
        replace(DAM[0], id="dated", text="The mayor closed it again.", published=LATER), LATER
    )
    assert deduper.index.stats().articles == len(examples()) + 2


def test_what_has_come_since_the_index_began_falls_away_when_it_is_old() -> None:
    deduper = fresh()
    first = replace(DAM[0], id="first", published=LATER)
    deduper.add_batch([*examples(), first], now=LATER)
    much_later = LATER + timedelta(days=60)
    last = replace(DAM[0], id="last", published=much_later)
    deduper.add(last, now=much_later)
    assert deduper.decision("first") is None
    assert deduper.index.stats().articles == len(examples()) + 1
