"""Words weigh by how rare they are, in languages that the table knows and in those it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.fingerprint import Signer
from dedupe.models import Article
from dedupe.shingles.weighted import INFORMATIVE_ZIPF, guessed_zipf
from dedupe.shingles.weights import STEPS, UNKNOWN_ZIPF

TF = st.integers(1, 60)
LENGTH = st.integers(1, 40)


def term_zipfs(text: str) -> list[float]:
    return sorted((Signer().sign([Article(id="x", text=text)]).zipfs / STEPS).tolist())


def informative(text: str) -> int:
    return int(Signer().sign([Article(id="x", text=text)]).informative[0])


@given(LENGTH, TF, st.booleans())
def test_a_guess_stays_among_the_values_of_real_words(chars: int, tf: int, capital: bool) -> None:
    assert 2.5 <= guessed_zipf(chars, tf, capital) <= 6.0


@given(LENGTH, TF, st.booleans())
def test_the_longer_and_the_rarer_an_unknown_word_the_more_it_tells(
    chars: int, tf: int, capital: bool
) -> None:
    here = guessed_zipf(chars, tf, capital)
    assert guessed_zipf(chars + 1, tf, capital) <= here <= guessed_zipf(chars, tf + 1, capital)
    assert guessed_zipf(chars, tf, True) <= guessed_zipf(chars, tf, False)


def test_function_words_alone_do_not_inform() -> None:
    assert informative("the of and to in is that it was for on with as by at from") == 0


def test_an_unknown_name_in_a_known_language_is_as_rare_as_words_get() -> None:
    text = "the company said on Monday that it would pay Qwyzzaborth for the building in the city"
    assert term_zipfs(text)[0] == UNKNOWN_ZIPF


def test_numbers_do_not_make_a_language_foreign() -> None:
    text = "the company paid 918273 and 192837 and 564738 and 738291 and 283746 for it on Monday"
    assert term_zipfs(text)[0] == UNKNOWN_ZIPF


@pytest.mark.parametrize("text", ["", "!!!", "12", "the"])
def test_next_to_nothing_informs_of_next_to_nothing(text: str) -> None:
    assert informative(text) <= 1


def test_a_word_counts_as_informative_once() -> None:
    assert informative("zeppelin zeppelin zeppelin harbour harbour") == 2
    assert INFORMATIVE_ZIPF > UNKNOWN_ZIPF


def test_only_the_lead_weighs() -> None:
    lead = " ".join(f"wort{i}" for i in range(400))
    signed = Signer().sign(
        [Article(id="a", text=lead), Article(id="b", text=f"{lead} {lead} again")]
    )
    assert (signed.story[0] == signed.story[1]).all()
    assert (
        signed.terms[: signed.term_bounds[1]].tolist()
        == signed.terms[signed.term_bounds[1] :].tolist()
    )
    assert signed.digests[0] != signed.digests[1]
