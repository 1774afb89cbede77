"""Reading labels: what counts as one, and what is told when it is none."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dedupe.errors import UsageError
from dedupe.evaluation.labels import read_decisions, read_gold, read_pairs
from dedupe.evaluation.pairs import LabelledPair

Write = Callable[..., str]
PAIR = {"id_a": "a", "id_b": "b", "label": "same"}


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A file of lines; what is no text is written as JSON."""

    def written(*lines: Any, name: str = "in.jsonl") -> str:
        text = "".join(f"{x if isinstance(x, str) else json.dumps(x)}\n" for x in lines)
        data = text.encode()
        path = tmp_path / name
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return str(path)

    return written


# ---- gold stories -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["in.jsonl", "in.jsonl.gz", "in.json", "unnamed"])
def test_the_cluster_of_each_labelled_article_is_read(write: Write, name: str) -> None:
    path = write(
        {"id": "a", "text": "A mill burned.", "cluster": "fire"},
        {"id": 7, "cluster": 3, "tags": [1, {"deep": True}]},
        {"id": "c", "cluster": None},
        {"id": "d"},
        {"id": "e", "cluster": ""},
        "",
        '{"id": "f", "cluster": "odd", "score": NaN}',
        "broken",
        "[1]",
        name=name,
    )
    assert read_gold([path]) == {"a": "fire", "7": "3", "f": "odd"}


@pytest.mark.parametrize(
    "document",
    [
        [{"id": "a", "cluster": "x"}, {"id": "b"}],
        {"articles": [{"id": "a", "cluster": "x"}], "version": 1},
        {"id": "a", "text": "A mill burned.", "cluster": "x"},
    ],
)
def test_the_records_of_a_json_document_carry_labels(write: Write, document: Any) -> None:
    assert read_gold([write(document, name="in.json")]) == {"a": "x"}


def test_formats_without_labels_are_passed_over_and_a_named_format_is_obeyed(write: Write) -> None:
    table = write("id,text,cluster", "a,A mill burned.,x", name="in.csv")
    odd = write({"id": "a", "cluster": "x"}, name="in.txt")
    assert read_gold([table, odd]) == {}
    assert read_gold([odd], "jsonl") == {"a": "x"}


def test_several_files_share_their_stories(write: Write) -> None:
    one = write({"id": "a", "cluster": "x"}, name="one.jsonl")
    other = write({"id": "b", "cluster": "x"}, {"id": "a", "cluster": "x"}, name="other.jsonl")
    assert read_gold([one, other]) == {"a": "x", "b": "x"}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"cluster": "x"}, "has a cluster but no id"),
        ({"id": "", "cluster": "x"}, "has a cluster but no id"),
        ({"id": "b", "cluster": ["x"]}, "neither a word nor a whole number"),
        ({"id": "b", "cluster": True}, "neither a word nor a whole number"),
        ({"id": "a", "cluster": "y"}, "the article 'a' has the cluster 'y' here and 'x' before"),
    ],
)
def test_a_label_that_cannot_be_used_is_told_with_its_place(
    write: Write, record: dict[str, Any], reason: str
) -> None:
    path = write({"id": "a", "cluster": "x"}, record)
    with pytest.raises(UsageError, match=r"in\.jsonl:2: .*" + reason):
        read_gold([path])


def test_what_is_no_whole_file_is_refused(write: Write, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is empty"):
        read_gold([write({"id": "a", "cluster": "x"}), write(name="none.jsonl")])
    with pytest.raises(UsageError, match="no such file"):
        read_gold(["nowhere.jsonl"])
    os.mkfifo(tmp_path / "pipe.jsonl")
    for path in (tmp_path, tmp_path / "pipe.jsonl"):
        with pytest.raises(UsageError, match="is no file"):
            read_gold([str(path)])
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(b'{"id": "a", "cluster": "x"}\n' * 99)[:-20])
    with pytest.raises(UsageError, match=r"cut\.jsonl\.gz: the gzip data stops"):
        read_gold([str(cut)])


# ---- pairs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["pairs.jsonl", "pairs.jsonl.gz"])
def test_pairs_are_read_with_their_weights(write: Write, name: str) -> None:
    path = write(
        PAIR | {"weight": 2.5, "similarity": 0.4},
        "",
        PAIR | {"id_b": 7, "label": "wire copy"},
        PAIR | {"weight": None},
        name=name,
    )
    assert read_pairs(path) == [
        LabelledPair("a", "b", "same", 2.5),
        LabelledPair("a", "7", "wire copy"),
        LabelledPair("a", "b", "same"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"id_a": "a", "id_b": "b"}, "field `label`"),
        ({"id_a": "a", "label": "same"}, "field `id_b`"),
        (PAIR | {"label": ""}, "label"),
        (PAIR | {"label": 3}, "label"),
        (PAIR | {"weight": -1}, "weight"),
        (PAIR | {"weight": "much"}, "weight"),
        (PAIR | {"id_b": "a"}, "pairs the article 'a' with itself"),
        (PAIR | {"label": "none"}, "are judged 'none' here and 'same' before"),
        ({"id_a": "b", "id_b": "a", "label": "topic"}, "are judged 'topic' here and 'same' before"),
        ({"id": "a", "text": "A mill burned."}, "is no labelled pair"),
        ("[1, 2]", "is no labelled pair"),
        ('{"id_a": ', "is no labelled pair"),
    ],
)
def test_a_line_that_is_no_pair_is_told_with_its_place(
    write: Write, line: Any, reason: str
) -> None:
    with pytest.raises(UsageError, match=r"in\.jsonl:2: .*" + reason):
        read_pairs(write(PAIR, line))


@pytest.mark.parametrize("lines", [[], ["", "  "]])
def test_a_file_without_lines_is_refused(write: Write, lines: list[str]) -> None:
    for read in (read_pairs, read_decisions):
        with pytest.raises(UsageError, match=r"in\.jsonl: is empty; each line is to be a "):
            read(write(*lines))


# ---- decisions ----------------------------------------------------------------------------------


def test_decisions_give_the_cluster_of_each_article(write: Write) -> None:
    path = write({"id": "a", "cluster_id": "s1", "relation": "none"}, name="out.jsonl.gz")
    assert read_decisions(path) == {"a": "s1"}


def test_what_is_no_decision_is_told_with_its_place(write: Write) -> None:
    with pytest.raises(UsageError, match=r"in\.jsonl:1: is no decision .* `cluster_id`"):
        read_decisions(write({"id": "a", "cluster": "x"}))
