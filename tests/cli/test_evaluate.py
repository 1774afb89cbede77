"""`dedupe evaluate` as its users meet it."""

from __future__ import annotations

import gzip
import json
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Evaluate = Callable[..., Result]
SAME = {"id_a": "a", "id_b": "b", "label": "same", "weight": 2}
NOTHING = {"none": 0, "story": 0, "rewrite": 0, "copy": 0, "exact": 0}
TOPIC = {"id_a": "a", "id_b": "c", "label": "topic", "weight": 9}


@pytest.fixture
def evaluate(call: Evaluate) -> Evaluate:
    """`dedupe evaluate …` inside this process."""
    return partial(call, "evaluate")


def test_a_scan_is_measured_by_gold_stories_and_pairs(
    evaluate: Evaluate, articles: Path, write: Any
) -> None:
    pairs = write(SAME, TOPIC, {**TOPIC, "id_b": "gone"}, name="judged.pairs.jsonl")
    result = evaluate(articles, "--pairs", pairs)
    assert (result.exit_code, "3 articles: 2 in 1 story" in result.stderr) == (0, True)
    assert json.loads(result.stdout) == {
        "articles": 3,
        "largest": 2,
        "clusters": {
            "labelled": 3,
            "stories": 2,
            "left_out": 0,
            "bcubed_precision": 1.0,
            "bcubed_recall": 1.0,
            "bcubed_f1": 1.0,
            "pairwise_precision": 1.0,
            "pairwise_recall": 1.0,
            "pairwise_f1": 1.0,
            "ari": 1.0,
        },
        "pairs": [
            {
                "file": str(pairs),
                "pairs": 2,
                "left_out": 1,
                "recall": 1.0,
                "weighted_precision": 1.0,
                "f1": 1.0,
                "development": None,
                "labels": [
                    {
                        "label": "same",
                        "pairs": 1,
                        "together": 1,
                        "share": 1.0,
                        "relations": NOTHING | {"exact": 1},
                        "updates": 0,
                    },
                    {
                        "label": "topic",
                        "pairs": 1,
                        "together": 0,
                        "share": 0.0,
                        "relations": NOTHING | {"none": 1},
                        "updates": 0,
                    },
                ],
            }
        ],
    }


def test_pairs_beside_an_input_are_not_picked_up(
    evaluate: Evaluate, articles: Path, write: Any
) -> None:
    write(SAME, name="articles.pairs.jsonl")
    assert json.loads(evaluate(articles).stdout)["pairs"] == []


def test_several_files_of_articles_and_of_pairs_go_together(
    evaluate: Evaluate, write: Any, two_copies: Any, other: Any
) -> None:
    files = [write(record, name=f"{record['id']}.jsonl") for record in (*two_copies, other)]
    judged, silver = write(SAME, name="1.jsonl"), write({**TOPIC, "label": "odd"}, name="2.jsonl")
    figures = json.loads(evaluate(*files, "--pairs", judged, "--pairs", silver).stdout)
    assert (figures["articles"], figures["clusters"]) == (3, None)
    assert [(f["file"], f["recall"]) for f in figures["pairs"]] == [
        (str(judged), 1.0), (str(silver), None),
    ]  # fmt: skip


def test_the_options_of_the_scan_are_obeyed(evaluate: Evaluate, articles: Path) -> None:
    narrow = json.loads(evaluate(articles, "--window", "1h", "-q").stdout)
    assert narrow["clusters"]["pairwise_recall"] == 0.0
    assert evaluate(articles, "--window", "1h", "-q").stderr == ""


def test_earlier_decisions_are_measured_as_the_scan_is(
    evaluate: Evaluate, invoke: Any, articles: Path, write: Any
) -> None:
    pairs = write(SAME, TOPIC, name="pairs.jsonl")
    invoke(articles, "-o", "decisions.jsonl.gz")
    scanned = evaluate(articles, "--pairs", pairs)
    reused = evaluate(articles, "--pairs", pairs, "--decisions", "decisions.jsonl.gz")
    assert (reused.exit_code, reused.stderr) == (0, "")
    expected, found = json.loads(scanned.stdout), json.loads(reused.stdout)
    for label in expected["pairs"][0]["labels"]:
        label.update(relations=None, updates=None)  # decisions are of articles, not of pairs
    assert found == expected
    without = evaluate("--pairs", pairs, "--decisions", "decisions.jsonl.gz")
    assert json.loads(without.stdout)["pairs"] == expected["pairs"]


def test_each_pair_is_told_as_what_it_was_found(
    evaluate: Evaluate, write: Any, two_copies: Any, other: Any
) -> None:
    first, _ = two_copies
    later = {**first, "id": "l", "text": first["text"] + " It may open again in May.",
             "published": "2024-03-01T19:00Z"}  # fmt: skip
    articles = write(*two_copies, other, later)
    ids = [("a", "b"), ("l", "a"), ("a", "c"), ("c", "l")]
    pairs = write(*({"id_a": a, "id_b": b, "label": "silver"} for a, b in ids), name="p.jsonl")
    label = json.loads(evaluate(articles, "--pairs", pairs).stdout)["pairs"][0]["labels"][0]
    assert label["relations"] == NOTHING | {"exact": 1, "copy": 1, "none": 2}
    assert (label["updates"], label["together"]) == (1, 2)
    shown = evaluate(articles, "--pairs", pairs, "--to", "table").stdout
    rows = [line.split() for line in shown.splitlines()]
    assert ["silver", "4", "2", "0.500", "2", "·", "·", "1", "1", "1"] in rows


def test_with_decisions_the_table_says_that_there_are_no_relations(
    evaluate: Evaluate, invoke: Any, articles: Path, write: Any
) -> None:
    invoke(articles, "-o", "decisions.jsonl")
    pairs = write(SAME, name="pairs.jsonl")
    given = ("--pairs", pairs, "--decisions", "decisions.jsonl", "--to", "table")
    shown = evaluate(*given).stdout
    assert "found as what: not measurable" in shown
    assert "rewrite" not in shown


def test_the_stories_of_the_examples_are_found_as_they_are_labelled(
    evaluate: Evaluate, examples: Path, write: Any
) -> None:
    labels = tomllib.loads((examples / "labels.toml").read_text("utf-8"))["stories"]
    story = {member: name for name, told in labels.items() for member in told["members"]}
    lines = (examples / "stories.jsonl").read_text("utf-8").splitlines()
    records = [json.loads(line) for line in lines]
    path = write(*(record | {"cluster": story.get(record["id"])} for record in records))
    figures = json.loads(evaluate(path).stdout)["clusters"]
    assert figures["labelled"] == len(story)
    assert figures["bcubed_f1"] > 0.9


# ---- how it is put out --------------------------------------------------------------------------


def test_a_table_says_what_was_measured_and_what_could_not_be(
    evaluate: Evaluate, articles: Path, write: Any
) -> None:
    pairs = write(SAME, {**SAME, "label": "[red]odd\x1b"}, name="pairs [bold].jsonl")
    shown = evaluate(articles, "--pairs", pairs, "--to", "table").stdout
    rows = [line.split() for line in shown.splitlines()]
    assert ["B-cubed", "1.000", "1.000", "1.000"] in rows
    assert "adjusted Rand index: 1.000" in shown
    assert ["[red]odd\ufffd", "1", "1", "1.000"] in [row[:4] for row in rows]
    assert "pairs [bold].jsonl: 2 pairs" in shown
    assert "development in one story: not measurable" in shown


def test_one_story_only_measures_no_precision(
    evaluate: Evaluate, write: Any, two_copies: Any
) -> None:
    path = write(*(record | {"cluster": 1} for record in two_copies))
    rows = [line.split() for line in evaluate(path, "--to", "table").stdout.splitlines()]
    assert ["B-cubed", "not", "measurable", "1.000", "not", "measurable"] in rows
    assert json.loads(evaluate(path).stdout)["clusters"]["bcubed_f1"] is None


def test_a_file_takes_the_json(evaluate: Evaluate, articles: Path) -> None:
    result = evaluate(articles, "-o", "figures.json")
    assert (result.exit_code, result.stdout) == (0, "")
    assert Path("figures.json").read_text() == evaluate(articles).stdout


# ---- bad input ----------------------------------------------------------------------------------


def test_rejected_records_are_told_and_their_labels_left_out(
    evaluate: Evaluate, articles: Path
) -> None:
    with articles.open("a") as file:
        file.write('{"id": "z", "cluster": "ferry"}\n' * 9)
    result = evaluate(articles)
    assert result.exit_code == 3
    assert "articles.jsonl:4: no text" in result.stderr
    assert json.loads(result.stdout)["clusters"]["left_out"] == 1


def test_an_unlabelled_collection_without_pairs_is_refused(
    evaluate: Evaluate, write: Any, two_copies: Any
) -> None:
    result = evaluate(write(*two_copies))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nothing is labelled" in result.stderr


def test_pairs_of_other_articles_are_refused_by_name(
    evaluate: Evaluate, articles: Path, write: Any
) -> None:
    strange = write({**SAME, "id_a": "x"}, name="strange.jsonl")
    result = evaluate(articles, "--pairs", write(SAME, name="p.jsonl"), "--pairs", strange)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "strange.jsonl: none of its 1 pairs" in result.stderr


def test_wrong_usage_is_told_in_words_before_anything_is_scanned(
    evaluate: Evaluate, articles: Path, write: Any, tmp_path: Path
) -> None:
    pairs = write(SAME, name="pairs.jsonl")
    decisions = write({"id": "a", "cluster_id": "s"}, name="decisions.jsonl")
    (tmp_path / "cut.gz").write_bytes(gzip.compress(pairs.read_bytes())[:-9])
    for arguments, reason in (
        ([], "nothing to measure"),
        (["--pairs", pairs], "nothing to measure"),
        (["--decisions", decisions], "nothing is labelled"),
        (["-"], "-: is no file"),
        ([tmp_path], "is no file"),
        ([articles, "--pairs", "nowhere.jsonl"], "nowhere.jsonl: no such file"),
        ([articles, "--pairs", articles], "articles.jsonl:1: is no labelled pair"),
        ([articles, "--pairs", write(name="void.jsonl")], "void.jsonl: is empty"),
        ([articles, "--pairs", tmp_path / "cut.gz"], "cut.gz: the gzip data stops"),
        ([articles, "--decisions", pairs], "pairs.jsonl:1: is no decision"),
        ([articles, "--decisions", decisions, "--level", "copy"], "--level is for a scan"),
        ([articles, "--decisions", decisions, "--model", "m.json"], "--model is for a scan"),
        ([articles, "--model", "nowhere.json"], "nowhere.json: cannot be read: No such file"),
        ([articles, "--model", pairs], "pairs.jsonl: is no model file"),
        ([articles, "-o", "figures.txt", "--to", "table"], "a table goes to standard output"),
        ([articles, "-o", "no/folder.json"], "no/folder.json: cannot be written"),
        ([articles, "-o", tmp_path], "cannot be written"),
        ([articles, "-o", articles], "articles.jsonl: --output would write over what is read"),
        ([articles, "--pairs", pairs, "-o", "pairs.jsonl"], "would write over what is read"),
        ([articles, "--to", "csv"], "'csv' is not one of"),
    ):
        result = evaluate(*arguments)
        assert (result.exit_code, result.stdout) == (2, ""), reason
        assert reason in result.stderr
        assert "articles:" not in result.stderr
