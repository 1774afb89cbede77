"""The settings file: what it gives, and what it is told when it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dedupe.cli.config import load_config
from dedupe.cli.main import commands
from dedupe.errors import ConfigError


@pytest.fixture
def settings(tmp_path: Path) -> Any:
    """Write dedupe.toml."""

    def written(text: str | bytes) -> Path:
        path = tmp_path / "dedupe.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return written


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[scan]\nlevle = 'copy'", "'levle'"),
        ("[skan]\nlevel = 'copy'", "'skan'"),
        ("level = 'copy'", "'level'"),
        ("[scan]\ninputs = ['x.jsonl']", "'inputs'"),
        ("[scan]\nhelp = true", "'help'"),
        ("[scan.deep]\nlevel = 'copy'", "'deep'"),
        ("[scan]\nlevel = 'chapter'", "level: 'chapter' is not one of"),
        ("[scan]\nlevel = ['copy']", "level takes one value"),
        ("[scan]\nsource = 'Kite'", "source takes a list"),
        ("[scan]\nelect = ['ranked', 'loudest']", "elect: 'loudest' is not one of"),
        ("[scan]\nworkers = 'two'", "workers: 'two'"),
        ("[scan]\nworkers = 0", "workers: 0"),
        ("[scan]\nworkers = true", "workers takes a value"),
        ("[scan]\nquiet = 'yes'", "quiet takes true or false"),
        ("[scan]\nwindow = 0", "window: 0"),
        ("[scan]\nwindow = nan", "window: nan"),
        ("[scan]\nthreshold = 1" + "0" * 400, "threshold: "),
        ("[scan]\nsince = 12:00:00", "since: "),
        ("[scan\n", "cannot be read as TOML"),
        (b"[scan]\nsource = ['\xff']", "cannot be read as TOML"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(
    settings: Any, invoke: Any, write: Any, text: str | bytes, named: str
) -> None:
    settings(text)
    result = invoke(write({"id": "a", "text": "A mill burned."}))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("dedupe: dedupe.toml: ")
    assert named in result.stderr


def test_the_known_keys_are_listed_beside_an_unknown_one(settings: Any) -> None:
    settings("[scan]\nbogus = 1")
    with pytest.raises(ConfigError, match=r"it has boilerplate, elect, from, .*, window, workers"):
        load_config(None, commands)


def test_dates_and_numbers_of_toml_are_taken(settings: Any) -> None:
    text = "[scan]\nsince = 2024-03-01\nuntil = 2024-03-02T08:00:00Z\nwindow = 36\nworkers = 2\n"
    settings(b"\xef\xbb\xbf" + text.encode())  # as an editor may begin a file
    assert load_config(None, commands)["scan"]["window"] == 36


def test_without_a_file_nothing_is_set() -> None:
    assert load_config(None, commands) == {}


def test_a_named_file_is_read_and_must_exist(
    run: Any, write: Any, settings: Any, two_copies: Any
) -> None:
    copies = write(*two_copies)
    settings("[scan]\nlevel = 'bogus'").rename("mine.toml")
    wrong = run("--config", "mine.toml", "scan", copies)
    assert wrong.returncode == 2
    assert "mine.toml: [scan] level" in wrong.stderr
    missing = run("--config", "nowhere.toml", "scan", copies)
    assert missing.returncode == 2
    assert "nowhere.toml" in missing.stderr


def test_the_file_gives_defaults_the_environment_beats_it_and_a_flag_beats_both(
    invoke: Any, write: Any, settings: Any, two_copies: Any, lines: Any
) -> None:
    copies = write(*two_copies)

    def result(*arguments: str, **environment: str) -> tuple[int, str, str]:
        done = invoke(copies, *arguments, env=environment)
        first = lines(done.stdout)[0]
        return first["cluster_size"], first["canonical_id"], done.stderr

    settings("[scan]\nwindow = '1h'\nquiet = true\nelect = ['ranked']\nsource = ['Kite']")
    assert result() == (1, "a", "")
    assert result(DEDUPE_WINDOW="3h") == (2, "b", "")
    assert result(DEDUPE_WINDOW="3h", DEDUPE_SOURCE="Post Kite")[:2] == (2, "b")
    assert result("--source", "Harbour Post", DEDUPE_WINDOW="3h", DEDUPE_SOURCE="Kite")[:2] == (
        2,
        "a",
    )
    assert result("--window", "1h", DEDUPE_WINDOW="3h")[0] == 1
    assert "2 articles" in result(DEDUPE_QUIET="false")[2]
    assert result("--elect", "fullest", DEDUPE_WINDOW="3h", DEDUPE_ELECT="ranked")[1] == "a"


def test_a_mistake_in_the_environment_names_the_variable(invoke: Any, write: Any) -> None:
    result = invoke(write({"id": "a", "text": "t"}), env={"DEDUPE_LEVEL": "chapter"})
    assert result.exit_code == 2
    assert "DEDUPE_LEVEL" in result.stderr
