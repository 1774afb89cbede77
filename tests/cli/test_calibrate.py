"""`dedupe calibrate` as its users meet it: in a terminal, and in a pipe."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner, Result

from dedupe.cli.main import commands
from dedupe.similarity.plane import THRESHOLD

Calibrate = Callable[..., Result]
SAME = {"id_a": "a", "id_b": "b", "label": "same"}
QUESTION = b"q = stop: "


@pytest.fixture(autouse=True)
def unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verifier that is unsure of some examples; the default one has nothing to ask."""
    monkeypatch.setenv("DEDUPE_VERIFIER", "plane")


@pytest.fixture
def calibrate(call: Calibrate) -> Calibrate:
    """`dedupe calibrate …` inside this process, which is no terminal."""
    return partial(call, "calibrate")


@pytest.fixture
def stories(examples: Path) -> Path:
    return examples / "stories.jsonl"


@pytest.fixture
def answers(examples: Path, write: Any) -> Path:
    """What a reader would say of all pairs of the examples' stories."""
    told = tomllib.loads((examples / "labels.toml").read_text("utf-8"))["stories"]
    story = {member: name for name, each in told.items() for member in each["members"]}
    path: Path = write(
        *(
            {"id_a": a, "id_b": b, "label": "same" if story[a] == story[b] else "none"}
            for a, b in combinations(sorted(story), 2)
        ),
        name="answers.jsonl",
    )
    return path


class Session(NamedTuple):
    """What a session in a terminal has left."""

    exit_code: int
    report: str  # standard output
    shown: str  # on the terminal


Ask = Callable[..., Session]


@pytest.fixture
def ask() -> Ask:
    """A session in a terminal of its own. Each question gets the next of the replies.

    A reply is bytes to type, or a signal to send.
    """

    def asked(replies: Sequence[bytes | int], *arguments: object) -> Session:
        terminal, end = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "dedupe", "calibrate", *map(str, arguments)],
            stdin=end, stderr=end, stdout=subprocess.PIPE, preexec_fn=_interruptible,
            env={**os.environ, "TERM": "dumb", "COLUMNS": "110", "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
        os.close(end)
        shown, waiting = b"", list(replies)
        while chunk := _read(terminal):
            shown += chunk
            if waiting and shown.count(QUESTION) > len(replies) - len(waiting):
                reply = waiting.pop(0)
                if isinstance(reply, bytes):
                    os.write(terminal, reply)
                else:
                    time.sleep(0.5)  # until it waits: a signal just before is seen after the answer
                    process.send_signal(reply)
        report, _ = process.communicate(timeout=60)
        os.close(terminal)
        assert b"Traceback" not in shown
        return Session(process.returncode, report.decode(), shown.decode("utf-8", "replace"))

    return asked


def _interruptible() -> None:
    """Ctrl-C works, though who runs the tests may have switched it off for what runs behind."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _read(terminal: int) -> bytes:
    """What the other side has written; nothing once it is closed."""
    assert select.select([terminal], [], [], 120)[0], "the session has stopped speaking"
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # how Linux tells that the other side is closed
        return b""


def records(path: Path | str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


# ---- in a terminal ------------------------------------------------------------------------------


def test_answers_are_kept_reported_on_and_continued(ask: Ask, stories: Path) -> None:
    given = (stories, "-o", "answers.jsonl", "--to", "json")
    first = ask([b"y\n", b"what?\n", b"N\n", b"unsure\n", b"q\n"], *given)
    assert first.exit_code == 0
    kept = records("answers.jsonl")
    assert [answer["label"] for answer in kept] == ["same", "none", "unclear"]
    assert all(answer["weight"] >= 1 for answer in kept)
    report = json.loads(first.report)
    assert (report["answers"], report["same"], report["unsure"]) == (2, 1, 1)
    assert "[1 of 60]" in first.shown
    assert "[4 of 60]" in first.shown

    second = ask([b"y\n", b"q\n"], *given)
    assert "[1 of 57]" in second.shown
    assert records("answers.jsonl")[:3] == kept
    asked = {frozenset((a["id_a"], a["id_b"])) for a in records("answers.jsonl")}
    assert len(asked) == 4
    assert json.loads(second.report)["answers"] == 3


def test_both_articles_are_shown_with_title_source_time_and_shared_words(
    ask: Ask, write: Any, two_copies: Any
) -> None:
    one, other = two_copies
    text = one["text"].replace("Tuesday", "Wednesday")
    path = write(
        {**one, "title": "Dam \x1b[31m cleared"}, {**other, "text": text, "title": "Crack"}
    )
    shown = ask([b"q\n"], path, "-o", "a.jsonl").shown
    for expected in (
        "Dam \ufffd[31m cleared",
        "Crack",
        "Harbour Post · 2024-03-01 08:00",
        "Kite · ",
    ):
        assert expected in shown
    assert "[1 of 1]" in shown


@pytest.mark.parametrize("end", [signal.SIGINT, b"\x04"])
def test_interrupting_keeps_the_answers_and_reports_on_them(
    ask: Ask, stories: Path, end: bytes | int
) -> None:
    session = ask([b"y\n", b"y\n", end], stories, "-o", "answers.jsonl", "--to", "json")
    assert session.exit_code == 0
    assert len(records("answers.jsonl")) == 2
    report = json.loads(session.report)
    assert (report["answers"], report["fitted"]) == (2, None)


def test_stopping_at_once_reports_nothing_and_leaves_no_answer(ask: Ask, stories: Path) -> None:
    session = ask([b"q\n"], stories, "-o", "answers.jsonl")
    assert (session.exit_code, session.report) == (0, "")
    assert "no answer was given" in session.shown
    assert records("answers.jsonl") == []
    again = ask([b"y\n", b"q\n"], stories, "-o", "answers.jsonl", "--to", "json")
    assert json.loads(again.report)["answers"] == 1


def test_answers_without_a_last_line_break_are_not_run_into(ask: Ask, stories: Path) -> None:
    earlier = json.dumps({"id_a": "dam-repair-reuters", "id_b": "ferry-fire-ap", "label": "none"})
    Path("answers.jsonl").write_text(earlier)
    ask([b"y\n", b"q\n"], stories, "-o", "answers.jsonl")
    assert [answer["label"] for answer in records("answers.jsonl")] == ["none", "same"]


def test_a_sample_that_is_answered_asks_nothing_more(ask: Ask, stories: Path) -> None:
    given = (stories, "-o", "answers.jsonl", "--sample", "2", "--to", "json")
    assert ask([b"y\n", b"n\n"], *given).exit_code == 0
    again = ask([], *given)
    assert "all pairs of the sample are answered" in again.shown
    assert json.loads(again.report)["answers"] == 2


def test_a_file_that_holds_no_answers_is_not_added_to(ask: Ask, stories: Path) -> None:
    Path("notes.txt").write_text("milk, bread\n")
    session = ask([], stories, "-o", "notes.txt")
    assert (session.exit_code, session.report) == (2, "")
    assert "notes.txt:1: is no labelled pair" in session.shown
    assert Path("notes.txt").read_text() == "milk, bread\n"


# ---- without questions --------------------------------------------------------------------------


def test_given_answers_are_reported_on_and_the_threshold_is_fitted(
    calibrate: Calibrate, stories: Path, answers: Path
) -> None:
    result = calibrate(stories, "--answers", answers, "--precision", 0.9)
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert report["answers"] > report["same"] > 0
    assert sum(stratum["pairs"] for stratum in report["strata"]) == report["population"]
    assert sum(stratum["answered"] for stratum in report["strata"]) == report["answers"]
    assert report["now"]["threshold"] == THRESHOLD
    for share in (report["now"]["precision"], report["now"]["recall"]):
        assert 0 <= share["low"] <= share["value"] <= share["high"] <= 1
    fitted = report["fitted"]["threshold"]
    assert report["fitted"]["expected_precision"] >= 0.9
    assert f"\n[scan]\nthreshold = {fitted:g}\n" in result.stderr
    assert report["recalibrated"]["brier"] <= report["reliability"]["brier"]


def test_articles_may_come_from_a_pipe_when_nothing_is_asked(
    calibrate: Calibrate, stories: Path, answers: Path
) -> None:
    piped = calibrate("-", "--answers", answers, input=stories.read_bytes())
    assert piped.exit_code == 0
    assert piped.stdout == calibrate(stories, "--answers", answers).stdout


def test_a_refitted_model_is_taken_by_every_command_that_scans(
    calibrate: Calibrate, stories: Path, answers: Path, write: Any
) -> None:
    result = calibrate(stories, "--answers", answers, "--refit", "model.json")
    assert result.exit_code == 0
    assert '\nmodel = "model.json"\n' in result.stderr
    pairs = write(*records(answers)[:200], name="pairs.jsonl")
    for command in (
        ["scan", stories],
        ["evaluate", stories, "--pairs", pairs],
        ["tune", stories, "--pairs", pairs, "--bands", 64, "--threshold", 0.5, "--window", "7d"],
        ["calibrate", stories, "--answers", answers],
    ):
        done = CliRunner().invoke(commands, [*map(str, command), "--model", "model.json"])
        assert done.exit_code == 0, done.stderr
    threshold = json.loads(Path("model.json").read_text())["threshold"]
    assert json.loads(done.stdout)["now"]["threshold"] == threshold
    ready = Path("dedupe.toml")
    ready.write_text(result.stderr[result.stderr.index("[scan]") :])
    by_file = CliRunner().invoke(commands, ["scan", str(stories), "-q"])
    by_flag = CliRunner().invoke(commands, ["scan", str(stories), "-q", "--model", "model.json"])
    assert by_file.exit_code == 0
    assert by_file.stdout == by_flag.stdout


def test_a_table_shows_the_intervals_and_the_diagram(
    calibrate: Calibrate, stories: Path, answers: Path
) -> None:
    shown = calibrate(stories, "--answers", answers, "--to", "table").stdout
    for expected in ("95 % interval", "same story", "Brier score", "recalibrated", "now "):
        assert expected in shown


def test_a_threshold_on_top_of_a_model_is_proposed_with_the_model(
    calibrate: Calibrate, stories: Path, answers: Path
) -> None:
    given = (stories, "--answers", answers)
    calibrate(*given, "--refit", "model.json")
    found = calibrate(*given, "--model", "model.json", "--precision", 0.8)
    threshold = json.loads(found.stdout)["fitted"]["threshold"]
    assert f'\n[scan]\nmodel = "model.json"\nthreshold = {threshold:g}\n' in found.stderr


def test_few_answers_propose_nothing(calibrate: Calibrate, stories: Path, write: Any) -> None:
    one = {"id_a": "dam-repair-reuters", "id_b": "dam-repair-meridian", "label": "same"}
    two = {"id_a": "dam-repair-valley", "id_b": "dam-repair-meridian", "label": "none"}
    result = calibrate(stories, "--answers", write(one, two, name="two.jsonl"), "--to", "table")
    assert result.exit_code == 0
    assert "too few answers to rely on" in result.stdout
    assert "[scan]" not in result.stderr


def test_wrong_usage_is_told_in_words(
    calibrate: Calibrate, stories: Path, answers: Path, write: Any, other: Any, tmp_path: Path
) -> None:
    two = write(SAME, {**SAME, "id_b": "c", "label": "none"}, name="two.jsonl")
    alone = write(other, name="alone.jsonl")
    for arguments, reason in (
        ([], "Missing argument"),
        (["nowhere.jsonl", "--answers", two], "nowhere.jsonl"),
        ([stories], "in a terminal, and this is none"),
        ([stories, "-o", "a.jsonl"], "in a terminal, and this is none"),
        (["-", "-o", "a.jsonl"], "is where answers are typed"),
        ([stories, "--answers", two, "-o", "a.jsonl"], "with --answers nothing is asked"),
        ([stories, "--answers", "nowhere.jsonl"], "nowhere.jsonl: no such file"),
        ([stories, "--answers", write(name="void.jsonl")], "void.jsonl: is empty"),
        ([stories, "--answers", write("{", name="bad.jsonl")], "bad.jsonl:1: is no labelled pair"),
        ([stories, "--answers", write(b"\xff\x00", name="b.jsonl")], "b.jsonl:1: is no labelled"),
        ([stories, "--answers", write({**SAME, "label": "maybe"}, name="m.jsonl")], "'maybe' of"),
        ([stories, "--answers", write({**SAME, "weight": -1}, name="w.jsonl")], "w.jsonl:1: is no"),
        ([stories, "--answers", write(SAME, name="s.jsonl")], "s.jsonl: all answers are of one"),
        ([stories, "--answers", two], "none of the 2 answers is about a pair"),
        ([alone, "--answers", two], "of the 1 articles no two are close enough"),
        ([stories, "--answers", two, "--refit", two], "--refit would write over what is read"),
        ([stories, "--answers", two, "--refit", tmp_path], "cannot be written"),
        ([tmp_path, "--answers", stories, "--refit", "m.json"], "m.json: --refit lies in a folder"),
        ([stories, "--answers", two, "--refit", "no/m.json"], "no/m.json: cannot be written"),
        ([stories, "--answers", two, "--model", two], "two.jsonl: is no model file"),
        ([stories, "--answers", two, "--precision", 1.5], "1.5"),
        ([stories, "--answers", two, "--sample", 0], "--sample"),
    ):
        result = calibrate(*arguments)
        assert (result.exit_code, result.stdout) == (2, ""), reason
        assert reason in result.stderr
