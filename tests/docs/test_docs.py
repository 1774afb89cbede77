"""The documentation is tested: it runs, it is complete, and its links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest

from dedupe import Article, Decision
from dedupe.cli.main import commands
from dedupe.feeds import FORMATS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SHELL_WORDS = {"|", ">", "<", "2>", ">>", ";", "&&"}


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def _blocks(language: str) -> list[object]:
    """The blocks of a language on all pages, each with a name for the test's report."""
    return [
        pytest.param(found[2], id=f"{page.name}-{number}")
        for page in PAGES
        for number, found in enumerate(_BLOCK.finditer(page.read_text("utf-8")), 1)
        if found[1] == language
    ]


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run in, with the examples in it and no settings around."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("DEDUPE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))  # where the index lies by default
    return tmp_path


def _shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a script as a reader would, with `dedupe` on the PATH."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
    )


# ---- it runs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", _blocks("python"))
def test_every_python_example_runs(code: str, work: Path) -> None:
    exec(compile(code, "example", "exec"), {"__name__": "example"})


@pytest.mark.parametrize("script", _blocks("sh"))
def test_every_shell_example_runs(script: str, work: Path) -> None:
    done = _shell(script, work)
    assert done.returncode == 0, done.stderr
    assert "rejected" not in done.stderr


def _command_lines() -> list[object]:
    """Every line that begins with `dedupe`, in a shell block or indented."""
    lines = []
    for page in [*PAGES, ROOT / "examples" / "README.md"]:
        text = page.read_text("utf-8")
        shell = "".join(found[2] for found in _BLOCK.finditer(text) if found[1] == "sh")
        lines += re.findall(r"^dedupe (?!\[)(.*)$", shell, re.MULTILINE)
        lines += re.findall(r"^ {4}dedupe (?!\[)(.*)$", text, re.MULTILINE)
    return [pytest.param(line, id=line) for line in lines]


@pytest.mark.parametrize("line", _command_lines())
def test_every_command_line_parses(line: str, work: Path) -> None:
    words = shlex.split(line, comments=True)
    words = words[: next((i for i, word in enumerate(words) if word in _SHELL_WORDS), len(words))]
    command: click.Command = commands
    context = None
    while isinstance(command, click.Group):
        at = next(i for i, word in enumerate(words) if word in command.commands)
        context = command.make_context(command.name, words[: at + 1], parent=context)
        command, words = command.commands[words[at]], words[at + 1 :]
    command.make_context(command.name, words, parent=context)


@pytest.mark.parametrize("settings", _blocks("toml"))
def test_every_settings_file_is_accepted(settings: str, work: Path) -> None:
    (work / "dedupe.toml").write_text(settings, encoding="utf-8")
    done = _shell("dedupe scan examples/stories.jsonl -o out.jsonl", work)
    assert done.returncode == 0, done.stderr


SHOWN = {  # what the readme shows, in its order, is printed by
    "the demo": "COLUMNS=120 dedupe scan examples/ --to table",
    "a story of an index": (
        "dedupe add examples/stories.jsonl -q > added.jsonl;"
        " COLUMNS=230 dedupe show ferry-fire-kettleby"
    ),
}


@pytest.mark.parametrize(("number", "script"), [*enumerate(SHOWN.values())], ids=SHOWN)
def test_the_readme_shows_real_output(work: Path, number: int, script: str) -> None:
    """Every line's cells stand in one line of the output, in order; columns may be left out."""
    shown = [found[2] for found in _BLOCK.finditer(_text("README.md")) if found[1] == "text"]
    assert len(shown) == len(SHOWN)
    done = _shell(script, work)
    real = [_cells(line) for line in done.stdout.splitlines()]
    missing = [
        line
        for line in shown[number].splitlines()
        if line.strip() and not any(_in_order(_cells(line), cells) for cells in real)
    ]
    assert missing == [], f"the output is now:\n{done.stdout}"


def _cells(line: str) -> list[str]:
    return re.split(r" {2,}", line.strip())


def _in_order(wanted: list[str], given: list[str]) -> bool:
    left = iter(given)
    return all(cell in left for cell in wanted)


def test_the_readme_shows_a_real_line_of_json(work: Path) -> None:
    shown = next(found[2] for found in _BLOCK.finditer(_text("README.md")) if found[1] == "json")
    real = _shell("dedupe scan examples/", work).stdout.splitlines()
    decision = json.loads(shown)
    assert [json.loads(line) for line in real if f'"id":"{decision["id"]}"' in line] == [decision]


# ---- it is complete -----------------------------------------------------------------------------


def _commands(group: click.Group, section: str) -> Iterator[tuple[str, str, click.Command]]:
    """The section that each command is in, its name and itself: of a group all in one."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _commands(command, f"dedupe {name}")
        else:
            yield section or f"dedupe {name}", name, command


def _options() -> list[object]:
    return [
        pytest.param(section, option, id=f"{section} {name} {option.opts[0]}")
        for section, name, command in [("dedupe", "", commands), *_commands(commands, "")]
        for option in command.params
        if isinstance(option, click.Option)
    ]


@pytest.mark.parametrize(("heading", "option"), _options())
def test_every_option_is_in_the_manual_with_its_variable_and_key(
    heading: str, option: click.Option
) -> None:
    section = _text("docs/cli.md").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `-")]
    named = {flag for row in rows for flag in re.findall(r"`(--?[\w-]+)[ `]", row.split("|")[1])}
    assert set(option.opts) <= named
    row = next(row for row in rows if f"`{option.opts[0]}" in row.split("|")[1])
    if option.envvar:
        assert f"`{option.envvar}`" in row
        assert heading == "dedupe" or f"`{option.name}`" in row
    if isinstance(option.type, click.Choice) and option.name != "elect":
        assert [choice for choice in option.type.choices if f"`{choice}`" not in row] == []


def test_every_command_has_its_section() -> None:
    headings = re.findall(r"^## dedupe (\S+)$", _text("docs/cli.md"), re.MULTILINE)
    assert sorted(headings) == sorted(commands.commands)


def test_every_command_of_a_group_is_in_its_section() -> None:
    rows = re.findall(r"^\| `dedupe (\w+ [\w-]+)[^`]*` \|", _text("docs/cli.md"), re.MULTILINE)
    groups = {n: c for n, c in commands.commands.items() if isinstance(c, click.Group)}
    assert sorted(rows) == sorted(f"{n} {name}" for n, c in groups.items() for name in c.commands)


def test_every_rule_format_and_field_is_in_the_manual() -> None:
    manual = _text("docs/cli.md")
    rules = next(p for p in commands.commands["scan"].params if p.name == "elect").type
    assert isinstance(rules, click.Choice)
    rows = set(re.findall(r"^\| `(\w+)`", manual, re.MULTILINE))
    fields = {field.name for field in msgspec.structs.fields(Article)}
    assert {*rules.choices, *FORMATS, *fields} <= rows


def test_every_field_of_the_output_is_in_the_readme() -> None:
    named = re.findall(r"^\| (`.+?) \|", _text("README.md"), re.MULTILINE)
    fields = {field.name for field in msgspec.structs.fields(Decision)}
    assert fields <= {name for cell in named for name in re.findall(r"`(\w+)`", cell)}


def test_every_repair_is_documented() -> None:
    code = "".join(p.read_text("utf-8") for p in (ROOT / "dedupe" / "feeds").glob("*.py"))
    found = re.findall(r'\brepaired\([^"]*?, f?"([^"]+)"\)', code)
    dates = re.findall(r'self\._moment\("(\w+)"', code)
    repairs = {what.replace("{name}", date) for what in found for date in ("published", *dates)}
    assert len(repairs) >= 10
    cells = re.findall(r"^\| (`.+?`) \|", _text("docs/cli.md"), re.MULTILINE)
    named = {name for cell in cells for name in re.findall(r"`(.+?)`", cell)}
    assert sorted(repairs - named) == []


def test_every_name_of_the_root_is_in_the_library_page() -> None:
    import dedupe

    page = _text("docs/api.md")
    assert [name for name in dedupe.__all__ if name not in page and name != "__version__"] == []


def test_the_layers_are_those_that_are_checked() -> None:
    settings = tomllib.loads(_text("pyproject.toml"))
    contract = settings["tool"]["importlinter"]["contracts"][0]
    lines = [re.findall(r"\w+", layer) for layer in contract["layers"] if "__main__" not in layer]
    page = _text("docs/architecture.md")
    drawn = re.findall(r"^ {4}(\w+(?: · \w+)*)$", page, re.MULTILINE)
    assert [line.split(" · ") for line in drawn] == lines


# ---- its links lead somewhere -------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    targets = re.findall(r"\]\((?!https?:)([^)\s]+)\)", text)
    assert [t for t in targets if not (page.parent / t.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    text = _BLOCK.sub("", page.read_text("utf-8"))
    named = re.findall(
        r"`((?:docs|tests|scripts|examples|dedupe|similarity|batch)/[\w./-]+)`", text
    )
    roots = (ROOT, ROOT / "dedupe")
    assert [name for name in named if not any((base / name).exists() for base in roots)] == []
