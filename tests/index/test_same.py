"""Whatever is done in whatever order, every backend says what the index in memory says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import numpy as np
import pytest
from filing import MANIFEST, cluster
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace

from dedupe.index.base import Change, Cluster, Event, Filed, Found, Hands, Index, Receipt
from dedupe.index.memory import MemoryIndex
from dedupe.index.opening import open_index
from dedupe.index.redis import presence
from dedupe.params import SignatureParams

BANDS = 3
SMALL = replace(MANIFEST, signature=SignatureParams(story_bands=2, copy_bands=1), depth=2)
IDS = [f"a{i}" for i in range(14)]
SLICES = st.integers(1, 3)
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking takes minutes


@st.composite
def batches(draw: st.DrawFn) -> list[Filed]:
    """Few ids, contents, digests, slices and buckets, so that everything meets."""
    ids = draw(st.lists(st.sampled_from(IDS), min_size=1, max_size=5, unique=True))
    return [article(draw, id, draw(st.sampled_from([1, 1, 1, 2, 3, 4]))) for id in ids]


def article(draw: st.DrawFn, id: str, content: int) -> Filed:
    """What depends on its text alone is always the same; its time may be another."""
    given = Random(f"{id} {content}")
    slice = draw(SLICES)
    return Filed(
        id=id, content=content, digest=given.choice([0, 0, 0, 1, 2]),
        hours=draw(st.sampled_from([0.0, 100.0, 250.0, 400.0])), slice=slice,
        near=(slice - draw(st.integers(0, 2)), slice + draw(st.integers(0, 2))),
        keys=np.array([given.randrange(2) for _ in range(BANDS)], np.uint32),
        bucketed=given.random() < 0.7, record=id.encode(), text=given.choice([None, b"text"]),
    )  # fmt: skip


class Named:
    """An index that speaks of articles by their ids, since places may differ."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.ids: dict[int, str] = {-1: ""}

    def found(self, filed: Sequence[Filed], found: Sequence[Found]) -> list[tuple[object, ...]]:
        """What was said of articles."""
        for each, f in zip(filed, found, strict=True):
            if f.place != -1:
                self.ids[f.place] = each.id
        return [
            (
                self.ids[f.place], f.known, f.other, f.removed, self.ids[f.head],
                [self.ids[p] for p in f.candidates.tolist()], f.hits.tolist(), f.capped,
            )
            for f in found
        ]  # fmt: skip

    def places(self, ids: Sequence[str]) -> tuple[int, ...]:
        """Of articles that are there."""
        return tuple(place for place in self.index.places(ids) if place is not None)

    def story(self, story: Cluster) -> tuple[object, ...]:
        """A cluster."""
        return story.id, story.version, [self.ids[p] for p in story.members], story.reason

    def everything(self) -> dict[str, object]:
        """All that can be seen."""
        index = self.index
        places = {slice: list(index.scan(slice)) for slice in index.slices()}
        flat = [place for some in places.values() for place in some]
        stats = index.stats()
        led = [id for id, _ in index.redirects()]
        return {
            "scanned": {s: [self.ids[p] for p in some] for s, some in places.items()},
            "records": index.records(flat),
            "texts": index.texts(flat),
            "memberships": index.memberships(flat),
            "stories": sorted(self.story(c) for c in index.stories()),
            "redirects": sorted(
                (id, c and c.id) for id, c in zip(led, index.clusters(led), strict=True)
            ),
            "events": [replace(event, position=0) for event in index.events(0, 10_000)],
            "hands": index.hands(),
            "receipts": sorted(index.receipts(), key=lambda r: r.id),
            "tallies": index.tallies({}),
            "stats": (stats.articles, stats.clusters, stats.events, stats.slices, stats.capped),
        }


class Same(RuleBasedStateMachine):
    """Does the same with an index and with the one in memory."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.model = Named(MemoryIndex(SMALL))
        self.index = Named(open_index(url, SMALL))
        self.stored: dict[str, Filed] = {}
        self.made = 0

    def both(self, act: Callable[[Named], Any]) -> Any:
        """Do it with both; what they say must be equal."""
        said = act(self.model)
        assert act(self.index) == said
        return said

    def live(self, *, linked: bool) -> list[str]:
        """Ids of articles that are in a cluster, or in none."""
        index = self.model.index
        ids = sorted(id for id in self.stored if self.model.places([id]))
        member = index.memberships(self.model.places(ids))
        return [id for id, of in zip(ids, member, strict=True) if (of is not None) == linked]

    def stories(self) -> list[Cluster]:
        """In an order."""
        return sorted(self.model.index.stories(), key=lambda c: c.id)

    def name(self) -> str:
        """Of a new cluster."""
        self.made += 1
        return f"c{self.made}"

    # ---- articles --------------------------------------------------------------------------------

    @rule(filed=batches(), most=st.integers(1, 6))
    def add(self, filed: list[Filed], most: int) -> None:
        said = self.both(lambda named: named.found(filed, named.index.add(filed, most)))
        for each, (_, known, other, removed, *_) in zip(filed, said, strict=True):
            if not (known or other or removed):
                self.stored[each.id] = each

    @rule(filed=batches(), most=st.integers(1, 6))
    def probe(self, filed: list[Filed], most: int) -> None:
        self.both(lambda named: named.found(filed, named.index.probe(filed, most)))

    @rule(data=st.data())
    def add_again(self, data: st.DataObject) -> None:
        if live := self.live(linked=False):
            filed = [self.stored[data.draw(st.sampled_from(live))]]
            self.both(lambda named: named.found(filed, named.index.add(filed, 6)))

    # ---- clusters --------------------------------------------------------------------------------

    @rule(
        data=st.data(),
        late=st.sampled_from([0, 0, 1]),
        hours=st.none() | st.sampled_from([100.0, 200.0]),
    )
    def create(self, data: st.DataObject, late: int, hours: float | None) -> None:
        if not (live := self.live(linked=False)):
            return
        ids = data.draw(st.lists(st.sampled_from(live), min_size=1, max_size=4, unique=True))
        name = self.name()

        def act(named: Named) -> bool:
            places = named.places(ids)
            return named.index.link(Change(
                hands=named.index.hands().version + late, unlinked=places,
                clusters=(cluster(name, 1, *places, canonical_id=ids[0]),),
                events=(Event("created", name, tuple(ids), hours=hours),),
            ))  # fmt: skip

        assert self.both(act) == (not late)

    @rule(data=st.data(), late=st.sampled_from([0, 0, 1]))
    def merge(self, data: st.DataObject, late: int) -> None:
        stories = self.stories()
        if len(stories) < 2:
            return
        kept, lost = data.draw(st.permutations(stories))[:2]

        def act(named: Named) -> bool:
            mine, theirs = named.index.clusters([kept.id, lost.id])
            assert mine is not None
            assert theirs is not None
            return named.index.link(Change(
                hands=named.index.hands().version,
                expected=((kept.id, kept.version), (lost.id, lost.version - late)),
                clusters=(
                    replace(mine, version=kept.version + 1, members=mine.members + theirs.members),
                ),
                redirects=((lost.id, kept.id),), events=(Event("merged", kept.id, (), lost.id),),
            ))  # fmt: skip

        assert self.both(act) == (not late)

    @rule(data=st.data())
    def split(self, data: st.DataObject) -> None:
        if not (stories := self.stories()):
            return
        story = data.draw(st.sampled_from(stories))
        at = data.draw(st.integers(0, len(story.members)))
        name = self.name()

        def act(named: Named) -> bool:
            (mine,) = named.index.clusters([story.id])
            assert mine is not None
            stays, goes = mine.members[:at], mine.members[at:]
            return named.index.link(Change(
                hands=named.index.hands().version, expected=((story.id, story.version),),
                clusters=(
                    *([replace(mine, version=mine.version + 1, members=stays)] if stays else []),
                    *([cluster(name, 1, *goes, canonical_id=name)] if goes and stays else []),
                ),
                dropped=() if stays else (story.id,),
                events=(Event("split", name, (), story.id),),
            ))  # fmt: skip

        assert self.both(act)

    @rule(skipped=st.sampled_from([0, 0, 1]), pins=st.lists(st.sampled_from(IDS), max_size=2))
    def lay(self, skipped: int, pins: list[str]) -> None:
        hands = Hands(self.model.index.hands().version + 1 + skipped, pins=tuple(pins))
        assert self.both(lambda named: named.index.lay(hands)) == (not skipped)

    # ---- tallies ---------------------------------------------------------------------------------

    @rule(slice=SLICES, blob=st.binary(max_size=2))
    def tally(self, slice: int, blob: bytes) -> None:
        if slice in self.model.index.slices():
            self.both(lambda named: named.index.tally(slice, blob))

    @rule(slice=SLICES, position=st.integers(1, 4))
    def fold(self, slice: int, position: int) -> None:
        self.both(lambda named: named.index.fold(slice, position, b"whole"))

    @rule(read=st.dictionaries(SLICES, st.integers(0, 4)))
    def tallies(self, read: dict[int, int]) -> None:
        self.both(lambda named: named.index.tallies(read))

    # ---- going away ------------------------------------------------------------------------------

    @rule(data=st.data(), receipt=st.booleans(), inherited=st.booleans())
    def remove(self, data: st.DataObject, receipt: bool, inherited: bool) -> None:
        if not (live := self.live(linked=False)):
            return
        gone = self.stored[data.draw(st.sampled_from(live))]
        (found,) = self.model.index.probe([gone], 1)
        heirs = [
            self.stored[id]
            for id in sorted(live + self.live(linked=True))
            if id != gone.id and self.stored[id].digest == gone.digest != 0
        ]
        heir = (
            data.draw(st.sampled_from(heirs)) if heirs and inherited and found.head == -1 else None
        )
        left = Receipt(gone.id, 7.0, "why") if receipt else None
        assert self.both(lambda named: named.index.remove(named.places([gone.id])[0], left, heir))

    @rule(data=st.data())
    def remove_a_member(self, data: st.DataObject) -> None:
        if live := self.live(linked=True):
            id = data.draw(st.sampled_from(live))
            left = Receipt(id, 7.0, "why")
            assert not self.both(lambda n: n.index.remove(n.places([id])[0], left, None))

    @rule(slice=SLICES, most=st.integers(1, 3))
    def expire(self, slice: int, most: int) -> None:
        def act(named: Named) -> int:
            gone = 0
            while step := named.index.expire(slice, most):
                gone += step
            return gone

        self.both(act)

    # ---- looking ---------------------------------------------------------------------------------

    @rule()
    def reopen(self) -> None:
        self.index.index.close()
        self.index.index = open_index(self.url)

    @invariant()
    def says_the_same(self) -> None:
        self.both(Named.everything)

    def teardown(self) -> None:
        positions = [event.position for event in self.index.index.events(0, 10_000)]
        assert positions == sorted(set(positions))
        self.index.index.close()


def same(urls: Callable[[], str], examples: int) -> None:
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        lambda: Same(urls()),
        settings=settings(
            max_examples=examples, stateful_step_count=40, deadline=None, phases=PHASES
        ),
    )


def test_every_backend_says_what_the_index_in_memory_says(lasting_urls: Callable[[], str]) -> None:
    same(lasting_urls, 150)


def test_redis_says_so_too_where_empty_buckets_are_not_read(
    redis_urls: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "_WORTH", 0)
    same(redis_urls, 100)
