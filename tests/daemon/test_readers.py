"""Messages leave as lines: each once in a file, none torn, whatever happens in between."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from servers import holding
from working import in_loop, queue_of

from dedupe.daemon.lines import Lines, OutputClosed
from dedupe.daemon.readers import LineReader
from dedupe.errors import UsageError
from dedupe.queues.base import Queue
from dedupe.queues.opening import open_queue


def told(queue: Queue, first: int, last: int) -> None:
    """Put numbered messages into the output stream."""
    before = queue.cursor("test")
    bodies = [b'{"v":1,"type":"decision","id":"a%d"}' % i for i in range(first, last)]
    assert queue.publish("test", before, str(last), bodies)


@asynccontextmanager
async def reading(
    url: str, path: Path, holder: str = "one", most: int = 256
) -> AsyncIterator[LineReader]:
    reader = LineReader(str(path), partial(open_queue, url), holder, wait=0.05, most=most)
    async with in_loop(reader):
        yield reader


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def wanted(count: int) -> list[str]:
    return [f"a{i}" for i in range(count)]


def test_messages_come_as_lines_in_their_order_with_their_number(url: str, tmp_path: Path) -> None:
    async def check() -> None:
        with queue_of(url) as queue:
            told(queue, 0, 10)
            async with reading(url, tmp_path / "out", most=4):
                await holding(
                    lambda: (tmp_path / "out").exists() and len(ids(tmp_path / "out")) == 10
                )
                told(queue, 10, 15)
            numbers = [output.id for output in queue.outputs("", 100)]
        lines = [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]
        assert [line["id"] for line in lines] == wanted(15)  # drained
        assert [line["message"] for line in lines] == numbers

    asyncio.run(check())


@pytest.mark.parametrize("torn", [b"", b'{"v":1,"ty', b"{" * 200_000])
@pytest.mark.parametrize("noted", [0, 4])
def test_after_a_kill_a_torn_line_is_cut_off_and_no_line_is_written_twice(
    torn: bytes, noted: int, sqlite_url: str, tmp_path: Path
) -> None:
    """Killed between the lines and the cursor: the file has more than the cursor says."""
    path = tmp_path / "out"

    async def check() -> None:
        with queue_of(sqlite_url) as queue:
            told(queue, 0, 6)
            async with reading(sqlite_url, path):
                await holding(lambda: path.exists() and len(ids(path)) == 6)
            numbers = ["", *(output.id for output in queue.outputs("", 100))]
            assert queue.advance("lines", numbers[6], numbers[noted])
            with path.open("ab") as file:
                file.write(torn)
            told(queue, 6, 9)
            async with reading(sqlite_url, path):
                await holding(lambda: queue.cursor("lines") == queue.outputs("", 100)[-1].id)
        assert ids(path) == wanted(9)

    asyncio.run(check())


def test_a_file_that_was_moved_away_is_made_again_when_it_is_reread(
    sqlite_url: str, tmp_path: Path
) -> None:
    path, moved = tmp_path / "out", tmp_path / "out.1"

    async def check() -> None:
        with queue_of(sqlite_url) as queue:
            told(queue, 0, 3)
            async with reading(sqlite_url, path) as reader:
                await holding(lambda: path.exists() and ids(path) == wanted(3))
                path.rename(moved)
                reader.reread()
                await holding(path.exists)
                told(queue, 3, 5)
        assert ids(moved) + ids(path) == wanted(5)

    asyncio.run(check())


def test_of_several_processes_one_writes_and_another_goes_on_when_it_ends(
    url: str, tmp_path: Path
) -> None:
    async def check() -> None:
        with queue_of(url) as queue:
            async with reading(url, tmp_path / "one", "one"):
                told(queue, 0, 5)
                await holding(lambda: len(ids(tmp_path / "one")) == 5)
                async with reading(url, tmp_path / "two", "two"):
                    told(queue, 5, 8)
                    await holding(lambda: len(ids(tmp_path / "one")) == 8)
                    assert ids(tmp_path / "two") == []
            async with reading(url, tmp_path / "two", "two"):
                told(queue, 8, 9)
                await holding(lambda: ids(tmp_path / "two") == ["a8"])

    asyncio.run(check())


def test_a_file_that_cannot_be_written_is_told_before_anything_begins(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: No such file or directory"):
        LineReader(str(tmp_path / "absent" / "out"), partial(open_queue, "memory:"), "one")


def test_a_pipe_that_nobody_reads_any_more_is_told_in_plain_words(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    lines = Lines(str(path))
    lines.write([b"one"])
    os.close(reader)
    with pytest.raises(OutputClosed, match="nobody reads it any more"):
        lines.write([b"two"])
    lines.close()


def test_long_lines_go_out_whole_however_slowly_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    read: list[bytes] = []

    def slowly() -> None:
        with path.open("rb", buffering=0) as pipe:
            while part := pipe.read(1000):
                read.append(part)

    thread = threading.Thread(target=slowly)
    thread.start()
    lines = Lines(str(path))
    lines.write([b"x" * 300_000, b"y" * 300_000])
    lines.close()
    thread.join()
    assert b"".join(read) == b"x" * 300_000 + b"\n" + b"y" * 300_000 + b"\n"
