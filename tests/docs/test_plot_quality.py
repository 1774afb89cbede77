"""The drawing for docs/quality.md."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

from dedupe.evaluation.reliability import reliability

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "plot_quality.py"


def plot(folder: Path, figures: object) -> subprocess.CompletedProcess[str]:
    (folder / "in.json").write_text(json.dumps(figures))
    command = [sys.executable, SCRIPT, folder / "in.json", "-o", folder / "img" / "out.svg"]
    return subprocess.run(command, capture_output=True, encoding="utf-8")


def test_a_diagram_is_drawn_with_a_point_for_each_bin(tmp_path: Path) -> None:
    found = reliability([0.1, 0.1, 0.55, 0.9], [False, True, True, True])
    bins = [{field: getattr(b, field) for field in b.__struct_fields__} for b in found.bins]
    diagram = {"pairs": found.pairs, "brier": found.brier, "ece": found.ece, "bins": bins}
    done = plot(tmp_path, {"reliability": [{"file": "x/a<b.pairs.jsonl", "diagram": diagram}]})
    assert (done.returncode, done.stderr) == (0, "")
    drawing = ElementTree.parse(tmp_path / "img" / "out.svg").getroot()
    points = drawing.findall("{*}circle")
    assert [(p.get("cx"), p.get("cy")) for p in points] == [
        ("88.0", "184.0"), ("232.0", "24.0"), ("344.0", "24.0"),
    ]  # fmt: skip
    assert "a<b" in [text.text for text in drawing.findall("{*}text")]


def test_figures_without_a_diagram_are_refused(tmp_path: Path) -> None:
    done = plot(tmp_path, {"reliability": []})
    assert done.returncode == 1
    assert "no reliability diagram" in done.stderr
