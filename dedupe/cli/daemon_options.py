"""What every command that goes on until it is stopped takes, and how such a command begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from dedupe.cli.options import all_of, option

LEVELS = ("debug", "info", "warning", "error")
HERE = "127.0.0.1:9464"

feeds_file = option("--feeds", metavar="FILE", help="The feeds: OPML, TOML, or one address a line.")


def listen(default: str | None = None) -> Callable[[Any], Any]:
    """Where health and metrics are read."""
    return option(
        "--listen",
        metavar="HOST:PORT",
        default=default,
        show_default=default or "nowhere",
        help="Where /healthz, /readyz and /metrics are read; none for nowhere.",
    )


log_format = option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How log lines on standard error look.",
)
log_level = option(
    "--log-level",
    type=click.Choice(LEVELS),
    default="info",
    show_default=True,
    help="The least severe that is logged.",
)
logging = all_of(log_format, log_level)
name = option(
    "--name",
    metavar="NAME",
    help="What it is called among its like, the same after a restart. Default: the host's name.",
)


def begun(given: dict[str, Any], what: str = "a service", extra: str = "daemon") -> None:
    """Set up the log. Raises MissingExtra where the packages of the daemon are not installed.

    The extra that it names is the one that `what` needs; it brings those of the daemon.
    """
    from dedupe.errors import MissingExtra

    try:
        from dedupe.daemon.logs import configure
        from dedupe.daemon.service import run  # noqa: F401  aiohttp too
    except ImportError as error:
        raise MissingExtra(what, extra) from error
    configure(given["log_format"], given["log_level"])


def listening(given: dict[str, Any]) -> str | None:
    """The address that --listen names. Raises ConfigError for what is none."""
    from dedupe.daemon.health import address_of

    if given["listen"] in (None, "none"):
        return None
    address_of(given["listen"])
    return str(given["listen"])


def own_name(given: dict[str, Any]) -> str:
    """The name given, else that of the host. Raises ConfigError for one with odd characters."""
    import re
    import socket

    from dedupe.errors import ConfigError

    chosen = (
        given["name"]
        or re.sub(r"[^\w.-]", "-", socket.gethostname(), flags=re.ASCII)[:64]
        or "host"
    )
    if not re.fullmatch(r"[\w.-]{1,64}", chosen, re.ASCII):
        raise ConfigError(f"--name {chosen!r}: up to 64 letters, digits, dots and hyphens")
    return str(chosen)
