"""Novelty is the share of weight that is new."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dedupe.evidence.novelty import token_novelty

SENTENCES = st.lists(st.lists(st.sampled_from("abcdef"), max_size=8), max_size=6)


def test_heavy_words_count_for_more() -> None:
    judged = token_novelty([["the", "dam"], ["the", "ferry"]], {"the", "dam"}, [[1, 3], [1, 3]])
    assert judged.sentences == (0.0, 0.75)
    assert judged.score == 3 / 8


def test_what_weighs_nothing_is_not_new() -> None:
    assert token_novelty([["the"], []], set(), [[0.0], []]) == (0.0, (0.0, 0.0))


@given(SENTENCES, st.sets(st.sampled_from("abcdef")))
def test_every_figure_is_a_share_and_falls_with_what_is_known(
    sentences: list[list[str]], known: set[str]
) -> None:
    weights = [[1.0] * len(sentence) for sentence in sentences]
    judged = token_novelty(sentences, known, weights)
    assert all(0.0 <= share <= 1.0 for share in (judged.score, *judged.sentences))
    assert judged.score <= token_novelty(sentences, set(), weights).score
    assert token_novelty(sentences, set("abcdef"), weights).score == 0.0
