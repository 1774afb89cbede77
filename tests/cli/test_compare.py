"""`dedupe compare` as its users meet it."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Compare = Callable[..., Result]
TOLD = "Engineers lowered the water behind the cracked Corrin Dam by four metres on Tuesday night."
RETOLD = "By noon the water behind the cracked Corrin Dam had sunk by five metres, the mayor said."


@pytest.fixture
def compare(call: Compare) -> Compare:
    """`dedupe compare …` inside this process."""
    return partial(call, "compare")


@pytest.fixture
def told(tmp_path: Path) -> tuple[Path, Path]:
    """Two text files."""
    one, other = tmp_path / "one.txt", tmp_path / "other.txt"
    one.write_text(TOLD, "utf-8")
    other.write_text(RETOLD, "utf-8")
    return one, other


@pytest.fixture
def articles(write: Any, two_copies: Any, other: Any) -> Path:
    """Two articles of one story and one of another."""
    path: Path = write(*two_copies, other, name="articles.jsonl")
    return path


def test_two_files_are_compared_whole(compare: Compare, told: tuple[Path, Path]) -> None:
    result = compare(*told, "--json", "--quiet")
    assert (result.exit_code, result.stderr) == (0, "")
    compared = json.loads(result.stdout)
    assert (compared["a"]["id"], compared["b"]["text"]) == (str(told[0]), RETOLD)
    (passage,) = compared["passages"]
    assert passage["text_a"] == "the water behind the cracked Corrin Dam"
    assert TOLD[passage["a_start"] : passage["a_end"]] == passage["text_a"]
    assert RETOLD[passage["b_start"] : passage["b_end"]] == passage["text_b"]


@pytest.mark.parametrize("suffix", ["jsonl", "json", "html", "txt", "txt.gz"])
def test_a_file_is_read_in_any_format(
    compare: Compare, told: tuple[Path, Path], suffix: str
) -> None:
    path = Path(f"article.{suffix}")
    if suffix == "html":
        path.write_text(f"<html><body><article><p>{TOLD}</p></article></body></html>", "utf-8")
    elif suffix.endswith("gz"):
        path.write_bytes(gzip.compress(TOLD.encode()))
    else:
        path.write_text(TOLD if suffix == "txt" else json.dumps({"text": TOLD}), "utf-8")
    result = compare(path, told[0], "--json")
    assert (result.exit_code, json.loads(result.stdout)["relation"]) == (0, "exact")


def test_one_side_may_be_standard_input(compare: Compare, told: tuple[Path, Path]) -> None:
    result = compare("-", told[0], "--from", "txt", "--json", input=TOLD)
    assert json.loads(result.stdout)["relation"] == "exact"


def test_two_files_with_one_id_are_told_apart_by_their_names(compare: Compare, write: Any) -> None:
    one, other = (write({"id": 7, "text": text}, name=name)
                  for name, text in (("one.jsonl", TOLD), ("other.jsonl", RETOLD)))  # fmt: skip
    compared = json.loads(compare(one, other, "--json").stdout)
    assert (compared["a"]["id"], compared["b"]["id"]) == (str(one), str(other))


def test_ids_are_looked_up_in_files_that_give_the_window(
    compare: Compare, articles: Path, told: tuple[Path, Path]
) -> None:
    result = compare("a", "c", "--in", articles, "--in", told[0], "--json")
    compared = json.loads(result.stdout)
    assert (result.exit_code, compared["articles"]) == (0, 4)
    assert (compared["a"]["source"], compared["b"]["source"]) == ("Harbour Post", "Kite")
    assert compared["hours"] == 24.0


def test_the_options_of_the_scan_are_obeyed(compare: Compare, articles: Path) -> None:
    narrow = json.loads(compare("a", "b", "--in", articles, "--window", "1h", "--json").stdout)
    assert (narrow["relation"], narrow["rule"]) == ("none", "2.0 hours apart, and the window is 1")
    high = json.loads(compare("a", "c", "--in", articles, "--threshold", "0.9", "--json").stdout)
    assert high["threshold"] == 0.9


# ---- for people ---------------------------------------------------------------------------------


def test_a_pipe_gets_no_colours_and_numbered_passages(
    compare: Compare, told: tuple[Path, Path]
) -> None:
    result = compare(*told, env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert result.stdout.count("[1: the water behind the cracked Corrin Dam]") == 2
    rows = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "names it has alone Tuesday" in rows
    assert any(row.startswith("why: ") for row in rows)
    assert any(row.startswith("corrin 0.") for row in rows)
    both = [row for row in rows if row.startswith("Engineers") and "sunk by five metres" in row]
    assert both


def test_a_narrow_terminal_has_one_text_under_the_other(
    compare: Compare, told: tuple[Path, Path]
) -> None:
    lines = compare(*told, env={"COLUMNS": "60"}).stdout.splitlines()
    assert max(map(len, lines)) <= 60
    first = next(n for n, line in enumerate(lines) if line.strip().startswith("Engineers lowered"))
    assert any("sunk by" in line for line in lines[first + 2 :])


def test_a_terminal_gets_each_passage_in_one_colour_on_both_sides(
    run: Any, told: tuple[Path, Path]
) -> None:
    colours = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": "200"}
    done = run("compare", *told, env={**os.environ, **colours})
    parts = done.stdout.split("the water behind the cracked Corrin Dam\x1b[0m")
    assert len(parts) == 3
    styles = [part.rpartition("\x1b[")[2] for part in parts[:2]]
    assert styles[0] == styles[1] != ""
    without = run("compare", *told, env={**os.environ, **colours, "NO_COLOR": "1"})
    assert "[1: the water" in without.stdout


def test_no_text_steers_the_terminal(compare: Compare, write: Any) -> None:
    evil = {"text": f"{TOLD}\x1b[2J\x07 [red]", "title": "\x1b]0;gone\x07", "source": "\x9b31m[b]"}
    path = write({"id": "[bold]", **evil}, {"id": "b", **evil}, name="evil.jsonl")
    shown = compare("[bold]", "b", "--in", path).stdout
    assert not {"\x1b", "\x07", "\x9b"} & set(shown)
    assert "[bold]" in shown
    assert "[red]" in shown


# ---- bad input ----------------------------------------------------------------------------------


def test_rejected_records_are_told(compare: Compare, articles: Path) -> None:
    with articles.open("a") as file:
        file.write('{"id": "z"}\n')
    result = compare("a", "b", "--in", articles, "--json")
    assert (result.exit_code, json.loads(result.stdout)["relation"]) == (3, "exact")
    assert "articles.jsonl:4: no text" in result.stderr


def test_wrong_usage_is_told_in_words(
    compare: Compare, articles: Path, told: tuple[Path, Path], write: Any, tmp_path: Path
) -> None:
    one, other = told
    empty, blank = write(name="empty.jsonl"), tmp_path / "blank.txt"
    blank.write_text(" \n")
    os.symlink(one, tmp_path / "link.txt")
    for arguments, reason in (
        ([one, "nowhere.txt"], "nowhere.txt: no such file; to name articles by id"),
        ([one, empty], "empty.jsonl: holds no article"),
        ([one, blank], "blank.txt: holds no article"),
        ([one, articles], "holds several articles; give --in"),
        ([one, tmp_path], "is a folder; give --in"),
        ([one, one], "A and B are the same file"),
        ([one, tmp_path / "link.txt"], "A and B are the same file"),
        (["-", "-"], "A and B are the same file"),
        (["a", "a", "--in", articles], "A and B are the same article, 'a'"),
        (["a", "zz", "--in", articles], "no article has the id 'zz'"),
        (["a", "b", "--in", empty], "no article has the id 'a'"),
        (["a", "b", "--in", "nowhere.jsonl"], "nowhere.jsonl: no such file or folder"),
        ([one, other, "--from", "xml"], "'xml' is not one of"),
        ([one], "Missing argument 'B'"),
    ):
        result = compare(*arguments)
        assert (result.exit_code, result.stdout) == (2, ""), reason
        assert reason in result.stderr


def test_broken_files_are_refused_without_a_traceback(run: Any, told: tuple[Path, Path]) -> None:
    for name, content in (
        ("cut.txt.gz", gzip.compress(TOLD.encode())[:-9]),
        ("rubbish.json", b"{]"),
        ("zeros.html", bytes(4000)),
        ("not.parquet", b"PAR1PAR1"),
    ):
        Path(name).write_bytes(content)
        done = run("compare", told[0], name)
        assert (done.returncode, done.stdout) == (2, ""), name
        assert f"{name}: holds no article" in done.stderr
