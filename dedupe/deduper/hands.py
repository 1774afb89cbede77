"""Hands on clusters: split, merge, pin, never together. They outlive every reprocessing.

What people decide is kept by the ids of articles (dedupe.index.base.Hands); the clusters are
changed right away, and every later change heeds it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from dedupe.deduper.draft import Draft
from dedupe.deduper.window import Window
from dedupe.errors import IndexUnavailable, UsageError
from dedupe.index.base import Hands

_ATTEMPTS = 100


def split(window: Window, cluster: str, ids: Sequence[str], hours: float | None) -> str:
    """Take articles out of a story into one of their own, and keep the two apart from now on."""
    ids = list(dict.fromkeys(ids))

    def planned(draft: Draft) -> str:
        if not ids:
            raise UsageError("name the articles that are to be split off")
        story = _story(window, draft, cluster)
        moved = _places(window, ids)
        rest = [place for place in draft.members(story) if place not in moved]
        for id, place in zip(ids, moved, strict=True):
            if place not in draft.members(story):
                raise UsageError(f"{id!r} is no article of the story {cluster!r}")
        if not rest:
            raise UsageError("these are all articles of the story; leave some in it")
        others = tuple(window.name(place) for place in rest)
        _lay(window, lambda hands: _kept_apart(hands, tuple(ids), others))
        return draft.split(story, moved)

    return _change(window, planned, hours)


def merge(window: Window, clusters: Sequence[str], hours: float | None) -> str:
    """Make one story of several, and keep it so. Gives its id, that of the first."""

    def planned(draft: Draft) -> str:
        stories = list(dict.fromkeys(_story(window, draft, cluster) for cluster in clusters))
        if len(stories) < 2:
            raise UsageError("these are one story already")
        ids = [window.name(place) for story in stories for place in draft.members(story)]
        _lay(window, lambda hands: _kept_together(hands, ids))
        for story in stories[1:]:
            draft.merge(stories[0], story)
        return stories[0]

    return _change(window, planned, hours)


def pin(window: Window, id: str, hours: float | None, *, pinned: bool = True) -> None:
    """Make an article canonical wherever it is; or no longer."""

    def planned(draft: Draft) -> str:
        (place,) = _places(window, [id])
        draft.load([place])
        _lay(window, lambda hands: _with_pin(hands, id, pinned))
        cluster = draft.cluster_of(place)
        if cluster is None:
            raise UsageError(f"{id!r} is in no story yet; add it again")
        draft.elect_again(cluster)
        return cluster

    _change(window, planned, hours)


def keep_apart(
    window: Window, ids: Sequence[str], others: Sequence[str], hours: float | None
) -> None:
    """Never have one of `ids` and one of `others` in one story; take them apart where they are."""
    ids, others = list(dict.fromkeys(ids)), list(dict.fromkeys(others))

    def planned(draft: Draft) -> str:
        if not ids or not others:
            raise UsageError("name articles on both sides that are to be kept apart")
        if set(ids) & set(others):
            raise UsageError("an article cannot be kept apart from itself")
        ours, theirs = _places(window, ids), _places(window, others)
        draft.load([*ours, *theirs])
        _lay(window, lambda hands: _kept_apart(hands, tuple(ids), tuple(others)))
        shared = {draft.cluster_of(p) for p in ours} & {draft.cluster_of(p) for p in theirs}
        for cluster in sorted(c for c in shared if c is not None):
            draft.split(cluster, [p for p in ours if draft.cluster_of(p) == cluster])
        return ""

    _change(window, planned, hours)


# ---- doing it -----------------------------------------------------------------------------------


def _change(window: Window, plan: Callable[[Draft], str], hours: float | None) -> str:
    for _ in range(_ATTEMPTS):
        draft = window.draft(careful=True)
        planned = plan(draft)
        window.heeded.read()
        change = draft.change(window.elect, window.heeded.hands, hours)
        if draft.is_empty or window.index.link(change):
            return planned
    raise IndexUnavailable("other processes keep changing these stories; try again")


def _lay(window: Window, changed: Callable[[Hands], Hands]) -> None:
    """Change what people decided; done twice it is the same as once."""
    for _ in range(_ATTEMPTS):
        hands = window.index.hands()
        new = changed(hands)
        if new == hands or window.index.lay(replace(new, version=hands.version + 1)):
            return
    raise IndexUnavailable("other processes keep changing what is kept apart; try again")


def _places(window: Window, ids: Sequence[str]) -> list[int]:
    found = []
    for id, place in zip(ids, window.index.places(ids), strict=True):
        if place is None:
            raise UsageError(f"there is no article {id!r} in the index")
        found.append(place)
    window.cache.load(found)
    return found


def _story(window: Window, draft: Draft, id: str) -> str:
    """The story of that id, or of the article of that id, in the draft."""
    (cluster,) = window.index.clusters([id])
    if cluster is None:
        (place,) = window.index.places([id])
        if place is None:
            raise UsageError(f"there is no story and no article {id!r} in the index")
        draft.load([place])
        story = draft.cluster_of(place)
        if story is None:
            raise UsageError(f"{id!r} is in no story yet; add it again")
        return story
    draft.load(cluster.members)
    window.cache.load(cluster.members)
    return cluster.id


def _kept_apart(hands: Hands, ids: tuple[str, ...], others: tuple[str, ...]) -> Hands:
    """With two groups kept apart. What kept some of both together is cut in two."""
    one, other = set(ids), set(others)
    together = []
    for group in hands.together:
        parts = [group]
        if one & set(group) and other & set(group):
            parts = [tuple(i for i in group if (i in one) == side) for side in (True, False)]
        together += [part for part in parts if len(part) > 1]
    apart = hands.apart if (ids, others) in hands.apart else (*hands.apart, (ids, others))
    return replace(hands, apart=apart, together=tuple(together))


def _kept_together(hands: Hands, ids: Iterable[str]) -> Hands:
    """With a group kept together. Its articles are kept apart from others only."""
    group = set(ids)
    joined = [g for g in hands.together if group & set(g)]
    whole = group.union(*joined)
    rest = tuple(g for g in hands.together if g not in joined)
    apart: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    for one, other in hands.apart:
        if not (whole & set(one) and whole & set(other)):
            apart.append((one, other))
            continue
        for inside in (True, False):
            left = tuple(i for i in one if (i in whole) == inside)
            right = tuple(i for i in other if not (inside and i in whole))
            if left and right:
                apart.append((left, right))
    return replace(hands, apart=tuple(apart), together=(*rest, tuple(sorted(whole))))


def _with_pin(hands: Hands, id: str, pinned: bool) -> Hands:
    rest = tuple(pin for pin in hands.pins if pin != id)
    if (id in hands.pins) == pinned:
        return hands
    return replace(hands, pins=(*rest, id) if pinned else rest)
