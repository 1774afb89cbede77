"""`dedupe scan` with bad input, and how it ends."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from commands import begun

ENDS = [(signal.SIGINT, 130, "dedupe: interrupted\n"), (signal.SIGTERM, 143, "")]


# ---- bad input ----------------------------------------------------------------------------------


def test_what_cannot_be_used_is_rejected_with_its_place_and_the_rest_is_kept(
    run: Any, write: Any, lines: Any, two_copies: Any
) -> None:
    a, b = two_copies
    given = write(
        a,
        '{"id": "cut", "text": ',
        {"id": "silent"},
        b'{"id": "latin", "text": "Caf\xe9 Zur\xfcck in M\xfcnchen"}',
        '{"id": "half", "text": "half \\ud83d a pair"}',
        '{"id": "bell", "text": "control\x01\x02 characters"}',
        {"id": "be\x1bll", "text": "an id with a control character"},
        {**a, "text": "Something else entirely happened under the same id."},
        {**b, "published": "9999-12-31"},
        {"id": "someday", "text": "Soon.", "published": "the day after tomorrow"},
        [1, 2],
        name="mixed.jsonl",
    )
    Path("rubbish.json").write_bytes(bytes(range(256)))
    Path("empty.txt").touch()
    Path("empty.jsonl").touch()
    done = run("scan", given, "rubbish.json", "empty.txt", "empty.jsonl", "--rejects", "no.jsonl")
    assert done.returncode == 3
    decisions = {decision["id"]: decision for decision in lines(done.stdout)}
    assert list(decisions) == ["a", "latin", "half", "bell", "b", "someday"]
    assert decisions["a"]["cluster_id"] == decisions["b"]["cluster_id"]
    rejected = lines(Path("no.jsonl").read_text("utf-8"))
    assert [(r["where"].removeprefix(f"{given.parent}/"), r["reason"]) for r in rejected] == [
        ("mixed.jsonl:2", "not valid JSON: Expecting value"),
        ("mixed.jsonl:3", "no text"),
        ("mixed.jsonl:7", "id has control characters in it"),
        ("mixed.jsonl:8", "id already used with a different text"),
        ("mixed.jsonl:11", "not an object with fields but a list"),
        ("rubbish.json", rejected[5]["reason"]),
        ("empty.txt#1", "no text"),
    ]
    assert rejected[3]["id"] == "a"
    assert "mixed.jsonl:2: not valid JSON" in done.stderr
    assert "more records were rejected; --rejects FILE keeps them all" in done.stderr
    for told in (
        "7 records rejected", "1 × not UTF-8", "1 × lone surrogate",
        "1 × published is not believable", "1 × published is not a date",
    ):  # fmt: skip
        assert told in done.stderr


def test_only_rubbish_is_told_and_nothing_at_all_is_no_failure(invoke: Any, write: Any) -> None:
    rubbish = invoke(write("rubbish", "more rubbish"), "--rejects", "no.jsonl")
    assert (rubbish.exit_code, rubbish.stdout) == (3, "")
    assert len(Path("no.jsonl").read_text().splitlines()) == 2
    for to, shown in (("jsonl", ""), ("csv", "id,cluster_id,"), ("table", "Stories")):
        nothing = invoke("-", "--to", to, "--rejects", "no.jsonl", input=b"")
        assert nothing.exit_code == 0
        assert nothing.stdout.startswith(shown)
    assert Path("no.jsonl").read_text() == ""


def test_a_slip_of_the_pen_stops_before_anything_is_opened(
    invoke: Any, write: Any, other: Any
) -> None:
    given = write(other)
    Path("old.jsonl").write_text("precious\n")
    Path("folder").mkdir()
    Path("folder/notes.md").write_text("nothing usable")
    outputs = ("-o", "old.jsonl", "--rejects", "no.jsonl")
    for path, told in (("nowhere", "no such file or folder"), ("folder", "no file in this folder")):
        result = invoke(given, path, *outputs)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"dedupe: {path}: {told}")
    for path in ("nowhere/out.jsonl", "folder"):
        result = invoke(given, "-o", path)
        assert result.exit_code == 2
        assert "cannot be written" in result.stderr
    for path in ("-", "same.jsonl"):
        result = invoke(given, "-o", path, "--rejects", path)
        assert result.exit_code == 2
        assert "--output and --rejects name the same file" in result.stderr
    for flag, more in (("--output", ()), ("--rejects", ("-o", "new.jsonl"))):
        result = invoke(given, flag, given, *more)
        assert result.exit_code == 2
        assert f"{flag} would write over an input" in result.stderr
    result = invoke(given, "--rejects", "old.jsonl", "-o", "nowhere/out.jsonl")
    assert result.exit_code == 2
    assert Path("old.jsonl").read_text() == "precious\n"
    assert sorted(path.name for path in Path().iterdir()) == ["folder", "in.jsonl", "old.jsonl"]


def test_an_article_of_200_megabytes_does_not_stop_the_others(lines: Any, two_copies: Any) -> None:
    a, b = (json.dumps(copy).encode() + b"\n" for copy in two_copies)
    with begun("scan", "-", "--rejects", "no.jsonl") as scan:
        assert scan.stdin is not None
        scan.stdin.write(a + b'{"id": "huge", "text": "')
        for _ in range(200):
            scan.stdin.write(b"the same again " * 69_906)
        scan.stdin.write(b'"}\n' + b)
        shown, told = scan.communicate()
    assert scan.returncode == 3
    assert [(d["id"], d["cluster_size"]) for d in lines(shown.decode())] == [("a", 2), ("b", 2)]
    assert b"<stdin>:2: line is longer than 32 MiB" in told
    assert [r["where"] for r in lines(Path("no.jsonl").read_text())] == ["<stdin>:2"]


def test_a_zip_bomb_does_not_stop_the_others(
    run: Any, write: Any, lines: Any, two_copies: Any
) -> None:
    a, b = two_copies
    zeros = gzip.compress(bytes(1 << 24), 9)
    Path("bomb.jsonl.gz").write_bytes(gzip.compress(json.dumps(a).encode() + b"\n") + 66 * zeros)
    done = run("scan", "bomb.jsonl.gz", write(b))
    assert done.returncode == 3
    assert [(d["id"], d["cluster_size"]) for d in lines(done.stdout)] == [("a", 2), ("b", 2)]
    assert "expands over 200 times" in done.stderr


# ---- how it ends --------------------------------------------------------------------------------


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_is_told_and_exits_1(run: Any, examples: Path) -> None:
    told = re.compile(r"dedupe: (/dev/full: )?No space left on device\n")
    assert told.fullmatch(run("scan", examples, "-q", "-o", "/dev/full").stderr)
    with open("/dev/full", "w") as full:
        for to in ("jsonl", "table"):
            done = run("scan", examples, "-q", "--to", to, stdout=full, capture_output=False,
                       stderr=subprocess.PIPE)  # fmt: skip
            assert done.returncode == 1
            assert told.fullmatch(done.stderr)


def test_a_reader_that_has_seen_enough_ends_the_scan_quietly(write: Any, other: Any) -> None:
    given = write(*({**other, "id": f"{n:0200d}"} for n in range(2000)))
    with begun("scan", given, "-q") as scan:
        assert scan.stdout is not None
        assert scan.stderr is not None
        assert json.loads(scan.stdout.readline())["id"] == f"{0:0200d}"
        scan.stdout.close()
        assert scan.stderr.read() == b""
    assert scan.returncode == 128 + signal.SIGPIPE


@pytest.mark.parametrize(("signal_", "code", "told"), ENDS, ids=["interrupt", "terminate"])
def test_a_scan_that_is_stopped_leaves_no_half_written_file(
    signal_: int, code: int, told: str, two_copies: Any
) -> None:
    Path("out.jsonl").write_text("as it was\n")
    # Ctrl-C reaches a program whose parent ignores it only if that is undone.
    with begun("scan", "-", "-o", "out.jsonl", preexec_fn=_heed_interrupts) as scan:
        assert scan.stdin is not None
        assert scan.stderr is not None
        scan.stdin.write(json.dumps(two_copies[0]).encode() + b"\n")
        scan.stdin.flush()
        while not list(Path().glob(".out.jsonl.*")):
            assert scan.poll() is None
            time.sleep(0.02)
        scan.send_signal(signal_)
        assert scan.stderr.read().decode() == told
    assert scan.returncode == code
    assert [path.name for path in Path().iterdir()] == ["out.jsonl"]
    assert Path("out.jsonl").read_text() == "as it was\n"


def _heed_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_streams_that_the_caller_has_closed_are_no_trouble(
    run: Any, write: Any, other: Any
) -> None:
    command = f"{sys.executable} -m dedupe scan {write(other)} - -o out.jsonl <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", command]).returncode == 0
    assert json.loads(Path("out.jsonl").read_text())["id"] == "c"
