"""The group of commands, and how errors leave it. Heavy imports wait until a command runs."""

from __future__ import annotations

import os
import signal
import sys
from types import ModuleType
from typing import Any, NoReturn, cast

import click

from dedupe.cli.add import add, check
from dedupe.cli.calibrate import calibrate
from dedupe.cli.compare import compare
from dedupe.cli.config import load_config
from dedupe.cli.daemon import daemon
from dedupe.cli.evaluate import evaluate
from dedupe.cli.feeds import feeds_group
from dedupe.cli.filter import filter_
from dedupe.cli.hands import remove, story
from dedupe.cli.index import index_group
from dedupe.cli.poll import poll
from dedupe.cli.queue import queue_group
from dedupe.cli.scan import scan
from dedupe.cli.serve import serve
from dedupe.cli.stories import clusters, show_
from dedupe.cli.terminal import harmless
from dedupe.cli.tune import tune
from dedupe.cli.work import work
from dedupe.errors import DedupeError


class _Commands(click.Group):
    """Turns what ends a command early into at most one line on stderr and an exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except DedupeError as error:
            _complain(str(error))
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            _complain("interrupted")
            ctx.exit(128 + signal.SIGINT)
        except BrokenPipeError:  # whoever reads has seen enough, as other filters take it
            _abandon(sys.stdout, sys.stderr)
            ctx.exit(128 + signal.SIGPIPE)
        except OSError as error:
            _abandon(sys.stdout)
            where = f"{error.filename}: " if error.filename else ""
            _complain(f"{where}{error.strerror or error}")
            ctx.exit(1)
        except MemoryError:
            _complain("out of memory")
            ctx.exit(1)


def _complain(message: str) -> None:
    click.echo(f"dedupe: {harmless(message)}", err=True)


def _abandon(*streams: Any) -> None:
    """Let what the streams still hold go nowhere, else Python fails once more when it ends."""
    for stream in streams:
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _end(number: int, frame: Any) -> None:
    sys.exit(128 + number)


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
    help="TOML file with a table for each command, e.g. [scan]. Default: dedupe.toml, if present.",
)
@click.pass_context
def commands(ctx: click.Context, config: str | None) -> None:
    """Find the articles that tell the same news story, and the source they come from.

    Every option can also be given as an environment variable (shown in its help) or in a TOML
    file; flags win over the environment, the environment over the file.
    """
    ctx.default_map = load_config(config, commands)


_ARTICLES = (scan, compare, evaluate, tune, calibrate)
_INDEX = (add, check, filter_, clusters, show_, story, remove, index_group)
_SERVICES = (daemon, poll, work, serve, feeds_group, queue_group)
for _command in (*_ARTICLES, *_INDEX, *_SERVICES):
    commands.add_command(_command)


def _leave(end: SystemExit) -> NoReturn:
    """End now that all is flushed: taking the kernels down piece by piece takes as long as a scan
    of ten files.
    """
    if not isinstance(end.code, int) or "numba" not in sys.modules:
        raise end
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            raise end from None
    os._exit(end.code)


def main() -> None:
    """Run the command line. However it ends, no half-written file stays behind."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # the caller has closed it
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    signal.signal(signal.SIGTERM, _end)
    # The kernels do no linear algebra. Where SciPy is installed, numba would import it for its
    # BLAS, which takes longer than a small scan; this process is ours, so nobody else misses it.
    sys.modules.setdefault("scipy.linalg.cython_blas", cast("ModuleType", None))
    try:
        commands(prog_name="dedupe")
    except SystemExit as end:
        _leave(end)
