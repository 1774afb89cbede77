"""The geometry of the two charts: how similar articles are, and which pairs are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dedupe.banding import collision_probability
from dedupe.params import SignatureParams
from dedupe.report.data import BINS, RELATIONS

WIDTH, HEIGHT = 340, 210  # of the drawing, in its own units; a unit is a pixel or a little more
LEFT, TOP, RIGHT, BOTTOM = 52, 14, 328, 166  # of the area between the axes
_STEPS = 100  # of a curve


class Tick(NamedTuple):
    """A labelled place on an axis."""

    at: float
    label: str


class Bar(NamedTuple):
    """A rectangle of the histogram: the articles of one relation in one bin."""

    x: float
    y: float
    width: float
    height: float
    relation: str
    what: str  # in words


class Curve(NamedTuple):
    """A line of the S-curve."""

    name: str  # of the signature
    what: str  # in words
    path: str  # of SVG
    x: float  # where the name stands
    y: float


class Histogram(NamedTuple):
    """The bars, and the ticks of the axis of counts."""

    bars: tuple[Bar, ...]
    counts: tuple[Tick, ...]


def histogram(counts: Sequence[Sequence[int]]) -> Histogram:
    """Bars for the counts of each bin, by relation, the closest relation at the bottom."""
    step = _round_step(max(map(sum, counts)) / 4)
    top = step * max(1, -(-max(map(sum, counts)) // step))
    ticks = tuple(Tick(_y(n / top), f"{n:,}") for n in range(0, top + 1, step))
    return Histogram(tuple(_bars(counts, top)), ticks)


def _bars(counts: Sequence[Sequence[int]], top: int) -> Iterator[Bar]:
    width = (RIGHT - LEFT) / BINS
    for i, column in enumerate(counts):
        below = 0
        for relation, n in zip(RELATIONS, column, strict=True):
            if n:
                y, foot = _y((below + n) / top), _y(below / top)
                what = f"{n:,} × {relation}, similarity {i / BINS:.2f} to {(i + 1) / BINS:.2f}"
                x = round(LEFT + i * width + 0.75, 2)
                yield Bar(x, y, round(width - 1.5, 2), round(foot - y, 2), relation, what)
            below += n


def _round_step(least: float) -> int:
    """The least of 1, 2, 5, 10, 20, 50 and so on that is not below."""
    size = 1
    while True:
        for digit in (1, 2, 5):
            if digit * size >= least:
                return digit * size
        size *= 10


def s_curves(params: SignatureParams) -> tuple[Curve, ...]:
    """How likely a pair shares a bucket, by its similarity, for both signatures."""
    return (
        _curve("story", params.story_rows, params.story_bands, 0.92),
        _curve("copy", params.copy_rows, params.copy_bands, 0.5),
    )


def _curve(name: str, rows: int, bands: int, label_at: float) -> Curve:
    shares = [collision_probability(i / _STEPS, rows, bands) for i in range(_STEPS + 1)]
    path = " L".join(f"{x_at(i / _STEPS)} {_y(share)}" for i, share in enumerate(shares))
    reached = next((i for i, share in enumerate(shares) if share >= label_at), _STEPS)
    what = f"{name} signature: {bands} bands of {rows} rows"
    return Curve(name, what, f"M{path}", x_at(reached / _STEPS), _y(label_at))


def x_at(share: float) -> float:
    """Where a similarity of 0 to 1 stands."""
    return round(LEFT + share * (RIGHT - LEFT), 2)


def _y(share: float) -> float:
    return round(BOTTOM - share * (BOTTOM - TOP), 2)
