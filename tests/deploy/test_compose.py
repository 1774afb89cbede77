"""docker-compose.yml says what it should, and what it says runs: every command as it stands there.

Only what a container would give is put in its place: names of hosts, ports and paths of files.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import yaml
from feedserver import FeedServer, entries
from servers import executable, free_port

ROOT = Path(__file__).resolve().parents[2]
TOKEN, PASSWORD = "a-token-for-tests-only-1", "a-password-for-tests-only-1"
_PATIENCE = 180.0  # seconds: the first run after a change compiles


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    """The file."""
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8")))


def _ours(compose: dict[str, Any]) -> dict[str, Any]:
    return {n: s for n, s in compose["services"].items() if s["command"][0] == "dedupe"}


# ---- what it says --------------------------------------------------------------------------------


def test_the_file_has_the_form_of_a_compose_file(compose: dict[str, Any]) -> None:
    schema = json.loads((Path(__file__).parent / "compose.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(compose, schema)
    slips = {"comand": ["dedupe"], "privileged": True, "ports": ["8000:8000"], "restart": "maybe"}
    for name, value in slips.items():
        api = {**compose["services"]["api"], name: value}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**compose, "services": {"api": api}}, schema)


def test_every_service_is_confined(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["restart"] == "unless-stopped", name
        assert service["stop_grace_period"], name


def test_images_are_pinned_by_version(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert re.fullmatch(r"[a-z]+:\d+\.\d+\.\d+(-[a-z]+)?", service["image"])
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert {s["image"] for s in _ours(compose).values()} == {f"newsdedupe:{version}"}


def test_what_is_named_is_declared_and_what_is_declared_is_used(compose: dict[str, Any]) -> None:
    services = compose["services"].values()
    assert {name for s in services for name in s["secrets"]} == set(compose["secrets"])
    mounted = {volume.partition(":")[0] for s in services for volume in s.get("volumes", ())}
    assert {name for name in mounted if not name.startswith(".")} == set(compose["volumes"])
    for service in services:
        paths = re.findall(r"/run/secrets/(\w+)", json.dumps(service))
        assert set(paths) == set(service["secrets"])
        assert set(service.get("depends_on", ())) <= set(compose["services"])


def test_no_secret_is_in_the_file_or_in_the_repository(compose: dict[str, Any]) -> None:
    for service in _ours(compose).values():
        for name, value in service["environment"].items():
            secret = re.search("PASSWORD|TOKEN|SECRET", name)
            assert not secret or (name.endswith("_FILE") and value.startswith("/run/secrets/"))
            assert "@" not in value
    ignored = (ROOT / ".gitignore").read_text("utf-8").split()
    assert {secret["file"] for secret in compose["secrets"].values()} <= {
        f".{entry}{name}" for entry in ignored for name in compose["secrets"]
    }


def test_all_wait_for_a_redis_that_answers(compose: dict[str, Any]) -> None:
    for service in _ours(compose).values():
        assert service["depends_on"] == {"redis": {"condition": "service_healthy"}}


def test_redis_keeps_what_it_answered_and_never_evicts(compose: dict[str, Any]) -> None:
    command = " ".join(compose["services"]["redis"]["command"])
    for option in ("--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction"):
        assert option in command
    assert "--requirepass" not in command  # which everybody on the machine could read


# ---- what it says runs ---------------------------------------------------------------------------


class Stack:
    """The services as processes of this machine."""

    def __init__(self, compose: dict[str, Any], folder: Path, feed: str) -> None:
        self.services, self.folder = compose["services"], folder
        self.ports = {name: free_port() for name in self.services}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        (folder / "redis_password").write_text(PASSWORD)
        (folder / "api_token").write_text(TOKEN)
        (folder / "feeds.opml").write_text(
            '<opml version="2.0"><head/><body>'
            f'<outline type="rss" text="Harbour News" xmlUrl="{feed}"/></body></opml>'
        )

    def _here(self, name: str, text: str) -> str:
        """A word of the file, with what a container would give in its place."""
        port = str(self.ports[name])
        for there, here in (
            ("$$", "$"),
            ("redis://redis:6379/", f"redis://127.0.0.1:{self.ports['redis']}/"),
            ("0.0.0.0:9464", f"127.0.0.1:{port}"),
            ("0.0.0.0:8000", f"127.0.0.1:{port}"),
            ('"127.0.0.1", 9464', f'"127.0.0.1", {port}'),
            ('"127.0.0.1", 8000', f'"127.0.0.1", {port}'),
            ("/run/secrets", str(self.folder)),
            ("/etc/dedupe", str(self.folder)),
            ("redis-cli ", f"{shutil.which('redis-cli')} -p {port} "),
            (
                "redis-server - ",
                f"{executable()} - --port {port} --bind 127.0.0.1 --dir {self.folder} ",
            ),
        ):
            text = text.replace(there, here)
        return text

    def _words(self, name: str, words: list[str]) -> list[str]:
        first, *rest = (self._here(name, word) for word in words)
        ours = {"dedupe": [sys.executable, "-m", "dedupe"], "python": [sys.executable]}
        return [*ours.get(first, [first]), *rest]

    def _environment(self, name: str) -> dict[str, str]:
        given = self.services[name].get("environment", {})
        kept = {n: v for n, v in os.environ.items() if not n.upper().startswith(("DEDUPE", "HTTP"))}
        return {
            **kept,
            **{variable: self._here(name, value) for variable, value in given.items()},
            "DEDUPE_ALLOW_ADDRESS": "127.0.0.0/8",  # the feeds of this test
        }

    def start(self, name: str) -> None:
        """Run the command of a service."""
        with (self.folder / f"{name}.log").open("wb") as log:
            self.running[name] = subprocess.Popen(
                self._words(name, self.services[name]["command"]),
                env=self._environment(name), cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log,
            )  # fmt: skip

    def healthy(self, name: str) -> bool:
        """Whether its health check says so."""
        how, *words = self.services[name]["healthcheck"]["test"]
        command = self._words(name, words if how == "CMD" else ["sh", "-c", *words])
        done = subprocess.run(command, env=self._environment(name), capture_output=True)
        return done.returncode == 0

    def wait(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for something, as long as all run."""
        end = time.monotonic() + _PATIENCE
        while not holds():
            for name, process in self.running.items():
                assert process.poll() is None, f"{name} has ended: {self.log(name)}"
            assert time.monotonic() < end, f"{what}: {[self.log(name) for name in self.running]}"
            time.sleep(0.1)

    def log(self, name: str) -> str:
        """What it has written."""
        return (self.folder / f"{name}.log").read_text("utf-8")

    def stop(self, name: str) -> int:
        """Stop it as an engine does; its exit code."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait()

    def kill(self) -> None:
        """End what still runs."""
        for process in self.running.values():
            process.kill()
            process.wait()


@pytest.fixture
def stack(compose: dict[str, Any], tmp_path: Path) -> Iterator[Stack]:
    """All of it, and a feed with three entries."""
    if shutil.which("redis-cli") is None:
        pytest.skip("no redis-cli, which the health check of redis runs")
    with FeedServer() as feeds:
        feeds.feed("/news", *entries(3))
        stack = Stack(compose, tmp_path, feeds.url("/news"))
        try:
            yield stack
        finally:
            stack.kill()


def test_what_a_feed_has_is_served_as_stories_and_all_end_well(stack: Stack) -> None:
    assert not stack.healthy("redis")
    stack.start("redis")
    stack.wait(lambda: stack.healthy("redis"), "redis")
    for name in ("worker", "api", "poller"):
        stack.start(name)
    for name in ("worker", "api", "poller"):
        stack.wait(lambda name=name: stack.healthy(name), name)  # type: ignore[misc]
    url = f"http://127.0.0.1:{stack.ports['api']}"
    with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
        assert client.get("/v1/stories").status_code == 401
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        stack.wait(lambda: _titles(client) >= {e.title for e in entries(3)}, "the stories")
    assert {name: stack.stop(name) for name in ("poller", "worker", "api", "redis")} == {
        "poller": 0, "worker": 0, "api": 0, "redis": 0,
    }  # fmt: skip
    for name in ("poller", "worker", "api", "redis"):
        told = stack.log(name)
        assert "Traceback" not in told
        assert PASSWORD not in told
        assert TOKEN not in told


def _titles(client: httpx.Client) -> set[str]:
    stories = client.get("/v1/stories", params={"min_size": 1}).json()["stories"]
    members = [client.get(f"/v1/stories/{story['id']}").json()["members"] for story in stories]
    return {member["title"] for some in members for member in some}


def test_the_password_is_needed_and_seen_by_nobody(stack: Stack) -> None:
    stack.start("redis")
    stack.wait(lambda: stack.healthy("redis"), "redis")
    asked = ["redis-cli", "-p", str(stack.ports["redis"]), "ping"]
    assert "NOAUTH" in subprocess.run(asked, capture_output=True, text=True).stdout
    process = stack.running["redis"]
    words = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
    assert PASSWORD not in words
    assert stack.stop("redis") == 0
