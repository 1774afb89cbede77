"""The folder of compiled kernels is a help: where it fails, things only take longer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
from dedupe.kernel import kernel, on_compile

@kernel
def double(x):
    return 2 * x

told = []
with on_compile(told.append):
    assert double(21) == 42
    assert double(0.5) == 1
print(told)
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def _told(program: Path, folder: Path | str, *before: str) -> str:
    """What the program says of compiling, with its kernels in a folder."""
    done = subprocess.run(
        [*before, sys.executable, program],
        env={**os.environ, "NUMBA_CACHE_DIR": str(folder)},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_a_kernel_is_compiled_once_and_a_damaged_one_again(program: Path, tmp_path: Path) -> None:
    folder = tmp_path / "kernels"
    assert _told(program, folder) == "[True]"
    assert _told(program, folder) == "[]"
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".nbi", ".nbc"}
    for damage in (0, 10):
        for path in files:
            os.truncate(path, damage)
        assert _told(program, folder) == "[True]"
        assert _told(program, folder) == "[]"


def test_where_no_folder_can_be_made_kernels_still_run(program: Path, tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    assert _told(program, in_the_way / "kernels") == "[False]"


def test_a_full_disk_costs_a_compilation_and_no_more(program: Path, tmp_path: Path) -> None:
    command = f"ulimit -f 0; NUMBA_CACHE_DIR={tmp_path}/kernels {sys.executable} {program} | cat"
    done = subprocess.run(["bash", "-c", command], capture_output=True, encoding="utf-8")
    assert (done.stdout.strip(), done.stderr) == ("[True]", "")


def test_without_a_home_folder_nothing_is_left_in_the_working_one(
    program: Path, tmp_path: Path
) -> None:
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("HOME", "XDG", "NUMBA"))
    }
    environment["HOME"] = "~"
    subprocess.run([sys.executable, program], env=environment, cwd=tmp_path, check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["program.py"]


def test_kernels_that_were_compiled_before_are_read_where_nothing_can_be_written(
    program: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "kernels"
    assert _told(program, folder) == "[True]"
    paths = [tmp_path, folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(path.stat().st_mode & ~0o222 | 0o555)
    before: tuple[str, ...] = ()
    if os.access(folder, os.W_OK):  # root may write everywhere, unless that right is taken away
        before = ("setpriv", "--bounding-set", "-dac_override")
        if shutil.which("setpriv") is None:
            pytest.skip("root may write everywhere, and there is no setpriv")
    assert _told(program, folder, *before) == "[]"
    program.write_text(PROGRAM.replace("2 * x", "x + x"))
    assert _told(program, folder, *before) == "[False]"
