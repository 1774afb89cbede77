"""The kernel's xxh32 is everybody's xxh32."""

from __future__ import annotations

import numpy as np
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from dedupe.hashing import xxh32

SEEDS = st.integers(0, 2**32 - 1)


def kernel_hash(data: bytes, seed: int, start: int = 0) -> int:
    return int(xxh32(np.frombuffer(data, dtype=np.uint8), start, len(data), np.uint32(seed)))


@settings(max_examples=500)
@given(st.binary(max_size=100), SEEDS)
def test_any_bytes_hash_as_with_the_xxhash_library(data: bytes, seed: int) -> None:
    assert kernel_hash(data, seed) == xxhash.xxh32_intdigest(data, seed)


@given(st.binary(max_size=40), st.binary(min_size=1, max_size=40), SEEDS)
def test_a_slice_hashes_as_its_bytes_alone_wherever_it_begins(
    before: bytes, data: bytes, seed: int
) -> None:
    assert kernel_hash(before + data, seed, len(before)) == xxhash.xxh32_intdigest(data, seed)


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1])
def test_every_length_around_the_stripes_hashes_alike(seed: int) -> None:
    data = np.random.default_rng(7).bytes(200)
    lengths = range(len(data) + 1)
    assert [kernel_hash(data[:n], seed) for n in lengths] == [
        xxhash.xxh32_intdigest(data[:n], seed) for n in lengths
    ]
