"""`dedupe poll`: ask feeds, and put what is new in them before the workers."""

from __future__ import annotations

import sys
from typing import Any

import click

from dedupe.cli.daemon_options import begun, listen, listening, logging
from dedupe.cli.options import all_of, index_url
from dedupe.cli.polling import polling


@click.command()
@all_of(index_url, polling, listen(), logging)
def poll(**given: Any) -> None:
    """Ask feeds for what is new, and put it into the queue of an index.

    Feeds are those of --feeds and those that dedupe feeds add has added. Each is asked as often as
    it publishes. Any number of pollers share the feeds of an index; each host is asked by one.

    Ends on SIGTERM or Ctrl-C when what is under way has ended; SIGHUP has it read --feeds again.
    """
    begun(given)
    from dedupe.cli.opening import look_for
    from dedupe.cli.polling import poller_of
    from dedupe.daemon.service import run
    from dedupe.metrics import Metrics

    metrics = Metrics()
    poller = poller_of(given, metrics)
    where = listening(given)
    look_for(given["index"], True)
    sys.exit(run([poller], listen=where, metrics=metrics))
