"""Promises about the source tree that no linter holds."""

from __future__ import annotations

from pathlib import Path

import pytest

LINES_AT_MOST = 400
NAMES_THAT_HIDE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}


@pytest.fixture(scope="module")
def modules(root: Path) -> list[Path]:
    """All modules of the package, relative to the checkout."""
    return [path.relative_to(root) for path in sorted((root / "dedupe").rglob("*.py"))]


def test_a_module_is_named_for_what_is_in_it(modules: list[Path]) -> None:
    assert [path for path in modules if NAMES_THAT_HIDE & set(path.with_suffix("").parts)] == []


def test_a_file_can_be_read_in_one_sitting(modules: list[Path], root: Path) -> None:
    tests = [path.relative_to(root) for path in (root / "tests").rglob("*.py")]
    files = [*modules, *tests]
    lengths = {path: len((root / path).read_text("utf-8").splitlines()) for path in files}
    assert {path: n for path, n in lengths.items() if n > LINES_AT_MOST} == {}
