"""`dedupe clusters`, `show`, `story` and `remove`: the stories of an index, and hands on them."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FERRY = ["ferry-fire-ap", "ferry-fire-lighthouse", "ferry-fire-kettleby", "ferry-fire-globe"]


def story(call: Any, id: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(call("show", id, "--json").stdout)
    return shown


def ids(call: Any, id: str) -> set[str]:
    return {member["id"] for member in story(call, id)["members"]}


# ---- the list -----------------------------------------------------------------------------------


def test_stories_are_listed_by_size_or_by_newness(call: Any, lines: Any, filled: str) -> None:
    by_size = lines(call("clusters").stdout)
    assert [s["size"] for s in by_size] == sorted((s["size"] for s in by_size), reverse=True)
    assert {s["size"] for s in by_size} <= {2, 3, 4, 5, 6}
    assert all(s["canonical_id"] in s["articles"] for s in by_size)
    assert all(len(s["articles"]) == s["size"] for s in by_size)
    newest = lines(call("clusters", "--sort", "newest").stdout)
    assert [s["last"] for s in newest] == sorted((s["last"] for s in newest), reverse=True)
    assert lines(call("clusters", "--sort", "newest", "--limit", "3").stdout) == newest[:3]
    alone = lines(call("clusters", "--min-size", "1").stdout)
    assert sum(s["size"] for s in alone) == 103


def test_stories_are_chosen_by_time_and_source(call: Any, lines: Any, filled: str) -> None:
    stories = lines(call("clusters").stdout)
    since = lines(call("clusters", "--since", "2025-03-06").stdout)
    assert since == [s for s in stories if s["last"] >= "2025-03-06"]
    until = lines(call("clusters", "--until", "2025-03-06").stdout)
    assert until == [s for s in stories if s["first"] < "2025-03-06"]
    assert 0 < len(since) < len(stories)
    assert len(until) < len(stories)
    by = lines(call("clusters", "--by", "APNEWS.com").stdout)
    assert {s["source"] for s in by} == {"apnews.com"}
    assert lines(call("clusters", "--by", "nobody").stdout) == []


def test_the_table_says_what_it_leaves_out(call: Any, filled: str) -> None:
    shown = call("clusters", "--to", "table", "--limit", "2", env={"COLUMNS": "120"}).stdout
    assert re.search(r"2 of 1\d stories; --limit NUMBER shows more", shown)
    assert "Reuters (" in shown


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_a_table_of_any_width_has_titles_that_can_be_read_and_whole_ids(
    call: Any, lines: Any, filled: str, width: int
) -> None:
    stories = lines(call("clusters", "--limit", "4").stdout)
    columns = {"COLUMNS": str(width)}
    table = call("clusters", "--to", "table", "--limit", "4", env=columns).stdout.splitlines()
    for story in stories:
        [row] = [row for row in table if story["id"] in row]
        assert story["title"][:25] in row
        assert (f"{story['credit']} (" in row) == (width == 120)
    assert max(map(len, table)) <= width


# ---- one story ----------------------------------------------------------------------------------


def test_a_story_is_shown_by_its_id_and_by_any_of_its_articles(call: Any, filled: str) -> None:
    shown = story(call, "ferry-fire-globe")
    assert story(call, shown["id"]) == shown
    assert set(FERRY) <= {member["id"] for member in shown["members"]}
    assert shown["members"][0]["id"] == shown["canonical_id"] == "ferry-fire-ap"
    relations = {member["id"]: member["relation"] for member in shown["members"]}
    assert relations["ferry-fire-lighthouse"] == "exact"
    assert relations["ferry-fire-globe"] == "rewrite"
    table = call("show", "ferry-fire-globe", env={"COLUMNS": "200"}).stdout
    assert re.search(r"canonical .*Fire forces 244.*apnews\.com", table)
    assert re.search(r"→ rewrite +0\.\d\d .*Hunt for lorry driver", table)
    assert "why: published first; AP credited by 4" in table


@pytest.mark.parametrize("width", [60, 80, 100, 160])
def test_a_story_of_any_width_has_titles_that_can_be_read(
    call: Any, filled: str, width: int
) -> None:
    table = call("show", "ferry-fire-globe", env={"COLUMNS": str(width)}).stdout
    assert "Hunt for lorry driver after" in table
    assert "Fire forces 244 off ferry in" in table
    assert ("source" in table) == (width > 60)
    assert ("sim." in table) == (width > 80)
    assert ("credits" in table) == (width > 80)
    assert max(map(len, table.splitlines())) <= width
    assert len(table.splitlines()) <= 24 or width == 60  # a screen


def test_columns_of_a_story_that_are_empty_are_left_out(call: Any, write: Any, index: str) -> None:
    call("add", write({"id": "a", "title": "Ferry aground", "text": "A ferry ran aground."}))
    [head] = re.findall(".*relation.*", call("show", "a", env={"COLUMNS": "200"}).stdout)
    assert head.split() == ["relation", "published", "article"]


def test_an_id_that_is_an_address_is_shown_in_one_piece(call: Any, write: Any, index: str) -> None:
    id = "https://kettleby.example/rss#a-ferry-ran-aground-2025"
    call("add", write({"id": id, "title": "Ferry aground", "text": "A ferry ran aground."}))
    assert id in call("show", id, env={"COLUMNS": "120"}).stdout.split()


def test_evidence_marks_what_two_articles_share(call: Any, filled: str) -> None:
    pair = ("dam-repair-reuters", "--evidence", "dam-repair-valley")
    shown = call("show", *pair, env={"COLUMNS": "120"}).stdout
    assert shown.count("[1: ") == 2
    told = json.loads(call("show", *pair, "--json").stdout)
    for passage in told["passages"]:
        for side, name in (("a", "article"), ("b", "other")):
            text = told[name]["text"][passage[f"{side}_start"] : passage[f"{side}_end"]]
            assert text == passage[f"text_{side}"]


def test_without_texts_there_is_no_evidence_and_all_else(
    call: Any, write: Any, two_copies: Any, index: str
) -> None:
    call("add", write(*two_copies), "--no-texts")
    done = call("show", "a", "--evidence", "b")
    assert done.exit_code == 2
    assert "without texts" in done.stderr
    assert ids(call, "a") == {"a", "b"}


def test_what_is_not_there_is_told(call: Any, filled: str) -> None:
    for command in (
        ("show", "nobody"),
        ("show", "nobody", "--evidence", "ferry-fire-ap"),
        ("story", "split", "nobody", "ferry-fire-ap"),
        ("story", "split", "ferry-fire-ap", "nobody"),
        ("story", "merge", "ferry-fire-ap", "nobody"),
        ("story", "pin", "nobody"),
        ("story", "apart", "ferry-fire-ap", "nobody"),
        ("remove", "ferry-fire-ap", "nobody", "--reason", "x"),
    ):
        done = call(*command)
        assert (done.exit_code, done.stdout) == (2, "")
        assert re.match("dedupe: there is no (story and no )?article 'nobody'", done.stderr)
    assert call("story", "merge", "ferry-fire-ap").exit_code == 2
    assert set(FERRY) <= ids(call, "ferry-fire-ap")


def test_nothing_that_was_read_steers_the_terminal(
    call: Any, write: Any, two_copies: Any, index: str
) -> None:
    hostile = "[bold]Dam[/bold] \x1b[2J\x1b]0;mine\x07 :smile:"
    call("add", write(*({**copy, "title": hostile, "source": hostile} for copy in two_copies)))
    for command in (("clusters", "--to", "table"), ("show", "a"), ("show", "a", "--evidence", "b")):
        shown = call(*command, env={"COLUMNS": "200"}).stdout
        assert "[bold]Dam[/bold]" in shown
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)


# ---- hands --------------------------------------------------------------------------------------


def test_what_is_split_stays_apart_and_what_is_merged_together(
    call: Any, examples: Path, filled: str
) -> None:
    old = story(call, "ferry-fire-ap")["id"]
    new = call("story", "split", "ferry-fire-ap", "ferry-fire-globe").stdout.strip()
    assert ids(call, new) == {"ferry-fire-globe"}
    call("add", examples, "-q")
    call("index", "recluster", "-q")
    assert "ferry-fire-globe" not in ids(call, old)
    merged = call("story", "merge", old, new).stdout.strip()
    assert "ferry-fire-globe" in ids(call, merged)
    call("index", "recluster", "-q")
    assert story(call, new)["id"] == story(call, old)["id"] == merged


def test_a_pin_holds_until_it_is_taken_out(call: Any, filled: str) -> None:
    done = call("story", "pin", "ferry-fire-globe")
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)
    pinned = story(call, "ferry-fire-ap")
    assert (pinned["canonical_id"], pinned["canonical_reason"]) == (
        "ferry-fire-globe", "pinned by hand",
    )  # fmt: skip
    assert call("story", "unpin", "ferry-fire-globe", "-q").stderr == ""
    assert story(call, "ferry-fire-ap")["canonical_id"] == "ferry-fire-ap"


def test_articles_kept_apart_are_in_two_stories(call: Any, filled: str) -> None:
    call("story", "apart", "ferry-fire-kettleby", "ferry-fire-ap", "ferry-fire-lighthouse")
    assert not {"ferry-fire-ap", "ferry-fire-lighthouse"} & ids(call, "ferry-fire-kettleby")


# ---- takedown -----------------------------------------------------------------------------------


def test_of_what_is_removed_a_receipt_stays_and_nothing_else(
    call: Any, lines: Any, examples: Path, filled: str
) -> None:
    (receipt,) = lines(call("remove", "ferry-fire-ap", "--reason", "court order").stdout)
    assert set(receipt) == {"id", "time", "reason"}
    assert (receipt["id"], receipt["reason"]) == ("ferry-fire-ap", "court order")
    assert lines(call("remove", "ferry-fire-ap", "--reason", "again").stdout) == [receipt]
    left = story(call, "ferry-fire-globe")
    assert left["canonical_id"] == "ferry-fire-ap-2"  # the agency's next version
    assert "ferry-fire-ap" not in {member["id"] for member in left["members"]}
    exported = lines(call("index", "export").stdout)
    named = [line for line in exported if "ferry-fire-ap" in json.dumps(line).split('"')]
    assert [line["type"] for line in named] == ["receipt"]
    again = call("add", examples / "stories.jsonl", "-q", "--rejects", "no.jsonl")
    assert again.exit_code == 3
    assert "was taken down: court order" in Path("no.jsonl").read_text()
    assert call("index", "verify").stdout == ""


@pytest.mark.parametrize(("answer", "code"), [("n", 1), ("y", 0)])
def test_on_a_terminal_it_asks_first(call: Any, filled: str, answer: str, code: int) -> None:
    terminal, side = pty.openpty()
    command = [sys.executable, "-m", "dedupe", "remove", "ferry-fire-ap", "--reason", "x"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=side, stdout=pipe, stderr=pipe) as process:
        os.close(side)
        os.write(terminal, f"{answer}\n".encode())
        shown, told = process.communicate()
    os.close(terminal)
    assert process.returncode == code
    assert b"Take down ferry-fire-ap for good? [y/N]" in told
    assert (b"nothing was removed" in told) == (shown == b"") == (code == 1)
