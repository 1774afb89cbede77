"""`dedupe add` and `dedupe check` as their users meet them."""

from __future__ import annotations

import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from commands import begun

from dedupe.cli.options import default_index
from dedupe.models import Decision

# ---- what comes out -----------------------------------------------------------------------------


def test_one_line_for_each_article_in_the_order_of_the_input(
    run: Any, lines: Any, examples: Path, index: str
) -> None:
    given = [record["id"] for record in lines((examples / "traps.jsonl").read_text("utf-8"))]
    done = run("add", examples / "traps.jsonl")
    decisions = lines(done.stdout)
    assert done.returncode == 0
    assert [decision["id"] for decision in decisions] == given
    assert [msgspec.convert(decision, Decision).id for decision in decisions] == given
    assert "42 articles: " in done.stderr
    assert run("add", examples / "traps.jsonl", "-q").stderr == ""


def test_articles_of_one_run_find_those_of_another(
    call: Any, write: Any, lines: Any, two_copies: Any, other: Any, index: str
) -> None:
    a, b = two_copies
    first = lines(call("add", write(a, other)).stdout)
    assert [d["relation"] for d in first] == ["none", "none"]
    (second,) = lines(call("add", write(b)).stdout)
    assert (second["relation"], second["nearest_id"], second["canonical_id"]) == ("exact", "a", "a")
    assert (second["cluster_id"], second["cluster_size"]) == (first[0]["cluster_id"], 2)


def test_adding_again_changes_nothing_and_says_what_holds_now(
    call: Any, write: Any, lines: Any, two_copies: Any, index: str
) -> None:
    a, b = two_copies
    call("add", write(a))
    call("add", write(b))
    stats = json.loads(call("index", "stats", "--json").stdout)
    again = lines(call("add", write(a, b, a)).stdout)
    assert [(d["id"], d["cluster_size"]) for d in again] == [("a", 2), ("b", 2), ("a", 2)]
    assert json.loads(call("index", "stats", "--json").stdout) == stats


def test_checking_says_what_adding_would_and_stores_nothing(
    call: Any, write: Any, lines: Any, two_copies: Any, other: Any, index: str
) -> None:
    a, b = two_copies
    call("add", write(a))
    before = call("index", "export").stdout
    checked = lines(call("check", write(b, other)).stdout)
    assert call("index", "export").stdout == before
    assert checked == lines(call("add", write(b, other)).stdout)


def test_formats_of_the_output_hold_the_same(
    call: Any, write: Any, lines: Any, two_copies: Any, index: str
) -> None:
    given = write(*two_copies)
    shown = lines(call("add", given).stdout)
    call("add", given, "-o", "out.csv")
    call("add", given, "-o", "out.parquet")
    call("add", given, "-o", "out.jsonl")
    assert lines(Path("out.jsonl").read_text()) == shown
    assert Path("out.csv").read_text().splitlines()[1].startswith(f"a,{shown[0]['cluster_id']},a,")
    assert Path("out.parquet").read_bytes()[:4] == b"PAR1"


def test_the_table_has_a_row_for_each_article(
    call: Any, write: Any, two_copies: Any, other: Any, index: str
) -> None:
    shown = call("add", write(*two_copies, other), "--to", "table", env={"COLUMNS": "120"}).stdout
    rows = [line.split() for line in shown.splitlines()[2:]]
    assert [row[0] for row in rows] == ["canonical", "exact", "alone"]
    assert shown.count("relation") == 1
    assert call("add", "-", "--to", "table", input="").stdout.count("relation") == 1


def test_on_a_terminal_the_rows_stay_whole(
    write: Any, two_copies: Any, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal, side = pty.openpty()
    command = [sys.executable, "-m", "dedupe", "add", str(write(*two_copies))]
    with subprocess.Popen(command, stdin=side, stdout=side, stderr=side) as process:
        os.close(side)
        shown = b"".join(iter(lambda: read(terminal), b"")).decode()
        os.close(terminal)
    assert process.returncode == 0
    assert "canonical" in shown
    assert "2 articles: 2 exact copies" in shown
    assert not re.search(r"\x1b\[\d*[AKJ]", shown)  # nothing moves up or erases


def read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # how Linux says that the other side is closed
        return b""


def test_a_redis_server_keeps_the_same(
    call: Any, lines: Any, examples: Path, index: str, redis_url: str
) -> None:
    added = call("add", examples, "-q").stdout
    assert call("add", examples, "-q", "--index", redis_url).stdout == added
    there = call("clusters", "--index", redis_url).stdout
    assert lines(there) == lines(call("clusters").stdout)
    assert call("index", "verify", "--index", redis_url).stdout == ""


def test_the_stream_agrees_with_a_scan_of_the_examples(
    call: Any, lines: Any, examples: Path, write: Any, index: str
) -> None:
    records = [line for path in examples.glob("*.jsonl") for line in path.read_text().splitlines()]
    random.Random(3).shuffle(records)
    given = write(*records)
    call("add", given)
    scanned = {frozenset(c) for c in _clusters(lines(call("scan", given).stdout)).values()}
    added = {frozenset(c) for c in _clusters(lines(call("add", given).stdout)).values()}
    assert len(scanned & added) > 0.9 * len(scanned)


def _clusters(decisions: list[dict[str, Any]]) -> dict[str, set[str]]:
    clusters: dict[str, set[str]] = {}
    for decision in decisions:
        clusters.setdefault(decision["cluster_id"], set()).add(decision["id"])
    return clusters


def test_another_text_under_a_known_id_is_a_version(
    call: Any, write: Any, lines: Any, two_copies: Any, index: str
) -> None:
    a, b = two_copies
    call("add", write(a, b))
    given = write({**a, "title": "Now with a title"}, {**a, "status": "canceled"}, b)
    checked = call("check", given)
    done = call("add", given)
    assert done.exit_code == 0
    assert [d.get("version", 1) for d in lines(done.stdout)] == [2, 3, 1]
    assert [d.get("version", 1) for d in lines(checked.stdout)] == [2, 2, 1]
    assert [d.get("notice") for d in lines(done.stdout)] == [None, "killed", None]
    assert [d["canonical_id"] for d in lines(call("add", given).stdout)] == ["b"] * 3
    kinds = [event["kind"] for event in lines(call("index", "events").stdout)]
    assert kinds == ["created", "joined", "updated", "updated", "canonical_changed", "killed"]
    shown = call("show", "a").stdout
    for told in ("[killed]", "Versions of a", "title: no title → Now with a title"):
        assert told in shown
    (story,) = lines(call("clusters", "--to", "jsonl").stdout)
    assert story["notices"] == {"a": "killed"}


# ---- bad input, bad indexes ---------------------------------------------------------------------


def test_what_cannot_be_used_is_rejected_and_the_rest_is_added(
    call: Any, write: Any, lines: Any, two_copies: Any, index: str
) -> None:
    a, b = two_copies
    call("add", write(a))
    call("remove", "a", "--reason", "a court said so")
    given = write("{broken", {**a, "text": "Something else under the same id."}, b, {"id": "empty"})
    done = call("add", given, "--rejects", "no.jsonl")
    assert done.exit_code == 3
    assert [d["id"] for d in lines(done.stdout)] == ["b"]
    rejected = lines(Path("no.jsonl").read_text())
    assert [r.get("id") for r in rejected] == [None, "empty", "a"]
    assert "was taken down: a court said so" in rejected[2]["reason"]
    assert "3 records rejected" in done.stderr


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgres://db", "names no index"),
        ("sqlite://relative.db", "names no file"),
        ("sqlite:///nowhere/index.db", "there is no folder nowhere"),
        ("sqlite:///folder", "is a folder"),
        ("sqlite:///rubbish.db", "rubbish.db"),
        ("sqlite:///other.db", "other.db"),
        ("redis://localhost:1/0", "localhost:1"),
        ("redis://user:secret@localhost:1/0", "localhost:1"),
        ("", "names no index"),
    ],
)
def test_a_url_that_leads_to_no_index_is_told_in_words(
    run: Any, write: Any, other: Any, url: str, told: str
) -> None:
    import sqlite3

    Path("folder").mkdir()
    Path("rubbish.db").write_bytes(b"no database" * 1000)
    foreign = sqlite3.connect("other.db")
    foreign.execute("CREATE TABLE notes (text)")
    foreign.commit()
    foreign.close()
    done = run("add", write(other), "--index", url)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert done.stderr.startswith("dedupe: ")
    assert told in done.stderr
    assert "secret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="this user may write everywhere")
def test_a_file_without_permission_is_told(run: Any, write: Any, other: Any, index: str) -> None:
    run("add", write(other))
    Path("index.db").chmod(0o444)
    done = run("add", write({**other, "id": "d"}))
    assert done.returncode == 1
    assert "index.db" in done.stderr


def test_other_parameters_are_refused_with_both_values(
    call: Any, write: Any, other: Any, index: str
) -> None:
    given = write(other)
    assert call("add", given, "--level", "copy", "--window", "3d").exit_code == 0
    assert call("add", given).exit_code == 0  # those of the index are taken
    assert call("add", given, "--level", "copy").exit_code == 0
    done = call("add", given, "--window", "7d")
    assert done.exit_code == 2
    assert "window_hours is 72.0 there and 168.0 here" in done.stderr
    assert "level" not in done.stderr.split("window_hours")[0].replace("index.db", "")


def test_a_slip_of_the_pen_makes_no_index(call: Any, write: Any, other: Any, index: str) -> None:
    for arguments in (["add", "nowhere.jsonl"], ["add", write(other), "-o", "no/where.jsonl"]):
        assert call(*arguments).exit_code == 2
    for command in (["check", write(other)], ["clusters"], ["show", "x"], ["index", "stats"]):
        done = call(*command)
        assert done.exit_code == 2
        assert "there is no index; dedupe add makes one" in done.stderr
        assert not Path("index.db").exists()


def test_the_index_lies_in_the_data_folder_by_default(
    run: Any, write: Any, other: Any, tmp_path: Path
) -> None:
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path / "data")}
    assert run("add", write(other), env=environment).returncode == 0
    assert (tmp_path / "data" / "newsdedupe" / "index.db").is_file()
    shown = run("add", "--help", env={**environment, "COLUMNS": "200"}).stdout
    assert f"sqlite:///{tmp_path}/data/newsdedupe/index.db" in "".join(shown.split())
    assert default_index().endswith("/newsdedupe/index.db")


# ---- how it ends --------------------------------------------------------------------------------


def test_decisions_come_while_it_goes_on(write: Any, other: Any, index: str) -> None:
    record = json.dumps({**other, "id": "first"})
    many = "".join(json.dumps({**other, "id": f"n{i}"}) + "\n" for i in range(128))
    with begun("add", "-", "--from", "jsonl") as add:
        assert add.stdin is not None
        assert add.stdout is not None
        add.stdin.write((record + "\n" + many).encode())
        add.stdin.flush()
        assert json.loads(add.stdout.readline())["id"] == "first"
        add.stdin.close()
        assert len(add.stdout.read().splitlines()) == 128
    assert add.returncode == 0


def test_a_reader_that_has_seen_enough_ends_it_quietly(write: Any, other: Any, index: str) -> None:
    given = write(*({**other, "id": f"{n:0200d}"} for n in range(2000)))
    with begun("add", given, "-q") as add:
        assert add.stdout is not None
        assert add.stderr is not None
        assert json.loads(add.stdout.readline())["id"] == f"{0:0200d}"
        add.stdout.close()
        assert add.stderr.read() == b""
    assert add.returncode == 128 + signal.SIGPIPE


@pytest.mark.parametrize("after", [1, 300, 700])
def test_killed_and_run_again_it_has_everything_once(
    call: Any, write: Any, lines: Any, examples: Path, index: str, after: int
) -> None:
    texts = [record for path in examples.glob("*.jsonl") for record in lines(path.read_text())]
    records = [{**texts[n % 103], "id": f"{n}", "published": None} for n in range(1000)]
    given = write(*records)
    with begun("add", given, "-q") as add:
        assert add.stdout is not None
        for _ in range(after):
            add.stdout.readline()
        add.kill()
    assert add.returncode == -signal.SIGKILL
    again = call("add", given, "-q")
    assert again.exit_code == 0
    assert len(again.stdout.splitlines()) == 1000
    assert json.loads(call("index", "stats", "--json").stdout)["articles"] == 1000
    checked = call("index", "verify")
    assert (checked.exit_code, checked.stdout) == (0, "")
    events = [json.loads(line) for line in call("index", "events").stdout.splitlines()]
    linked = [id for e in events if e["kind"] in ("created", "joined") for id in e["articles"]]
    assert sorted(linked) == sorted({record["id"] for record in records})
