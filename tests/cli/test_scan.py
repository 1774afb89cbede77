"""`dedupe scan` as its users meet it: what goes in, what comes out, how it ends."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pyarrow
import pyarrow.parquet
import pytest
from commands import begun
from rich.cells import cell_len

from dedupe.models import Decision

CONTRACT = [
    "id", "cluster_id", "canonical_id", "is_canonical", "relation", "nearest_id", "similarity",
    "credit",
]  # fmt: skip
RELATIONS = ["none", "story", "rewrite", "copy", "exact"]
ENDS = [(signal.SIGINT, 130, "dedupe: interrupted\n"), (signal.SIGTERM, 143, "")]


# ---- what comes out -----------------------------------------------------------------------------


def test_one_line_for_each_article_in_input_order(
    run: Any, lines: Any, examples: Path, tmp_path: Path
) -> None:
    given = [
        json.loads(line)["id"]
        for name in ("traps.jsonl", "stories.jsonl")
        for line in (examples / name).read_text("utf-8").splitlines()
    ]
    done = run("scan", examples / "traps.jsonl", examples / "stories.jsonl")
    decisions = lines(done.stdout)
    assert done.returncode == 0
    assert [decision["id"] for decision in decisions] == given
    assert set(CONTRACT) <= set(decisions[0])
    for decision in decisions:
        assert msgspec.convert(decision, Decision).relation in RELATIONS
    # People read stderr, programs read stdout.
    assert re.fullmatch(r"(compiling .*\n)?103 articles: .*\n", done.stderr)
    silent = run("scan", examples / "traps.jsonl", examples / "stories.jsonl", "-q")
    assert (silent.returncode, silent.stdout, silent.stderr) == (0, done.stdout, "")


def test_the_order_of_the_input_changes_no_decision(
    invoke: Any, write: Any, lines: Any, examples: Path
) -> None:
    given = [line for path in examples.glob("*.jsonl") for line in path.read_text().splitlines()]
    by_id = []
    for seed in range(3):
        random.Random(seed).shuffle(given)
        decisions = lines(invoke(write(*given)).stdout)
        assert [d["id"] for d in decisions] == [json.loads(line)["id"] for line in given]
        by_id.append({decision["id"]: decision for decision in decisions})
    assert by_id[0] == by_id[1] == by_id[2]


def test_a_file_holds_the_same_whatever_its_format(
    invoke: Any, write: Any, lines: Any, two_copies: Any, other: Any
) -> None:
    given = write(*two_copies, other)
    shown = msgspec.convert(lines(invoke(given).stdout), list[Decision])
    for name in ("out.jsonl", "out.jsonl.gz", "out.csv", "out.csv.gz", "out.parquet", "plain"):
        result = invoke(given, "-o", name)
        assert (result.exit_code, result.stdout) == (0, "")
        assert msgspec.convert(decisions_in(Path(name)), list[Decision]) == shown
    invoke(given, "-o", "named.txt", "--to", "csv")
    assert Path("named.txt").read_bytes() == Path("out.csv").read_bytes()
    assert invoke(given, "--to", "csv").stdout == Path("out.csv").read_text()
    assert {path.name for path in Path().iterdir()} == {
        "in.jsonl", "out.jsonl", "out.jsonl.gz", "out.csv", "out.csv.gz", "out.parquet", "plain",
        "named.txt",
    }  # fmt: skip


def decisions_in(path: Path) -> list[dict[str, Any]]:
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if ".parquet" in path.suffixes:
        rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
        return rows
    if ".csv" in path.suffixes:
        words = {"true": True, "false": False, "": None}
        numbers = {"similarity": float, "credit_count": int, "cluster_size": int, "version": int}
        return [
            {k: words[v] if v in words else numbers.get(k, str)(v) for k, v in row.items()}
            for row in csv.DictReader(io.StringIO(data.decode()))
        ]
    return [json.loads(line) for line in data.splitlines()]


# ---- what goes in -------------------------------------------------------------------------------


def page(article: dict[str, Any]) -> bytes:
    text = f"<h1>Water falls behind Corrin Dam</h1><p>{article['text']}</p>"
    return f"<html><body><nav>Home</nav><article>{text}</article></body></html>".encode()


def as_format(name: str, article: dict[str, Any]) -> bytes:
    """A file with this one article."""
    match name:
        case "jsonl":
            return json.dumps(article).encode()
        case "json":
            return json.dumps({"articles": [article]}, indent=1).encode()
        case "csv":
            out = io.StringIO()
            csv.writer(out).writerows([article, article.values()])
            return out.getvalue().encode()
        case "parquet":
            packed = io.BytesIO()
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist([article]), packed)
            return packed.getvalue()
        case "txt":
            return article["text"].encode()
        case "html":
            return page(article)
        case "feed":
            entry = f"<guid>urn:{article['id']}</guid><description>{article['text']}</description>"
            return f"<rss><channel><item>{entry}</item></channel></rss>".encode()
        case _:
            http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + page(article)
            head = (
                "WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://post.example/dam\r\n"
                "WARC-Date: 2024-03-05T00:00:00Z\r\nWARC-Record-ID: <urn:uuid:1>\r\n"
                f"Content-Type: application/http\r\nContent-Length: {len(http)}\r\n\r\n"
            )
            return head.encode() + http + b"\r\n\r\n"


def test_one_report_in_every_format_of_a_folder_is_one_story(
    invoke: Any, lines: Any, two_copies: Any
) -> None:
    Path("in/deep").mkdir(parents=True)
    article = {"id": "x", "text": two_copies[0]["text"]}
    formats = ("jsonl", "json", "csv", "parquet", "txt", "html", "feed", "warc")
    for name in formats:
        data = as_format(name, article | {"id": name})
        Path(f"in/{name}.{name}").write_bytes(data)
        Path(f"in/deep/{name}").write_bytes(data)  # without a suffix a folder passes over it
    decisions = lines(invoke("in").stdout)
    assert len(decisions) == len(formats)
    assert {decision["cluster_size"] for decision in decisions} == {len(formats)}
    for name in formats:
        by_suffix = invoke(f"in/{name}.{name}")
        by_force = invoke("--from", name, f"in/deep/{name}")
        by_stdin = invoke("-", "--from", name, input=Path(f"in/deep/{name}").read_bytes())
        assert [r.exit_code for r in (by_suffix, by_force, by_stdin)] == [0, 0, 0], name
        assert len(lines(by_suffix.stdout + by_force.stdout + by_stdin.stdout)) == 3


def test_standard_input_goes_with_files_in_the_order_given(
    run: Any, write: Any, lines: Any, two_copies: Any, other: Any
) -> None:
    packed = gzip.compress(json.dumps(two_copies[1]).encode())
    done = run(
        "scan", write(other), "-", write(two_copies[0], name="z.jsonl"),
        input=packed, encoding=None,
    )  # fmt: skip
    assert done.returncode == 0
    assert [(d["id"], d["cluster_size"]) for d in lines(done.stdout)] == [
        ("c", 1), ("b", 2), ("a", 2),
    ]  # fmt: skip


def test_strange_names_of_files_are_read_and_shown_as_they_are(
    invoke: Any, write: Any, other: Any
) -> None:
    folder = Path("my [bold]news[bold] :smile:")
    folder.mkdir()
    path = write(other, "broken", name=f"{folder}/feed [red] 1.jsonl")
    for given in (path, folder):
        result = invoke(given)
        assert result.exit_code == 3
        assert f"{folder}/feed [red] 1.jsonl:2: not valid JSON" in result.stderr


# ---- what is decided ----------------------------------------------------------------------------


def test_a_level_joins_only_what_is_related_so_closely(
    invoke: Any, lines: Any, examples: Path
) -> None:
    clusters = []
    for least, level in ((3, "copy"), (2, "rewrite"), (1, "story")):
        decisions = lines(invoke(examples, "--level", level).stdout)
        grouped = [d for d in decisions if d["cluster_size"] > 1]
        near = [d for d in grouped if RELATIONS.index(d["relation"]) >= least]
        assert len(near) > 0.9 * len(grouped)  # the rest hang on to a group as a whole
        clusters.append(len({d["cluster_id"] for d in decisions}))
    assert clusters[0] > clusters[1] >= clusters[2]


def test_a_short_window_splits_what_a_long_one_joins(
    invoke: Any, write: Any, lines: Any, two_copies: Any
) -> None:
    for window, size in (("1h", 1), ("2h", 2), ("9999999w", 2)):
        decisions = lines(invoke(write(*two_copies), "--window", window).stdout)
        assert {d["cluster_size"] for d in decisions} == {size}


def test_since_is_included_and_until_is_not(
    invoke: Any, write: Any, lines: Any, two_copies: Any, other: Any
) -> None:
    given = write(*two_copies, other, {"id": "undated", "text": "A mill burned."})

    def ids(*arguments: str) -> str:
        result = invoke(given, *arguments)
        left_out = 4 - len(lines(result.stdout))
        assert (f"{left_out} outside --since and --until" in result.stderr) == (left_out > 0)
        return " ".join(decision["id"] for decision in lines(result.stdout))

    assert ids("--since", "2024-03-01T10:00Z") == "b c undated"
    assert ids("--until", "2024-03-01T10:00Z") == "a undated"
    assert ids("--since", "2024-03-01", "--until", "2024-03-02") == "a b undated"
    assert ids("--since", "1d") == "undated"


def test_the_user_says_who_is_canonical(
    invoke: Any, write: Any, lines: Any, two_copies: Any
) -> None:
    def elected(*arguments: str) -> tuple[str, str]:
        (first, _) = lines(invoke(write(*two_copies), *arguments).stdout)
        return first["canonical_id"], first["canonical_reason"]

    listed = "its source stands highest in the list of sources"
    assert elected() == ("a", "published first")
    assert elected("--elect", "ranked", "--source", "kite") == ("b", listed)
    both = ("--source", "kite", "--source", "harbour post")
    assert elected("--elect", "ranked", *both) == ("b", listed)
    assert elected("--elect", "earliest", "--elect", "ranked", *both) == ("a", "published first")


# ---- the table ----------------------------------------------------------------------------------


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
