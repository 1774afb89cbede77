"""What docs/http.md shows is what is answered."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dedupe.cli.main import commands
from dedupe.web.app import HANDLERS

_BLOCK = re.compile(r"^```(bash|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def page(root: Path) -> str:
    """The page."""
    return (root / "docs" / "http.md").read_text("utf-8")


def test_every_example_is_answered_as_the_page_says(
    page: str, tmp_path: Path, started: Any
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl, which the examples use")
    service = started(tmp_path, "sqlite:///index.db").ready()
    told = ""
    for language, text in _BLOCK.findall(page):
        if language == "bash":
            script = text.replace("http://127.0.0.1:8000", service.url)
            done = subprocess.run(
                ["bash", "-euc", script.replace("curl ", "curl -w '\\n' ")],
                env={**os.environ, "NO_PROXY": "*"}, capture_output=True, encoding="utf-8",
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            told = done.stdout
            continue
        shown = [json.loads(line) for line in text.splitlines()]
        answers = [json.loads(line) for line in told.splitlines() if line]
        assert len(answers) >= len(shown)
        for expected, answer in zip(shown, answers[-len(shown) :], strict=True):
            assert _covers(answer, expected), (expected, answer)


def _covers(answer: Any, expected: Any) -> bool:
    """Whether an answer has all that is shown of it; … stands for anything."""
    if expected == "…":
        return answer is not None
    if isinstance(expected, dict):
        return isinstance(answer, dict) and all(
            name in answer and _covers(answer[name], value) for name, value in expected.items()
        )
    if isinstance(expected, list):
        return len(answer) == len(expected) and all(map(_covers, answer, expected))
    return bool(answer == expected)


def test_every_route_is_on_the_page(page: str) -> None:
    shown = set(re.findall(r"`(?:GET |POST |DELETE )?(/[\w./]+)", page))
    routes = {path for handler in HANDLERS for path in handler.paths}
    patterns = {path.replace("{id:str}", "ID").replace("{other:str}", "OTHER") for path in routes}
    assert patterns <= shown
    assert {"/healthz", "/readyz", "/metrics", "/openapi.json"} <= shown


def test_every_status_is_on_the_page(page: str, root: Path) -> None:
    sources = [path.read_text("utf-8") for path in (root / "dedupe" / "web").glob("*.py")]
    told = {
        int(n) for text in sources for n in re.findall(r"(?:Refused|problem)\(\s*(\d{3})", text)
    }
    shown = {int(n) for n in re.findall(r"^\| (\d{3}) \|", page, re.MULTILINE)}
    assert told - {500} <= shown
    assert "serve" in commands.commands
