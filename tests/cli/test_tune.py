"""`dedupe tune` as its users meet it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from dedupe.params import ScanParams
from dedupe.similarity.trees import shipped_model

Tune = Callable[..., Result]
SAME = {"id_a": "a", "id_b": "b", "label": "same", "weight": 2}
TOPIC = {"id_a": "a", "id_b": "c", "label": "topic", "weight": 9}
NOW = ScanParams()


@pytest.fixture
def tune(call: Tune) -> Tune:
    """`dedupe tune …` inside this process."""
    return partial(call, "tune")


def tried(found: dict[str, Any]) -> dict[str, list[float]]:
    return {s["setting"]: [trial["value"] for trial in s["trials"]] for s in found["sweeps"]}


def test_each_setting_is_varied_around_the_present_one(
    tune: Tune, articles: Path, write: Any
) -> None:
    pairs = write(SAME, TOPIC, name="judged.jsonl")
    result = tune(articles, "--pairs", pairs)
    assert (result.exit_code, result.stderr) == (0, "3 articles\n")
    found = json.loads(result.stdout)
    assert (found["articles"], found["not_varied"]) == (3, {})
    assert [(s["setting"], s["now"]) for s in found["sweeps"]] == [
        ("threshold", shipped_model().threshold),
        ("bands", NOW.signature.story_bands),
        ("window", NOW.window_hours),
    ]
    for sweep in found["sweeps"]:
        assert sweep["now"] in [trial["value"] for trial in sweep["trials"]]
        assert {best["value"] for best in sweep["best"]} == {sweep["now"]}
        assert sweep["trials"][-1]["figures"]["pairs"][0]["file"] == str(pairs)
    assert len(found["curves"][0]["probabilities"]) == len(found["similarities"])
    assert [(r["file"], r["diagram"]["pairs"]) for r in found["reliability"]] == [(str(pairs), 2)]


def test_values_can_be_named_and_the_first_is_where_the_others_are_varied(
    tune: Tune, articles: Path
) -> None:
    given = "--threshold", 0.6, "--threshold", 0.2, "--window", "1h", "--bands", 8, "-q"
    result = tune(articles, *given)
    found = json.loads(result.stdout)
    assert result.stderr == ""
    assert tried(found) == {"threshold": [0.2, 0.6], "bands": [8, NOW.signature.story_bands]}
    assert found["sweeps"][0]["now"] == 0.6
    assert found["not_varied"] == {"window": "a single value is given"}
    recalls = [
        trial["figures"]["clusters"]["pairwise_recall"]
        for sweep in found["sweeps"]
        for trial in sweep["trials"]
    ]
    assert recalls == [0, 0, 0, 0], "the two copies are two hours apart"


def test_windows_show_where_a_story_falls_apart(tune: Tune, articles: Path) -> None:
    windows = "--window", "7d", "--window", "1h", "--window", "3h"
    sweep = next(
        s for s in json.loads(tune(articles, *windows).stdout)["sweeps"] if s["setting"] == "window"
    )
    recalls = [trial["figures"]["clusters"]["pairwise_recall"] for trial in sweep["trials"]]
    assert recalls == [0, 1, 1]


def test_without_dates_the_window_is_not_varied(
    tune: Tune, write: Any, two_copies: Any, other: Any
) -> None:
    records = [
        {**record, "published": None, "cluster": k} for k, record in enumerate((*two_copies, other))
    ]
    found = json.loads(tune(write(*records)).stdout)
    assert found["not_varied"] == {"window": "no article has a date"}
    assert "window" not in tried(found)


def test_a_table_shows_every_value_and_says_which_does_best(
    tune: Tune, articles: Path, write: Any
) -> None:
    pairs = write(SAME, TOPIC, name="judged [b].jsonl")
    silver = write({**SAME, "label": "[red]odd"}, name="silver.jsonl")
    windows = "--window", "7d", "--window", "1h"
    shown = tune(articles, "--pairs", pairs, "--pairs", silver, *windows, "--to", "table").stdout
    rows = [line.split() for line in shown.splitlines()]
    assert any(row[:3] == ["1h", "0.800", "1.000"] for row in rows)
    assert any(row[:4] == ["now", "7d", "1.000", "1.000"] for row in rows)
    assert "threshold, the rest as it is: stories" in shown
    assert f"window, the rest as it is: {silver}" in shown
    assert ["window", "[red]odd"] in rows
    assert "best by B-cubed F1: 7d, as it is (1.000)" in shown
    assert "judged [b].jsonl: scores as probabilities" in shown
    assert "S-curves" in shown
    assert "█" in shown


def test_many_labels_have_a_row_each(tune: Tune, articles: Path, write: Any) -> None:
    labels = ("copy", "excerpt", "partial", "rewrite", "related", "boilerplate")
    pairs = write(*({**SAME, "label": label} for label in labels), name="silver.jsonl")
    windows = "--window", "10.5h", "--window", "0.5h"
    shown = tune(articles, "--pairs", pairs, *windows, "--to", "table").stdout
    rows = [line.split() for line in shown.splitlines()]
    assert ["window", ".5h", "10.5h"] in rows
    assert ["rewrite", ".000", "1.00", "▁█"] in rows


def test_nothing_is_written_but_the_figures(tune: Tune, articles: Path) -> None:
    before = {path.name for path in Path().iterdir()}
    result = tune(articles, "-o", "tuning.json")
    assert (result.exit_code, result.stdout) == (0, "")
    assert {path.name for path in Path().iterdir()} == before | {"tuning.json"}
    assert json.loads(Path("tuning.json").read_text())["articles"] == 3


def test_rejected_records_are_told(tune: Tune, articles: Path) -> None:
    with articles.open("a") as file:
        file.write('{"id": "z"}\n')
    result = tune(articles)
    assert result.exit_code == 3
    assert "3 articles; 1 record rejected" in result.stderr


def test_wrong_usage_is_told_in_words(
    tune: Tune, articles: Path, write: Any, two_copies: Any, tmp_path: Path
) -> None:
    same, strange = (
        write(SAME, name="same.jsonl"),
        write({**SAME, "id_a": "x"}, {**TOPIC, "id_b": "y"}, name="x.jsonl"),
    )
    unlabelled = write(*two_copies, name="unlabelled.jsonl")
    one_story = write(*(record | {"cluster": 1} for record in two_copies), name="one.jsonl")
    broken = write('{"version": 7}', name="model.json")
    for arguments, reason in (
        ([], "Missing argument"),
        ([unlabelled], "nothing is labelled"),
        ([one_story], "all articles are of one story"),
        ([unlabelled, "--pairs", same], "all pairs are 'same'"),
        ([unlabelled, "--pairs", strange], "x.jsonl: none of its 2 pairs"),
        ([articles, "--pairs", write(name="void.jsonl")], "void.jsonl: is empty"),
        ([articles, "--pairs", articles], "articles.jsonl:1: is no labelled pair"),
        ([articles, "--pairs", "nowhere"], "nowhere: no such file"),
        ([write(name="none.jsonl")], "none.jsonl: is empty"),
        ([articles, "--bands", 129], "--bands 129: the signatures are made for 128 bands"),
        ([articles, "--threshold", 0], "0"),
        ([articles, "--model", broken], "model.json: is a model file of version 7"),
        ([articles, "-o", tmp_path], "cannot be written"),
        ([articles, "-o", articles], "articles.jsonl: --output would write over what is read"),
        (["-"], "-: is no file"),
    ):  # fmt: skip
        result = tune(*arguments)
        assert (result.exit_code, result.stdout) == (2, ""), reason
        assert reason in result.stderr
