"""Whatever is done in whatever order: every backend does what a few lists do."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from servers import until

from dedupe.queues.base import ALONE, Entry, Feed, Finished
from dedupe.queues.opening import open_queue

consumers = st.sampled_from(["one", "two"])
readers = st.sampled_from(["hook", "file"])
feeds = st.sampled_from(["https://a.example/", "https://b.example/"])
few = st.lists(st.binary(max_size=4), max_size=4)
pick = st.integers(0, 50)


@dataclass
class Item:
    """An entry in the model."""

    id: str
    body: bytes
    consumer: str | None = None
    tries: int = 0
    ended: bool = False


@dataclass
class Model:
    """All that a queue is."""

    items: list[Item] = field(default_factory=list)
    dead: list[tuple[str, str, bytes]] = field(default_factory=list)
    outputs: list[bytes] = field(default_factory=list)
    trimmed: int = 0  # outputs
    cursors: dict[str, int] = field(default_factory=dict)  # messages that a reader has
    log: int = 0
    feeds: dict[str, tuple[int, bytes]] = field(default_factory=dict)


class Machine(RuleBasedStateMachine):
    """The queue and the model go along with each other."""

    url: Callable[[], str]

    def __init__(self) -> None:
        super().__init__()
        self.queue = open_queue(type(self).url())
        self.model = Model()
        self.ids: list[str] = []  # of all outputs that were ever seen

    def teardown(self) -> None:
        self.queue.close()

    def _pending(self) -> list[Item]:
        return [item for item in self.model.items if item.consumer and not item.ended]

    def _appended(self, bodies: list[bytes], ids: list[str]) -> None:
        self.model.items += [Item(id, body) for id, body in zip(ids, bodies, strict=True)]

    def _handed(self, items: list[Item], consumer: str, got: list[Entry]) -> None:
        assert [entry[1:] for entry in got] == [(item.body, 1, item.tries) for item in items]
        for item, entry in zip(items, got, strict=True):
            assert item.id in ("", entry.id)  # some are put without a word of their ids
            item.id = entry.id
            item.consumer, item.tries = consumer, item.tries + 1

    def _together(self, items: list[Item], most: int) -> list[Item]:
        if items and items[0].tries >= ALONE:
            return items[:1]
        first = next((i for i, item in enumerate(items) if item.tries >= ALONE), len(items))
        return items[: min(first, most)]

    @rule(bodies=few)
    def put(self, bodies: list[bytes]) -> None:
        self._appended(bodies, self.queue.put(bodies))

    @rule(consumer=consumers, most=st.integers(1, 3))
    def take(self, consumer: str, most: int) -> None:
        fresh = [item for item in self.model.items if item.consumer is None][:most]
        self._handed(fresh, consumer, self.queue.take(consumer, most, 0))

    @rule(consumer=consumers, most=st.integers(1, 3))
    def own(self, consumer: str, most: int) -> None:
        has = [item for item in self._pending() if item.consumer == consumer]
        self._handed(self._together(has, most), consumer, self.queue.own(consumer, most))

    @rule(consumer=consumers, most=st.integers(1, 3))
    def take_over(self, consumer: str, most: int) -> None:
        now = time.time()
        until(lambda: time.time() > now + 0.003, "the clock")
        others = [item for item in self._pending() if item.consumer != consumer]
        got = self.queue.take_over(consumer, 0.0, most)
        self._handed(self._together(others, most), consumer, got)

    @rule(at=st.lists(pick, max_size=3), outputs=few)
    def finish(self, at: list[int], outputs: list[bytes]) -> None:
        items = [self.model.items[i] for i in at if i < len(self.model.items)]
        items = [item for item in items if item.id]
        ended = 0
        for item in items:
            if item.consumer and not item.ended:
                item.ended = True
                self.model.outputs += outputs
                ended += 1
        done = [Finished(item.id, tuple(outputs)) for item in items]
        assert self.queue.finish(done) == ended

    @rule(at=pick, outputs=few)
    def bury(self, at: int, outputs: list[bytes]) -> None:
        if at >= len(self.model.items) or not self.model.items[at].id:
            return
        item = self.model.items[at]
        ends = item.consumer is not None and not item.ended
        entry = Entry(item.id, item.body, 1, item.tries)
        assert self.queue.bury(entry, "why", outputs) == ends
        if ends:
            item.ended = True
            self.model.dead.append((item.id, "why", item.body))
            self.model.outputs += outputs

    @rule(at=pick)
    def revive(self, at: int) -> None:
        dead = self.queue.dead()
        assert self.queue.revive([d.id for d in dead[at : at + 1]]) == (at < len(dead))
        if at < len(dead):
            _, _, body = self.model.dead.pop(at)
            self.model.items.append(Item("", body))

    @rule(at=pick)
    def discard(self, at: int) -> None:
        ids = [d.id for d in self.queue.dead()[at : at + 2]]
        assert self.queue.discard(ids) == len(ids)
        del self.model.dead[at : at + 2]

    @rule(reader=readers, at=pick)
    def advance(self, reader: str, at: int) -> None:
        had = self.model.cursors.get(reader, 0)
        before = self.queue.cursor(reader)
        assert before == (self.ids[had - 1] if had else "")
        self.model.cursors[reader] = had
        if had <= at < len(self.ids):
            assert self.queue.advance(reader, before, self.ids[at])
            assert not self.queue.advance(reader, "none", self.ids[at])
            self.model.cursors[reader] = at + 1

    @rule(reader=readers)
    def forget(self, reader: str) -> None:
        self.queue.forget(reader)
        self.model.cursors.pop(reader, None)

    @rule(outputs=few, stale=st.booleans())
    def publish(self, outputs: list[bytes], stale: bool) -> None:
        before = "stale" if stale else str(self.model.log or "")
        moved = self.queue.publish("log", before, str(self.model.log + 1), outputs)
        assert moved != stale
        if moved:
            self.model.log += 1
            self.model.outputs += outputs

    @rule(feed=feeds)
    def subscribe(self, feed: str) -> None:
        assert self.queue.subscribe({feed: b"new"}) == (feed not in self.model.feeds)
        self.model.feeds.setdefault(feed, (1, b"new"))

    @rule(feed=feeds)
    def unsubscribe(self, feed: str) -> None:
        assert self.queue.unsubscribe([feed]) == (feed in self.model.feeds)
        self.model.feeds.pop(feed, None)

    @rule(feed=feeds, version=st.integers(1, 3), bodies=few, state=st.binary(max_size=3))
    def polled(self, feed: str, version: int, bodies: list[bytes], state: bytes) -> None:
        holds = feed in self.model.feeds and self.model.feeds[feed][0] == version
        assert self.queue.polled(Feed(feed, version, state), bodies) == holds
        if holds:
            self.model.feeds[feed] = (version + 1, state)
            self.model.items += [Item("", body) for body in bodies]

    @rule()
    def trim(self) -> None:
        unfinished = (i for i, item in enumerate(self.model.items) if not item.ended)
        entries = next(unfinished, len(self.model.items))
        told = len(self.model.outputs)
        messages = min([told, *(had for had in self.model.cursors.values())])
        messages = max(0, messages - self.model.trimmed)
        assert self.queue.trim(time.time() + 60) == entries + messages
        del self.model.items[:entries]
        self.model.trimmed += messages

    @invariant()
    def the_same_is_seen(self) -> None:
        model = self.model
        got = self.queue.outputs(self.ids[-1] if self.ids else "", 1000)
        self.ids += [output.id for output in got]
        kept = self.queue.outputs("", 1000)
        assert [output.body for output in kept] == model.outputs[model.trimmed :]
        assert [output.id for output in kept] == self.ids[model.trimmed :]
        assert [tuple(dead[1:]) for dead in self.queue.dead()] == model.dead
        found = [Feed(key, *model.feeds[key]) for key in sorted(model.feeds)]
        assert self.queue.feeds() == found
        told = self.queue.backlog()
        assert told.entries == len(model.items)
        assert told.waiting == sum(item.consumer is None for item in model.items)
        assert told.pending == len(self._pending())
        assert told.behind == {
            reader: len(model.outputs) - max(had, model.trimmed)
            for reader, had in model.cursors.items()
        }


def test_a_queue_does_what_its_model_does(urls: Callable[[], str]) -> None:
    machine: Any = type("Machine", (Machine,), {"url": staticmethod(urls)})
    chosen = settings(max_examples=20, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(machine, settings=chosen)
