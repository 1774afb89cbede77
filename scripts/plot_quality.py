"""Draws reliability diagrams for docs/quality.md, as SVG.

The inputs are the JSON of `dedupe tune` or `dedupe calibrate`; each diagram in them is a line.

    dedupe tune LABELLED… --pairs FILE -o tune.json
    scripts/plot_quality.py tune.json -o docs/img/reliability.svg
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path, PurePath
from typing import Any, NamedTuple

WIDTH, HEIGHT, LEFT, TOP, SIDE = 560, 410, 56, 24, 320
COLOURS = ("#2a6fbb", "#c2561a", "#2d8a57", "#8a4fb0", "#a8862a")
DASHES = ("", "7 4", "2 4", "10 4 2 4", "1 3")  # so that no line is told by colour alone
STYLE = """
    text { font: 12px system-ui, sans-serif; fill: #222 }
    .grid { stroke: #8886; stroke-width: 1 }
    .even { stroke: #888; stroke-dasharray: 3 3 }
    @media (prefers-color-scheme: dark) { text { fill: #ddd } }
"""


class Line(NamedTuple):
    """One reliability diagram."""

    name: str
    figures: dict[str, Any]  # as dedupe.evaluation.reliability.Reliability


def lines(path: str) -> Iterator[Line]:
    """The diagrams in one file."""
    found = json.loads(Path(path).read_text("utf-8"))
    given = found.get("reliability")
    if isinstance(given, list):
        for each in given:
            yield Line(PurePath(each["file"]).name.split(".")[0], each["diagram"])
    elif isinstance(given, dict):
        yield Line(PurePath(path).stem, given)
        if found.get("recalibrated"):
            yield Line(f"{PurePath(path).stem}, recalibrated", found["recalibrated"])


def place(predicted: float, observed: float) -> tuple[float, float]:
    """Where a point of the diagram lies in the drawing."""
    return round(LEFT + predicted * SIDE, 1), round(TOP + (1 - observed) * SIDE, 1)


def frame() -> Iterator[str]:
    """The grid, the diagonal of scores that promise the truth, and what the axes say."""
    for step in range(6):
        at = step / 5
        (x, bottom), (left, y) = place(at, 0), place(0, at)
        yield f'<line class="grid" x1="{x}" y1="{TOP}" x2="{x}" y2="{bottom}"/>'
        yield f'<line class="grid" x1="{left}" y1="{y}" x2="{LEFT + SIDE}" y2="{y}"/>'
        yield f'<text x="{x}" y="{bottom + 18}" text-anchor="middle">{at:.1f}</text>'
        yield f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{at:.1f}</text>'
    (x1, y1), (x2, y2) = place(0, 0), place(1, 1)
    yield f'<line class="even" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'
    middle = TOP + SIDE / 2
    yield f'<text x="{LEFT + SIDE / 2}" y="{TOP + SIDE + 38}" text-anchor="middle">score</text>'
    yield (
        f'<text transform="translate(16 {middle}) rotate(-90)" text-anchor="middle">'
        "share that tells the same story</text>"
    )


def drawn(line: Line, number: int) -> Iterator[str]:
    """One line with its points, larger for more pairs, and its entry in the legend."""
    colour, dash = COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)]
    bins = line.figures["bins"]
    points = [place(held["predicted"], held["observed"]) for held in bins]
    stroke = f'stroke="{colour}" stroke-width="2" stroke-dasharray="{dash}" fill="none"'
    yield f'<polyline points="{" ".join(f"{x},{y}" for x, y in points)}" {stroke}/>'
    most = max(held["count"] for held in bins)
    for (x, y), held in zip(points, bins, strict=True):
        radius = round(2 + 4 * (held["count"] / most) ** 0.5, 1)
        tip = f"{held['count']} pairs: {held['predicted']:.2f} promised, {held['observed']:.2f}"
        point = f'cx="{x}" cy="{y}" r="{radius}" fill="{colour}"'
        yield f"<circle {point}><title>{tip}</title></circle>"
    left, y = LEFT + SIDE + 14, TOP + 10 + 44 * number
    yield f'<line x1="{left}" y1="{y}" x2="{left + 24}" y2="{y}" {stroke}/>'
    yield f'<text x="{left}" y="{y + 16}">{escape(line.name)}</text>'
    yield f'<text x="{left}" y="{y + 30}">ECE {line.figures["ece"]:.3f}</text>'


def picture(found: list[Line]) -> str:
    """The whole drawing."""
    parts = [*frame(), *(part for k, line in enumerate(found) for part in drawn(line, k))]
    said = "; ".join(f"{line.name}: {line.figures['pairs']} pairs" for line in found)
    body = "\n".join(f"  {part}" for part in parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
        f"  <title>Reliability of the scores. {escape(said)}</title>\n"
        f"  <style>{STYLE}  </style>\n{body}\n</svg>\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("figures", nargs="+", help="JSON of dedupe tune or dedupe calibrate")
    parser.add_argument("-o", "--output", required=True, type=Path)
    given = parser.parse_args()
    found = [line for path in given.figures for line in lines(path)]
    if not found:
        sys.exit("no reliability diagram in there: give tune labelled pairs of both kinds")
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(picture(found), encoding="utf-8")


if __name__ == "__main__":
    main()
