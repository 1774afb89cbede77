"""Records that are read as they arrive."""

from __future__ import annotations

import io
import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

from dedupe.feeds import Intake, read_passing
from dedupe.models import Rejection

START = datetime(2025, 3, 1, tzinfo=UTC)


def intake(rejected: list[Rejection]) -> Intake:
    return Intake(now=START, on_reject=rejected.append, remember=False)


def record(id: str, **fields: Any) -> bytes:
    return json.dumps({"id": id, "text": "A mill burned.", **fields}).encode() + b"\n"


def test_a_batch_ends_when_nothing_more_is_waiting() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", 0) as stream, os.fdopen(writing, "wb", 0) as pipe:
        pipe.write(record("a") + record("b") + record("c")[:9])
        batches = read_passing(intake([]), 128, 10**6, lambda: START, stream)
        assert [passing.article.id for passing in next(batches)] == ["a", "b"]
        pipe.write(record("c")[9:])
        assert [passing.article.id for passing in next(batches)] == ["c"]
        pipe.close()
        assert list(batches) == []


def test_a_batch_is_bounded_in_articles_and_characters() -> None:
    data = b"".join(record(str(n)) for n in range(10))
    sizes = [len(b) for b in read_passing(intake([]), 4, 10**6, lambda: START, io.BytesIO(data))]
    assert sizes == [4, 4, 2]
    sizes = [len(b) for b in read_passing(intake([]), 128, 20, lambda: START, io.BytesIO(data))]
    assert sizes == [2] * 5


def test_a_stream_may_go_on_for_longer_than_a_date_may_lie_ahead() -> None:
    later = START + timedelta(days=30)
    data = io.BytesIO(record("a", published=later.isoformat()))
    ((passing,),) = read_passing(intake([]), 128, 10**6, lambda: later, data)
    assert passing.article.published == later


def test_ids_that_come_again_are_left_to_whoever_takes_the_articles() -> None:
    rejected: list[Rejection] = []
    data = io.BytesIO(record("a") + record("a") + record("a", text="Something else."))
    ((*some,),) = read_passing(intake(rejected), 128, 10**6, lambda: START, data)
    assert [passing.article.id for passing in some] == ["a", "a", "a"]
    assert rejected == []
