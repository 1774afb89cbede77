"""`dedupe scan` as its users meet it: what goes in, what comes out, what is decided."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
from pathlib import Path
from typing import Any

import msgspec
import pyarrow
import pyarrow.parquet

from dedupe.models import Decision

CONTRACT = [
    "id", "cluster_id", "canonical_id", "is_canonical", "relation", "nearest_id", "similarity",
    "credit",
]  # fmt: skip
RELATIONS = ["none", "story", "rewrite", "copy", "exact"]


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
