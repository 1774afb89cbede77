"""What the peers' pipelines share: reading, word 5-grams, union-find, writing.

Parsing is msgspec's, which none of the libraries asks for, so that no peer pays for a slow parser.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator

from msgspec import Struct, json

SHINGLE_WORDS = 5


class Record(Struct, gc=False):
    """The fields that a pipeline needs; a decoder of these skips all others."""

    id: str
    text: str = ""


def read(path: str) -> Iterator[Record]:
    """The articles of a .jsonl or .jsonl.gz file."""
    decode = json.Decoder(Record).decode
    with gzip.open(path) if path.endswith(".gz") else open(path, "rb") as lines:
        yield from map(decode, lines)


def shingles(text: str) -> list[str]:
    """Word 5-grams; of a shorter text all its words at once."""
    words = text.lower().split()
    count = max(1, len(words) - SHINGLE_WORDS + 1)
    return [" ".join(words[i : i + SHINGLE_WORDS]) for i in range(count)]


class UnionFind:
    """Clusters of the numbers from 0, named by their lowest member."""

    def __init__(self) -> None:
        self._parents: list[int] = []

    def grow(self, count: int) -> None:
        """Make room for the numbers below `count`."""
        self._parents.extend(range(len(self._parents), count))

    def find(self, i: int) -> int:
        parents = self._parents
        while parents[i] != i:
            parents[i] = i = parents[parents[i]]
        return i

    def union(self, i: int, j: int) -> None:
        i, j = sorted((self.find(i), self.find(j)))
        self._parents[j] = i


def write(path: str, ids: list[str], cluster_of: Iterable[int]) -> None:
    """One JSON line of (id, cluster) for each article."""
    encode = json.Encoder().encode
    with open(path, "wb") as out:
        for id, cluster in zip(ids, cluster_of, strict=True):
            out.write(encode({"id": id, "cluster": ids[cluster]}) + b"\n")
