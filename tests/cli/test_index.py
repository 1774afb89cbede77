"""`dedupe index …` as its users meet it."""

from __future__ import annotations

import gzip
import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

KINDS = {"created", "joined", "merged", "canonical_changed", "split", "removed"}


def exported(call: Any, *options: str) -> list[str]:
    done = call("index", "export", *options)
    assert done.exit_code == 0
    return sorted(done.stdout.splitlines())


def test_statistics_say_what_is_in_it(call: Any, filled: str) -> None:
    stats = json.loads(call("index", "stats", "--json").stdout)
    assert stats["articles"] == 103 == sum(s["articles"] for s in stats["slices"])
    assert stats["bytes"] > 100_000
    shown = call("index", "stats").stdout
    for told in ("articles", "103", "stories", "7 days", "bytes an article", "2025-03-02 12:00"):
        assert told in shown


def test_an_export_goes_into_another_index_and_comes_out_the_same(
    call: Any, filled: str, tmp_path: Path
) -> None:
    call("story", "split", "ferry-fire-ap", "ferry-fire-globe")
    call("story", "pin", "dam-repair-valley", "-q")
    call("remove", "ferry-fire-kettleby", "--reason", "court order")
    assert call("index", "export", "-o", "all.jsonl.gz").exit_code == 0
    there = ("--index", f"sqlite:///{tmp_path / 'other.db'}")
    done = call("index", "import", "all.jsonl.gz", *there)
    assert done.exit_code == 0
    assert "102 articles taken in, 0 were there" in done.stderr
    lines = exported(call, *there)
    assert lines == exported(call)
    assert lines == sorted(gzip.decompress(Path("all.jsonl.gz").read_bytes()).decode().splitlines())
    again = call("index", "import", "all.jsonl.gz", *there)
    assert "0 articles taken in, 102 were there; 0 stories" in again.stderr
    assert exported(call, *there) == lines
    assert call("index", "verify", *there).stdout == ""


def test_a_new_index_gets_the_parameters_of_the_file_and_another_is_refused(
    call: Any, write: Any, other: Any, index: str
) -> None:
    call("add", write(other), "--window", "3d", "--no-texts")
    Path("all.jsonl").write_text(call("index", "export").stdout)
    assert call("index", "import", "all.jsonl", "--index", "sqlite:///new.db").exit_code == 0
    assert exported(call, "--index", "sqlite:///new.db") == exported(call)
    call("add", write(other), "--index", "sqlite:///week.db")
    done = call("index", "import", "all.jsonl", "--index", "sqlite:///week.db")
    assert done.exit_code == 2
    assert "window_hours" in done.stderr


@pytest.mark.parametrize(
    "content", ["", "rubbish\n", '{"id": "a", "text": "An article."}\n', "[1]\n", "\x00\n"]
)
def test_what_is_no_export_is_refused_before_anything_is_made(
    call: Any, index: str, content: str
) -> None:
    Path("all.jsonl").write_text(content)
    done = call("index", "import", "all.jsonl")
    assert done.exit_code == 2
    assert "is no index that dedupe index export has written" in done.stderr
    assert not Path("index.db").exists()
    assert call("index", "import", "nowhere.jsonl").exit_code == 2
    assert call("index", "export", "-o", "no/where.jsonl").exit_code == 2


def test_broken_lines_of_an_export_are_rejected_and_the_rest_is_taken(
    call: Any, lines: Any, filled: str
) -> None:
    given = call("index", "export").stdout.splitlines()
    at = next(n for n, line in enumerate(given) if '"id":"ferry-fire-ap"' in line)
    given[at] = given[at][:500]
    Path("all.jsonl").write_text("\n".join([*given, '{"type":"riddle"}']))
    new = ("--index", "sqlite:///new.db")
    done = call("index", "import", "all.jsonl", *new, "--rejects", "no.jsonl")
    assert done.exit_code == 3
    rejected = [r["where"] for r in lines(Path("no.jsonl").read_text())]
    assert rejected == [f"all.jsonl:{at + 1}", f"all.jsonl:{len(given) + 1}"]
    shown = json.loads(call("show", "ferry-fire-globe", "--json", *new).stdout)
    assert shown["canonical_id"] == "ferry-fire-ap-2"  # the agency's next version
    assert call("index", "verify", *new).stdout == ""


def test_verifying_finds_damage_and_mends_it(call: Any, lines: Any, filled: str) -> None:
    assert (call("index", "verify").exit_code, call("index", "verify").stdout) == (0, "")
    db = sqlite3.connect("index.db")
    of_globe = "place = (SELECT place FROM articles WHERE id = 'ferry-fire-globe')"
    db.execute(f"UPDATE records SET record = x'00' WHERE {of_globe}")
    db.commit()
    db.close()
    found = call("index", "verify")
    assert found.exit_code == 1
    assert [(p["kind"], p["mended"]) for p in lines(found.stdout)] == [("record", False)]
    mended = call("index", "verify", "--repair")
    assert mended.exit_code == 0
    assert [p["mended"] for p in lines(mended.stdout)] == [True]
    assert (call("index", "verify").exit_code, call("index", "verify").stdout) == (0, "")
    shown = json.loads(call("show", "ferry-fire-globe", "--json").stdout)
    assert shown["canonical_id"] == "ferry-fire-ap"


def test_what_is_old_falls_away(call: Any, lines: Any, filled: str) -> None:
    done = call("index", "expire", "--at", "2025-03-14")
    assert done.exit_code == 0
    left = [
        s for s in lines(call("clusters", "--min-size", "1").stdout) if s["first"] < "2025-03-06"
    ]
    assert left == []
    stats = json.loads(call("index", "stats", "--json").stdout)
    assert f"{103 - stats['articles']} articles deleted, {stats['articles']} left" in done.stderr
    assert 0 < stats["articles"] < 103
    assert call("index", "verify").stdout == ""
    call("index", "expire")
    assert json.loads(call("index", "stats", "--json").stdout)["articles"] <= 2


def test_an_index_is_made_anew_in_its_place_and_elsewhere(
    call: Any, lines: Any, filled: str
) -> None:
    call("story", "split", "ferry-fire-ap", "ferry-fire-globe")
    call("remove", "ferry-fire-kettleby", "--reason", "court order")
    elsewhere = ("--index", "sqlite:///new.db")
    assert call("index", "migrate", "--into", "sqlite:///new.db", "--level", "copy").exit_code == 0
    done = call("index", "migrate", "--window", "14d")
    assert done.exit_code == 0
    assert "102 articles made anew" in done.stderr
    assert "14 days" in call("index", "stats").stdout
    assert "copy" in call("index", "stats", *elsewhere).stdout
    for where in ((), elsewhere):
        assert call("index", "verify", *where).stdout == ""
        receipts = [
            x for x in lines(call("index", "export", *where).stdout) if x["type"] == "receipt"
        ]
        assert [r["id"] for r in receipts] == ["ferry-fire-kettleby"]
        shown = json.loads(call("show", "ferry-fire-globe", "--json", *where).stdout)
        assert [member["id"] for member in shown["members"]] == ["ferry-fire-globe"]
    assert [path.name for path in Path().glob(".*")] == []


def test_an_index_without_texts_cannot_be_made_anew(
    call: Any, write: Any, other: Any, index: str
) -> None:
    call("add", write(other), "--no-texts")
    done = call("index", "migrate", "--window", "14d")
    assert done.exit_code == 2
    assert "made without texts" in done.stderr
    assert "7 days" in call("index", "stats").stdout
    assert call("index", "migrate", "--index", "memory:").exit_code == 2


def test_clustered_anew_it_is_what_a_scan_says(
    call: Any, lines: Any, examples: Path, filled: str
) -> None:
    call("index", "recluster", "-q")
    stories = lines(call("clusters", "--min-size", "1").stdout)
    scanned: dict[str, set[str]] = {}
    for decision in lines(call("scan", examples).stdout):
        scanned.setdefault(decision["cluster_id"], set()).add(decision["id"])
    assert {frozenset(s["articles"]) for s in stories} == {*map(frozenset, scanned.values())}


def test_a_forecast_grows_with_articles_and_days(call: Any, filled: str) -> None:
    def rows(*options: str) -> list[dict[str, int]]:
        told = json.loads(call("index", "forecast", "--json", *options).stdout)
        assert told["measured_on"] == 0
        found: list[dict[str, int]] = told["rows"]
        return found

    assert [row["per_day"] for row in rows()] == [1_000, 10_000, 100_000, 1_000_000]
    (month,) = rows("--articles", "500", "--days", "30")
    (two,) = rows("--articles", "500", "--days", "60")
    assert (month["articles"], two["most"]) == (15_000, 2 * month["most"])
    assert "measured on other indexes" in call("index", "forecast").stdout
    for url in ("sqlite:///nowhere.db", "redis://localhost:1/0"):
        assert call("index", "forecast", "--index", url).exit_code == 0
    assert not Path("nowhere.db").exists()


# ---- the log ------------------------------------------------------------------------------------


def test_the_log_can_be_read_from_any_point(call: Any, lines: Any, filled: str) -> None:
    events = lines(call("index", "events").stdout)
    assert [e["position"] for e in events] == sorted({e["position"] for e in events})
    assert {e["kind"] for e in events} <= KINDS
    half = events[len(events) // 2]["position"]
    rest = lines(call("index", "events", "--after", half).stdout)
    assert rest == [e for e in events if e["position"] > half]
    call("remove", "ferry-fire-ap", "--reason", "x")
    last = lines(call("index", "events", "--after", events[-1]["position"]).stdout)
    assert (last[0]["kind"], last[0]["articles"]) == ("removed", ["ferry-fire-ap"])


def test_who_follows_the_log_gets_what_comes(
    call: Any, write: Any, two_copies: Any, index: str
) -> None:
    a, b = two_copies
    call("add", write(a))
    command = [sys.executable, "-m", "dedupe", "index", "events", "--follow"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["kind"] == "created"
        call("add", write(b))
        assert json.loads(process.stdout.readline())["articles"] == ["b"]
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == b""
    assert process.returncode == 128 + signal.SIGTERM
