"""datasketch from file to file: sign, MinHashLSH, union-find. From scripts/, in one process:

    python -m peers.datasketch_pipeline INPUT.jsonl[.gz] OUTPUT.jsonl

Hashed with xxhash, which is faster than the default SHA-1. No candidate is verified.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from datasketch import MinHash, MinHashLSH
from peers.corpus import UnionFind, read, shingles, write
from xxhash import xxh32_intdigest

PERMUTATIONS = 128
THRESHOLD = 0.5  # 25 bands of 5 rows


def sign(texts: Iterable[str]) -> Iterator[MinHash]:
    """A signature for each text; the generator saves setting up the permutations each time."""
    encoded = ([shingle.encode() for shingle in shingles(text)] for text in texts)
    return MinHash.generator(encoded, num_perm=PERMUTATIONS, hashfunc=xxh32_intdigest)


def main(source: str, target: str) -> None:
    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    ids: list[str] = []

    def texts() -> Iterator[str]:
        for record in read(source):
            ids.append(record.id)
            yield record.text

    clusters = UnionFind()
    with index.insertion_session() as session:
        for i, signature in enumerate(sign(texts())):
            clusters.grow(i + 1)
            for other in index.query(signature):
                clusters.union(i, other)
            session.insert(i, signature, check_duplication=False)
    write(target, ids, map(clusters.find, range(len(ids))))


if __name__ == "__main__":
    main(*sys.argv[1:])
