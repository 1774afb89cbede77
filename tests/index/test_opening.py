"""Indexes are opened by URL, with the parameters they were made with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from filing import BANDS, DEPTH, MANIFEST, creation, filed
from msgspec.structs import replace

from dedupe.errors import IndexMismatch, UsageError
from dedupe.index.base import Change, Filed, Found, Hands, Index, Receipt
from dedupe.index.manifest import manifest_of
from dedupe.index.opening import open_index

Open = Callable[..., Index]


def test_a_new_index_has_the_manifest_that_is_wanted(url: str, opened: Open) -> None:
    assert opened(url).manifest == MANIFEST


def test_a_new_index_has_the_default_manifest_where_none_is_wanted(url: str, opened: Open) -> None:
    assert opened(url, None).manifest == manifest_of()


def test_an_old_index_gives_its_manifest(lasting_url: str, opened: Open) -> None:
    opened(lasting_url).close()
    assert opened(lasting_url, None).manifest == MANIFEST
    assert opened(lasting_url, MANIFEST).manifest == MANIFEST


def test_other_parameters_are_refused_with_both_values(lasting_url: str, opened: Open) -> None:
    opened(lasting_url).close()
    with pytest.raises(IndexMismatch, match=r"window_hours is 168\.0 there and 48\.0 here"):
        opened(lasting_url, replace(MANIFEST, window_hours=48.0))
    other = replace(MANIFEST.signature, seed=7)
    with pytest.raises(IndexMismatch, match=r"signature\.seed is 1 there and 7 here"):
        opened(lasting_url, replace(MANIFEST, signature=other))


@pytest.mark.parametrize("url", ["", "index.db", "mysql://host/db", "sqlite", "/tmp/index.db"])
def test_what_names_no_index_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="names no index"):
        open_index(url)


def everything(index: Index) -> dict[str, object]:
    """All that can be seen of an index."""
    places = [place for slice in index.slices() for place in index.scan(slice)]
    return {
        "places": places,
        "records": index.records(places),
        "texts": index.texts(places),
        "memberships": index.memberships(places),
        "stories": sorted(index.stories(), key=lambda c: c.id),
        "redirects": sorted(index.redirects()),
        "events": index.events(0, 10_000),
        "hands": index.hands(),
        "receipts": sorted(index.receipts(), key=lambda r: r.id),
        "tallies": index.tallies({}),
        "stats": replace(index.stats(), bytes=None),
    }


def shown(found: Sequence[Found]) -> list[tuple[object, ...]]:
    """What an index said, to be compared."""
    return [(*f[:5], f.candidates.tolist(), f.hits.tolist(), f.capped) for f in found]


def fill(index: Index) -> list[Filed]:
    """Something of everything. Returns articles that would find some of it."""
    a = filed("a", slice=3)
    batch = [a, *(filed(f"b{i}", slice=3 + i % 3, like=a, shared=4) for i in range(4 * DEPTH))]
    batch.append(filed("copy", slice=4, digest=a.digest, like=a, shared=BANDS))
    places = [f.place for f in index.add(batch, 64)]
    index.link(creation("one", *places[:3]))
    index.link(creation("two", *places[3:5]))
    (two,) = index.clusters(["two"])
    assert two is not None
    index.link(Change(
        expected=(("one", 1), ("two", 1)), redirects=(("one", "two"),),
        clusters=(replace(two, version=2, members=tuple(places[:5])),),
    ))  # fmt: skip
    index.remove(places[7], Receipt(id="b6", hours=1.0, reason="error"), None)
    index.lay(Hands(version=1, pins=("a",)))
    for blob in (b"x", b"y", b"z"):
        index.tally(4, blob)
    index.fold(4, 2, b"xy")
    return [a, batch[-1], *(filed(f"x{s}", slice=s, like=a, shared=s) for s in (2, 4, 7))]


def test_nothing_is_lost_when_an_index_is_closed(lasting_url: str, opened: Open) -> None:
    first = opened(lasting_url)
    asked = fill(first)
    before, found = everything(first), shown(first.probe(asked, 64))
    first.close()
    second = opened(lasting_url)
    assert everything(second) == before
    assert shown(second.probe(asked, 64)) == found


def test_two_handles_see_each_other(lasting_url: str, opened: Open) -> None:
    one, two = opened(lasting_url), opened(lasting_url)
    a = filed("a")
    (of_a,) = one.add([a], 64)
    (of_b,) = two.add([filed("b", like=a, shared=3)], 64)
    assert of_b.candidates.tolist() == [of_a.place]
    (of_c,) = one.add([filed("c", like=a, shared=2)], 64)
    assert of_c.candidates.tolist() == [of_b.place, of_a.place]
    assert two.add([a], 64)[0].known
    assert two.link(creation("one", of_a.place))
    assert one.memberships([of_a.place]) == ["one"]
    fill_two = [filed(f"d{i}", like=a, shared=1) for i in range(DEPTH)]
    newest = [f.place for f in two.add(fill_two, 64)][::-1]
    (found,) = one.probe([filed("x", like=a, shared=1)], 64)
    assert (found.candidates.tolist(), found.capped) == (newest, 1)


def test_two_handles_see_what_went_away(lasting_url: str, opened: Open) -> None:
    one, two = opened(lasting_url), opened(lasting_url)
    a, old = filed("a"), filed("old", slice=4)
    of_a, of_old = one.add([a, old], 64)
    asked = [filed("x", like=a, shared=3), filed("y", like=old, shared=3)]
    for index in (one, two):
        found = [f.candidates.tolist() for f in index.probe(asked, 64)]
        assert found == [[of_a.place], [of_old.place]]
    one.remove(of_a.place, None, None)
    assert [f.candidates.tolist() for f in two.probe(asked, 64)] == [[], [of_old.place]]
    while two.expire(5, 10):
        pass
    assert [f.candidates.tolist() for f in one.probe(asked, 64)] == [[], []]
    (again,) = one.add([old], 64)
    assert [f.candidates.tolist() for f in two.probe(asked, 64)] == [[], [again.place]]


def test_a_closed_index_says_so(index: Index) -> None:
    index.close()
    a = filed("a")
    calls: list[Callable[[], object]] = [
        lambda: index.add([a], 1), lambda: index.probe([a], 1), lambda: index.tally(1, b""),
        lambda: index.tallies({}), lambda: index.fold(1, 1, b""), lambda: index.records([1]),
        lambda: index.texts([1]), lambda: index.places(["a"]), lambda: index.slices(),
        lambda: list(index.scan(1)), lambda: index.memberships([1]), lambda: index.clusters(["c"]),
        lambda: list(index.stories()), lambda: list(index.redirects()),
        lambda: index.link(Change()), lambda: index.events(0, 1), lambda: index.hands(),
        lambda: index.lay(Hands(version=1)), lambda: index.remove(1, None, None),
        lambda: list(index.receipts()), lambda: index.expire(1, 1), lambda: index.stats(),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ValueError, match="closed"):
            call()
    index.close()
