"""The group of commands, and how errors leave it. Heavy imports wait until a command runs."""

from __future__ import annotations

import signal
import sys
from typing import Any

import click

from dedupe.cli.config import load_config
from dedupe.cli.scan import scan
from dedupe.errors import DedupeError


class _Commands(click.Group):
    """Turns the product's errors into one line on stderr and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DedupeError as error:
            click.echo(f"dedupe: {error}", err=True)
            ctx.exit(error.exit_code)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="newsdedupe", prog_name="dedupe")
@click.option(
    "--config",
    type=click.Path(exists=True, dir_okay=False),
    envvar="DEDUPE_CONFIG",
    show_envvar=True,
    help="TOML file with a table for each command, e.g. [scan]. Default: dedupe.toml, if it is here.",
)
@click.pass_context
def commands(ctx: click.Context, config: str | None) -> None:
    """Find the articles that tell the same news story, and the source they come from.

    Every option can also be given as an environment variable (shown in its help) or in a TOML
    file; flags win over the environment, the environment over the file.
    """
    ctx.default_map = load_config(config, commands)


commands.add_command(scan)


def main() -> None:
    """Run the command line. A closed pipe ends it silently, as it does other filters."""
    if hasattr(signal, "SIGPIPE") and not sys.stdout.isatty():
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    commands(prog_name="dedupe")
