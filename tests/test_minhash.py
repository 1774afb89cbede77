"""Signatures are datasketch's, and estimate what they promise to."""

from __future__ import annotations

import math

import numpy as np
import pytest
from datasketch import LeanMinHash, MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.minhash import (
    EMPTY,
    SCHEME,
    absorb,
    from_datasketch,
    mix,
    permutations,
    resemblance,
    to_lean,
    to_minhash,
)

ELEMENTS = st.lists(st.integers(0, 2**32 - 1), max_size=30)


def sign(elements: list[int], count: int = 64, seed: int = 1) -> np.ndarray:
    signature = np.full(count, EMPTY)
    mixed = np.array([mix(np.uint32(element)) for element in elements], dtype=np.uint32)
    absorb(signature, mixed, len(mixed), *permutations(count, seed))
    return signature


def sketch(elements: list[int], count: int = 64, seed: int = 1) -> MinHash:
    sketched = MinHash(num_perm=count, seed=seed, scheme=SCHEME, hashfunc=int)
    for element in elements:
        sketched.update(element)
    return sketched


@pytest.mark.parametrize("count", [1, 2, 128, 256])
@pytest.mark.parametrize("seed", [0, 1, 42, 2**32 - 1])
def test_the_permutations_are_those_of_datasketch(count: int, seed: int) -> None:
    theirs = MinHash(num_perm=count, seed=seed, scheme=SCHEME).permutations
    assert np.array_equal(np.array(permutations(count, seed)), np.array(theirs))


@settings(max_examples=200)
@given(ELEMENTS)
def test_a_signature_is_the_one_datasketch_makes_of_the_same_elements(elements: list[int]) -> None:
    assert np.array_equal(sign(elements), sketch(elements).hashvalues)


@given(ELEMENTS, st.randoms())
def test_order_and_repetition_of_the_elements_do_not_matter(
    elements: list[int], random: object
) -> None:
    shuffled = elements + elements[:3]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert np.array_equal(sign(shuffled), sign(elements))


@given(ELEMENTS, ELEMENTS)
def test_the_signature_of_a_union_is_the_lower_of_both(one: list[int], other: list[int]) -> None:
    assert np.array_equal(sign(one + other), np.minimum(sign(one), sign(other)))


@given(ELEMENTS, st.integers(0, 2**32 - 1))
def test_a_signature_survives_the_way_to_datasketch_and_back(
    elements: list[int], seed: int
) -> None:
    signature = sign(elements, seed=seed)
    for there in (to_minhash(signature, seed), to_lean(signature, seed)):
        assert there.seed == seed
        assert np.array_equal(from_datasketch(there), signature)
    assert to_minhash(signature, seed).jaccard(sketch(elements, seed=seed)) == 1.0
    assert to_lean(signature, seed) == LeanMinHash(sketch(elements, seed=seed))


def test_a_sketch_taken_over_goes_on_by_itself() -> None:
    theirs = sketch([1, 2, 3])
    ours = from_datasketch(theirs)
    theirs.update(4)
    assert np.array_equal(ours, sign([1, 2, 3]))


@pytest.mark.parametrize("make", [MinHash, lambda **options: LeanMinHash(MinHash(**options))])
def test_a_sketch_of_another_scheme_is_refused(make: type[MinHash]) -> None:
    with pytest.raises(ValueError, match="affine32"):
        from_datasketch(make(num_perm=16, scheme="legacy"))


def test_resemblance_is_estimated_within_five_standard_errors() -> None:
    draw = np.random.default_rng(3)
    errors = []
    for _ in range(300):
        shared, alone = draw.integers(10, 200, 2)
        elements = np.unique(draw.integers(0, 2**32, shared + 2 * alone)).tolist()
        draw.shuffle(elements)
        one, other = elements[: shared + alone], elements[:shared] + elements[shared + alone :]
        true = shared / len(elements)
        estimate = resemblance(sign(one, 256), sign(other, 256))
        errors.append((estimate - true) / math.sqrt(true * (1 - true) / 256))
    assert max(map(abs, errors)) < 5.0
    assert abs(np.mean(errors)) < 5.0 / math.sqrt(len(errors))  # no bias either
    assert np.std(errors) < 1.2


def test_resemblance_of_a_set_with_itself_is_one_and_of_strangers_next_to_nothing() -> None:
    assert resemblance(sign([1, 2, 3]), sign([3, 2, 1])) == 1.0
    assert resemblance(sign(list(range(50))), sign(list(range(50, 100)))) < 0.1
