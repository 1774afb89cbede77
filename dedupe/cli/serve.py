"""`dedupe serve`: the index over HTTP."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli import daemon_options
from dedupe.cli.options import index, online, option
from dedupe.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from dedupe.web.access import Tokens
    from dedupe.web.service import Service

_HERE = "127.0.0.1:8000"


@click.command()
@index
@option("--listen", metavar="HOST:PORT", default=_HERE, show_default=True, help="Where to listen.")
@option(
    "--api-token-file",
    "--token-file",
    metavar="FILE",
    help="Answer only to bearers of a token in this file, which has one on each line. Needed where"
    " other machines can ask.",
)
@option("--no-token", is_flag=True, help="Answer to whoever can reach the address.")
@daemon_options.logging
@online
def serve(**given: Any) -> None:
    """Serve the index over HTTP: articles in, decisions, stories and evidence out.

    Runs until SIGTERM or SIGINT, then answers what it was asked and ends with 0; a second signal
    ends it at once. SIGHUP reads the tokens again.
    """
    needs = "the HTTP service", "serve"
    daemon_options.begun(given, *needs)
    try:
        from dedupe.web.server import serve_on
    except ImportError as error:
        raise MissingExtra(*needs) from error
    from dedupe.daemon.health import address_of

    host, port = address_of(given["listen"])
    tokens = _tokens(given, host)
    with _service(given) as service:
        try:
            serve_on(host, port, service, tokens)
        except OSError as error:
            why = error.strerror or error
            raise UsageError(f"--listen {given['listen']}: {why}; name another address") from error
    sys.exit(0)


def _tokens(given: dict[str, Any], host: str) -> Tokens | None:
    """Who may ask. Raises UsageError where others can and nothing was said of it."""
    from dedupe.web.access import Tokens, is_loopback

    if given["api_token_file"]:
        if given["no_token"]:
            raise UsageError("--token-file and --no-token contradict each other; give one of them")
        return Tokens(given["api_token_file"])
    if not given["no_token"] and not is_loopback(host):
        raise UsageError(
            f"{host} can be asked by other machines: give --token-file FILE, or --no-token where"
            " something else keeps strangers away"
        )
    return None


@contextmanager
def _service(given: dict[str, Any]) -> Iterator[Service]:
    """The service on the index. Raises UsageError, IndexFailure."""
    from dedupe.cli.opening import deduper_on, opened_index
    from dedupe.index.opening import open_index
    from dedupe.metrics import Metrics
    from dedupe.queues.opening import open_queue
    from dedupe.web.service import Service, Store

    if given["index"].startswith("memory:"):
        raise UsageError("memory: is gone with the command; name a file: --index sqlite:///news.db")
    with (
        opened_index(given, new=True) as index,
        closing(open_index(given["index"], force=given["force"])) as beside,
        closing(open_queue(given["index"])) as queue,
        closing(
            Service(
                lambda: deduper_on(index, given),
                Store(beside, queue),
                lambda: datetime.now(UTC),
                Metrics(),
            )
        ) as service,
    ):
        yield service
