"""Whatever is sent, the service answers with sense, and goes on."""

from __future__ import annotations

import json
import socket
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SLOW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "FROBNICATE"]
PATHS = [
    "/", "/v1", "/v1/articles", "/v1/article", "/v1/check", "/v1/stories", "/v1/story",
    "/v1/evidence", "/v1/events", "/metrics", "/openapi.json", "/healthz",
    "/v1/articles/a/evidence",
]  # fmt: skip
TYPES = ["application/json", "application/x-ndjson", "text/plain", "", "a/b/c", "\x7f"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["id", "text", "title", "url", "source", "published", "lang", "author", "html", "status"]
)


def _sensible(answer: Any) -> None:
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400 and answer.request.method != "HEAD":
        assert answer.headers["content-type"] == "application/problem+json"
        told = answer.json()
        assert told["status"] == answer.status_code
        assert told["title"]
        assert told["detail"]


@SLOW
@given(
    method=st.sampled_from(METHODS),
    path=st.sampled_from(PATHS) | st.binary(max_size=30).map(lambda b: "/" + quote(b)),
    query=st.dictionaries(
        st.sampled_from(["id", "other", "after", "limit", "since", "sort", "wait", "reason", "x"]),
        st.text(max_size=20),
    ),
    kind=st.sampled_from(TYPES),
    body=st.binary(max_size=200),
)
def test_any_request_gets_an_answer(
    filled: Any, method: str, path: str, query: Any, kind: str, body: bytes
) -> None:
    headers = {"Content-Type": kind.encode()} if kind else {}
    answer = filled.client.request(method, path, params=query, headers=headers, content=body)
    _sensible(answer)


@SLOW
@given(record=st.dictionaries(FIELDS, VALUES, max_size=6) | VALUES)
def test_any_json_is_decided_on_or_refused(filled: Any, record: Any) -> None:
    body = json.dumps(record).encode()
    headers = {"Content-Type": "application/json"}
    answer = filled.client.post("/v1/check", content=body, headers=headers)
    _sensible(answer)
    assert answer.status_code in (200, 422)


@SLOW
@given(lines=st.lists(st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"")), max_size=8))
def test_every_line_that_is_not_blank_has_its_answer(filled: Any, lines: list[bytes]) -> None:
    body = b"\n".join([*lines, b'{"id": "last", "text": "The gate was rusted through."}'])
    headers = {"Content-Type": "application/x-ndjson"}
    answer = filled.client.post("/v1/check", content=body, headers=headers)
    _sensible(answer)
    told = [json.loads(each) for each in answer.text.splitlines()]
    assert len(told) == 1 + sum(bool(each.strip()) for each in lines)
    assert told[-1]["id"] == "last"


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000, b'{"text":' * 50_000, b'{"id":"a","text":"' + b"x" * 1_000_000 + b'"}',
        b'{"id":1e999,"text":"x"}', b'{"id":"\\ud800","text":"\\udfff"}', b"\xff\xfe", b"\x00" * 99,
        b'{"id":"a\\u0000b","text":"x"}', b'{"id":"a","html":"<p>' + b"<div>" * 20_000 + b'"}',
    ],
)  # fmt: skip
def test_hostile_json_is_answered(filled: Any, body: bytes) -> None:
    answer = filled.client.post(
        "/v1/check", content=body, headers={"Content-Type": "application/json"}
    )
    _sensible(answer)


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /v1/articles/%ZZ%F HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET http://localhost/v1/stories HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        b"GET /v1/stories HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"POST /v1/check HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_hardly_http_harms_nobody(filled: Any, raw: bytes) -> None:
    parts = urlsplit(filled.url)
    assert parts.hostname
    assert parts.port
    with socket.create_connection((parts.hostname, parts.port), 20) as connection:
        try:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(4096)
        except TimeoutError:
            raise
        except OSError:  # it hung up on us, as it may; also before we did
            answer = b""
    assert not answer.startswith(b"HTTP/1.1 5")
    assert filled.client.get("/healthz").status_code == 200


def test_no_answer_of_all_that_was_an_error_of_the_service(filled: Any) -> None:
    figures = filled.client.get("/metrics").text
    assert 'status="500"' not in figures
    assert "dedupe_http_requests_total{" in figures


def test_ids_and_addresses_are_no_labels(filled: Any) -> None:
    filled.client.get("/v1/articles/label-that-is-an-id")
    filled.client.get("/not/a/route/label-that-is-a-path")
    assert "label-that-is" not in filled.client.get("/metrics").text
    filled.client.request("MADEUP", "/v1/stories")
    assert "MADEUP" not in filled.client.get("/metrics").text
