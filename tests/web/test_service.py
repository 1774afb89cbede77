"""The service while its store fails, while it is told to stop, and how it describes itself."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jsonschema
import pytest
from servers import running, until

from dedupe.deduper import Deduper
from dedupe.errors import IndexUnavailable
from dedupe.index.opening import open_index
from dedupe.models import Article
from dedupe.web.app import HANDLERS
from dedupe.web.executor import Deciding, Executor
from dedupe.web.problems import refusal

LINES = {"Content-Type": "application/x-ndjson"}


# ---- without its store ---------------------------------------------------------------------------


def test_a_redis_that_is_dead_is_a_503_until_it_is_back(tmp_path: Path, started: Any) -> None:
    record = {"id": "a", "text": "The gate of the old sluice was rusted through, said the master."}
    with running(tmp_path / "redis", "--appendonly", "yes", "--appendfsync", "always") as server:
        service = started(tmp_path, f"{server.url}?patience=0.5").ready()
        service.add(record)
        server.kill()
        for answer in (
            service.client.post("/v1/articles", json=record),
            service.client.post("/v1/articles", params={"wait": 0}, json=record),
            service.client.post("/v1/articles", content=json.dumps(record), headers=LINES),
            service.client.get("/v1/articles/a"),
            service.client.get("/v1/stories"),
        ):
            assert answer.status_code == 503
            assert answer.headers["retry-after"]
            assert str(server.port) not in answer.text
        assert service.client.get("/readyz").status_code == 503
        assert service.client.get("/healthz").status_code == 200
        server.start()
        service.ready()
        assert service.client.get("/v1/articles/a").json()["article"] == record
        assert service.end() == 0


def test_what_a_redis_has_lost_is_not_taken_for_what_comes_after_it(
    tmp_path: Path, started: Any
) -> None:
    """As after a power cut: the server comes back without the last article, and gives its place."""
    text = "The gate of the old sluice was rusted through, said the master."
    with running(tmp_path / "redis", "--appendonly", "yes", "--appendfsync", "always") as server:
        kept, before = server.folder / "appendonlydir", tmp_path / "before"
        service = started(tmp_path, f"{server.url}?patience=5").ready()
        service.add({"id": "a", "text": text})
        shutil.copytree(kept, before)
        service.add({"id": "b", "text": text})
        server.kill()
        shutil.rmtree(kept)
        shutil.copytree(before, kept)
        server.start()
        service.ready()
        [told] = service.add({"id": "c", "text": text})
        assert (told["id"], told["nearest_id"], told["cluster_size"]) == ("c", "a", 2)
        assert service.client.get("/v1/articles/b").status_code == 404
        assert service.end() == 0


def test_what_waited_for_a_dead_store_hears_at_once(tmp_path: Path) -> None:
    with running(tmp_path / "redis") as server:
        index = open_index(f"{server.url}?patience=1")
        executor = Executor(index, "test")
        server.pause()
        try:
            asked = [executor.ask(lambda index: index.hands()) for _ in range(5)]
            failures = {id(each.exception()) for each in asked}
        finally:
            server.resume()
        assert len(failures) == 1
        assert isinstance(asked[0].exception(), IndexUnavailable)
        until(lambda: executor.ask(lambda index: index.hands()).exception() is None, "an answer")
        executor.close()
        index.close()


def test_what_waits_together_is_decided_together_and_answered_apart() -> None:
    index = open_index("memory:")
    deciding = Deciding(lambda: Deduper(index), lambda: datetime.now(UTC))
    gate = threading.Event()
    held = deciding.ask(lambda deduper: gate.wait(20))
    asked = [
        deciding.decide(
            [Article(id=f"{n}-{m}", text=f"gate {n} {m}") for m in range(n)], store=True
        )
        for n in range(5)
    ]
    cancelled = deciding.decide([Article(id="nobody waits", text="for it")], store=True)
    assert cancelled.cancel()
    gate.set()
    told = [[outcome.id for outcome in each.result()] for each in asked]  # type: ignore[union-attr]
    assert told == [[f"{n}-{m}" for m in range(n)] for n in range(5)]
    assert held.result()
    assert index.places(["nobody waits"]) == [None]
    deciding.close()
    index.close()


def test_an_error_in_dedupe_is_told_without_a_traceback() -> None:
    index = open_index("memory:")
    deciding = Deciding(lambda: Deduper(index), lambda: datetime.now(UTC))
    index.close()  # now it raises what nobody expects
    outcomes = deciding.decide([Article(id=n, text="gate") for n in "ab"], store=True).result()
    deciding.close()
    assert [type(outcome) for outcome in outcomes] == [ValueError, ValueError]
    told = refusal(ValueError("secret")).problem
    assert (told.status, "secret" in told.detail) == (500, False)


# ---- told to stop --------------------------------------------------------------------------------


def test_a_service_that_is_told_to_stop_answers_what_it_was_asked(
    tmp_path: Path, started: Any
) -> None:
    service = started(tmp_path, "sqlite:///index.db").ready()
    text = "Forty cellars of the lower town were under water on {}, and firemen pumped until noon."
    records = [{"id": str(n), "text": text.format(n)} for n in range(1500)]
    body = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    answered: list[str] = []
    with service.client.stream("POST", "/v1/articles", content=body, headers=LINES) as answer:
        for line in answer.iter_lines():
            if not answered:
                service.process.send_signal(signal.SIGTERM)
            answered.append(json.loads(line)["id"])
    assert answered == [record["id"] for record in records]
    assert service.process.wait() == 0
    with pytest.raises(httpx.ConnectError):
        service.client.get("/healthz")
    index = open_index(f"sqlite:///{tmp_path / 'index.db'}")
    assert None not in index.places(answered)
    index.close()


def test_a_second_signal_ends_it_at_once(tmp_path: Path, started: Any) -> None:
    service = started(tmp_path, "sqlite:///index.db").ready()
    address = urlsplit(service.url)
    assert address.hostname
    assert address.port
    with socket.create_connection((address.hostname, address.port), 20) as connection:
        connection.sendall(
            b"POST /v1/articles HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n"
        )
        assert b" 100 " in connection.recv(4096)  # it waits for the body now, which never comes
        service.process.send_signal(signal.SIGTERM)
        until(lambda: not _listens(address.hostname, address.port), "that it stops")
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait() == 128 + signal.SIGTERM


def _listens(host: str | None, port: int | None) -> bool:
    try:
        socket.create_connection((host or "", port or 0), 20).close()
    except ConnectionError:
        return False
    return True


# ---- what it says of itself ----------------------------------------------------------------------


def test_the_description_names_every_route_and_leads_nowhere_else(filled: Any) -> None:
    told = filled.client.get("/openapi.json").json()
    routes = {path for handler in HANDLERS for path in handler.paths}
    assert set(told["paths"]) == {path.replace(":str", "") for path in routes}
    schemas = {f"#/components/schemas/{name}" for name in told["components"]["schemas"]}
    assert set(_references(told)) <= schemas
    assert told["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def _references(told: Any) -> list[str]:
    if isinstance(told, dict):
        own = [told["$ref"]] if isinstance(told.get("$ref"), str) else []
        return own + [found for each in told.values() for found in _references(each)]
    if isinstance(told, list):
        return [found for each in told for found in _references(each)]
    return []


@pytest.mark.parametrize("path", ["/v1/stories", "/v1/events"])
def test_answers_are_as_they_are_described(filled: Any, path: str) -> None:
    told = filled.client.get("/openapi.json").json()
    answer = filled.client.get(path).json()
    media = told["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    schema = {**media["schema"], "components": told["components"]}
    jsonschema.validate(answer, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate([], schema)


def test_an_address_that_is_taken_is_said(filled: Any, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "dedupe", "serve", "--listen", filled.url.removeprefix("http://"),
            "--index", f"sqlite:///{tmp_path / 'index.db'}",
        ],
        capture_output=True, encoding="utf-8", timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert "in use" in done.stderr
    assert "Traceback" not in done.stderr
