"""How options are declared: once, giving flag, environment variable and TOML key together."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click


def option(*names: str, **settings: Any) -> Callable[[Any], Any]:
    """A click option that also reads DEDUPE_<NAME>; its parameter's name is its TOML key."""
    flag = next(name for name in names if name.startswith("--"))
    variable = "DEDUPE_" + flag.removeprefix("--").replace("-", "_").upper()
    return click.option(*names, envvar=variable, show_envvar=True, **settings)


class Duration(click.ParamType):
    """A length of time such as 36h, 7d or 2w; in hours."""

    name = "duration"
    _UNITS = {"h": 1.0, "d": 24.0, "w": 168.0}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Hours, as a number; a bare number in a TOML file is hours too."""
        if isinstance(value, int | float):
            return float(value)
        match = re.fullmatch(r"(\d+(?:\.\d+)?)([hdw])", str(value).strip())
        if match is None or float(match[1]) <= 0:
            self.fail(f"{value!r} is no length of time; write 36h, 7d or 2w", param, ctx)
        return float(match[1]) * self._UNITS[match[2]]


class Moment(click.ParamType):
    """A date or time (ISO 8601), or how long ago (7d)."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """An aware time; without an offset it is UTC."""
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if re.fullmatch(r"\d+(?:\.\d+)?[hdw]", str(value)):
            return datetime.now(UTC) - timedelta(hours=Duration().convert(value, param, ctx))
        try:
            moment = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is no time; write 2031-03-04, 2031-03-04T12:00Z or 7d", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
