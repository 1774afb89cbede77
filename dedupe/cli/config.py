"""The TOML file: a table for each command, a key for each of its options, nothing else."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click

from dedupe.errors import ConfigError

DEFAULT = Path("dedupe.toml")


def load_config(path: str | None, group: click.Group) -> dict[str, Any]:
    """The defaults that a file gives to the commands of `group`; none without a file.

    Raises ConfigError for a file that is no TOML and for keys that name no option.
    """
    file = Path(path) if path else DEFAULT
    if not path and not file.is_file():
        return {}
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read as TOML: {error}") from error
    for name, table in given.items():
        command = group.commands.get(name)
        if command is None or not isinstance(table, dict):
            known = ", ".join(f"[{name}]" for name in sorted(group.commands))
            raise ConfigError(f"{file}: {name!r} is no command; the tables are {known}")
        options = {p.name for p in command.params if isinstance(p, click.Option)}
        if unknown := sorted(set(table) - options):
            raise ConfigError(
                f"{file}: [{name}] has no option {unknown[0]!r};"
                f" it has {', '.join(sorted(filter(None, options)))}"
            )
    return given
