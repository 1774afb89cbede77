"""What an index was made with. Opening it with anything else is refused."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from dedupe.errors import IndexDamaged, IndexMismatch
from dedupe.minhash import SCHEME
from dedupe.models import Level
from dedupe.params import SignatureParams
from dedupe.shingles.weights import weight_table

FORMAT = 1  # of keys, records and clusters
DEPTH = 15  # newest members of a bucket in one slice that are kept
SLICES = 1  # to a window; with more, each article reads more buckets


class Manifest(Struct, frozen=True, kw_only=True):
    """Parameters that everything in an index depends on."""

    format: int = FORMAT
    scheme: str = SCHEME
    weights: int  # version of the weight table
    signature: SignatureParams
    level: Level  # the weakest relation that puts two articles into one cluster
    window_hours: float  # articles of one story lie so close together
    slice_hours: float  # that one time slice spans
    depth: int = DEPTH
    texts: bool  # whether compressed texts are kept


def manifest_of(
    signature: SignatureParams | None = None,
    window_hours: float = 168.0,
    texts: bool = True,
    level: Level = Level.STORY,
) -> Manifest:
    """The manifest of an index that is made with this version of dedupe."""
    return Manifest(
        weights=weight_table().version,
        signature=signature or SignatureParams(),
        level=level,
        window_hours=window_hours,
        slice_hours=window_hours / SLICES,
        texts=texts,
    )


def encode(manifest: Manifest) -> bytes:
    """As it is stored: JSON, for people to read."""
    return msgspec.json.encode(manifest)


def decode(stored: bytes, where: str) -> Manifest:
    """A stored manifest. Raises IndexDamaged for what is none."""
    try:
        return msgspec.json.decode(stored, type=Manifest)
    except (ValueError, RecursionError) as error:
        raise IndexDamaged(f"{where}: the manifest of the index cannot be read: {error}") from error


def check(stored: Manifest, wanted: Manifest, where: str) -> None:
    """Raise IndexMismatch, with both values of everything that differs."""
    mine, theirs = msgspec.to_builtins(wanted), msgspec.to_builtins(stored)
    for each in (mine, theirs):
        each.update({f"signature.{name}": v for name, v in each.pop("signature").items()})
    told = [f"{k} is {theirs[k]} there and {mine[k]} here" for k in mine if mine[k] != theirs[k]]
    if told:
        raise IndexMismatch(
            f"{where}: the index was made with other parameters: {'; '.join(told)}. Open it with"
            " its own, or make it anew from its texts: dedupe index migrate"
        )
