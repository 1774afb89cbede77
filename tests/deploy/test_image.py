"""The Dockerfile: what it copies is there, what it installs is what scripts/check-wheel tries."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
from pathlib import Path

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


def test_what_it_builds_and_installs_is_what_is_tried_with_the_wheel() -> None:
    build, _ = _stages()
    wheel, *_ = (rest for rest in _all(build, "RUN") if "pip install" in rest)
    tried = (ROOT / "scripts" / "check-wheel").read_text("utf-8")
    (sources,) = re.findall(r"^cp -R (pyproject.+) \S+$", tried, re.MULTILINE)
    before = build[: build.index(("RUN", wheel))]
    copied = [source for rest in _all(before, "COPY") for source in rest.split()[:-1]]
    assert sources.split() == copied
    (extras,) = re.findall(r'--constraint constraints.txt "\$\{wheel\}\[(.+?)\]"', wheel)
    assert f'installed "$wheel[{extras}]"' in tried
