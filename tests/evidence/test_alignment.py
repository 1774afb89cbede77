"""Passages are what both sides say, maximal, apart, and found in bounded time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.evidence.alignment import (
    GAP,
    SHORTEST,
    SHORTEST_PLAIN,
    Passage,
    align,
    containment,
)

WORDS = st.lists(st.sampled_from("abcd"), max_size=60)


def said(a: str, b: str, plain: str = "") -> list[tuple[str, str]]:
    """The passages of two lines of words; the words in `plain` tell nothing."""
    one, other = a.split(), b.split()
    informative = np.array([word not in plain.split() for word in one], dtype=np.bool_)
    return [
        (" ".join(one[p.a_start : p.a_end]), " ".join(other[p.b_start : p.b_end]))
        for p in align(one, other, informative)
    ]


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("x one two three y", "one two three", [("one two three", "one two three")]),
        ("x one two y", "one two z", []),
        ("p q r x k l m n", "k l m n o p q r", [("p q r", "p q r"), ("k l m n", "k l m n")]),
        ("", "one two three", []),
        ("one", "one", []),
    ],
)  # fmt: skip
def test_three_words_in_a_row_are_a_passage_in_any_order(
    a: str, b: str, expected: list[tuple[str, str]]
) -> None:
    assert said(a, b) == expected


def test_words_that_tell_nothing_must_be_five() -> None:
    plain = "it is one of the"
    assert said("x it is one of y", "z it is one of w", plain) == []
    assert said("x it is one of the y", "z it is one of the w", plain) == [(plain, plain)]
    assert said("x of the dam y", "z of the dam w", plain) == [("of the dam", "of the dam")]


def test_a_tiny_edit_does_not_end_a_passage() -> None:
    a, b = "the old dam has been drained by night", "the old dam was being drained by night"
    assert said(a, b) == [(a, b)]
    wide = "the old dam x y z drained by night"
    assert said(a, wide) == [("the old dam", "the old dam"), ("drained by night",) * 2]


def test_the_longest_passage_wins_what_two_could_have() -> None:
    a = "k l m n o p"
    assert said(a, f"k l m x {a}") == [(a, a)]
    assert said(f"k l m x {a}", a) == [(a, a)]


def test_what_a_longer_passage_leaves_is_still_a_passage() -> None:
    assert said("a b c d e f g", "c d e f g x y z a b c d") == [("c d e f g", "c d e f g")]
    rest = said("r s t u v w x y z", "u v w x y z q q q r s t u v")
    assert rest == [("r s t", "r s t"), ("u v w x y z", "u v w x y z")]


@settings(max_examples=500)
@given(WORDS, WORDS)
def test_passages_never_overlap_and_begin_and_end_with_shared_words(
    a: list[str], b: list[str]
) -> None:
    passages = align(a, b)
    assert passages == sorted(passages)
    for starts, ends in (("a_start", "a_end"), ("b_start", "b_end")):
        spans = sorted((getattr(p, starts), getattr(p, ends)) for p in passages)
        assert all(before[1] <= after[0] for before, after in pairwise(spans))
    for p in passages:
        one, other = a[p.a_start : p.a_end], b[p.b_start : p.b_end]
        assert min(len(one), len(other)) >= SHORTEST
        assert one[:SHORTEST] == other[:SHORTEST]
        assert one[-SHORTEST:] == other[-SHORTEST:]


@settings(max_examples=300)
@given(WORDS, WORDS, WORDS)
def test_a_passage_long_enough_is_found_wherever_it_stands(
    before: list[str], behind: list[str], words: list[str]
) -> None:
    passage = [f"{word}{n}" for n, word in enumerate("klmno" + "".join(words))]
    (found,) = align(passage, [*before, *passage, *behind])
    assert found == Passage(0, len(passage), len(before), len(before) + len(passage))


@given(WORDS.filter(lambda words: len(words) >= SHORTEST_PLAIN))
def test_a_text_is_one_passage_of_itself(words: list[str]) -> None:
    passages = align(words, words)
    assert passages == [Passage(0, len(words), 0, len(words))]
    assert containment(passages, len(words), len(words)) == (1.0, 1.0)


@pytest.mark.parametrize("period", [1, 2, 7])
def test_endless_repetition_is_one_passage_and_takes_no_more_room_than_the_texts(
    period: int,
) -> None:
    words = [k % period for k in range(100_000)]
    assert align(words, words) == [Passage(0, 100_000, 0, 100_000)]


def test_words_by_chance_from_a_tiny_vocabulary_come_to_an_end() -> None:
    random = np.random.default_rng(5)
    a, b = (random.integers(0, 2, 20_000).tolist() for _ in range(2))
    passages = align(a, b)
    assert passages
    assert containment(passages, len(a), len(b))[0] <= 1.0


def test_containment_is_told_for_each_side() -> None:
    passages = align("a b c d".split(), "a b c d e f g h".split())
    assert containment(passages, 4, 8) == (1.0, 0.5)
    assert containment([], 0, 5) == (0.0, 0.0)


def test_the_gap_is_smaller_than_any_passage() -> None:
    assert GAP < SHORTEST < SHORTEST_PLAIN
