"""Names of keys. All begin with the namespace; {tag} says which slot of a cluster has them."""

from __future__ import annotations

from binascii import crc_hqx
from functools import cache

from dedupe.index.base import SLICE_BITS, slice_of

GROUPS = 16  # slot groups that buckets, records and texts are spread over
_SLOTS = 16384
_NUMBER = (1 << SLICE_BITS) - 1


def number_of(place: int) -> int:
    """The number of an article in its slice."""
    return place & _NUMBER


@cache
def _tags() -> tuple[int, ...]:
    """For each slot group the least number whose slot lies in its part of the slots.

    A slot is the CRC-16 (XMODEM) of the tag modulo 16,384, as the specification of Redis Cluster
    says: https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
    """
    tags: dict[int, int] = {}
    number = 0
    while len(tags) < GROUPS:
        slot = crc_hqx(str(number).encode(), 0) % _SLOTS
        tags.setdefault(slot * GROUPS // _SLOTS, number)
        number += 1
    return tuple(tags[group] for group in range(GROUPS))


class Keys:
    """The names in one namespace."""

    def __init__(self, namespace: str) -> None:
        self.ledger = f"{namespace}:{{l}}:".encode()
        self.roots = [f"{namespace}:{{{tag}}}".encode() for tag in _tags()]
        self.manifest = self.ledger + b"manifest"

    def group(self, place: int) -> int:
        """The slot group that has an article's record and text."""
        return place % GROUPS

    def record(self, place: int) -> bytes:
        """Of an article's record."""
        return b"%br%d:%d" % (self.roots[self.group(place)], slice_of(place), number_of(place))

    def text(self, place: int) -> bytes:
        """Of an article's text."""
        return b"%bx%d:%d" % (self.roots[self.group(place)], slice_of(place), number_of(place))
