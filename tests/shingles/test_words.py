"""Word shingles can be made again by anyone from the normal form."""

from __future__ import annotations

import numpy as np
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from dedupe.shingles.words import hash_tokens, word_shingles

WORDS = st.lists(st.text(alphabet="abcé中", min_size=1, max_size=6), max_size=20)


def shingle_hashes(words: list[str], first: int, size: int) -> list[int]:
    encoded = [word.encode() for word in words]
    ends = np.cumsum([len(word) + 1 for word in encoded], dtype=np.int32) - 1
    bounds = np.column_stack((ends - [len(word) for word in encoded], ends)).astype(np.int32)
    data = np.frombuffer(b" ".join(encoded) + b" ", dtype=np.uint8)
    hashes, elements = np.zeros((2, len(words) + 1), dtype=np.uint32)
    hash_tokens(data, bounds.reshape(-1, 2), len(words), hashes)
    count = word_shingles(hashes, first, len(words), size, elements)
    return elements[:count].tolist()


@given(WORDS, st.integers(1, 6), st.data())
def test_a_shingle_is_the_hash_of_the_hashes_of_its_words(
    words: list[str], size: int, data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, len(words)))
    rest = [xxhash.xxh32_intdigest(word.encode()).to_bytes(4, "little") for word in words[first:]]
    runs = [rest[i : i + size] for i in range(max(1, len(rest) - size + 1))] if rest else []
    assert shingle_hashes(words, first, size) == [
        xxhash.xxh32_intdigest(b"".join(run)) for run in runs
    ]


def test_a_text_shorter_than_a_shingle_is_one_shingle_and_an_empty_one_none() -> None:
    assert len(shingle_hashes(["only", "three", "words"], 0, 5)) == 1
    assert shingle_hashes([], 0, 5) == []
