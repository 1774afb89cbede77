"""Files that are broken, hostile or not there: reported, never fatal to the rest."""

from __future__ import annotations

import gzip
import io
import json
import os
import socket
import threading
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard

from dedupe.errors import SourceUnreadable, UsageError
from dedupe.feeds import FORMATS, limits, read_articles, stored_bytes
from dedupe.feeds.compressed import Source
from dedupe.models import Rejection

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
MANY = b"".join(
    b'{"id": %d, "text": "story %d %s"}\n' % (n, n, os.urandom(9).hex().encode())
    for n in range(20_000)
)
PACK = {"gzip": gzip.compress, "zstd": zstandard.ZstdCompressor(write_checksum=True).compress}
GOOD = b'{"id": "good", "text": "A mill burned."}\n'


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.jsonl"
    path.write_bytes(GOOD)
    return path


def test_a_path_that_does_not_exist_stops_before_anything_is_read(
    read: Any, tmp_path: Path, good: Path
) -> None:
    with pytest.raises(UsageError, match=r"nowhere\.jsonl: no such file or folder"):
        read_articles(
            [str(good), str(tmp_path / "nowhere.jsonl")], now=NOW, on_reject=lambda _: None
        )


def test_a_file_whose_format_cannot_be_told_is_a_usage_error(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "notes"
    path.write_text("Dear diary", "utf-8")
    with pytest.raises(UsageError, match="--from with one of jsonl, json, csv"):
        read(path)
    with pytest.raises(UsageError, match="<stdin>"):
        read(b"Dear diary")


def test_a_folder_without_articles_is_a_usage_error(read: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("x", "utf-8")
    with pytest.raises(UsageError, match="no file in this folder"):
        read(tmp_path)


@pytest.mark.parametrize(
    "format", [f for f in FORMATS if f not in ("parquet", "txt", "html", "feed", "json")]
)
def test_an_empty_input_holds_no_articles(read: Any, format: str) -> None:
    seen = read(b"", format=format)
    assert not seen.articles
    assert not seen.rejections


@pytest.mark.parametrize("format", ["parquet", "txt", "html", "feed", "json"])
def test_an_empty_document_is_rejected(read: Any, good: Path, tmp_path: Path, format: str) -> None:
    empty = tmp_path / f"empty.{format}"
    empty.touch()
    seen = read(empty, good)
    assert seen.ids == ["good"]
    assert len(seen.rejections) == 1


@pytest.mark.parametrize("pack", PACK.values(), ids=PACK)
@pytest.mark.parametrize("damage", ["cut", "flipped", "tail"])
def test_a_damaged_archive_keeps_what_came_before(
    read: Any, good: Path, tmp_path: Path, pack: Any, damage: str
) -> None:
    data = bytearray(pack(MANY))
    middle = len(data) // 2
    if damage == "cut":
        del data[middle:]
    elif damage == "flipped":
        data[middle : middle + 64] = bytes(byte ^ 0x5A for byte in data[middle : middle + 64])
    else:
        data += b"rubbish"
    path = tmp_path / "many.jsonl.gz"
    path.write_bytes(data)
    seen = read(path, good)
    assert seen.ids[0] == "0"
    assert seen.ids[-1] == "good"
    assert len(seen.ids) > (20_000 if damage == "tail" else 1_000)
    last = seen.rejections[-1]
    assert last.where == str(path)
    assert "the rest of the file was not read" in last.reason


def test_members_and_padding_of_a_gzip_file_are_read_on(read: Any) -> None:
    first, second = gzip.compress(GOOD), gzip.compress(b'{"id": "b", "text": "t"}\n')
    seen = read(first + second + bytes(512))
    assert seen.ids == ["good", "b"]
    assert not seen.rejections


def test_frames_of_a_zstd_file_are_read_on(read: Any) -> None:
    pack = zstandard.ZstdCompressor().compress
    assert read(pack(GOOD) + pack(b'{"id": "b", "text": "t"}\n')).ids == ["good", "b"]


def test_a_name_that_lies_about_compression_does_no_harm(read: Any, tmp_path: Path) -> None:
    (tmp_path / "plain.jsonl.gz").write_bytes(GOOD)
    (tmp_path / "packed.jsonl").write_bytes(gzip.compress(b'{"id": "b", "text": "t"}'))
    assert read(tmp_path / "plain.jsonl.gz", tmp_path / "packed.jsonl").ids == ["good", "b"]


@pytest.mark.parametrize("pack", ["gzip", "zstd"])
def test_a_bomb_is_stopped_without_being_held(
    read: Any, monkeypatch: pytest.MonkeyPatch, pack: str
) -> None:
    monkeypatch.setattr("dedupe.feeds.compressed.MIN_BOMB_BYTES", 256 * limits.MIB)
    zeros, packed = bytes(16 * limits.MIB), io.BytesIO()
    if pack == "gzip":
        with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1) as out:
            for _ in range(40):
                out.write(zeros)
    else:
        with zstandard.ZstdCompressor().stream_writer(packed, closefd=False) as out:
            for _ in range(40):
                out.write(zeros)
    tracemalloc.start()
    try:
        seen = read(PACK[pack](GOOD) + packed.getvalue(), format="jsonl")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert seen.ids == ["good"]
    assert "expands over 200 times" in seen.reasons[-1]
    assert peak < 320 * limits.MIB


def test_long_runs_in_honest_text_are_no_bomb(read: Any) -> None:
    line = json.dumps({"id": "a", "text": "=" * 1_000_000}).encode()
    assert read(gzip.compress(line)).ids == ["a"]


def test_a_document_over_its_limit_is_refused() -> None:
    with pytest.raises(SourceUnreadable, match="larger than 1 MiB"):
        Source(io.BytesIO(bytes(limits.MIB + 1)), "x", None).document(limits.MIB)


def test_files_and_folders_without_permission_are_reported(
    read: Any, good: Path, tmp_path: Path
) -> None:
    locked, closed = tmp_path / "in" / "locked.jsonl", tmp_path / "in" / "closed"
    closed.mkdir(parents=True)
    locked.write_bytes(GOOD)
    locked.chmod(0)
    closed.chmod(0)
    if os.access(locked, os.R_OK):
        pytest.skip("this user may read everything")
    seen = read(locked.parent, good)
    assert seen.ids == ["good"]
    assert {r.where for r in seen.rejections} == {str(locked), str(closed)}


def test_devices_sockets_and_dead_links_are_reported(
    read: Any, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path must be short
    (tmp_path / "dead.jsonl").symlink_to(tmp_path / "nowhere")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.jsonl")
        seen = read("/dev/zero", "s.jsonl", tmp_path / "dead.jsonl", good)
    assert seen.ids == ["good"]
    assert [r.where for r in seen.rejections] == [
        "/dev/zero",
        "s.jsonl",
        str(tmp_path / "dead.jsonl"),
    ]


def test_a_stream_that_fails_keeps_what_came_before(good: Path) -> None:
    class Failing(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            block = super().read1(size)
            if not block:
                raise OSError(5, "Input/output error")
            return block

    rejections: list[Any] = []
    articles = read_articles(
        ["-", str(good)],
        now=NOW,
        on_reject=rejections.append,
        stdin=Failing(b'{"id": "a", "text": "t"}\n{"id": "b", "te'),
    )
    assert [article.id for article in articles] == ["a", "good"]
    assert [r.reason for r in rejections] == ["cannot be read: Input/output error"]


def test_a_named_pipe_is_read_as_it_is_filled(read: Any, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(MANY,))
    writer.start()
    seen = read(pipe)
    writer.join()
    assert len(seen.articles) == 20_000


def test_a_file_name_that_is_no_text_is_shown_harmlessly(read: Any, tmp_path: Path) -> None:
    for name in (b"\xff.jsonl", b"a\n\x1b[2J.jsonl"):
        path = os.fsdecode(os.fsencode(tmp_path) + b"/" + name)
        with open(path, "wb") as file:
            file.write(b"broken\n")
        (rejection,) = read(path).rejections
        assert rejection.where.encode().endswith(b".jsonl:1")
        assert rejection.where.isprintable()


def test_stored_bytes_are_known_beforehand(read: Any, good: Path, tmp_path: Path) -> None:
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(GOOD))
    total = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert stored_bytes([str(tmp_path)]) == total == read(tmp_path).stored
    assert stored_bytes([str(good), "-"]) is None


def test_an_article_file_is_closed_when_the_reader_stops_early(good: Path) -> None:
    descriptors = len(os.listdir("/proc/self/fd"))
    articles = read_articles([str(good)], now=NOW, on_reject=lambda _: None)
    next(articles)
    del articles
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_a_wrong_checksum_is_noticed(read: Any) -> None:
    data = bytearray(gzip.compress(GOOD))
    data[-5] ^= 1  # the checksum, not the text
    seen = read(bytes(data))
    assert len(seen.rejections) == 1
    assert "damaged" in seen.reasons[0]


def test_a_quote_that_is_never_closed_costs_its_line_only(tmp_path: Path) -> None:
    rows = [f"{i},Title {i},Text of number {i}" for i in range(1, 40)]
    rows[0] = '1,A,"An opening quote that is never closed'
    rows[20] = '21,B,"one that\nspans two lines"'
    file = tmp_path / "unclosed.csv"
    file.write_text("\n".join(["id,title,text", *rows]) + "\n", encoding="utf-8")
    rejected: list[Rejection] = []
    now = datetime(2026, 1, 1, tzinfo=UTC)
    articles = list(read_articles([str(file)], now=now, on_reject=rejected.append))
    assert [r.where for r in rejected] == [f"{file}:2"]
    assert "never closed" in rejected[0].reason
    assert [a.id for a in articles] == [str(i) for i in range(2, 40)]
    assert articles[19].text == "one that\nspans two lines"
