"""The SQLite file: several processes, killed ones, and files that are none."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from filing import BANDS, DEPTH, MANIFEST, filed

from dedupe.errors import IndexDamaged, IndexUnavailable, UsageError
from dedupe.index.base import Index
from dedupe.index.opening import open_index
from dedupe.index.sqlite import SqliteIndex, file, open_sqlite

ADDER = Path(__file__).with_name("adder.py")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "index.db"


def url_of(path: Path) -> str:
    return f"sqlite:///{path}"


def start(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    """A process that adds when its input ends."""
    tests, root = ADDER.parent.parent, ADDER.parent.parent.parent
    environment = os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{tests}"}
    process = subprocess.Popen(
        [sys.executable, str(ADDER), url_of(path), name, str(count)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


# ---- processes -----------------------------------------------------------------------------------


def test_of_copies_that_processes_add_at_once_one_sees_the_other(path: Path) -> None:
    """Also where all of them make the file."""
    count = 30
    processes = [start(path, name, count) for name in "xy"]
    told = [process.communicate("\n", timeout=120)[0].splitlines() for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    for mine, theirs in zip(*told, strict=True):
        i, *my_places, of_a, of_b = mine.split(";")
        j, *their_places, theirs_a, theirs_b = theirs.split(";")
        assert i == j
        # A bucket holds three, so that each sees the newest of the other process.
        i_saw = {of_a, *of_a.split(","), *of_b.split(",")} & set(their_places)
        they_saw = {*theirs_a.split(","), *theirs_b.split(",")} & set(my_places)
        assert i_saw or they_saw
    with closing(open_index(url_of(path))) as index:
        assert index.stats().articles == 4 * count
        places = [p for s in range(3) for p in index.scan(s)]
        assert len(set(places)) == 4 * count


@pytest.mark.parametrize("after", [0, 1, 7, 20])
def test_a_killed_process_loses_nothing_that_was_committed(path: Path, after: int) -> None:
    process = start(path, "x", 100_000)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    told = [process.stdout.readline() for _ in range(after)]
    process.send_signal(signal.SIGKILL)
    told += process.stdout.readlines()
    process.wait()
    process.stdin.close()
    process.stdout.close()
    with closing(open_index(url_of(path))) as index:
        articles = index.stats().articles
        assert articles % 2 == 0  # a batch is there whole or not at all
        for line in (line for line in told if line.endswith("\n")):
            i, first, second, *_ = line.split(";")
            assert index.places([f"x{i}a", f"x{i}b"]) == [int(first), int(second)]
        (found,) = index.add([filed("new")], 64)
        assert not found.known
        assert index.stats().articles == articles + 1
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_full_bucket_that_lost_a_member_is_the_same_when_opened_again(
    path: Path, opened: Callable[..., Index]
) -> None:
    """What was pushed out does not come back in another process."""
    a = filed("a")
    one, watching = opened(url_of(path)), opened(url_of(path))
    others = [filed(f"b{i}", like=a, shared=2) for i in range(DEPTH + 2)]
    places = [f.place for f in one.add(others, 64)]
    assert watching.probe([a], 64)[0].capped == 2
    one.remove(places[-1], None, None)
    one.remove(places[0], None, None)
    told = [index.probe([a], 64)[0] for index in (one, watching, opened(url_of(path)))]
    assert {tuple(f.candidates.tolist()) for f in told} == {(places[-2], places[-3])}
    assert {f.capped for f in told} == {2}


def test_a_writer_that_never_ends_is_not_waited_for_for_ever(
    path: Path, opened: Callable[..., Index], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file, "PATIENCE", 0.2)
    index = opened(url_of(path))
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(IndexUnavailable, match=r"locked.*try again"):
            index.add([filed("a")], 64)
        assert index.probe([filed("a")], 64)[0].place == -1
        db.execute("ROLLBACK")
    assert index.add([filed("a")], 64)[0].place != -1


# ---- what it takes -------------------------------------------------------------------------------


def test_the_space_of_expired_slices_is_used_again(
    path: Path, opened: Callable[..., Index]
) -> None:
    index = opened(url_of(path))
    sizes: list[int] = []
    for slice in range(6):
        index.add([filed(f"{slice}/{i}", slice=slice, text=b"x" * 900) for i in range(300)], 1)
        while index.expire(slice - 1, 64):
            pass
        sizes.append(index.stats().bytes or 0)
    assert sizes[-1] <= 1.1 * sizes[2]


def test_nothing_is_left_in_the_file_of_what_expired(
    path: Path, opened: Callable[..., Index]
) -> None:
    index = opened(url_of(path))
    index.add([filed(f"a{i}", slice=3) for i in range(20)], 1)
    index.tally(3, b"part")
    while index.expire(4, 7):
        pass
    with closing(sqlite3.connect(path)) as db:
        for table in ("articles", "records", "texts", "heads", "entries", "tallies"):
            assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


# ---- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["sqlite:", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://index.db"]
)
def test_a_url_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match=r"sqlite:///relative\.db"):
        open_sqlite(url)


def test_urls_name_relative_and_absolute_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    open_sqlite("sqlite:///here.db").close()
    open_sqlite(f"sqlite:///{tmp_path}/there.db").close()
    assert {"here.db", "there.db"} <= set(os.listdir(tmp_path))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no folder .*missing; make it first"):
        open_sqlite(url_of(tmp_path / "missing" / "index.db"))


def test_a_folder_is_no_index(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        open_sqlite(url_of(tmp_path))


def test_an_empty_file_becomes_an_index(path: Path) -> None:
    path.touch()
    with closing(open_sqlite(url_of(path), MANIFEST)) as index:
        assert index.manifest == MANIFEST


def test_a_file_that_is_no_database_is_left_alone(path: Path) -> None:
    content = b'{"id": "a", "text": "no database"}\n' * 100
    path.write_bytes(content)
    with pytest.raises(IndexDamaged, match="no SQLite database"):
        open_sqlite(url_of(path))
    assert path.read_bytes() == content


def test_a_foreign_database_is_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE theirs (x)")
        db.commit()
    content = path.read_bytes()
    with pytest.raises(UsageError, match="another program"):
        open_sqlite(url_of(path))
    assert path.read_bytes() == content


def test_a_newer_format_is_refused(path: Path) -> None:
    open_sqlite(url_of(path)).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(UsageError, match="99 there and 1 here"):
        open_sqlite(url_of(path))


def test_a_lost_manifest_is_damage(path: Path) -> None:
    open_sqlite(url_of(path)).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM meta")
        db.commit()
    with pytest.raises(IndexDamaged, match="lost its manifest"):
        open_sqlite(url_of(path))


def filled(path: Path) -> None:
    with closing(open_sqlite(url_of(path), MANIFEST)) as index:
        index.add([filed(f"a{i}", text=b"x" * 500) for i in range(400)], 1)


@pytest.mark.parametrize("at", [0.0, 0.1, 0.4, 0.7])
def test_a_damaged_file_is_an_error_that_says_so(path: Path, at: float) -> None:
    filled(path)
    content = bytearray(path.read_bytes())
    start = int(len(content) * at)
    content[start : start + len(content) // 4] = b"\xa5" * (len(content) // 4)
    path.write_bytes(content)

    def use() -> None:
        with closing(open_sqlite(url_of(path))) as index:
            places = list(index.scan(5))
            index.records(places)
            index.texts(places)
            index.probe([filed("x")], 64)
            index.add([filed(f"y{i}") for i in range(200)], 64)

    with pytest.raises(IndexDamaged, match="from a copy"):
        use()


def test_a_truncated_file_is_damaged(path: Path) -> None:
    filled(path)
    os.truncate(path, path.stat().st_size // 2)

    def use() -> None:
        with closing(open_sqlite(url_of(path))) as index:
            index.records(list(index.scan(5)))
            index.texts(list(index.scan(5)))

    with pytest.raises(IndexDamaged, match="from a copy"):
        use()


def test_a_state_that_cannot_be_read_is_damage(path: Path) -> None:
    open_sqlite(url_of(path)).close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("INSERT INTO clusters VALUES ('one', 1, x'c1')")
        db.commit()
    with closing(open_sqlite(url_of(path))) as index, pytest.raises(IndexDamaged, match="Cluster"):
        index.clusters(["one"])


def full(index: SqliteIndex) -> None:
    """Adding fails and leaves everything as it was."""
    before = [index.stats()]

    def fill() -> None:
        for i in range(50):
            index.add([filed(f"full{i}-{k}", text=b"x" * 2000) for k in range(50)], 64)
            before[0] = index.stats()

    with pytest.raises(IndexUnavailable, match="nothing of this was stored"):
        fill()
    assert index.stats() == before[0]
    assert index.probe([filed("x")], 64)[0].place == -1


def test_a_full_file_is_an_error_and_nothing_is_lost(path: Path) -> None:
    with closing(open_sqlite(url_of(path), MANIFEST)) as index:
        a = filed("a")
        (of_a,) = index.add([a], 64)
        with index._writing() as db:  # the nearest thing to a full disk
            (pages,) = db.execute("PRAGMA page_count").fetchone()
        index._opened.db.execute(f"PRAGMA max_page_count={pages + 20}")
        full(index)
        index._opened.db.execute("PRAGMA max_page_count=1000000")
        (found,) = index.add([filed("b", like=a, shared=BANDS)], 64)
        assert found.candidates.tolist() == [of_a.place]


def test_a_disk_that_takes_no_more_is_an_error_and_nothing_is_lost(path: Path) -> None:
    with closing(open_sqlite(url_of(path), MANIFEST)) as index:
        a = filed("a")
        (of_a,) = index.add([a], 64)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
        try:
            full(index)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        (found,) = index.add([filed("b", like=a, shared=BANDS)], 64)
        assert found.candidates.tolist() == [of_a.place]


READ_ONLY = """
import os, sys
from dedupe.errors import IndexUnavailable
from dedupe.index.manifest import manifest_of
from dedupe.index.sqlite import open_sqlite

manifest = manifest_of()
if os.getuid() == 0:  # who may do everything becomes somebody else
    os.setgid(65534)
    os.setuid(65534)
try:
    open_sqlite(sys.argv[1], manifest).tally(1, b"")
except IndexUnavailable as error:
    print(error)
"""


@pytest.mark.parametrize("what", ["file", "folder", "nothing there"])
def test_what_may_not_be_written_says_so(root: Path, what: str) -> None:
    with TemporaryDirectory() as folder:  # pytest's own are closed to others
        path = Path(folder) / "index.db"
        if what != "nothing there":
            open_sqlite(url_of(path)).close()
            path.chmod(0o444)
        os.chmod(folder, 0o777 if what == "file" else 0o555)
        done = subprocess.run(
            [sys.executable, "-c", READ_ONLY, url_of(path)],
            capture_output=True, text=True, timeout=120, check=False,
            env=os.environ | {"PYTHONPATH": str(root)},
        )  # fmt: skip
        os.chmod(folder, 0o700)
    assert done.returncode == 0, done.stderr
    assert "right to" in done.stdout
