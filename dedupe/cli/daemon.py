"""`dedupe daemon`: from feeds to decisions in one process."""

from __future__ import annotations

import sys
from typing import Any

import click

from dedupe.cli.daemon_options import HERE, begun, listen, listening, logging
from dedupe.cli.polling import polling
from dedupe.cli.work import working


@click.command()
@polling
@working
@listen(HERE)
@logging
def daemon(**given: Any) -> None:
    """Ask feeds, decide what is new in them, and tell of it: all that one machine needs.

    It is dedupe poll and dedupe work in one process, on one index: a file where nothing else is
    given. The address of /healthz is the first line of its log.

    SIGTERM and SIGINT let it finish what it has begun; a second one ends it at once. SIGHUP has it
    read --feeds again.

    Exits 0 when stopped, 1 when it failed, 2 when used wrongly.
    """
    begun(given)
    from dedupe.cli.polling import poller_of
    from dedupe.cli.work import workers
    from dedupe.daemon.service import run
    from dedupe.metrics import Metrics

    metrics, where = Metrics(), listening(given)
    parts = [poller_of(given, metrics), *workers(given, metrics)]
    sys.exit(run(parts, listen=where, metrics=metrics))
