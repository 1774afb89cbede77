"""MinHash signatures (Broder 1997), bit-identical to datasketch's `affine32` scheme.

An element's 32-bit hash is mixed with the MurmurHash3 finalizer, then permutation `k` maps it to
`a[k] * h + b[k] mod 2**32`; the signature keeps the least value of each permutation. See
https://github.com/ekzhu/datasketch/issues/212 for the scheme.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

if TYPE_CHECKING:
    from datasketch import LeanMinHash, MinHash

SCHEME = "affine32"
EMPTY = np.uint32(0xFFFFFFFF)  # what every place holds before the first element


class Permutations(NamedTuple):
    """Two uint32 arrays, one entry a permutation; every `a` is odd."""

    a: NDArray[np.uint32]
    b: NDArray[np.uint32]


@cache
def permutations(count: int, seed: int) -> Permutations:
    """The permutations of `datasketch.MinHash(num_perm=count, seed=seed, scheme="affine32")`.

    Drawn here in the same order from the same generator, because importing datasketch takes as
    long as a small scan; a test holds the two equal.
    """
    draw = np.random.RandomState(seed)
    a = draw.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    b = draw.randint(0, 1 << 32, count, dtype=np.uint32)
    return Permutations(a, b)


@njit(inline="always")
def mix(h: np.uint32) -> np.uint32:
    """The 32-bit finalizer of MurmurHash3, a bijection."""
    h = np.uint32(h ^ (h >> np.uint32(16)))
    h = np.uint32(h * np.uint32(0x85EBCA6B))
    h = np.uint32(h ^ (h >> np.uint32(13)))
    h = np.uint32(h * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))


@njit(nogil=True)
def absorb(
    signature: NDArray[np.uint32],
    elements: NDArray[np.uint32],
    count: int,
    a: NDArray[np.uint32],
    b: NDArray[np.uint32],
) -> None:
    """Lower `signature` by the first `count` element hashes (already through `mix`).

    Four elements a pass: the permutations are loaded once for the four.
    """
    fours = count - count % 4
    for e in range(0, fours, 4):
        h0, h1, h2, h3 = elements[e], elements[e + 1], elements[e + 2], elements[e + 3]
        for k in range(len(signature)):
            low = min(np.uint32(a[k] * h0 + b[k]), np.uint32(a[k] * h1 + b[k]))
            high = min(np.uint32(a[k] * h2 + b[k]), np.uint32(a[k] * h3 + b[k]))
            signature[k] = min(signature[k], min(low, high))
    for e in range(fours, count):
        h = elements[e]
        for k in range(len(signature)):
            value = np.uint32(a[k] * h + b[k])
            if value < signature[k]:
                signature[k] = value


@njit(nogil=True)
def resemblance(x: NDArray[np.uint32], y: NDArray[np.uint32]) -> float:
    """The estimated Jaccard similarity of two sets: the share of equal places (0 to 1).

    The standard error is sqrt(j * (1 - j) / len(x)). Broder 1997, section 2.
    """
    equal = 0
    for k in range(len(x)):
        equal += x[k] == y[k]
    return equal / len(x)


def to_minhash(signature: NDArray[np.uint32], seed: int) -> MinHash:
    """A datasketch `MinHash` with this signature."""
    from datasketch import MinHash

    return MinHash(hashvalues=signature, seed=seed, scheme=SCHEME)


def to_lean(signature: NDArray[np.uint32], seed: int) -> LeanMinHash:
    """A datasketch `LeanMinHash` with this signature."""
    from datasketch import LeanMinHash

    return LeanMinHash(seed=seed, hashvalues=signature, scheme=SCHEME)


def from_datasketch(minhash: MinHash | LeanMinHash) -> NDArray[np.uint32]:
    """The signature held by a datasketch sketch.

    Raises ValueError for a sketch of another scheme: its values mean something else.
    """
    if minhash.scheme != SCHEME:
        raise ValueError(
            f"this sketch has the scheme {minhash.scheme!r}; make it with scheme={SCHEME!r}"
        )
    return np.array(minhash.hashvalues, dtype=np.uint32)
