"""Every option works as a flag, as a variable and as a key; its values are checked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from click.core import ParameterSource
from click.testing import CliRunner

from dedupe import canonical, feeds
from dedupe.cli import options as options_module
from dedupe.cli.config import load_config
from dedupe.cli.main import commands
from dedupe.cli.options import Duration, Interval, Moment, Score
from dedupe.models import Level
from dedupe.params import ScanParams

Path_ = tuple[str, ...]  # of the words that a command is called by


def leaves(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """All commands, those of groups too, each with the words that it is called by."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, *path, name)
        else:
            yield (*path, name), command


OPTIONS = [
    pytest.param(path, option, id=f"{' '.join(path)} {option.opts[-1]}")
    for path, command in leaves(commands)
    for option in command.params
    if isinstance(option, click.Option)
]


def sample(option: click.Option) -> Any:
    """A value as TOML has it that is not the default."""
    if option.is_flag:
        return True
    match option.type:
        case click.Choice(choices=choices):
            value: Any = next(c for c in choices if c != option.default)
        case Duration():
            value = "36h"
        case Moment():
            value = "2025-03-04T12:00Z"
        case click.IntRange(min=least) | click.FloatRange(min=least):
            value = (least or 0) + (2 if isinstance(option.type, click.IntRange) else 0.5)
        case _:
            value = "some-name"
    return [value, value] if option.multiple else value


def parsed(path: Path_, option: click.Option, *arguments: str) -> tuple[Any, Any]:
    """The value of the option, and where it came from."""
    context = click.Context(commands)
    context.default_map = load_config(None, commands)
    command: click.Command = commands
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
        context = click.Context(command, info_name=name, parent=context)
    given = ["INPUT"] * sum(isinstance(p, click.Argument) for p in command.params)
    required = [o for o in command.params if isinstance(o, click.Option) and o.required]
    given += [word for o in required if o is not option for word in (o.opts[-1], "words")]
    assert context.parent is not None
    context = command.make_context(path[-1], [*arguments, *given], parent=context.parent)
    assert option.name is not None
    return context.params[option.name], context.get_parameter_source(option.name)


def flags(option: click.Option, value: Any) -> list[str]:
    if option.is_flag:
        return [option.opts[-1]]
    values = value if option.multiple else [value]
    return [word for v in values for word in (option.opts[-1], str(v))]


def in_toml(path: Path_, option: click.Option, value: Any) -> None:
    table = f"[{'.'.join(path)}]\n{option.name} = {json.dumps(value)}\n"
    Path("dedupe.toml").write_text(table, encoding="utf-8")


@pytest.mark.parametrize(("path", "option"), OPTIONS)
def test_an_option_means_the_same_as_flag_variable_and_key(
    path: Path_, option: click.Option, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = sample(option)
    expected, source = parsed(path, option, *flags(option, value))
    assert source is ParameterSource.COMMANDLINE
    assert expected not in (None, (), option.default)

    in_toml(path, option, value)
    assert parsed(path, option) == (expected, ParameterSource.DEFAULT_MAP)
    Path("dedupe.toml").unlink()

    assert isinstance(option.envvar, str)
    text = " ".join(map(str, value)) if option.multiple else str(value).lower()
    monkeypatch.setenv(option.envvar, text if not isinstance(value, str) else value)
    assert parsed(path, option) == (expected, ParameterSource.ENVIRONMENT)


@pytest.mark.parametrize(("path", "option"), OPTIONS)
def test_variables_win_over_the_file_and_flags_over_both(
    path: Path_, option: click.Option, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = sample(option)
    in_toml(path, option, value)
    assert isinstance(option.envvar, str)
    text = " ".join(map(str, value)) if option.multiple else str(value)
    monkeypatch.setenv(option.envvar, text)
    assert parsed(path, option)[1] is ParameterSource.ENVIRONMENT
    assert parsed(path, option, *flags(option, value))[1] is ParameterSource.COMMANDLINE


@pytest.mark.parametrize(("path", "option"), OPTIONS)
def test_a_variable_and_a_key_are_named_after_their_flag(path: Path_, option: click.Option) -> None:
    flag = max(option.opts, key=len).removeprefix("--").replace("-", "_")
    assert option.name == flag
    assert option.envvar == f"DEDUPE_{flag.upper()}"
    assert option.help


def test_a_flag_can_be_switched_off_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet = next(p for p in commands.commands["scan"].params if p.name == "quiet")
    assert isinstance(quiet, click.Option)
    in_toml(("scan",), quiet, True)
    monkeypatch.setenv("DEDUPE_QUIET", "0")
    assert parsed(("scan",), quiet) == (False, ParameterSource.ENVIRONMENT)


def test_the_words_of_the_options_are_those_of_the_library() -> None:
    assert options_module.FORMATS == feeds.FORMATS
    assert tuple(Level) == options_module.LEVELS
    assert (*options_module.RULES, "id") == canonical.RULES
    assert ScanParams().election == options_module.RULES
    options = {p.name: p for p in commands.commands["scan"].params}
    to = options["to"].type
    assert isinstance(to, click.Choice)
    assert set(to.choices) == {*get_args(feeds.OutputFormat), "table"}
    assert options["level"].default == ScanParams().level
    assert Duration().convert(options["window"].default, None, None) == ScanParams().window_hours


@pytest.mark.parametrize(
    ("text", "hours"), [("36h", 36), ("7d", 168), ("2w", 336), ("1.5d", 36), (24, 24)]
)
def test_a_duration_is_read(text: str | int, hours: float) -> None:
    assert Duration().convert(text, None, None) == hours


@pytest.mark.parametrize("text", ["", "7", "7 days", "-1h", "0h", "h", "nan", "1e3h", 0, -1.0])
def test_what_is_no_duration_is_refused(text: str | float) -> None:
    with pytest.raises(click.BadParameter, match="write 15m, 36h, 7d or 2w"):
        Duration().convert(text, None, None)


@pytest.mark.parametrize(("text", "hours"), [("off", 0), ("0s", 0), (0, 0), (0.0, 0), ("90m", 1.5)])
def test_an_interval_is_a_length_of_time_or_off(text: object, hours: float) -> None:
    assert Interval().convert(text, None, None) == hours


@pytest.mark.parametrize("text", ["", "never", "-1h", -1.0, "nan"])
def test_what_is_no_interval_is_refused_too(text: object) -> None:
    with pytest.raises(click.BadParameter, match="is no length of time"):
        Interval().convert(text, None, None)


def test_a_moment_without_an_offset_is_utc() -> None:
    for text in ("2025-03-04", "2025-03-04T00:00", "2025-03-04T01:00+01:00", datetime(2025, 3, 4)):
        assert Moment().convert(text, None, None) == datetime(2025, 3, 4, tzinfo=UTC)


def test_a_moment_can_lie_so_long_ago() -> None:
    before = datetime.now(UTC)
    moment = Moment().convert("2d", None, None)
    assert before <= moment + timedelta(days=2) <= datetime.now(UTC)


@pytest.mark.parametrize("text", ["", "yesterday", "2031-02-30", "7", f"{'9' * 400}d", "9999999w"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no time"):
        Moment().convert(text, None, None)


@pytest.mark.parametrize("text", ["0", "2", "-0.1", "nan", "inf", "high"])
def test_a_score_lies_above_zero_and_up_to_one(text: str) -> None:
    assert Score().convert("1", None, None) == 1
    with pytest.raises(click.BadParameter):
        Score().convert(text, None, None)


def test_wrong_usage_is_told_in_words_and_exits_2(invoke: Any) -> None:
    for arguments in (
        [],
        ["x.jsonl", "--level", "chapter"],
        ["x.jsonl", "--workers", "0"],
        ["x.jsonl", "--threshold", "2"],
        ["x.jsonl", "--bogus"],
        ["nowhere.jsonl"],
    ):
        result = invoke(*arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert (arguments or ["INPUT"])[-1].lstrip("-") in result.stderr


def test_of_a_threshold_and_a_precision_the_one_given_closer_by_wins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "set.toml"
    config.write_text("[scan]\nprecision = 1.0\nverifier = 'plane'\n", "utf-8")
    articles = tmp_path / "a.jsonl"
    articles.write_text('{"id": "a", "text": "A mill burned."}\n', "utf-8")
    scan = ["--config", str(config), "scan", str(articles), "-q"]
    # The plane verifier knows no precision: that it is content shows which of the two it was given.
    assert CliRunner().invoke(commands, [*scan, "--threshold", "0.3"]).exit_code == 0
    monkeypatch.setenv("DEDUPE_THRESHOLD", "0.3")
    assert CliRunner().invoke(commands, scan).exit_code == 0
    both = CliRunner().invoke(commands, [*scan, "--threshold", "0.3", "--precision", "0.9"])
    assert both.exit_code == 2
    assert "choose the same thing" in both.stderr
