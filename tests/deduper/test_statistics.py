"""What the articles of the window say together is the same however it is read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from streams import LATER, copy, examples, filled, story

from dedupe.deduper import Deduper
from dedupe.deduper.statistics import Statistics
from dedupe.deduper.tallies import (
    Tally,
    _tally,
    decode_tally,
    encode_tally,
    folded,
)
from dedupe.errors import IndexDamaged
from dedupe.index.memory import MemoryIndex
from dedupe.stories.recurring import Recurring

DAM = story("dam-repair")

forms = st.lists(
    st.tuples(
        st.tuples(*[st.integers(0, 3)] * 3), st.tuples(*[st.integers(1, 255)] * 4)
    ), max_size=12,
)  # fmt: skip
tallies = st.builds(
    lambda articles, counts, rows: _tally(
        articles, np.array(sorted(counts), np.uint32),
        np.array([counts[term] for term in sorted(counts)], np.uint32),
        np.array([keys for keys, _ in rows], np.uint64).reshape(-1, 3),
        np.array([marks for _, marks in rows], np.uint8).reshape(-1, 4),
    ),
    st.integers(0, 1000),
    st.dictionaries(st.integers(0, 40), st.integers(1, 100_000), max_size=20),
    forms,
)  # fmt: skip


def counted(some: list[Tally]) -> dict[int, int]:
    sums: dict[int, int] = {}
    for tally in some:
        for term, count in zip(*(each.tolist() for each in tally.terms_counted()), strict=True):
            sums[term] = sums.get(term, 0) + count
    return sums


def established(some: list[Tally]) -> list[list[bool]]:
    recurring = Recurring()
    for tally in some:
        recurring.note(*tally.forms_marked())
    keys = np.arange(4, dtype=np.uint64)
    return recurring.established(np.stack([keys] * 3, axis=1)).tolist()


@given(st.lists(tallies, min_size=1, max_size=6), st.integers(0, 5))
def test_many_parts_say_what_one_made_of_them_says(parts: list[Tally], cut: int) -> None:
    whole = [folded(parts[:cut]), *parts[cut:]] if parts[:cut] else parts
    assert counted(whole) == counted(parts)
    assert sum(tally.articles for tally in whole) == sum(tally.articles for tally in parts)
    assert established(whole) == established(parts)


@given(tallies)
def test_a_tally_is_read_as_it_was_written(tally: Tally) -> None:
    assert decode_tally(encode_tally(tally)) == tally


@given(st.binary(max_size=60))
def test_rubbish_is_no_tally(rubbish: bytes) -> None:
    try:
        decoded = decode_tally(rubbish)
    except IndexDamaged:
        return
    assert encode_tally(decoded) == rubbish  # one in very many


@given(tallies, st.sampled_from(["terms", "counts", "forms", "marks"]), st.binary(min_size=1))
@settings(max_examples=50)
def test_a_tally_with_a_part_of_another_length_is_damaged(
    tally: Tally, field: str, more: bytes
) -> None:
    sizes = {"terms": 4, "counts": 4, "forms": 24, "marks": 4}
    broken = replace(tally, **{field: getattr(tally, field) + more * (sizes[field] + 1)})
    if len(more) % sizes[field]:
        with pytest.raises(IndexDamaged):
            decode_tally(encode_tally(broken))


def say(statistics: Statistics) -> tuple[int, dict[int, int]]:
    table = statistics.frequencies
    keys, counts = np.asarray(table[0]), np.asarray(table[1])
    return statistics.articles, {int(k): int(c) for k, c in zip(keys, counts, strict=True) if c}


def test_two_facades_of_one_index_come_to_know_what_both_added() -> None:
    index = MemoryIndex()
    one, other = Deduper(index), Deduper(index)
    for i, article in enumerate(examples()):
        (one, other)[i % 2].add(article)
    for deduper in (one, other):
        deduper.window.statistics.catch_up()
    alone = filled(Deduper(MemoryIndex()), examples())
    told = [say(each.window.statistics) for each in (one, other, alone, Deduper(index))]
    assert told[0] == told[1] == told[3]
    assert told[0][0] == told[2][0]
    assert told[0][1] == told[2][1]


def test_a_folded_slice_says_the_same_to_those_who_read_its_parts_and_to_those_who_did_not() -> (
    None
):
    index = MemoryIndex()
    early, deduper = Deduper(index), Deduper(index)
    filled(deduper, [copy(DAM[0], f"c{i}", i / 100, cut=i % 3) for i in range(20)])
    early.window.statistics.catch_up()
    for i in range(300):  # as many parts as are folded
        deduper.add(copy(DAM[2 + i % 3], f"d{i}", i / 10))
        deduper.window.statistics.append(index.slices()[0], decode_tally(index.tallies({})[0].blob))
    assert any(part.whole for part in index.tallies({}))
    early.window.statistics.catch_up()
    late = Deduper(index)
    assert say(early.window.statistics) == say(deduper.window.statistics)
    assert say(late.window.statistics) == say(deduper.window.statistics)


def test_what_has_expired_is_said_no_more_and_articles_are_weighed_anew() -> None:
    index = MemoryIndex()
    one, other = Deduper(index), Deduper(index)
    one.add_batch(examples())
    other.window.statistics.catch_up()
    later = [copy(a, f"{a.id}-later", 24.0 * 60) for a in DAM]
    one.add_batch(later)
    now = later[0].published
    assert now is not None
    assert one.expire(now) == len(examples())
    other.window.statistics.catch_up()
    alone = Deduper(MemoryIndex())
    alone.add_batch(later)
    expected = say(alone.window.statistics)
    assert say(one.window.statistics) == say(other.window.statistics) == expected
    weighings = [d.window.statistics.weighing().n for d in (one, other, alone)]
    assert weighings[0] == weighings[1] == weighings[2]


def test_a_slice_that_has_gone_and_come_again_is_read_again() -> None:
    index = MemoryIndex()
    one, other = Deduper(index), Deduper(index)
    filled(one, DAM)
    other.expire(LATER)
    filled(other, DAM[:1])
    one.add(DAM[2])
    assert say(one.window.statistics) == say(Deduper(index).window.statistics)
