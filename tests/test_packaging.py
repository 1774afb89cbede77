"""What the distribution promises about itself."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distribution
from importlib.resources import files
from pathlib import Path

DISTRIBUTION = distribution("newsdedupe")


def test_the_command_dedupe_is_installed() -> None:
    commands = DISTRIBUTION.entry_points.select(group="console_scripts")
    assert {command.name: command.value for command in commands} == {"dedupe": "dedupe.cli:main"}


def test_the_installed_version_is_that_of_the_tree(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert DISTRIBUTION.version == project["version"]


def test_the_changelog_has_this_version_or_unreleased_changes_on_top(root: Path) -> None:
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\]", changelog, flags=re.MULTILINE)
    assert headings[0] in ("Unreleased", DISTRIBUTION.version)


def test_users_get_the_types_and_the_licence_of_the_weight_table() -> None:
    assert files("dedupe").joinpath("py.typed").is_file()
    assert "CC BY-SA 4.0" in files("dedupe").joinpath("data/LICENSE.weights.md").read_text("utf-8")


def test_a_constraint_is_one_name_and_one_version(root: Path) -> None:
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert pins
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)] == []
