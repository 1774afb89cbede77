"""The systemd units: their commands parse, their users may do little, their secrets stay secret."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from dedupe.cli.main import commands

UNITS = sorted((Path(__file__).resolve().parents[2] / "deploy" / "systemd").glob("*.service"))
SECRETS = {
    "DEDUPE_REDIS_PASSWORD_FILE": "redis_password",
    "DEDUPE_API_TOKEN_FILE": "api_token",
}


def _settings(unit: Path) -> dict[str, list[str]]:
    """Every setting with its values, in order; configparser allows a name but once."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text("utf-8").splitlines():
        if match := re.fullmatch(r"(\w+)=(.*)", line):
            found.setdefault(match[1], []).append(match[2])
    return found


def _environment(unit: Path) -> dict[str, str]:
    words = [word for line in _settings(unit)["Environment"] for word in shlex.split(line)]
    return dict(word.split("=", 1) for word in words)


by_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)


def test_there_is_a_unit_for_each_way() -> None:
    assert [unit.name for unit in UNITS] == [
        "dedupe-daemon.service",
        "dedupe-poll@.service",
        "dedupe-serve.service",
        "dedupe-work@.service",
    ]


@by_unit
def test_its_command_is_one_of_dedupe(unit: Path) -> None:
    (line,) = _settings(unit)["ExecStart"]
    program, name, *words = shlex.split(line)
    assert program == "/opt/dedupe/bin/dedupe"
    command = commands.commands[name]
    command.make_context(name, words, resilient_parsing=False)
    variables = {
        str(option.envvar): option for option in command.params if isinstance(option, click.Option)
    }
    context = click.Context(command)
    for variable, value in _environment(unit).items():
        if variable in variables:
            variables[variable].type_cast_value(context, value)
        else:
            assert variable in ("NUMBA_CACHE_DIR", "DEDUPE_REDIS_PASSWORD_FILE")


@by_unit
def test_it_is_stopped_reloaded_and_started_again_as_dedupe_understands(unit: Path) -> None:
    settings = _settings(unit)
    assert settings["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert settings["Restart"] == ["on-failure"]
    assert not {"KillSignal", "KillMode", "User", "Group"} & set(settings)


@by_unit
def test_it_may_do_little(unit: Path) -> None:
    settings = _settings(unit)
    for name in ("DynamicUser", "ProtectHome", "PrivateTmp", "NoNewPrivileges", "PrivateDevices"):
        assert settings[name] == ["yes"], name
    assert settings["ProtectSystem"] == ["strict"]
    assert settings["CapabilityBoundingSet"] == [""]
    assert "MemoryDenyWriteExecute" not in settings  # the loops are compiled while it runs
    places = {"sqlite:////var/lib/dedupe/index.db": "StateDirectory"}
    directory = places.get(_environment(unit)["DEDUPE_INDEX"])
    assert directory is None or settings[directory] == ["dedupe"]
    assert settings["CacheDirectory"] == ["dedupe"]
    assert _environment(unit)["NUMBA_CACHE_DIR"] == "/var/cache/dedupe"


@by_unit
def test_its_secrets_are_credentials(unit: Path) -> None:
    settings = _settings(unit)
    given = {line.partition(":")[0] for line in settings.get("LoadCredential", [])}
    used = {n: v for n, v in _environment(unit).items() if n in SECRETS}
    assert used == {n: f"%d/{name}" for n, name in SECRETS.items() if name in given}
    assert given <= set(SECRETS.values())
    assert "@" not in _environment(unit)["DEDUPE_INDEX"]


@by_unit
def test_systemd_understands_it(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze")
    copy = tmp_path / unit.name
    installed = Path(sys.executable)  # any program that is there
    copy.write_text(unit.read_text("utf-8").replace("/opt/dedupe/bin/dedupe", str(installed)))
    done = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], capture_output=True, encoding="utf-8"
    )
    assert (done.returncode, done.stderr) == (0, "")
