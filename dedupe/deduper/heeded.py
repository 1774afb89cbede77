"""What people decided about clusters, by the places that their articles have now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dedupe.index.base import Hands, Index


class Heeded:
    """Hands as places, read again when they have changed."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self.hands = Hands(version=-1)
        self.pins: frozenset[int] = frozenset()
        self.kept_apart: list[tuple[frozenset[int], frozenset[int]]] = []
        self.together: list[frozenset[int]] = []

    def read(self) -> None:
        """Read them from the index."""
        hands = self._index.hands()
        if hands.version == self.hands.version and not (
            hands.pins or hands.apart or hands.together
        ):
            return
        self.hands = hands
        ids = [*hands.pins, *(i for pair in hands.apart for side in pair for i in side)]
        ids += [i for group in hands.together for i in group]
        distinct = list(dict.fromkeys(ids))
        of = {id: group for group in hands.together for id in group}
        places = dict(zip(distinct, self._index.places(distinct) if distinct else (), strict=True))

        def placed(ids: Iterable[str]) -> frozenset[int]:
            return frozenset(place for i in ids if (place := places[i]) is not None)

        def with_mates(ids: Sequence[str]) -> set[str]:
            return {mate for i in ids for mate in (i, *of.get(i, ()))}

        self.pins = placed(hands.pins)
        # What is kept apart from an article is kept apart from all that are kept together with it.
        self.kept_apart = [
            (placed(with_mates(one)), placed(with_mates(other))) for one, other in hands.apart
        ]
        self.together = [placed(group) for group in hands.together]

    def mates(self, place: int) -> list[int]:
        """The articles that people keep together with this one."""
        return sorted({p for group in self.together if place in group for p in group} - {place})

    @property
    def any_apart(self) -> bool:
        """Whether anything is to be kept apart."""
        return bool(self.kept_apart)

    def apart(self, ones: Sequence[int], others: Sequence[int]) -> bool:
        """Whether some article of the ones is kept apart from some of the others."""
        for left, right in self.kept_apart:
            if _any(left, ones) and _any(right, others):
                return True
            if _any(right, ones) and _any(left, others):
                return True
        return False

    def is_kept_apart(self, place: int) -> bool:
        """Whether people keep an article apart from any other."""
        return any(place in side for pair in self.kept_apart for side in pair)

    def parted(self, groups: Iterable[Sequence[int]]) -> list[list[int]]:
        """The groups, none with articles that are kept apart: these are taken out."""
        parted = [list(group) for group in groups]
        for left, right in self.kept_apart:
            for group in [g for g in parted if _any(left, g) and _any(right, g)]:
                parted.append([place for place in group if place in left])
                group[:] = [place for place in group if place not in left]
        return parted


def _any(places: frozenset[int], among: Sequence[int]) -> bool:
    return any(place in places for place in among)
