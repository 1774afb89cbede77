"""The Dockerfile: what it copies is there, what it installs works where nothing can be written."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dedupe.kernel import cache_folder

ROOT = Path(__file__).resolve().parents[2]
Step = tuple[str, str]  # instruction, the rest of it


def _stages() -> list[list[Step]]:
    """The instructions of each stage, continued lines joined, comments left out."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    stages: list[list[Step]] = []
    for line in lines.replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            if name == "FROM":
                stages.append([])
            stages[-1].append((name, " ".join(rest.split())))
    return stages


def _all(stage: list[Step], name: str) -> list[str]:
    return [rest for step, rest in stage if step == name]


def _is_sent(path: str) -> bool:
    """Whether .dockerignore lets a path of the tree into the build."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        if pattern and not line.startswith("#"):
            parts = [path, *map(str, Path(path).parents), *Path(path).parts]
            if any(fnmatch.fnmatch(part, pattern) for part in parts):
                sent = line.startswith("!")
    return sent


def test_whatever_is_copied_is_there_and_is_sent() -> None:
    build, _ = _stages()
    copied = [source for rest in _all(build, "COPY") for source in rest.split()[:-1]]
    assert {"pyproject.toml", "constraints.txt", "dedupe"} <= set(copied)
    assert [source for source in copied if not (ROOT / source).exists()] == []
    assert [source for source in copied if not _is_sent(source)] == []


def test_nothing_else_is_sent() -> None:
    kept_out = [".git/config", "secrets/redis_password", "tests/conftest.py", ".venv/bin/python"]
    assert [path for path in kept_out if _is_sent(path)] == []
    assert not _is_sent("dedupe/web/__pycache__/app.cpython-312.pyc")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout
    sent = {path.split("/")[0] for path in listed.split() if _is_sent(path)}
    assert sent <= {
        "pyproject.toml", "constraints.txt", "README.md", "LICENSE", "dedupe", "examples", "scripts"
    }  # fmt: skip


def test_it_runs_without_root_and_tells_its_health() -> None:
    _, image = _stages()
    assert _all(image, "USER") == ["10001:10001"]
    assert _all(image, "STOPSIGNAL") == ["SIGTERM"]
    assert len(_all(image, "HEALTHCHECK")) == 1
    assert all(rest.startswith("--from=build ") for rest in _all(image, "COPY"))
    for command in ("CMD", "HEALTHCHECK"):
        (rest,) = _all(image, command)
        assert json.loads(rest[rest.index("[") :])  # a list: no shell between it and its signals


def test_no_layer_has_a_secret_and_no_base_is_left_to_chance() -> None:
    for stage in _stages():
        assert re.match(r"python:\d+\.\d+\.\d+-slim-[a-z]+( AS build)?$", _all(stage, "FROM")[0])
        for name, rest in stage:
            assert not re.search(r"password|token|secret", rest, re.IGNORECASE), name


# ---- what the build does -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What /opt/dedupe is in the image, made by the very step that makes it there."""
    build, _ = _stages()
    (step,) = [rest for rest in _all(build, "RUN") if "pip install" in rest]
    folder = tmp_path_factory.mktemp("image")
    source, opt = folder / "src", folder / "opt"
    for rest in _all(build, "COPY"):
        *names, _ = rest.split()
        for name in names:
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / name, target, ignore=ignored)
            else:
                shutil.copy(ROOT / name, target)
    here = step.replace("/opt/dedupe", str(opt)).replace("/wheels", str(folder / "wheels"))
    here = here.replace("--no-cache-dir ", "")  # else a minute of downloads at every run
    here = here.replace("python -m venv", f"{sys.executable} -m venv", 1)
    done = subprocess.run(
        ["bash", "-ec", here], cwd=source, capture_output=True, encoding="utf-8",
        env={**os.environ, "PIP_NO_INPUT": "1", "PIP_RETRIES": "1", "PYTHONPATH": ""},
    )  # fmt: skip
    offline = ("Temporary failure in name resolution", "Connection refused", "NewConnectionError")
    if done.returncode and any(words in done.stderr + done.stdout for words in offline):
        pytest.skip("no package index can be reached, so nothing can be installed")
    assert done.returncode == 0, done.stderr + done.stdout
    return opt


def test_what_is_installed_runs_on_a_tree_that_cannot_be_written(
    built: Path, tmp_path: Path, root: Path
) -> None:
    kernels = tmp_path / "kernels"
    folder = cache_folder()
    assert folder is not None
    shutil.copytree(folder, kernels / Path(folder).name)  # as scripts/compile-kernels leaves them
    # Root may write everywhere, unless that right is taken away.
    before = ["setpriv", "--bounding-set", "-dac_override"] if os.geteuid() == 0 else []
    for path in (built, kernels):
        subprocess.run(["chmod", "-R", "a-w", str(path)], check=True)
    try:

        def run(*words: str) -> subprocess.CompletedProcess[str]:
            environment = {
                "PATH": f"{built}/bin:/usr/bin:/bin", "NUMBA_CACHE_DIR": str(kernels),
                "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1",
            }  # fmt: skip
            return subprocess.run(
                [*before, *words], cwd=tmp_path, env=environment, capture_output=True,
                encoding="utf-8",
            )  # fmt: skip

        assert run("touch", str(built / "bin" / "x")).returncode != 0
        assert run("dedupe", "--version").stdout.startswith("dedupe, version ")
        for command in ("daemon", "poll", "work", "serve"):
            assert run("dedupe", command, "--help").returncode == 0
        done = run(
            "dedupe", "scan", str(root / "examples"), "--to", "jsonl", "-o", "decisions.jsonl"
        )
        assert done.returncode == 0, done.stderr
        assert len((tmp_path / "decisions.jsonl").read_text("utf-8").splitlines()) > 40
        assert "ompil" not in done.stderr  # it says so when it has to
        for module in ("aiohttp", "litestar", "uvicorn", "trafilatura", "structlog"):
            assert run("python", "-c", f"import {module}").returncode == 0, module
    finally:
        for path in (built, kernels):
            subprocess.run(["chmod", "-R", "u+w", str(path)], check=True)
