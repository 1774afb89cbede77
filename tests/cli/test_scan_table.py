"""The table of `dedupe scan`, on terminals of all kinds."""

from __future__ import annotations

import os
import pty
import re
from pathlib import Path
from typing import Any

import pytest
from commands import begun
from rich.cells import cell_len


def test_the_table_shows_stories_with_the_canonical_article_on_top(
    invoke: Any, write: Any, two_copies: Any, other: Any
) -> None:
    shown = invoke(write(*two_copies, other), "--to", "table").stdout
    assert re.search(r"canonical .*Engineers lowered.*Harbour Post\s.* exact +1\.00 ", shown, re.S)
    assert "why: published first" in shown
    assert "1 story; 1 alone" in shown
    assert "Norrholm" not in shown


def test_a_table_keeps_to_its_width(invoke: Any, examples: Path) -> None:
    for columns in (40, 80, 200):
        shown = invoke(examples, "--to", "table", env={"COLUMNS": str(columns)}).stdout
        assert {cell_len(line) for line in shown.splitlines()} == {columns}
        assert "0.9" in shown
        assert "canonical" in shown


def test_on_a_terminal_the_table_stays_whole_beside_the_progress(
    write: Any, two_copies: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal, side = pty.openpty()
    with begun("scan", write(*two_copies), stdin=side, stdout=side, stderr=side) as scan:
        os.close(side)
        shown = b"".join(iter(lambda: _read(terminal), b"")).decode()
        os.close(terminal)
    assert scan.returncode == 0
    before, table, after = shown.partition("Stories")
    assert "reading" in before
    assert re.search("canonical.*1 story; 0 alone.*2 articles: 2 in 1 story", after, re.DOTALL)
    assert not re.search(r"\x1b\[\d*[AKJ]", table + after)  # nothing moves up or erases


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # how Linux says that the other side is closed
        return b""


def test_a_table_goes_to_no_file(invoke: Any, write: Any, other: Any) -> None:
    result = invoke(write(other), "--to", "table", "-o", "out.txt")
    assert result.exit_code == 2
    assert "for a file use --to jsonl or csv" in result.stderr
    assert not Path("out.txt").exists()


def test_nothing_that_was_read_steers_the_terminal(run: Any, write: Any, two_copies: Any) -> None:
    hostile = "[bold]Dam[/bold] \x1b[2J\x1b]0;mine\x07 \x9b5m \u202egnp.exe :smile: [/] می\u200cرود"
    first, second = ({**copy, "title": hostile, "source": hostile} for copy in two_copies)
    given = write(first, {**second, "id": "b" * 5000}, "{", name="a\x1b[31mb.jsonl")
    header = Path("\x1b[31m.csv")
    header.write_text("\x1b[2J,\x1b[3J\n1,2\n")
    shown = run("scan", given, header, "--to", "table", env={**os.environ, "COLUMNS": "300"})
    missing = run("scan", "no\x1b[31m.jsonl")
    assert (shown.returncode, missing.returncode) == (3, 2)
    everything = (shown.stdout + shown.stderr + missing.stderr).replace("\n", "")
    assert not re.search("[\x00-\x1f\x7f-\x9f\u202e]", everything)
    for kept in ("[bold]Dam[/bold]", ":smile: [/]", "می\u200cرود"):
        assert shown.stdout.count(kept) == 4


def test_a_terminal_that_lacks_letters_gets_marks_for_them(run: Any, examples: Path) -> None:
    done = run("scan", examples, "--to", "table", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert "canonical" in done.stdout
