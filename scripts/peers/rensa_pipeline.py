"""rensa from file to file: sign, RMinHashLSH, union-find. From scripts/, in one process:

    python -m peers.rensa_pipeline INPUT.jsonl[.gz] OUTPUT.jsonl

No candidate is verified, which saves rensa time.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import islice

from peers.corpus import Record, UnionFind, read, shingles, write
from rensa import CMinHash, RMinHash, RMinHashLSH

PERMUTATIONS = 128
SEED = 42
BANDS = 32  # of 4 rows: of pairs of Jaccard 0.38 half meet, of 0.5 seven in eight
THRESHOLD = 0.5  # query() does not look at it
BATCH = 256


def sign(text: str) -> RMinHash:
    """The signature of one text."""
    signature = RMinHash(num_perm=PERMUTATIONS, seed=SEED)
    signature.update(shingles(text))
    return signature


def sign_circulant(text: str) -> CMinHash:
    """The same with two permutations, C-MinHash."""
    signature = CMinHash(num_perm=PERMUTATIONS, seed=SEED)
    signature.update(shingles(text))
    return signature


def sign_batch(texts: Iterable[str]) -> list[RMinHash]:
    """The signatures of many texts, as rensa's README makes them."""
    return RMinHash.from_token_sets(map(shingles, texts), num_perm=PERMUTATIONS, seed=SEED)


def main(source: str, target: str) -> None:
    index = RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=BANDS)
    ids: list[str] = []
    clusters = UnionFind()
    for batch in _batches(read(source)):
        start = len(ids)
        ids.extend(record.id for record in batch)
        clusters.grow(len(ids))
        signatures = sign_batch(record.text for record in batch)
        index.insert_many(signatures, start_key=start)
        for i, candidates in enumerate(index.query_all(signatures), start):
            for other in candidates:
                clusters.union(i, other)
    write(target, ids, map(clusters.find, range(len(ids))))


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    while batch := list(islice(records, BATCH)):
        yield batch


if __name__ == "__main__":
    main(*sys.argv[1:])
