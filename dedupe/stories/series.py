"""Series and templates: what one outlet publishes again and again in one form.

A series has one title but for its numbers, days and months, and comes back on several days. A
template has one wording but for its numbers and names, in its title or at the beginning of its
text. Both show only in many entries, so they are looked for when all are read.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.models import Kind
from dedupe.shingles.skeletons import NONE, OPENING, SERIES, TEMPLATE, TITLE, WORDING

LEAST = 3  # entries that make a series
LEAST_TEMPLATE = 4  # the same with names gone too, where chance does more
DAYS = 3  # on which a series has appeared, at least
DAYS_OF_ONE_TITLE = 4  # the same when not even a number in its title changes


class Series(NamedTuple):
    """What is said of n articles."""

    numbers: NDArray[np.int32]  # (n,) equal numbers are one series or template; -1 is none
    kinds: NDArray[np.int8]  # (n,) Kind.SERIES, Kind.TEMPLATE or Kind.ARTICLE


def recurring(skeletons: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Which of n articles have a skeleton that LEAST of them have, whatever their outlets."""
    found = np.zeros(len(skeletons), dtype=np.bool_)
    for form in (SERIES, TEMPLATE, OPENING):
        _, group, counts = np.unique(skeletons[:, form], return_inverse=True, return_counts=True)
        found |= (counts[group] >= LEAST) & (skeletons[:, form] != NONE)
    return found


def find_series(
    skeletons: NDArray[np.uint32],
    digests: NDArray[np.uint64],
    outlets: NDArray[np.int32],
    days: NDArray[np.float64],
) -> Series:
    """The series and templates among n articles; their order decides only the numbers.

    `skeletons` is (n, SKELETONS), `outlets` numbers the publishers (-1 unknown: in no series) and
    `days` are whole days since any day (NaN unknown). Exact copies count once. Forms that share
    an article are one series.
    """
    n = len(skeletons)
    numbers, kinds = np.arange(n, dtype=np.int32), np.zeros(n, dtype=np.int8)
    member = np.zeros(n, dtype=np.bool_)
    forms = []
    for form, kind in (
        (OPENING, Kind.TEMPLATE), (TEMPLATE, Kind.TEMPLATE), (SERIES, Kind.SERIES)
    ):  # fmt: skip
        at = np.flatnonzero((outlets >= 0) & (skeletons[:, form] != NONE))
        keys = outlets[at].astype(np.uint64) << np.uint64(32) | skeletons[at, form]
        _, group = np.unique(keys, return_inverse=True)
        titles = _different(group, skeletons[at, TITLE])
        least = LEAST if form == SERIES else LEAST_TEMPLATE
        enough = _different(group, digests[at]) >= least
        if form == SERIES:
            # Entries without a date are of different days when their titles say so.
            dated = np.where(np.isnan(days[at]), -1.0 - skeletons[at, TITLE], days[at])
            spread = _different(group, dated)
            enough &= (spread >= DAYS) & ((titles > 1) | (spread >= DAYS_OF_ONE_TITLE))
        else:
            enough &= titles >= least
        if form == OPENING:
            # A preface that is repeated word for word is boilerplate and says nothing.
            enough &= _different(group, skeletons[at, WORDING]) >= least
        at, group = at[enough[group]], group[enough[group]]
        kinds[at], member[at] = kind, True
        forms.append((at, group))
    _join(numbers, forms)
    numbers[~member] = -1
    return Series(numbers, kinds)


def _different(group: NDArray[np.intp], values: NDArray[np.generic]) -> NDArray[np.intp]:
    """How many different values each group has."""
    if not len(group):
        return np.zeros(0, dtype=np.intp)
    order = np.lexsort((values, group))
    group, values = group[order], values[order]
    first = np.r_[True, (group[1:] != group[:-1]) | (values[1:] != values[:-1])]
    return np.bincount(group[first])


def _join(
    numbers: NDArray[np.int32], forms: list[tuple[NDArray[np.intp], NDArray[np.intp]]]
) -> None:
    """Give all articles that are connected by forms the lowest of their numbers."""
    while True:
        before = numbers.copy()
        for at, group in forms:
            if len(at):
                lowest = np.full(group.max() + 1, len(numbers), dtype=np.int32)
                np.minimum.at(lowest, group, numbers[at])
                numbers[at] = lowest[group]
        if np.array_equal(before, numbers):
            return
