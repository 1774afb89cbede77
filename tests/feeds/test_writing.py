"""Decisions and rejections on their way out."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pyarrow
import pyarrow.parquet
import pytest

from dedupe.errors import UsageError
from dedupe.feeds import OutputFormat, RejectWriter, open_writer
from dedupe.models import Decision, Rejection

FORMATS: tuple[OutputFormat, ...] = ("jsonl", "csv", "parquet")


def decision(id: str, **changes: Any) -> Decision:
    values: dict[str, Any] = {
        "id": id,
        "cluster_id": "c-1",
        "canonical_id": "a",
        "is_canonical": id == "a",
        "relation": "rewrite",
        "update": False,
        "nearest_id": "a",
        "similarity": 0.4375,
        "credit": "Reuters",
        "credit_count": 2,
        "cluster_size": 3,
        "canonical_reason": 'earliest, by a "minute"',
        "kind": "article",
        "linked_id": None,
    }
    return Decision(**values | changes)


DECISIONS = [
    decision("a", nearest_id=None, similarity=None, credit=None),
    decision("b", cluster_id="Łódź, 東京\nsecond line"),
]


def read_back(data: bytes, format: OutputFormat) -> list[Any]:
    if format == "jsonl":
        return msgspec.json.Decoder(Decision).decode_lines(data)
    if format == "parquet":
        rows = pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()
        return [Decision(**row) for row in rows]
    rows = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    return [
        msgspec.convert({k: v or None for k, v in row.items()}, Decision, strict=False)
        for row in rows
    ]


def write_and_fail(writer: Any, record: Any) -> None:
    with writer:
        writer.write(record)
        raise KeyboardInterrupt


@pytest.mark.parametrize("format", FORMATS)
def test_decisions_round_trip_through_a_file(tmp_path: Path, format: OutputFormat) -> None:
    path = tmp_path / f"out.{format}"
    with open_writer(str(path), format) as writer:
        for one in DECISIONS:
            writer.write(one)
    assert read_back(path.read_bytes(), format) == DECISIONS
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("path", [None, "-"])
@pytest.mark.parametrize("format", FORMATS)
def test_decisions_round_trip_through_standard_output(
    path: str | None, format: OutputFormat
) -> None:
    stdout = io.BytesIO()
    with open_writer(path, format, stdout) as writer:
        for one in DECISIONS:
            writer.write(one)
    assert read_back(stdout.getvalue(), format) == DECISIONS


@pytest.mark.parametrize("format", FORMATS)
def test_no_decisions_are_a_valid_file_too(tmp_path: Path, format: OutputFormat) -> None:
    path = tmp_path / "out"
    open_writer(str(path), format).close()
    assert read_back(path.read_bytes(), format) == []


@pytest.mark.parametrize("format", ["jsonl", "csv"])
def test_a_name_in_gz_is_compressed_and_repeatable(tmp_path: Path, format: OutputFormat) -> None:
    paths = [tmp_path / "one.gz", tmp_path / "two.gz"]
    for path in paths:
        with open_writer(str(path), format) as writer:
            writer.write(DECISIONS[1])
    assert read_back(gzip.decompress(paths[0].read_bytes()), format) == DECISIONS[1:]
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_appears_only_when_it_is_whole(tmp_path: Path, format: OutputFormat) -> None:
    path = tmp_path / "out"
    path.write_text("the last run", "utf-8")
    writer = open_writer(str(path), format)
    writer.write(DECISIONS[0])
    assert path.read_text("utf-8") == "the last run"
    writer.close()
    assert read_back(path.read_bytes(), format) == DECISIONS[:1]


@pytest.mark.parametrize("format", FORMATS)
def test_a_failed_run_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, format: OutputFormat
) -> None:
    path = tmp_path / "out"
    path.write_text("the last run", "utf-8")
    with pytest.raises(KeyboardInterrupt):
        write_and_fail(open_writer(str(path), format), DECISIONS[0])
    assert path.read_text("utf-8") == "the last run"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_written_through(tmp_path: Path) -> None:
    target, link = tmp_path / "target.jsonl", tmp_path / "link.jsonl"
    link.symlink_to(target)
    with open_writer(str(link), "jsonl") as writer:
        writer.write(DECISIONS[0])
    assert link.is_symlink()
    assert read_back(target.read_bytes(), "jsonl") == DECISIONS[:1]


def test_a_device_is_written_to_and_stays_a_device() -> None:
    with open_writer("/dev/null", "jsonl") as writer:
        writer.write(DECISIONS[0])
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("name", ["no/such/folder.jsonl", ".", "out.jsonl.zst"])
def test_a_place_that_cannot_be_written_to_is_a_usage_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be written|not supported"):
        open_writer(str(tmp_path / name), "jsonl")


def test_csv_says_true_and_false_as_json_does() -> None:
    stdout = io.BytesIO()
    with open_writer(None, "csv", stdout) as writer:
        writer.write(DECISIONS[0])
    header, row = csv.reader(io.StringIO(stdout.getvalue().decode()))
    assert header == list(Decision.__struct_fields__)
    assert row[3:6] == ["true", "rewrite", "false"]


def test_parquet_has_its_types_even_when_every_value_is_null(tmp_path: Path) -> None:
    path = tmp_path / "out.parquet"
    with open_writer(str(path), "parquet") as writer:
        writer.write(DECISIONS[0])
    schema = pyarrow.parquet.read_schema(path)
    assert schema.field("similarity").type == pyarrow.float64()
    assert schema.field("nearest_id").type == pyarrow.string()
    assert not schema.field("id").nullable


def test_rejections_are_kept_even_when_the_run_fails(tmp_path: Path) -> None:
    path = tmp_path / "rejects.jsonl"
    rejection = Rejection(where="feed.jsonl:17", reason="no text", id="a")
    with pytest.raises(KeyboardInterrupt):
        write_and_fail(RejectWriter(str(path)), rejection)
    (line,) = path.read_text("utf-8").splitlines()
    assert json.loads(line) == {"where": "feed.jsonl:17", "reason": "no text", "id": "a"}
