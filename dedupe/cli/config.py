"""The TOML file: a table for each command, a key for each of its options, nothing else.

The tables of a group's commands lie in that of the group: [index.export].
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click

from dedupe.errors import ConfigError

DEFAULT = Path("dedupe.toml")


def load_config(path: str | None, group: click.Group) -> dict[str, Any]:
    """The defaults that a file gives to the commands of `group`; none without a file.

    Raises ConfigError for a file that is no TOML, for keys that name no option and for values
    that their option does not take.
    """
    file = Path(path) if path else DEFAULT
    if not path and not file.is_file():
        return {}
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{file}: cannot be read as TOML: {error}") from error
    _check_tables(given, group, str(file), "")
    return given


def _check_tables(tables: dict[str, Any], group: click.Group, file: str, path: str) -> None:
    """Raise ConfigError for a table that is of no command of the group."""
    for name, table in tables.items():
        command = group.commands.get(name)
        if command is None or not isinstance(table, dict):
            known = ", ".join(f"[{path}{name}]" for name in sorted(group.commands))
            raise ConfigError(f"{file}: {name!r} is no command; the tables are {known}")
        if isinstance(command, click.Group):
            _check_tables(table, command, file, f"{path}{name}.")
        else:
            _check(table, command, f"{file}: [{path}{name}]")


def _check(table: dict[str, Any], command: click.Command, where: str) -> None:
    options = {p.name: p for p in command.params if isinstance(p, click.Option)}
    for key, value in table.items():
        option = options.get(key)
        if option is None:
            known = ", ".join(sorted(filter(None, options)))
            raise ConfigError(f"{where} has no option {key!r}; it has {known}")
        if option.multiple != isinstance(value, list):
            raise ConfigError(f"{where} {key} takes {'a list' if option.multiple else 'one value'}")
        if option.is_flag != isinstance(value, bool):
            kind = "true or false" if option.is_flag else "a value, not true or false"
            raise ConfigError(f"{where} {key} takes {kind}")
        try:
            option.type_cast_value(click.Context(command), value)
        except (click.BadParameter, OverflowError) as error:
            raise ConfigError(f"{where} {key}: {error}") from error
