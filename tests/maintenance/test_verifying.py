"""What verifying finds in a damaged index, and what mending makes of it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from dedupe.deduper import Deduper
from dedupe.deduper.filing import Filing
from dedupe.index.base import Change, Cluster, Index
from dedupe.index.records import decode_record
from dedupe.maintenance.mending import mend
from dedupe.maintenance.verifying import verify


def kinds(index: Index) -> list[str]:
    return [problem.kind for problem in verify(index)]


def mended(index: Index) -> list[bool]:
    return [done for _, done in mend(Deduper(index), list(verify(index)))]


def test_an_index_that_is_whole_has_no_problems(new: Any, fill: Any, kind: str) -> None:
    index = new(kind)
    assert kinds(index) == []
    fill(index)
    assert kinds(index) == []


def test_what_a_killed_process_left_unlinked_is_linked(new: Any, fill: Any, kind: str) -> None:
    whole, index = new("memory"), new(kind)
    deduper = fill(whole)
    article = deduper.evidence("dam-repair-reuters", "dam-repair-reuters").article
    copy = deduper.evidence("dam-repair-courier", "dam-repair-courier").article
    ready = Filing(index.manifest).ready([article, copy], None)
    index.add([each.filed for each in ready], 8)
    assert kinds(index) == ["unlinked", "unlinked"]
    assert mended(index) == [True, True]
    assert kinds(index) == []
    story = Deduper(index).story(article.id)
    assert story is not None
    assert {member.id for member in story.members} == {article.id, copy.id}


def test_an_article_whose_record_is_no_record_is_added_anew(new: Any, fill: Any, kind: str) -> None:
    whole, index = new("memory"), new(kind)
    deduper = fill(whole)
    article = deduper.evidence("dam-repair-reuters", "dam-repair-reuters").article
    (ready,) = Filing(index.manifest).ready([article], None)
    index.add([ready.filed._replace(record=b"\x00")], 8)
    assert kinds(index) == ["record"]
    assert mended(index) == [True]
    assert kinds(index) == []
    assert Deduper(index).story(article.id) is not None


def test_what_has_no_text_to_be_made_from_stays_a_problem(new: Any, fill: Any) -> None:
    whole, index = new("memory"), new("memory")
    deduper = fill(whole)
    article = deduper.evidence("dam-repair-reuters", "dam-repair-reuters").article
    (ready,) = Filing(index.manifest).ready([article], None)
    index.add([ready.filed._replace(record=b"\x00", text=None)], 8)
    assert mended(index) == [False]
    assert kinds(index) == ["record"]


def test_an_article_that_is_not_in_its_buckets_is_found_and_filed_anew(
    new: Any, fill: Any, kind: str
) -> None:
    whole, index = new("memory"), new(kind)
    deduper = fill(whole)
    article = deduper.evidence("dam-repair-reuters", "dam-repair-reuters").article
    (ready,) = Filing(index.manifest).ready([article], None)
    elsewhere = (ready.filed.keys + 1).astype("uint32")
    (found,) = index.add([ready.filed._replace(keys=elsewhere)], 8)
    alone = Cluster("s0", 1, (found.place,), found.place, article.id, "", None, 0, None, None)
    assert index.link(Change(unlinked=(found.place,), clusters=(alone,)))
    assert kinds(index) == ["buckets"]
    assert mended(index) == [True]
    assert kinds(index) == []


def test_a_story_with_a_wrong_canonical_article_elects_anew(new: Any, fill: Any, kind: str) -> None:
    index = new(kind)
    fill(index)
    (place,) = index.places(["copper-strike-bloomberg"])
    (story,) = index.memberships([place])
    (cluster,) = index.clusters([story])
    wrong = replace(cluster, version=cluster.version + 1, canonical_id="nobody")
    hands = index.hands().version
    assert index.link(
        Change(expected=((cluster.id, cluster.version),), hands=hands, clusters=(wrong,))
    )
    (problem,) = verify(index)
    assert (problem.kind, problem.where) == ("story", cluster.id)
    assert "it names nobody" in problem.what
    assert mended(index) == [True]
    assert kinds(index) == []
    assert index.clusters([cluster.id])[0].canonical_id == "copper-strike-bloomberg"


def test_an_article_and_a_story_that_do_not_agree_are_put_right(new: Any, fill: Any) -> None:
    index = new("memory")
    fill(index)
    (place,) = index.places(["copper-strike-bloomberg"])
    (story,) = index.memberships([place])
    index._members[place] = "s0"  # as damage may leave it
    assert sorted(kinds(index)) == ["member", "story"]
    assert all(mended(index))
    assert kinds(index) == []
    assert len(index.clusters([story])[0].members) == 3


def test_a_merged_id_that_leads_nowhere_goes(new: Any, fill: Any) -> None:
    index = new("memory")
    fill(index)
    index._redirects["s1"] = "s2"
    index._redirects["s2"] = "s3"
    assert kinds(index) == ["redirect", "redirect"]
    mended(index)
    assert kinds(index) == []


def test_every_record_is_where_its_id_leads(new: Any, fill: Any) -> None:
    index = new("sqlite")
    fill(index)
    places = [place for slice in index.slices() for place in index.scan(slice)]
    records = [decode_record(stored, "") for stored in index.records(places)]
    assert index.places([record.id for record in records]) == places
