"""Every format gives the same articles, however it is named, packed and handed over."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from newsfiles import ALL, PACKED, STORIES, TABLES, as_jsonl

from dedupe.errors import MissingExtra, UsageError
from dedupe.feeds import FORMATS, read_articles
from dedupe.models import Rejection

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("format", TABLES)
def test_a_table_of_articles_round_trips(
    read: Any, tmp_path: Path, format: str, packing: str
) -> None:
    path = tmp_path / f"stories.{format}{packing}"
    path.write_bytes(PACKED[packing](TABLES[format](STORIES)))
    seen = read(path)
    assert not seen.rejections
    assert not seen.repairs
    expected = [s | {"published": datetime.fromisoformat(s["published"])} for s in STORIES]
    assert [{name: getattr(a, name) for name in STORIES[0]} for a in seen.articles] == expected
    assert seen.stored == path.stat().st_size


@pytest.mark.parametrize("packing", PACKED)
@pytest.mark.parametrize("format", ALL)
def test_name_bytes_and_stdin_give_the_same(
    read: Any, tmp_path: Path, format: str, packing: str
) -> None:
    data = PACKED[packing](ALL[format](STORIES))
    named = tmp_path / f"stories.{format}{packing}"
    named.write_bytes(data)
    unnamed = tmp_path / "stories"
    unnamed.write_bytes(data)
    by_name = read(named)
    assert by_name.texts
    assert not by_name.rejections
    assert read(unnamed, format=format).texts == by_name.texts
    assert read(data, format=format).texts == by_name.texts
    if format not in ("csv", "txt"):  # these have no first bytes of their own
        assert read(unnamed).texts == by_name.texts
        assert read(data).texts == by_name.texts


@pytest.mark.parametrize("format", ALL)
@settings(deadline=None)
@given(cut=st.floats(0, 1), size=st.integers(0, 60), patch=st.binary(max_size=60))
def test_a_file_damaged_anywhere_is_reported_and_never_fatal(
    format: str, cut: float, size: int, patch: bytes
) -> None:
    data = ALL[format](STORIES)
    at = int(len(data) * cut)
    damaged = data[:at] + patch + data[at + size :] if size else data[:at] + patch
    rejections: list[Rejection] = []
    for article in read_articles(
        ["-"], format=format, now=NOW, on_reject=rejections.append, stdin=io.BytesIO(damaged)
    ):
        article.text.encode()
    for rejection in rejections:
        rejection.reason.encode()


@pytest.mark.parametrize("format", ALL)
@settings(deadline=None)
@given(data=st.binary(max_size=200))
def test_no_bytes_are_fatal_in_any_format(format: str, data: bytes) -> None:
    rejections: list[Rejection] = []
    articles = read_articles(
        ["-"], format=format, now=NOW, on_reject=rejections.append, stdin=io.BytesIO(data)
    )
    assert all(article.id for article in articles)


def test_all_formats_are_tried_here() -> None:
    assert set(ALL) == set(FORMATS)


def test_a_json_array_and_a_single_json_record(read: Any) -> None:
    assert read(json.dumps(STORIES).encode()).ids == ["n-1", "n-2"]
    assert read(json.dumps(STORIES[0], indent=1).encode()).ids == ["n-1"]
    assert read(json.dumps(STORIES[0] | {"related": [{"a": 1}]}).encode()).ids == ["n-1"]


def test_json_lines_under_the_name_of_json(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "stories.json"
    path.write_bytes(as_jsonl(STORIES) + b"\nbroken")
    seen = read(path)
    assert seen.ids == ["n-1", "n-2"]
    assert [r.where for r in seen.rejections] == [f"{path}:3"]


def test_a_broken_record_in_a_json_array_leaves_the_others(read: Any) -> None:
    seen = read(json.dumps([STORIES[0], 7, {"id": "x", "text": 1}, STORIES[1]]).encode())
    assert seen.ids == ["n-1", "n-2"]
    assert [r.where for r in seen.rejections] == ["<stdin>#2", "<stdin>#3"]


def test_a_json_document_that_is_not_strict_json(read: Any) -> None:
    data = b'[{"id": "a", "text": "x \\ud800", "score": NaN}, {"id": "b", "text": "caf\xe9"}]'
    assert read(data).texts == ["x \ufffd", "caf\xe9"]


def test_a_text_file_is_one_article_named_by_its_path(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "mill.txt"
    path.write_text("A mill burned.\n", "utf-8")
    (article,) = read(path).articles
    assert (article.id, article.text, article.title) == (str(path), "A mill burned.\n", None)


def test_a_text_file_in_an_older_encoding_is_read(read: Any, tmp_path: Path) -> None:
    text = "Müller bestätigt: Brücke über die Lüre wird für Fußgänger geöffnet. " * 8
    path = tmp_path / "bruecke.txt"
    path.write_bytes(text.encode("cp1252"))
    seen = read(path)
    assert seen.texts == [text]
    assert seen.repairs == [(str(path), "not UTF-8")]


def test_a_folder_is_read_whole_and_in_order(read: Any, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".hidden").mkdir()
    for name in ("z.txt", "a.txt", "b/m.txt", "notes.md", ".secret.txt", ".hidden/x.txt"):
        (tmp_path / name).write_text(name, "utf-8")
    assert read(tmp_path).texts == ["a.txt", "z.txt", "b/m.txt"]
    everything = read(tmp_path, format="txt")
    assert everything.texts == ["a.txt", "notes.md", "z.txt", "b/m.txt"]


def test_inputs_are_read_in_the_order_they_are_given(read: Any, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name, "utf-8")
    inputs = (tmp_path / "b.txt", b'{"text": "stdin"}', tmp_path / "a.txt")
    assert read(*inputs).texts == ["b.txt", "stdin", "a.txt"]


EXTRAS = {
    "parquet": "pyarrow.parquet",
    "feeds": "trafilatura",
    "warc": "fastwarc.warc",
    "zst": "zstandard",
}


@pytest.mark.parametrize("extra", [e for e in EXTRAS if e != "zst" or sys.version_info < (3, 14)])
def test_a_missing_extra_is_named_before_anything_starts(
    read: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, EXTRAS[extra], None)  # as if it were not installed
    (tmp_path / "good.jsonl").write_bytes(as_jsonl(STORIES))
    name = {"feeds": "x.html", "zst": "x.jsonl.zst"}.get(extra, f"x.{extra}")
    (tmp_path / name).write_bytes(PACKED[".zst"](as_jsonl(STORIES)) if extra == "zst" else b"x")
    with pytest.raises(MissingExtra, match=rf"newsdedupe\[{extra}\]"):
        read(tmp_path / "good.jsonl", tmp_path / name)
    in_folder = read(tmp_path)
    assert in_folder.ids == ["n-1", "n-2"]
    assert [f"newsdedupe[{extra}]" in reason for reason in in_folder.reasons] == [True]


def test_an_unknown_format_is_a_usage_error(read: Any) -> None:
    with pytest.raises(UsageError, match="jsonl, json, csv, parquet, txt, html, feed, warc"):
        read(b"", format="yaml")


def test_nothing_optional_is_imported_before_it_is_needed() -> None:
    optional = "pyarrow trafilatura feedparser fastwarc zstandard lxml charset_normalizer numpy"
    code = f"import sys, dedupe.feeds; print(*(set({optional.split()}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""
