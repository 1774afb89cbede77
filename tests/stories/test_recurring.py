"""Followed article by article, series and templates are those that show when all are read."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dedupe.shingles.skeletons import SKELETONS, TITLE, WORDING
from dedupe.stories.recurring import FORMS, KINDS, Recurring, form_keys
from dedupe.stories.series import find_series

# Skeletons (title, series, template, wording, opening), text, outlet, day: few, so that they meet.
entries = st.lists(
    st.tuples(
        st.tuples(*[st.integers(0, 4)] * SKELETONS), st.integers(1, 6), st.integers(-1, 1),
        st.integers(1, 6),
    ), min_size=1, max_size=40,
)  # fmt: skip
Entry = tuple[tuple[int, ...], int, int, int]


def noted(recurring: Recurring, some: list[Entry]) -> np.ndarray:
    keys = [
        form_keys((outlet + 1) * 0x9E3779B97F4A7C15 & (2**64 - 1) if outlet >= 0 else 0,
                  np.array(skeletons, np.uint32))
        for skeletons, _, outlet, _ in some
    ]  # fmt: skip
    marks = [
        (text, skeletons[TITLE] % 250 + 1, day, skeletons[WORDING] + 1)
        for skeletons, text, _, day in some
    ]
    recurring.note(np.array(keys), np.array(marks, np.uint8))
    return np.array(keys)


@given(entries, st.integers(1, 7))
def test_series_and_templates_are_those_of_a_scan(some: list[Entry], batch: int) -> None:
    recurring = Recurring()
    keys = np.concatenate(
        [noted(recurring, some[at : at + batch]) for at in range(0, len(some), batch)]
    )
    found = recurring.established(keys)
    kinds = [
        next((int(kind) for kind, has in zip(KINDS[::-1], row[::-1], strict=True) if has), 0)
        for row in found.tolist()
    ]
    for _ in range(2):  # the second time all that is one is known to be
        numbers = [
            recurring.series(key[row].tolist()) if row.any() else -1
            for key, row in zip(keys, found, strict=True)
        ]
    scanned = find_series(
        np.array([skeletons for skeletons, *_ in some], np.uint32),
        np.array([text for _, text, *_ in some], np.uint64),
        np.array([outlet for *_, outlet, _ in some], np.int32),
        np.array([day for *_, day in some], np.float64),
    )
    assert kinds == scanned.kinds.tolist()
    pairs = [(i, j) for i in range(len(some)) for j in range(i) if kinds[i] and kinds[j]]
    ours = [numbers[i] == numbers[j] for i, j in pairs]
    assert ours == [bool(scanned.numbers[i] == scanned.numbers[j]) for i, j in pairs]


@given(entries)
def test_the_order_of_articles_does_not_matter(some: list[Entry]) -> None:
    forth, back = Recurring(), Recurring()
    keys = noted(forth, some)
    noted(back, some[::-1])
    assert np.array_equal(forth.established(keys), back.established(keys))


def test_more_forms_than_there_was_room_for_are_all_kept() -> None:
    recurring = Recurring()
    some = [
        ((4 * i + d, i + 1, i + 1, d, i + 1), d, 0, d) for i in range(3000) for d in range(1, 5)
    ]
    keys = noted(recurring, some)
    assert recurring.established(keys)[:, FORMS.index(1)].all()


def test_who_publishes_is_part_of_a_form_and_nobody_has_none() -> None:
    skeletons = np.arange(1, SKELETONS + 1, dtype=np.uint32)
    assert not form_keys(0, skeletons).any()
    assert not (form_keys(5, skeletons) == form_keys(6, skeletons)).any()
    assert len(set(form_keys(5, skeletons).tolist())) == len(FORMS)
    assert not form_keys(5, np.zeros(SKELETONS, np.uint32)).any()
