"""What `import dedupe` promises to programs."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import dedupe

HEAVY = ("numpy", "numba", "datasketch", "msgspec", "rich", "redis", "xxhash", "click")
_SAY = f"import sys; print(sorted(set({HEAVY!r}) & set(sys.modules)))"


def _loaded_after(code: str) -> set[str]:
    """Which of the heavy packages a fresh interpreter has imported after `code`."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{_SAY}"], capture_output=True, text=True, check=True
    )
    return set(ast.literal_eval(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("name", dedupe.__all__)
def test_every_name_of_the_root_can_be_imported(name: str) -> None:
    assert getattr(dedupe, name) is not None
    assert name in dir(dedupe)


def test_type_checkers_and_programs_see_the_same_names(root: Path) -> None:
    tree = ast.parse((root / "dedupe" / "__init__.py").read_text("utf-8"))
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.name: node.module
        for node in ast.walk(checked)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == dedupe._HOMES
    assert {*typed, "__version__"} == set(dedupe.__all__)
    assert dedupe.__all__ == sorted(dedupe.__all__)


def test_every_error_is_a_dedupe_error_of_the_root() -> None:
    from dedupe import errors

    classes = {name for name, value in vars(errors).items() if isinstance(value, type)}
    assert classes <= set(dedupe.__all__)
    assert all(issubclass(getattr(dedupe, name), dedupe.DedupeError) for name in classes)


def test_the_version_is_that_of_the_distribution() -> None:
    assert dedupe.__version__ == version("newsdedupe")


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="deduplicate"):
        _ = dedupe.deduplicate
    with pytest.raises(ImportError):
        exec("from dedupe import deduplicate")


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert _loaded_after("import dedupe") == set()


def test_records_and_errors_import_no_numpy() -> None:
    code = "from dedupe import Article, Decision, DedupeError, ScanParams"
    assert _loaded_after(code) == {"msgspec"}


@pytest.mark.parametrize("words", [["--help"], ["scan", "--help"], ["--version"]])
def test_help_and_version_import_no_numerical_code(words: list[str]) -> None:
    code = f"""
from dedupe.cli.main import commands
try:
    commands({words!r}, prog_name="dedupe")
except SystemExit as end:
    assert end.code == 0
"""
    assert _loaded_after(code) == {"click"}
