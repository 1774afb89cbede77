"""`dedupe work` as a process, and `dedupe queue`."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from servers import free_port, fresh, running, until
from streams import batches, clear_cut, shuffled
from working import asked, encoded, is_done, messages, of_type, queue_of, service

from dedupe.daemon.warming import warm_up
from dedupe.deduper import Deduper
from dedupe.index.memory import MemoryIndex
from dedupe.kernel import cache_folder

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Invoke = Callable[..., Result]


# ---- work ----------------------------------------------------------------------------------------


def test_it_decides_what_waits_and_ends_on_a_signal_with_whole_lines(
    index: str, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    with queue_of(index) as queue:
        queue.put(encoded(clear_cut()))
        with out.open("wb") as to, service("work", "-o", "-", stdout=to) as process:
            until(lambda: is_done(queue), "all are decided")
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            assert process.stderr is not None
            log = process.stderr.read()
        told = messages(queue)
    written = [json.loads(line) for line in out.read_text().splitlines()]
    for line in written:
        del line["message"]
    assert written == told
    assert {line["id"] for line in of_type(written, "decision")} == {a.id for a in clear_cut()}
    assert of_type(written, "event")
    assert "event=ended" in log.splitlines()[-1]
    assert "Traceback" not in log


def test_a_second_signal_ends_it_at_once_though_nobody_reads_its_output(index: str) -> None:
    with queue_of(index) as queue:
        queue.put(encoded(clear_cut() * 6))  # more than a pipe holds
        with service("work", "-o", "-", stderr=subprocess.DEVNULL) as process:
            until(lambda: is_done(queue), "all are decided")
            process.send_signal(signal.SIGINT)
            until(lambda: queue.present("worker", "test", 0.0, 0.0) == [], "the worker has ended")
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 128 + signal.SIGINT


@pytest.mark.parametrize("quiet", [True, False])
def test_a_pipe_that_is_closed_ends_it_as_it_ends_other_commands(quiet: bool, index: str) -> None:
    with queue_of(index) as queue:
        if not quiet:
            queue.put(encoded(clear_cut()))
        with service("work", "-o", "-", "--log-format", "json") as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.wait(60) == 128 + signal.SIGPIPE
            lines = [json.loads(line) for line in process.stderr.read().splitlines()]
    assert lines[-1]["event"] == "ended"
    assert lines[-1]["why"] == "standard output: nobody reads it any more"
    assert not [line for line in lines if line["level"] in ("warning", "error")]


@pytest.mark.parametrize("compiled", [True, False])
def test_compiling_is_logged_once_and_only_where_something_is_compiled(
    compiled: bool, index: str, tmp_path: Path
) -> None:
    kernels = cache_folder()
    assert kernels is not None
    warm_up(Deduper(MemoryIndex()))
    kept = tmp_path / "cache" / Path(kernels).name
    shutil.copytree(kernels, kept)
    if not compiled:
        shutil.rmtree(kept / "dedupe.banding")
    port, env = free_port(), {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    with service("work", "--listen", f"127.0.0.1:{port}", env=env) as process:
        until(lambda: asked(port, "/readyz")[0] == 200, "it is ready")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read().count("compiling, once for this machine") == (not compiled)


def test_it_is_ready_while_redis_answers_and_only_then(tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path) as server:
        url = f"{fresh(server.url)}&patience=0.3"
        with service("work", "--index", url, "--listen", f"127.0.0.1:{port}") as process:
            until(lambda: asked(port, "/readyz")[0] == 200, "it is ready")
            server.pause()
            try:
                until(lambda: asked(port, "/readyz")[0] == 503, "it is not ready")
                assert asked(port, "/healthz")[0] == 200
                assert json.loads(asked(port, "/readyz")[1])["parts"]
            finally:
                server.resume()
            until(lambda: asked(port, "/readyz")[0] == 200, "it is ready again")
            server.kill()
            until(lambda: asked(port, "/readyz")[0] == 503, "it is not ready")
            server.start()
            until(lambda: asked(port, "/readyz")[0] == 200, "it is ready again")
            assert "dedupe_stream_lag 0.0" in asked(port, "/metrics")[1]
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--index", "memory:"], 2, "needs an index that stays"),
        (["--index", "redis://127.0.0.1:1/0?patience=0.1"], 1, "no answer"),
        (["--index", "ftp://somewhere"], 2, "names no index"),
        (["--listen", "9464"], 2, "write HOST:PORT"),
        (["--name", "two words"], 2, "letters, digits"),
        (["--webhook", "http://hook.example/"], 2, "webhooks are signed"),
        (["-o", "absent/out.jsonl"], 2, "cannot be written"),
        (["--model", "absent"], 2, "cannot be read"),
        (["--level", "copy"], 2, "level"),
    ],
)
def test_what_cannot_be_is_told_in_one_line_before_anything_runs(
    arguments: list[str], code: int, said: str, filled: str, call: Invoke
) -> None:
    done = call("work", *arguments)
    assert done.exit_code == code
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("secret", ["file", "variable"])
def test_the_secret_of_webhooks_comes_from_a_file_or_the_environment(
    secret: str, index: str, call: Invoke, tmp_path: Path
) -> None:
    bad = "whsec_secret!"
    (tmp_path / "secret").write_text(bad)
    given = {"DEDUPE_WEBHOOK_SECRET": bad} if secret == "variable" else {}
    arguments = ["--webhook-secret-file", tmp_path / "secret"] if secret == "file" else []
    done = call("work", "--webhook", "http://h.example/", *arguments, env=given)
    assert done.exit_code == 2
    assert "is not base64" in done.stderr
    assert bad not in done.stderr


def test_a_second_worker_of_one_name_is_refused_and_the_first_goes_on(index: str, run: Run) -> None:
    with queue_of(index) as queue, service("work", "--name", "desk") as process:
        queue.put(encoded(clear_cut()[:2]))
        until(lambda: is_done(queue), "they are decided")
        done = run("work", "--name", "desk")
        assert done.returncode == 2
        assert f"process {process.pid}; give this one a --name of its own" in done.stderr
        queue.put(encoded(clear_cut()[2:4]))
        until(lambda: is_done(queue), "the next are decided")


def test_killed_at_random_its_file_has_every_message_once(index: str, tmp_path: Path) -> None:
    chance, out = random.Random(5), tmp_path / "out.jsonl"
    work = ("work", "-o", out, "--batch", "3")
    out.touch()
    with queue_of(index) as queue:
        for some in batches(shuffled(clear_cut(), 5), 90):
            queue.put(encoded(some))
            before = out.stat().st_size
            with service(*work):  # which is killed
                until(lambda size=before: out.stat().st_size > size, "a line")  # type: ignore[misc]
                time.sleep(chance.uniform(0, 0.1))
        with service(*work) as process:
            until(lambda: is_done(queue), "all are decided")
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        ids = [output.id for output in queue.outputs("", 10_000)]
        assert len(of_type(messages(queue), "decision")) == len(clear_cut())
    assert [json.loads(line)["message"] for line in out.read_text().splitlines()] == ids


# ---- queue ---------------------------------------------------------------------------------------


def test_status_says_how_much_waits(index: str, call: Invoke) -> None:
    with queue_of(index) as queue:
        queue.put(encoded(clear_cut()[:3]))
        queue.take("one", 1, 0.0)
        queue.cursor("lines")
    told = json.loads(call("queue", "status").stdout)
    assert (told["waiting"], told["pending"], told["dead"]) == (2, 1, 0)
    assert told["behind"] == {"lines": 0}


def bury(url: str, count: int) -> None:
    with queue_of(url) as queue:
        queue.put([b'{"id": "a%d"}' % i for i in range(count)])
        for entry in queue.take("one", count, 0.0):
            assert queue.bury(entry, f"no\x1b text {entry.id}")


def test_the_dead_are_listed_retried_and_discarded(
    index: str, call: Invoke, lines: Callable[[str], list[dict[str, Any]]]
) -> None:
    bury(index, 4)
    dead = lines(call("queue", "dead").stdout)
    assert [each["body"] for each in dead] == [f'{{"id": "a{i}"}}' for i in range(4)]
    assert dead[0]["reason"] == f"no\x1b text {dead[0]['entry']}"
    ids = [each["id"] for each in dead]
    assert call("queue", "retry", ids[0], ids[2]).exit_code == 0
    assert call("queue", "discard", ids[1]).exit_code == 0
    with queue_of(index) as queue:
        assert [e.body for e in queue.take("one", 9, 0.0)] == [b'{"id": "a0"}', b'{"id": "a2"}']
    assert [each["id"] for each in lines(call("queue", "dead").stdout)] == [ids[3]]
    assert call("queue", "retry", "--all").exit_code == 0
    assert call("queue", "dead").stdout == ""


def test_ids_that_are_not_among_the_dead_are_told(index: str, call: Invoke) -> None:
    bury(index, 1)
    for arguments in (["retry", "99"], ["discard", "99"], ["retry"], ["discard", "1", "--all"]):
        assert call("queue", *arguments).exit_code == 2


def test_a_reader_that_does_not_come_back_is_let_go(index: str, call: Invoke) -> None:
    with queue_of(index) as queue:
        queue.cursor("webhook-1")
    assert call("queue", "forget", "webhook-1").exit_code == 0
    assert json.loads(call("queue", "status").stdout)["behind"] == {}
    again = call("queue", "forget", "webhook-1")
    assert again.exit_code == 2


def test_without_an_index_there_is_no_queue(index: str, call: Invoke) -> None:
    for command in ("status", "dead"):
        assert call("queue", command).exit_code == 2


def test_tables_show_nothing_that_steers_the_terminal(index: str, call: Invoke) -> None:
    with queue_of(index) as queue:
        queue.put([b'{"id": "a\x1b[2J"}'])
        [entry] = queue.take("one", 1, 0.0)
        queue.bury(entry, "no\x1b[31m text")
        queue.cursor("lines")
    dead = call("queue", "dead", "--to", "table").stdout
    assert "1 article given up" in dead
    assert "text" in dead
    assert "\x1b" not in dead
    status = call("queue", "status", "--to", "table").stdout
    assert "given up" in status
    assert "lines" in status
