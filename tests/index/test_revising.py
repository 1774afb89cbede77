"""A new version of an article: its id leads to a new place, and the old one can only go."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from filing import BANDS, DEPTH, cluster, creation, filed

from dedupe.index.base import Change, Filed, Index, Receipt

MOST = 64


def revised(old: Filed, place: int, **given: object) -> Filed:
    """Another text under the same id, which supersedes the one at a place."""
    given = {"content": old.content + 1, "record": b"another", "revises": place, **given}
    return old._replace(**given)


def swap(id: str, old: int, new: int) -> Change:
    """The new version takes the seat of the old one."""
    return Change(expected=((id, 1),), unlinked=(new,), clusters=(cluster(id, 2, new),))


def test_another_text_is_refused_unless_it_says_what_it_supersedes(index: Index) -> None:
    a = filed("a")
    (place,) = (f.place for f in index.add([a], MOST))
    other = a._replace(content=a.content + 1)
    for ask in (index.probe, index.add):
        (found,) = ask([other], MOST)
        assert (found.place, found.known, found.other) == (place, False, True)
    assert index.stats().articles == 1


def test_an_id_leads_to_its_new_version(index: Index) -> None:
    a, b = filed("a"), filed("b")
    old, other = (f.place for f in index.add([a, b], MOST))
    new = revised(a, old, record=b"new record", text=b"new text")
    (found,) = index.add([new], MOST)
    assert (found.known, found.other) == (False, False)
    assert found.place not in (old, other)
    assert index.places(["a", "b"]) == [found.place, other]
    assert index.records([old, found.place]) == [a.record, b"new record"]
    assert index.texts([old, found.place]) == [a.text, b"new text"]
    assert index.stats().articles == 3


def test_a_version_meets_what_is_there_in_the_buckets_of_its_own_text(index: Index) -> None:
    a, b = filed("a"), filed("b")
    old, other = (f.place for f in index.add([a, b], MOST))
    new = revised(a, old, keys=filed("x", like=b, shared=4).keys, digest=7)
    (found,) = index.add([new], MOST)
    assert found.candidates.tolist() == [other]
    assert index.probe([filed("y", like=b, shared=4)], MOST)[0].candidates.tolist() == [
        found.place, other,
    ]  # fmt: skip


def test_the_same_text_is_no_copy_of_the_version_that_it_supersedes(index: Index) -> None:
    a = filed("a")
    (old,) = (f.place for f in index.add([a], MOST))
    (found,) = index.add([revised(a, old)], MOST)
    assert found.head == -1
    assert index.remove(old, None, revised(a, -1))
    copy = filed("c", like=a, shared=BANDS, digest=a.digest)
    assert index.probe([copy], MOST)[0].head == found.place
    probed = index.probe([filed("x", like=a, shared=4)], MOST)[0]
    assert (probed.candidates.tolist(), probed.hits.tolist()) == ([found.place], [4])


def test_the_same_content_may_supersede_itself(index: Index) -> None:
    """What is said of an article changes, and its text does not."""
    a = filed("a")
    (old,) = (f.place for f in index.add([a], MOST))
    (found,) = index.add([a._replace(revises=old, record=b"marked")], MOST)
    assert not found.known
    assert index.places(["a"]) == [found.place]
    assert index.add([a], MOST)[0].place == found.place


def test_only_the_version_that_is_there_can_be_superseded(index: Index) -> None:
    a = filed("a")
    (old,) = (f.place for f in index.add([a], MOST))
    (found,) = index.add([revised(a, old)], MOST)
    late = revised(a, old, content=99)
    for ask in (index.probe, index.add):
        (refused,) = ask([late], MOST)
        assert (refused.place, refused.other) == (found.place, True)
    (again,) = index.add([revised(a, old)], MOST)
    assert (again.place, again.known) == (found.place, True)
    assert index.stats().articles == 2


def test_an_id_that_is_free_again_is_taken_whatever_was_to_be_superseded(index: Index) -> None:
    a = filed("a")
    (old,) = (f.place for f in index.add([a], MOST))
    index.remove(old, None, None)
    (found,) = index.add([revised(a, old)], MOST)
    assert (found.known, found.other) == (False, False)
    assert index.places(["a"]) == [found.place]


def test_probing_a_version_says_what_adding_it_would(index: Index) -> None:
    a, b = filed("a"), filed("b")
    old, _ = (f.place for f in index.add([a, b], MOST))
    new = revised(a, old, keys=filed("x", like=b, shared=4).keys, digest=7)
    (probed,), before = index.probe([new], MOST), index.stats()
    assert (probed.place, probed.other, index.stats()) == (-1, False, before)
    assert probed.candidates.tolist() == index.add([new], MOST)[0].candidates.tolist()


def test_a_superseded_version_keeps_its_cluster_until_the_new_one_takes_its_seat(
    index: Index,
) -> None:
    a = filed("a")
    (old,) = (f.place for f in index.add([a], MOST))
    index.link(creation("one", old))
    (new,) = (f.place for f in index.add([revised(a, old)], MOST))
    assert index.memberships([old, new]) == ["one", None]
    assert not index.remove(old, None, None)
    assert index.link(swap("one", old, new))
    assert index.memberships([old, new]) == [None, "one"]
    assert index.remove(old, None, None)
    assert index.places(["a"]) == [new]
    assert index.records([old, new]) == [None, b"another"]
    assert index.stats().articles == 1
    assert list(index.scan(5)) == [new]
    assert list(index.receipts()) == []


def test_a_superseded_version_can_never_be_linked(index: Index) -> None:
    a = filed("a")
    (old,) = (f.place for f in index.add([a], MOST))
    (new,) = (f.place for f in index.add([revised(a, old)], MOST))
    assert not index.link(creation("one", old))
    assert index.link(creation("one", new))
    assert not index.link(creation("two", old))


def test_a_version_that_is_taken_down_leaves_the_id_refused(index: Index) -> None:
    a = filed("a")
    (old,) = (f.place for f in index.add([a], MOST))
    (new,) = (f.place for f in index.add([revised(a, old)], MOST))
    index.remove(old, None, None)
    index.remove(new, Receipt("a", 1.0, "asked to"), None)
    assert index.places(["a"]) == [None]
    assert index.add([revised(a, new)], MOST)[0].removed is not None


@pytest.mark.parametrize("steps", [1, 3])
def test_versions_expire_with_their_slices(index: Index, steps: int) -> None:
    a = filed("a", slice=3)
    (place,) = (f.place for f in index.add([a], MOST))
    for turn in range(steps):
        (place,) = (f.place for f in index.add([revised(a, place, content=turn)], MOST))
    while index.expire(4, 2):
        pass
    assert index.places(["a"]) == [None]
    assert index.stats().articles == 0
    assert not index.add([a], MOST)[0].known


def test_versions_push_nothing_out_of_buckets_for_good(index: Index) -> None:
    a = filed("a")
    (place,) = (f.place for f in index.add([a], MOST))
    others = [filed(f"b{i}", like=a, shared=2) for i in range(DEPTH - 1)]
    kept = [f.place for each in others for f in index.add([each], MOST)]
    for turn in range(4):
        old = place
        (place,) = (f.place for f in index.add([revised(a, old, content=turn)], MOST))
        index.remove(old, None, None)
    probed = index.probe([filed("x", like=a, shared=2)], MOST)[0]
    assert place in probed.candidates.tolist()
    assert set(probed.candidates.tolist()) <= {place, *kept}


def test_a_version_is_there_when_the_index_is_opened_again(
    lasting_url: str, opened: Callable[..., Index]
) -> None:
    first = opened(lasting_url)
    a = filed("a")
    (old,) = (f.place for f in first.add([a], MOST))
    (new,) = (f.place for f in first.add([revised(a, old)], MOST))
    first.close()
    again = opened(lasting_url)
    assert again.places(["a"]) == [new]
    assert again.add([revised(a, -1)], MOST)[0].known
    assert again.add([a], MOST)[0].other
