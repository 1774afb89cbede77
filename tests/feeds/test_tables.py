"""Articles out of CSV and Parquet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
from newsfiles import STORIES, as_csv


def test_columns_may_be_parted_by_tab_or_semicolon(read: Any, tmp_path: Path) -> None:
    for name, mark in (("a.tsv", "\t"), ("b.csv", ";"), ("c.csv", "|")):
        path = tmp_path / name
        path.write_text(f"id{mark}text{mark}lang\n1{mark}One, two.{mark}en\n", "utf-8")
        assert read(path).texts == ["One, two."]


def test_a_long_article_with_line_breaks_fits_a_csv_field(read: Any) -> None:
    text = "A line of the report.\r\n" * 20_000
    data = as_csv([STORIES[0] | {"text": text}, STORIES[1]])
    assert read(data, format="csv").texts == [text, STORIES[1]["text"]]


def test_a_csv_row_that_does_not_fit_is_rejected_where_it_begins(read: Any) -> None:
    data = b'id,text\n1,"two\nlines"\n2,too,many\n\n3,three\n4\n'
    seen = read(data, format="csv")
    assert seen.texts == ["two\nlines", "three"]
    assert [r.where for r in seen.rejections] == ["<stdin>:4", "<stdin>:7"]


def test_csv_in_an_older_encoding_is_read(read: Any) -> None:
    seen = read("id,text\n1,Café zu\n2,plain\n".encode("cp1252"), format="csv")
    assert seen.texts == ["Café zu", "plain"]
    assert seen.repairs == [("<stdin>:2", "not UTF-8")]


def test_a_table_without_a_column_of_use_says_what_it_has(read: Any) -> None:
    (reason,) = read(b"name,body\n1,2\n", format="csv").reasons
    assert "name, body" in reason


def test_parquet_types_are_taken_as_they_come(read: Any, tmp_path: Path) -> None:
    nanoseconds = pyarrow.array([1709285400_000000001, None], pyarrow.timestamp("ns", "UTC"))
    table = pyarrow.table(
        {
            "id": pyarrow.array([1, 2], pyarrow.int32()),
            "text": pyarrow.array([b"Caf\xe9", "Łódź".encode()], pyarrow.binary()),
            "source": pyarrow.array(["Echo", None]).dictionary_encode(),
            "published": nanoseconds,
            "other": [[1], [2]],
        }
    )
    path = tmp_path / "typed.parquet"
    pyarrow.parquet.write_table(table, path)
    first, second = read(path).articles
    assert (first.id, first.text, first.source) == ("1", "Café", "Echo")
    assert first.published == datetime(2024, 3, 1, 9, 30, tzinfo=UTC)
    assert (second.text, second.source, second.published) == ("Łódź", None, None)


def test_a_moment_beyond_all_calendars_is_left_out(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "far.parquet"
    moments = pyarrow.array([0, 2**61], pyarrow.timestamp("ms"))
    pyarrow.parquet.write_table(pyarrow.table({"text": ["a", "b"], "published": moments}), path)
    seen = read(path)
    assert [a.published for a in seen.articles] == [datetime(1970, 1, 1, tzinfo=UTC), None]
    assert len(seen.repairs) == 1


def test_an_unreadable_string_in_parquet_costs_only_itself(read: Any, tmp_path: Path) -> None:
    raw = pyarrow.array([b"good", b"caf\xe9"], pyarrow.binary())
    strings = pyarrow.StringArray.from_buffers(2, raw.buffers()[1], raw.buffers()[2])
    path = tmp_path / "raw.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": strings}), path)
    assert read(path).texts == ["good", "café"]
