"""A process that adds articles: python adder.py URL NAME COUNT. Says each that was committed."""

from __future__ import annotations

import sys

import numpy as np
from filing import BANDS, MANIFEST, filed

from dedupe.index.opening import open_index


def main(url: str, name: str, count: int) -> None:
    index = open_index(url, MANIFEST)
    print("ready", flush=True)
    sys.stdin.readline()
    for i in range(count):
        keys = np.full(BANDS, i, np.uint32)  # every process has a copy of every article
        batch = [filed(f"{name}{i}{half}", keys=keys, slice=i % 3) for half in "ab"]
        found = index.add(batch, 64)
        seen = [",".join(map(str, f.candidates.tolist())) for f in found]
        print(i, found[0].place, found[1].place, *seen, sep=";", flush=True)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
