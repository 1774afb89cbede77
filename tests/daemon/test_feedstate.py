from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.daemon.feedstate import (
    Answered,
    Failed,
    FeedState,
    Item,
    Reading,
    Reply,
    Same,
    Step,
    Where,
    address,
    after,
    decode,
    encode,
    per_day,
    remembering,
)
from dedupe.daemon.schedule import DAY, HOUR, Pace
from dedupe.errors import IndexDamaged

KEY = "https://feeds.example/a.xml"
NOW = 1_700_000_000.0
PACE = Pace()


def _new(**more: Any) -> FeedState:
    return FeedState(**{"url": KEY, "source": "feeds.example", "added": NOW, **more})


def _items(*ids: str, digest: int = 1) -> list[Item]:
    return [Item(id, digest, None, {"text": f"text of {id}"}) for id in ids]


def _feed(*items: Item, body: int = 1, where: Where = Where(), **more: Any) -> Answered:  # noqa: B008
    return Answered(where, body, Reading(list(items), **more))


def _after(state: FeedState, reply: Reply, now: float = NOW) -> Step:
    return after(state, KEY, reply, now, pace=PACE, draw=0.0)


def _put(step: Step) -> list[tuple[str, str]]:
    return [(entry.item.id, entry.became) for entry in step.fresh]


def _ruined(state: FeedState, times: int, reply: Failed) -> FeedState:
    for _ in range(times):
        state = _after(state, reply).state
    return state


def test_a_new_feed_gives_all_its_entries_the_oldest_first() -> None:
    assert _put(_after(_new(), _feed(*_items("b", "a")))) == [("a", "new"), ("b", "new")]


def test_what_was_met_is_not_put_again_and_changes_nothing() -> None:
    state = _after(_new(), _feed(*_items("b", "a"))).state
    step = _after(state, _feed(*_items("b", "a"), body=2), NOW + HOUR)
    assert (step.fresh, step.known, step.matters) == ((), 2, False)


def test_an_entry_that_says_something_else_is_a_change_of_what_was_first_seen_before() -> None:
    state = _after(_new(), _feed(*_items("a"))).state
    step = _after(state, _feed(*_items("a", digest=2)), NOW + HOUR)
    assert _put(step) == [("a", "changed")]
    assert step.fresh[0].first_seen == NOW


def test_of_entries_with_one_id_the_first_counts() -> None:
    twice = [*_items("a"), *_items("a", digest=2)]
    step = _after(_new(), _feed(*twice))
    assert [entry.item.digest for entry in step.fresh] == [1]
    assert _after(step.state, _feed(*twice)).fresh == ()


@given(count=st.integers(0, 12), put=st.integers(0, 12))
def test_what_was_put_of_a_reply_is_not_put_again_when_it_comes_again(count: int, put: int) -> None:
    reply = _feed(*_items(*(f"e{n}" for n in range(count))))
    step = _after(_new(), reply)
    halfway = remembering(_new(), step.fresh[:put])
    assert _put(_after(halfway, reply)) == _put(step)[put:]


replies = st.lists(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 2)), max_size=12))


@given(replies=replies)
def test_each_state_of_each_entry_is_put_once_while_it_is_remembered(
    replies: list[list[tuple[int, int]]],
) -> None:
    state, said = _new(), {}
    for hour, found in enumerate(replies):
        items = [Item(str(id), digest, None, {}) for id, digest in dict(found).items()]
        step = _after(state, _feed(*items, body=hour), NOW + hour * HOUR)
        wanted = {item.id for item in items if said.get(item.id) != item.digest}
        forgotten = {entry.item.id for entry in step.fresh} - wanted
        assert wanted <= {entry.item.id for entry in step.fresh}
        assert not forgotten or len(said) > 4 * step.state.largest
        said |= {item.id: item.digest for item in items}
        assert step.state.remembered <= 4 * step.state.largest
        assert decode(encode(step.state), KEY) == step.state
        state = step.state


def test_entries_that_left_the_feed_and_come_back_are_remembered() -> None:
    state = _after(_new(), _feed(*_items("a", "b"))).state
    state = _after(state, _feed(*_items("c", "d"))).state
    assert _after(state, _feed(*_items("a", "b"))).fresh == ()


def test_a_304_keeps_the_validators_and_need_not_be_stored() -> None:
    where = Where(etag='"1"', modified="Mon, 06 Nov 2023 10:00:00 GMT")
    state = _after(_new(), _feed(*_items("a"), where=where)).state
    step = _after(state, Same(Where()), NOW + HOUR)
    assert not step.matters
    assert (step.state.etag, step.state.modified) == (where.etag, where.modified)
    assert step.state.succeeded == NOW + HOUR
    assert step.state.changed == NOW


def test_other_validators_are_stored() -> None:
    state = _after(_new(), _feed(*_items("a"), where=Where(etag='"1"'))).state
    step = _after(state, _feed(*_items("a"), where=Where(etag='"2"')))
    assert step.matters
    assert step.fresh == ()


def test_failures_add_up_until_the_feed_works_again() -> None:
    state = _ruined(_new(), 3, Failed("no answer"))
    assert (state.failures, state.error, state.health) == (3, "no answer", "failing")
    step = _after(state, _feed(*_items("a")))
    assert (step.state.failures, step.state.error, step.state.health) == (0, None, "ok")
    assert step.matters


def test_a_body_that_is_no_feed_is_a_failure_and_what_was_known_stays() -> None:
    state = _after(_new(), _feed(*_items("a"))).state
    step = _after(state, _feed(broken="not a feed", body=2))
    assert (step.state.error, step.state.health) == ("not a feed", "failing")
    assert _after(step.state, _feed(*_items("a"), body=3)).fresh == ()


def test_a_broken_feed_that_can_be_read_gives_its_entries_and_says_so() -> None:
    step = _after(_new(), _feed(*_items("a"), broken="cut short"))
    assert len(step.fresh) == 1
    assert step.state.health == "broken"


def test_retry_after_is_heeded_up_to_a_day() -> None:
    asked = (HOUR, 3e9)
    waits = [_after(_new(), Failed("busy", 429, wait)).state.due - NOW for wait in asked]
    assert waits == [HOUR, DAY]


def test_a_feed_that_is_gone_is_never_asked_again() -> None:
    step = _after(_new(), Failed("gone", 410))
    assert (step.state.health, step.state.next) == ("gone", float("inf"))


# ---- it moves ------------------------------------------------------------------------------------

NEW = "https://new.example/a.xml"
OTHER = "https://other.example/a.xml"


def _moved(state: FeedState, *to: str) -> FeedState:
    for url in to:
        state = _after(state, _feed(*_items("a"), where=Where(moved=url))).state
    return state


def test_a_feed_is_asked_where_it_has_moved_to() -> None:
    state = _moved(_new(), NEW)
    assert (address(state, KEY), state.before) == (NEW, (KEY,))


def test_a_failure_moves_nothing() -> None:
    assert _after(_new(), Failed("no answer")).state.url == KEY


def test_addresses_that_point_to_each_other_settle() -> None:
    state = _moved(_new(), NEW, OTHER)
    assert [_moved(state, NEW).url, _moved(state, KEY).url] == [OTHER, OTHER]


def test_a_feed_does_not_move_from_https_to_http() -> None:
    assert _moved(_new(), "http://feeds.example/a.xml").url == KEY


def test_a_feed_that_moved_astray_is_found_at_its_listed_address() -> None:
    state = _moved(_new(), NEW)
    asked = []
    for _ in range(6):
        state = _after(state, Failed("no answer")).state
        asked.append(address(state, KEY))
    assert asked == [NEW, NEW, KEY, NEW, KEY, NEW]
    state = _ruined(_moved(_new(), NEW), 3, Failed("no answer"))
    assert _after(state, _feed(*_items("a"))).state.url == KEY


def test_only_the_listed_address_can_say_that_a_feed_is_gone() -> None:
    gone = Failed("gone", 410)
    step = _after(_moved(_new(), NEW), gone)
    assert (step.state.gone, step.state.url) == (False, KEY)
    assert _after(step.state, gone).state.gone


# ---- its figures, and how it is kept -------------------------------------------------------------


def test_entries_a_day_leave_out_those_that_a_new_feed_had() -> None:
    state = _after(_new(), _feed(*_items(*"abcdefgh"))).state
    for day in range(1, 4):
        ids = [f"{day}-{n}" for n in range(6)]
        state = _after(state, _feed(*_items(*ids), body=day + 1), NOW + day * DAY).state
    assert per_day(state, NOW + 3 * DAY) == pytest.approx(6.0)
    assert per_day(state, NOW + HOUR) is None


def test_what_is_known_of_the_largest_feed_is_bounded() -> None:
    state = _new()
    for hour in range(20):
        ids = [f"{hour}-{n}" for n in range(100)]
        state = _after(state, _feed(*_items(*ids), body=hour + 1), NOW + hour * HOUR).state
    assert state.remembered == 400
    assert len(state.changes) == 19
    assert len(encode(state)) < 9_000


@given(data=st.binary(max_size=100))
def test_a_state_that_cannot_be_read_is_damage_and_nothing_else(data: bytes) -> None:
    with suppress(IndexDamaged):
        assert isinstance(decode(data, KEY), FeedState)


def test_a_state_of_a_later_version_is_refused() -> None:
    with pytest.raises(IndexDamaged, match="later version"):
        decode(b"\x02" + msgspec.msgpack.encode(_new()), KEY)
