"""The command line, in this process and in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dedupe.cli.main import commands

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Invoke = Callable[..., Result]
Write = Callable[..., Path]

WIRE = (
    "Engineers lowered the water behind the cracked Corrin Dam by four metres on Tuesday night,"
    " while 4,200 people from three villages of the Tamsin valley slept in schools and sports"
    " halls. The regional governor, Ilse Marten, said that the crack in the eastern abutment had"
    " stopped growing, but that nobody would go home before divers had examined the foundation."
    " The hydropower plant runs at half its output, and the railway below the dam stays closed."
)
OTHER = (
    "A ferry with 244 passengers ran onto a sandbank off Norrholm in thick fog on Friday morning."
    " The coastguard took everybody ashore in two lifeboats; a sailor broke his wrist. The"
    " shipping line Alba blamed a failed radar and promised to refund every ticket, and a"
    " tug from Kettleby will try to pull the vessel free at the next spring tide."
)


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty working folder and no settings around."""
    monkeypatch.chdir(tmp_path)
    for name in [*os.environ]:
        if name.startswith("DEDUPE_") or name == "COLUMNS":
            monkeypatch.delenv(name)


@pytest.fixture
def run() -> Run:
    """`python -m dedupe …` as a process; a traceback is a failure whatever the test expects."""

    def started(*arguments: object, **settings: Any) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "dedupe", *map(str, arguments)],
            **{"capture_output": True, "encoding": "utf-8", **settings},
        )
        assert "Traceback" not in str(done.stderr)
        return done

    return started


@pytest.fixture
def call() -> Invoke:
    """`dedupe …` inside this process, which spares the start."""

    def called(*arguments: object, **settings: Any) -> Result:
        result = CliRunner().invoke(commands, [*map(str, arguments)], **settings)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return called


@pytest.fixture
def invoke(call: Invoke) -> Invoke:
    """`dedupe scan …` inside this process."""
    return partial(call, "scan")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an index that is not there yet, in the environment too."""
    url = f"sqlite:///{tmp_path / 'index.db'}"
    monkeypatch.setenv("DEDUPE_INDEX", url)
    return url


@pytest.fixture
def filled(index: str, call: Invoke, examples: Path) -> str:
    """The URL of an index that has the examples, in the environment too."""
    assert call("add", examples, "-q").exit_code == 0
    return index


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A JSONL file of records; strings are lines as they are."""

    def written(*records: dict[str, Any] | str | bytes, name: str = "in.jsonl") -> Path:
        lines = [r if isinstance(r, bytes) else _line(r).encode() for r in records]
        path = tmp_path / name
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return path

    return written


def _line(record: dict[str, Any] | str) -> str:
    return record if isinstance(record, str) else json.dumps(record)


@pytest.fixture
def two_copies() -> Sequence[dict[str, Any]]:
    """One report by two sources, two hours apart."""
    return (
        {"id": "a", "text": WIRE, "source": "Harbour Post", "published": "2024-03-01T08:00Z"},
        {"id": "b", "text": WIRE, "source": "Kite", "published": "2024-03-01T10:00Z"},
    )


@pytest.fixture
def other() -> dict[str, Any]:
    """A report about something else."""
    return {"id": "c", "text": OTHER, "source": "Kite", "published": "2024-03-02T08:00Z"}


@pytest.fixture
def articles(write: Write, two_copies: Sequence[dict[str, Any]], other: dict[str, Any]) -> Path:
    """Two articles of one story and one of another, labelled so."""
    one, copy = two_copies
    records = (one | {"cluster": "dam"}, copy | {"cluster": "dam"}, other | {"cluster": "ferry"})
    return write(*records, name="articles.jsonl")


def lines(text: str) -> list[dict[str, Any]]:
    """The decisions of JSON Lines."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(name="lines")
def lines_fixture() -> Callable[[str], list[dict[str, Any]]]:
    """Decisions out of the text of JSON Lines."""
    return lines
