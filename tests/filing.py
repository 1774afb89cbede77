"""Articles as they go into an index, for tests: small, with buckets that are given or random."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import xxhash
from msgspec.structs import replace
from numpy.typing import NDArray

from dedupe.index.base import Change, Cluster, Event, Filed
from dedupe.index.manifest import Manifest, manifest_of
from dedupe.params import SignatureParams

BANDS = 8
DEPTH = 3  # members of a bucket that are kept
_numbers = itertools.count()

# Buckets that fill quickly.
MANIFEST: Manifest = replace(
    manifest_of(SignatureParams(story_bands=6, copy_bands=2)), depth=DEPTH, slice_hours=84.0
)


def random_keys(seed: object, bands: int = BANDS) -> NDArray[np.uint32]:
    """Keys that depend on the seed alone, and that no other article has."""
    hashed = [xxhash.xxh32_intdigest(f"{seed}/{band}".encode()) for band in range(bands)]
    return np.array(hashed, np.uint32)


def filed(id: str, /, *, like: Filed | None = None, shared: int = 0, **given: Any) -> Filed:
    """An article of its own text, in slice 5, which shares the first `shared` buckets of `like`.

    What is `given` replaces fields; a slice alone brings the slices next to it, two each way.
    """
    number = next(_numbers)
    keys = random_keys(number)
    if like is not None:
        keys[:shared] = like.keys[:shared]
    slice = given.setdefault("slice", 5)
    given.setdefault("near", (slice - 2, slice + 2))
    given.setdefault("hours", slice * MANIFEST.slice_hours)
    made = Filed(
        id=id, content=xxhash.xxh64_intdigest(id.encode()),
        digest=xxhash.xxh64_intdigest(f"{id} {number}".encode()),
        hours=given["hours"], slice=slice, near=given["near"], keys=keys, bucketed=True,
        record=b"record of " + id.encode(), text=b"text of " + id.encode(),
    )  # fmt: skip
    return made._replace(**given)


def cluster(id: str, version: int, *members: int, **given: Any) -> Cluster:
    """A story whose first member is its canonical."""
    made = Cluster(
        id=id, version=version, members=members, canonical=members[0],
        canonical_id=f"a{members[0]}",
        reason="earliest", credit=None, credited=0, first=1.0, last=2.5,
    )  # fmt: skip
    return replace(made, **given)


def creation(id: str, *members: int, **given: Any) -> Change:
    """The change that makes a story of articles that are in none."""
    given.setdefault("events", (Event("created", id, tuple(f"a{m}" for m in members)),))
    return Change(unlinked=members, clusters=(cluster(id, 1, *members),), **given)
