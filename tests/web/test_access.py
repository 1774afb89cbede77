"""Who may ask the service, and how much at once."""

from __future__ import annotations

import signal
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner
from servers import until

from dedupe.cli.main import commands
from dedupe.errors import UsageError
from dedupe.web.access import Tokens, host_of, is_loopback
from dedupe.web.gate import MAX_BODY_BYTES, MAX_REQUESTS

FIRST, SECOND = "first-token-0123456789", "second-token-0123456789"


def _bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, started: Any) -> Any:
    """A service that wants a token."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "tokens").write_text(f"{FIRST}\n")
    return started(folder, "sqlite:///index.db", "--token-file", "tokens").ready()


@pytest.mark.parametrize(
    "path", ["/v1/stories", "/v1/article?id=a", "/metrics", "/openapi.json", "/nothing", "/"]
)
def test_nothing_but_health_is_told_without_a_token(guarded: Any, path: str) -> None:
    for headers in ({}, _bearing(SECOND), {"Authorization": FIRST}, {"Authorization": "Bearer"}):
        answer = guarded.client.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["status"] == 401
    assert guarded.client.get(path, headers=_bearing(FIRST)).status_code != 401
    assert guarded.client.get("/healthz").text == "ok\n"


def test_tokens_are_read_again_on_a_signal(guarded: Any) -> None:
    def admitted(token: str) -> bool:
        return guarded.client.get("/v1/stories", headers=_bearing(token)).status_code == 200

    tokens = guarded.log.parent / "tokens"
    tokens.write_text(f"{SECOND}\n{FIRST}\n")
    guarded.process.send_signal(signal.SIGHUP)
    until(lambda: admitted(SECOND), "the new token")
    assert admitted(FIRST)
    tokens.write_text("")
    guarded.process.send_signal(signal.SIGHUP)
    until(lambda: "not reread" in guarded.log.read_text(), "the complaint")
    assert admitted(SECOND)
    tokens.write_text(f"{FIRST}\n")
    guarded.process.send_signal(signal.SIGHUP)
    until(lambda: not admitted(SECOND), "the old token's end")
    assert admitted(FIRST)


def test_no_token_is_ever_logged(guarded: Any) -> None:
    assert guarded.client.get("/v1/article", headers=_bearing(FIRST)).status_code == 400
    assert FIRST not in guarded.log.read_text()


def test_without_a_token_only_names_of_this_machine_are_answered_to(filled: Any) -> None:
    for host in ("kite.example", "localhost.kite.example", "127.0.0.1.kite.example:80", ""):
        answer = filled.client.get("/v1/stories", headers={"Host": host})
        assert answer.status_code in (400, 421)
    for host in ("localhost", "LOCALHOST:8000", "127.0.0.1", "[::1]:8000"):
        assert filled.client.get("/v1/stories", headers={"Host": host}).status_code == 200


def test_no_page_of_another_origin_may_ask(filled: Any) -> None:
    origin = {"Origin": "https://kite.example", "Access-Control-Request-Method": "POST"}
    for answer in (
        filled.client.options("/v1/articles", headers=origin),
        filled.client.get("/v1/stories", headers=origin),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer = filled.client.post(
            "/v1/articles", content=b"{}", headers={**origin, "Content-Type": kind}
        )
        assert answer.status_code == 415
    assert filled.client.post("/v1/articles", content=b"{}").status_code == 415


# ---- too much ------------------------------------------------------------------------------------


def test_a_body_that_says_it_is_too_large_is_refused_unread(filled: Any) -> None:
    with _connected(filled) as connection:
        connection.sendall(_head(MAX_BODY_BYTES + 1))
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_becomes_too_large_is_refused(filled: Any) -> None:
    def parts() -> Any:
        for _ in range(MAX_BODY_BYTES // (1 << 20) + 1):
            yield b"\n" * (1 << 20)

    headers = {"Content-Type": "application/x-ndjson"}
    answer = filled.client.post("/v1/check", content=parts(), headers=headers)
    assert answer.status_code == 413
    assert "64 MiB" in answer.json()["detail"]


def test_too_many_requests_at_once_are_told_to_come_again(filled: Any) -> None:
    with ExitStack() as held:

        def busy() -> (
            bool
        ):  # our own question has the last place for a while, so one more each time
            held.enter_context(_connected(filled)).sendall(_head(100) + b"{")
            answer = filled.client.get("/v1/stories")
            return answer.status_code == 503 and answer.headers["retry-after"] == "1"

        for _ in range(MAX_REQUESTS - 1):
            held.enter_context(_connected(filled)).sendall(_head(100) + b"{")
        until(busy, "too many requests")
        assert filled.client.get("/healthz").status_code == 200
        assert filled.client.get("/readyz").status_code == 200
    until(lambda: filled.client.get("/v1/stories").status_code == 200, "room again")


def _connected(service: Any) -> socket.socket:
    parts = urlsplit(service.url)
    assert parts.hostname
    assert parts.port
    return socket.create_connection((parts.hostname, parts.port), 20)


def _head(length: int) -> bytes:
    return (
        b"POST /v1/articles HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % length
    )


# ---- before it begins ----------------------------------------------------------------------------


def _refused(*options: str) -> str:
    done = CliRunner().invoke(commands, ["serve", "--index", "sqlite:///index.db", *options])
    assert isinstance(done.exception, SystemExit)
    assert done.exit_code == 2
    return done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "192.0.2.1", "kite.example"])
def test_nobody_serves_strangers_by_accident(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "--token-file" in _refused("--listen", f"{host}:0")


def test_a_token_file_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("short").write_text("abc\n")
    assert "16 characters" in _refused("--token-file", "short")
    assert "cannot be read" in _refused("--token-file", "nothing")
    assert "contradict" in _refused("--token-file", "short", "--no-token")
    assert "memory:" in _refused("--index", "memory:")
    assert "HOST:PORT" in _refused("--listen", "8000")


def test_tokens_are_compared_whole(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(f"\n{FIRST}\n  {SECOND}  \n")
    tokens = Tokens(str(path))
    assert tokens.admit(f"Bearer {FIRST}".encode())
    assert tokens.admit(f"bearer  {SECOND}".encode())
    for header in ("", "Bearer", f"Basic {FIRST}", f"Bearer {FIRST[:-1]}", f"Bearer {FIRST}x"):
        assert not tokens.admit(header.encode())
    path.write_bytes(b"\xff" * 20)
    with pytest.raises(UsageError, match="ASCII"):
        tokens.reread()
    assert tokens.admit(f"Bearer {FIRST}".encode())


def test_what_is_this_machine_and_what_is_not() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]")))
    others = ("0.0.0.0", "::", "10.0.0.1", "kite.example", "", "localhost.example", "1")
    assert not any(map(is_loopback, others))
    assert host_of(b"[::1]:80") == "[::1]"
    assert host_of(b"kite.example:80") == "kite.example"
