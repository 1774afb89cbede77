"""A service runs its parts, and ends as it is told."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path

import aiohttp
import pytest
from servers import free_port

from dedupe.daemon.part import Part
from dedupe.daemon.service import Service, run
from dedupe.daemon.threads import Threaded
from dedupe.errors import ConfigError, UsageError
from dedupe.metrics import Metrics


class Small(Part):
    """Notes what happens to it."""

    def __init__(self, name: str, told: list[str], error: Exception | None = None) -> None:
        self.name, self._told, self._error = name, told, error

    async def run(self, stop: asyncio.Event) -> None:
        self._told.append(f"{self.name} begins")
        if self._error is not None:
            raise self._error
        await stop.wait()
        await asyncio.sleep(0)
        self._told.append(f"{self.name} ends")

    def reread(self) -> None:
        self._told.append(f"{self.name} rereads")

    def unready(self) -> str | None:
        return None


class Signalling(Small):
    """Sends a signal to this process once it runs."""

    def __init__(self, name: str, told: list[str], number: int) -> None:
        super().__init__(name, told)
        self._number = number

    async def run(self, stop: asyncio.Event) -> None:
        os.kill(os.getpid(), self._number)
        await super().run(stop)


class Rereading(Small):
    """Stops the service when it was made to reread."""

    def reread(self) -> None:
        super().reread()
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_the_parts_finish_in_their_order(number: int) -> None:
    told: list[str] = []
    parts = [Small("poller", told), Signalling("worker", told, number), Small("output", told)]
    before = signal.getsignal(number)
    assert run(parts, listen=None, metrics=Metrics()) == 0
    assert told[-3:] == ["poller ends", "worker ends", "output ends"]
    assert signal.getsignal(number) is before


def test_sighup_has_all_parts_reread() -> None:
    told: list[str] = []
    parts = [Signalling("a", told, signal.SIGHUP), Rereading("b", told)]
    assert run(parts, listen=None, metrics=Metrics()) == 0
    assert {"a rereads", "b rereads"} <= set(told)


def test_a_part_that_fails_ends_the_service_with_its_error_when_the_others_have_drained(
    logged: StringIO,
) -> None:
    told: list[str] = []
    parts = [Small("a", told), Small("b", told, UsageError("that cannot be")), Small("c", told)]
    assert run(parts, listen=None, metrics=Metrics()) == UsageError.exit_code
    assert {"a ends", "c ends"} <= set(told)
    [line] = [each for each in map(json.loads, logged.getvalue().splitlines()) if "error" in each]
    assert (line["event"], line["error"]) == ("failed", "that cannot be")


def test_an_unexpected_error_is_one_line_with_its_traceback(logged: StringIO) -> None:
    parts = [Small("a", [], ValueError("oh\nno"))]
    assert run(parts, listen=None, metrics=Metrics()) == 1
    line = json.loads(logged.getvalue().splitlines()[-1])
    assert line["event"] == "failed unexpectedly"
    assert "Traceback" in line["exception"]
    assert "oh\\nno" in line["exception"]


# ---- health --------------------------------------------------------------------------------------


class Hanging(Threaded):
    """Its thread hangs until it is let go."""

    def __init__(self) -> None:
        super().__init__("worker", hung_after=0.1)
        self.let_go = threading.Event()

    def work(self) -> None:
        self.let_go.wait()

    def unready(self) -> str | None:
        return None


async def asked(port: int, path: str) -> tuple[int, str]:
    url = f"http://127.0.0.1:{port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def until_asked(port: int, path: str, status: int) -> str:
    async with asyncio.timeout(20):
        while True:
            try:
                got, text = await asked(port, path)
            except aiohttp.ClientError:
                got, text = 0, ""
            if got == status:
                return text
            await asyncio.sleep(0.02)


async def served(
    parts: list[Part], port: int
) -> tuple[Service, asyncio.Task[BaseException | None]]:
    from dedupe.daemon.health import Health

    service = Service(parts)

    async def serve() -> BaseException | None:
        async with Health(service, Metrics(), f"127.0.0.1:{port}"):
            return await service.run()

    return service, asyncio.create_task(serve())


def test_a_thread_that_hangs_makes_the_service_unhealthy() -> None:
    async def check() -> None:
        hanging, port = Hanging(), free_port()
        service, task = await served([hanging], port)
        text = await until_asked(port, "/healthz", 503)
        assert "no sign of life" in json.loads(text)["parts"]["worker"]
        assert (await asked(port, "/readyz"))[0] == 503
        hanging.let_go.set()
        service.stop()
        assert await task is None

    asyncio.run(check())


class Slow(Small):
    """Takes its time to end."""

    def __init__(self, name: str) -> None:
        super().__init__(name, [])
        self.may_end = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()
        await self.may_end.wait()


def test_while_it_drains_it_is_healthy_and_not_ready() -> None:
    async def check() -> None:
        slow, port = Slow("a"), free_port()
        service, task = await served([slow], port)
        assert json.loads(await until_asked(port, "/readyz", 200)) == {"status": "ok"}
        service.stop()
        assert "is stopping" in await until_asked(port, "/readyz", 503)
        assert (await asked(port, "/healthz"))[0] == 200
        slow.may_end.set()
        assert await task is None

    asyncio.run(check())


def test_metrics_are_read_in_the_text_format() -> None:
    async def check() -> None:
        slow, port = Slow("a"), free_port()
        service, task = await served([slow], port)
        text = await until_asked(port, "/metrics", 200)
        assert "# TYPE dedupe_articles_total counter" in text
        slow.may_end.set()
        service.stop()
        await task

    asyncio.run(check())


def test_an_address_that_is_taken_is_told_plainly() -> None:
    async def check() -> None:
        port = free_port()
        service, task = await served([Small("a", [])], port)
        await until_asked(port, "/healthz", 200)
        _, other = await served([Small("b", [])], port)
        with pytest.raises(UsageError, match=f"--listen 127.0.0.1:{port}: Address already in use;"):
            await other
        service.stop()
        await task

    asyncio.run(check())


@pytest.mark.parametrize("listen", ["9464", "localhost", ":9464", "host:port", "a:1/x", "u@h:1"])
def test_what_is_no_address_is_refused(listen: str) -> None:
    from dedupe.daemon.health import address_of

    with pytest.raises(ConfigError, match="write HOST:PORT"):
        address_of(listen)


# ---- a second signal -----------------------------------------------------------------------------

NEVER_ENDS = """
import asyncio, sys
from dedupe.daemon.logs import configure
from dedupe.daemon.part import Part
from dedupe.daemon.service import run
from dedupe.metrics import Metrics

class Endless(Part):
    name = "endless"
    async def run(self, stop):
        print("ready", flush=True)
        await stop.wait()
        print("stopping", flush=True)
        while True:
            await asyncio.sleep(1) if sys.argv[1] == "waits" else sum(range(1000))
    def unready(self):
        return None

configure()
sys.exit(run([Endless()], listen=None, metrics=Metrics()))
"""


@pytest.mark.parametrize("how", ["waits", "is busy"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(how: str, number: int, root: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", NEVER_ENDS, how], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(root)},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(number)
        assert process.wait(20) == 128 + number
