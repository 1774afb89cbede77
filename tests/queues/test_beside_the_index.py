"""The queue lies where the index lies, and neither minds which was first."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from filing import MANIFEST, filed

from dedupe.errors import IndexDamaged, IndexUnavailable, UsageError
from dedupe.index.opening import open_index
from dedupe.queues.base import Queue
from dedupe.queues.opening import open_queue

Open = Callable[[str], Queue]


@pytest.mark.parametrize("first", ["queue", "index"])
def test_queue_and_index_share_a_store(lasting_url: str, opened: Open, first: str) -> None:
    if first == "queue":
        queue = opened(lasting_url)
        queue.put([b"a"])
    with closing(open_index(lasting_url, MANIFEST)) as index:
        queue = opened(lasting_url)
        queue.put([b"b"])
        assert not index.add([filed("x")], 5)[0].known
        assert len(queue.take("one", 9, 0)) == (2 if first == "queue" else 1)
    queue.close()
    with closing(open_index(lasting_url, MANIFEST)) as index:
        assert index.add([filed("x")], 5)[0].known
        assert index.manifest == MANIFEST
    assert len(opened(lasting_url).own("one", 9)) >= 1


def test_a_file_with_a_queue_alone_gets_the_manifest_that_is_wanted(
    tmp_path: Path, opened: Open
) -> None:
    url = f"sqlite:///{tmp_path / 'q.db'}"
    opened(url).close()
    opened(url).close()
    with closing(open_index(url, MANIFEST)) as index:
        assert index.stats().articles == 0
    with closing(sqlite3.connect(tmp_path / "q.db")) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA page_size").fetchone() == (8192,)


def test_a_database_of_another_program_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE queue_entries (mine TEXT)")
    before = path.read_bytes()
    with pytest.raises(UsageError, match="another program"):
        open_queue(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_an_index_of_another_format_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'index.db'}"
    open_index(url, MANIFEST).close()
    with closing(sqlite3.connect(tmp_path / "index.db")) as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(UsageError, match="format of the index is 99"):
        open_queue(url)


def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no database " * 1000)
    with pytest.raises(IndexDamaged, match="no SQLite database"):
        open_queue(f"sqlite:///{tmp_path / 'text'}")
    with pytest.raises(UsageError, match="folder"):
        open_queue(f"sqlite:///{tmp_path}")
    with pytest.raises(UsageError, match="folder"):
        open_queue(f"sqlite:///{tmp_path / 'nowhere' / 'queue.db'}")


def test_a_queue_in_memory_is_another_each_time(opened: Open) -> None:
    opened("memory:").put([b"a"])
    assert opened("memory:").take("one", 9, 0) == []


def test_a_file_that_another_keeps_locked_is_told(
    tmp_path: Path, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dedupe.index.sqlite.file.PATIENCE", 0.1)
    queue = opened(f"sqlite:///{tmp_path / 'queue.db'}")
    with closing(sqlite3.connect(tmp_path / "queue.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(IndexUnavailable, match="locked"):
            queue.put([b"a"])
        assert queue.backlog().entries == 0
    assert len(queue.put([b"a"])) == 1
