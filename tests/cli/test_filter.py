"""`dedupe filter` as it stands in a pipe."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.feeds import with_field
from dedupe.models import Decision


def line(**fields: Any) -> str:
    return json.dumps(fields)


@pytest.fixture
def filtered(call: Any, index: str) -> Any:
    """What `dedupe filter` makes of lines."""

    def passed(*lines: str | bytes, options: tuple[str, ...] = ()) -> Any:
        data = b"".join((x if isinstance(x, bytes) else x.encode()) + b"\n" for x in lines)
        return call("filter", *options, input=data)

    return passed


# ---- what goes out ------------------------------------------------------------------------------


def test_records_go_out_as_they_came_with_the_decision_at_the_end(
    filtered: Any, two_copies: Any
) -> None:
    a, b = two_copies
    before = '{ "n": 12345678901234567890123, "x": 1.0, "y": 1e400,"list":[1,  2], "é":"\\u00e9"'
    out = filtered(f"{before}, {line(**a)[1:-1]} }}", line(**b)).stdout
    first, second = out.splitlines()
    assert first.startswith(before)
    decision = msgspec.convert(json.loads(first)["dedupe"], Decision)
    assert (decision.id, decision.cluster_size) == ("a", 2)
    assert json.loads(second)["dedupe"]["cluster_id"] == decision.cluster_id


def test_a_decision_of_another_filter_is_replaced(filtered: Any, two_copies: Any) -> None:
    a, _ = two_copies
    (again,) = filtered(*filtered(line(**a, z=1)).stdout.splitlines()).stdout.splitlines()
    assert list(json.loads(again)) == [*a, "z", "dedupe"]
    assert again.count('"dedupe":') == 1


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.dictionaries(st.text(), JSON), JSON)
def test_a_field_is_added_to_any_object_and_nothing_else_changes(
    fields: dict[str, Any], value: Any
) -> None:
    out = json.loads(with_field(json.dumps(fields).encode(), "dedupe", value))
    assert out == {**{k: v for k, v in fields.items() if k != "dedupe"}, "dedupe": value}
    assert list(out) == [*(k for k in fields if k != "dedupe"), "dedupe"]


@pytest.mark.parametrize("batches", ["at once", "one by one"])
def test_only_the_first_record_of_each_story_is_unique(
    call: Any, examples: Path, index: str, lines: Any, batches: str
) -> None:
    given = [x for p in sorted(examples.glob("*.jsonl")) for x in p.read_text().splitlines()]
    given = [x for x in given if '"published"' in x]
    if batches == "at once":
        kept = call("filter", "--unique", input="\n".join(given).encode()).stdout.splitlines()
    else:
        kept = [x for record in given for x in _one(call, record)]
    assert set(kept) < set(given)
    stories = [json.loads(x) for x in call("clusters", "--min-size", "1").stdout.splitlines()]
    ids = [json.loads(x)["id"] for x in kept]
    order = {json.loads(x)["id"]: n for n, x in enumerate(given)}
    assert ids == sorted(
        (min(s["articles"], key=order.__getitem__) for s in stories), key=order.get
    )


def _one(call: Any, record: str) -> list[str]:
    out: list[str] = call("filter", "--unique", "-q", input=record.encode()).stdout.splitlines()
    return out


def test_what_is_dropped_is_as_close_as_asked(call: Any, examples: Path, lines: Any) -> None:
    given = (examples / "stories.jsonl").read_text().splitlines()
    sizes = []
    for options in (
        ["--drop", "exact"],
        ["--drop", "copy"],
        ["--drop", "rewrite"],
        ["--drop", "story"],
        ["--unique"],
    ):
        done = call("filter", *options, "--index", "memory:", input="\n".join(given).encode())
        kept = done.stdout.splitlines()
        assert [x for x in given if x in set(kept)] == kept
        assert f"; {61 - len(kept)} left out" in done.stderr
        sizes.append(len(kept))
    assert 61 > sizes[0] > sizes[1] > sizes[2] >= sizes[3] == sizes[4] >= 14
    level = call(
        "filter", "--unique", "--level", "copy", "--index", "memory:", input="\n".join(given)
    )
    assert len(level.stdout.splitlines()) == sizes[1]


def test_a_record_that_comes_again_repeats_itself(filtered: Any, two_copies: Any) -> None:
    a, _ = two_copies
    unique = ("--unique",)
    assert filtered(line(**a), line(**a, seen=2), options=unique).stdout == line(**a) + "\n"
    assert filtered(line(**a), options=unique).stdout == ""
    assert filtered(line(**a), options=("--drop", "exact")).stdout == ""


def test_checking_stores_nothing(filtered: Any, call: Any, two_copies: Any, other: Any) -> None:
    a, b = two_copies
    filtered(line(**a))
    before = call("index", "export").stdout
    out = filtered(line(**b), line(**other), options=("--check", "--unique")).stdout
    assert out == line(**other) + "\n"
    assert call("index", "export").stdout == before


# ---- bad input ----------------------------------------------------------------------------------


def test_lines_that_cannot_be_used_never_stop_the_others(
    filtered: Any, two_copies: Any, other: Any, lines: Any
) -> None:
    a, b = two_copies
    latin = b'{"id": "latin", "text": "Caf\xe9"}'
    done = filtered(
        line(**a), "{broken", "", "[1, 2]", line(id="silent"), latin,
        line(**{**a, "text": "Something else."}), line(**b), '{"id": "cut", "text": ',
        options=("--rejects", "no.jsonl"),
    )  # fmt: skip
    assert done.exit_code == 3
    assert done.stdout_bytes.count(b"\n") == 4
    assert b'"version":2' in done.stdout_bytes  # another text under a known id
    assert b'"text": "Caf\xe9","dedupe":{' in done.stdout_bytes
    rejected = lines(Path("no.jsonl").read_text())
    assert [r["where"] for r in rejected] == [
        "<stdin>:2", "<stdin>:4", "<stdin>:5", "<stdin>:9",
    ]  # fmt: skip
    assert "4 records rejected" in done.stderr


def test_damaged_compression_ends_the_input_and_keeps_what_came(
    filtered: Any, call: Any, two_copies: Any
) -> None:
    packed = gzip.compress(b"".join(line(**copy).encode() + b"\n" for copy in two_copies))
    whole = call("filter", input=packed)
    assert (whole.exit_code, len(whole.stdout.splitlines())) == (0, 2)
    cut = call("filter", input=packed[:-8])
    assert cut.exit_code == 3
    assert "stops in the middle" in cut.stderr


def test_two_ways_of_leaving_out_are_one_too_many(filtered: Any) -> None:
    done = filtered(options=("--unique", "--drop", "copy"))
    assert done.exit_code == 2
    assert "give one of them" in done.stderr


# ---- in a pipe ----------------------------------------------------------------------------------


@contextmanager
def filtering(*options: str) -> Iterator[subprocess.Popen[bytes]]:
    pipe = subprocess.PIPE
    command = [sys.executable, "-m", "dedupe", "filter", *options]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        yield process


def test_a_record_is_answered_while_the_pipe_stays_open(index: str, two_copies: Any) -> None:
    with filtering() as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for copy in two_copies:
            process.stdin.write(line(**copy).encode() + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["dedupe"]["id"] == copy["id"]
        process.stdin.write(line(id="half", text="A line without its end.").encode())
        process.stdin.close()
        assert json.loads(process.stdout.readline())["id"] == "half"
        assert process.stderr is not None
        assert b"3 articles" in process.stderr.read()
    assert process.returncode == 0


def test_a_reader_that_has_seen_enough_ends_it_quietly(index: str, other: Any) -> None:
    with filtering("-q") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(line(**other).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["id"] == other["id"]
        process.stdout.close()
        process.stdin.write(line(**{**other, "id": "more"}).encode() + b"\n")
        process.stdin.flush()
        assert process.stderr.read() == b""
    assert process.returncode == 128 + signal.SIGPIPE


def test_head_takes_its_line_and_all_ends(index: str, two_copies: Any) -> None:
    Path("in.jsonl").write_text("".join(line(**copy) + "\n" for copy in two_copies * 400))
    command = f"{sys.executable} -m dedupe filter < in.jsonl | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True)
    assert json.loads(done.stdout)["id"] == "a"
    assert b"Traceback" not in done.stderr
