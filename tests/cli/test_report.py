"""`dedupe scan --report`: when the page appears, and when it does not."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dedupe.cli.main import commands


def test_the_page_holds_the_stories_and_the_decisions_stay_the_same(
    run: Any, write: Any, two_copies: Any, other: Any
) -> None:
    given = write(*two_copies, other, "no record")
    plain, reported = run("scan", given), run("scan", given, "--report", "page.html")
    assert (reported.returncode, reported.stdout) == (3, plain.stdout)
    page = Path("page.html").read_text("utf-8")
    assert "<h1>1 story in 3 articles</h1>" in page
    assert re.search(r"<dt>rejected records</dt><dd>1</dd>", page)
    assert "cracked Corrin Dam" in page
    assert "Norrholm" not in page  # it stands alone
    assert re.search(r"\nreport: page.html \(\d+\.\d kB\), for any browser\n$", reported.stderr)
    assert run("scan", given, "-q", "--report", "page.html").stderr == ""
    assert {path.name for path in Path().iterdir()} == {"in.jsonl", "page.html"}


def test_what_was_left_out_is_not_reported(invoke: Any, write: Any, two_copies: Any) -> None:
    invoke(write(*two_copies), "--since", "2024-03-01T09:00Z", "--report", "page.html")
    assert "<h1>0 stories in 1 article</h1>" in Path("page.html").read_text("utf-8")


def test_a_page_can_be_compressed(invoke: Any, write: Any, two_copies: Any) -> None:
    invoke(write(*two_copies), "--report", "page.html.gz")
    assert gzip.decompress(Path("page.html.gz").read_bytes()).startswith(b"<!doctype html>")


def test_articles_without_text_date_and_source_are_reported(invoke: Any, write: Any) -> None:
    given = [{"id": str(i), "title": "Fire forces 244 off ferry in Calder Sound"} for i in (1, 2)]
    assert invoke(write(*given), "--report", "page.html").exit_code == 0
    assert "Calder Sound" in Path("page.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--report", "in.jsonl"], "in.jsonl: --report would write over an input"),
        (["--report", "./x.html", "-o", "x.html"], "./x.html: --output and --report name"),
        (["--report", "x.html", "--rejects", "x.html"], "x.html: --rejects and --report name"),
        (["--report", "-"], "--report"),
        (["--report", "-", "-o", "x.jsonl"], "--report needs a file"),
        (["--report", "nowhere/x.html"], "nowhere/x.html: cannot be written"),
    ],
)
def test_a_page_that_cannot_be_written_stops_the_scan_before_it_begins(
    run: Any, write: Any, two_copies: Any, arguments: list[str], message: str
) -> None:
    given = write(*two_copies)
    before = given.read_bytes()
    done = run("scan", given, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert given.read_bytes() == before
    assert [path.name for path in Path().iterdir()] == ["in.jsonl"]


def test_a_scan_that_fails_leaves_the_old_page(run: Any, write: Any, two_copies: Any) -> None:
    Path("page.html").write_text("old")
    with open("/dev/full", "w") as full:
        done = run(
            "scan", write(*two_copies), "--report", "page.html",
            stdout=full, stderr=subprocess.PIPE, capture_output=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert Path("page.html").read_text() == "old"
    assert {path.name for path in Path().iterdir()} == {"in.jsonl", "page.html"}


def test_a_scan_without_a_report_loads_nothing_for_one(write: Any, two_copies: Any) -> None:
    given = write(*two_copies)
    code = (
        "import sys; from dedupe.cli.main import commands\n"
        f"try: commands(['scan', {str(given)!r}, '-o', 'out.jsonl'])\n"
        "finally: print(*{'jinja2', 'dedupe.cli.report', 'dedupe.report'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stdout) == (0, "\n")


def test_a_report_in_a_folder_that_is_read_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "feeds"
    folder.mkdir()
    (folder / "a.jsonl").write_text('{"id": "a", "text": "A mill burned."}\n', "utf-8")
    result = CliRunner().invoke(
        commands, ["scan", str(folder), "--report", str(folder / "stories.html")]
    )
    assert result.exit_code == 2
    assert "lies in a folder that is read" in result.stderr
    assert [path.name for path in folder.iterdir()] == ["a.jsonl"]
