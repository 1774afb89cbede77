"""What every command that asks feeds takes: the options, the fetcher and the poller they make."""

from __future__ import annotations

import os
import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.daemon_options import feeds_file, name, own_name
from dedupe.cli.options import Duration, all_of, option
from dedupe.errors import ConfigError, MissingExtra, SourceUnreadable, UsageError

if TYPE_CHECKING:
    from dedupe.daemon.fetching import Fetcher
    from dedupe.daemon.poller import Poller
    from dedupe.metrics import Metrics

_HOUR = 3600.0
_CONTACT = re.compile(r"https?://[^\s/]\S*|(mailto:)?[^@\s/]+@[^@\s/]+", re.I)

user_agent = option(
    "--user-agent",
    metavar="TEXT",
    help="What servers are told. Default: newsdedupe, its version and --contact.",
)
contact = option(
    "--contact",
    metavar="URL",
    help="Where those whose servers are asked find out who asks, or an e-mail address.",
)
allow_address = option(
    "--allow-address",
    multiple=True,
    metavar="NETWORK|HOST",
    help="Ask it although it is not on the public internet: 10.1.0.0/16, wire.intranet.example;"
    " give it again for more.",
)
asking = all_of(user_agent, contact, allow_address)

fetch_pages = option(
    "--fetch-pages",
    is_flag=True,
    help="Take full texts from the pages that entries lead to, where the feed has only the"
    " beginning, and robots.txt allows it.",
)
_interval_min = option(
    "--interval-min",
    type=Duration(),
    default="5m",
    show_default=True,
    help="A feed is never asked more often.",
)
_interval_max = option(
    "--interval-max",
    type=Duration(),
    default="6h",
    show_default=True,
    help="A feed is asked at least as often, as long as its server answers.",
)
_per_host_delay = option(
    "--per-host-delay",
    type=click.FloatRange(0, 3600),
    default=1.0,
    show_default=True,
    metavar="SECONDS",
    help="From one request to a host to the next.",
)
polling = all_of(
    feeds_file, _interval_min, _interval_max, fetch_pages, _per_host_delay, asking, name
)


def fetcher_of(given: dict[str, Any]) -> Fetcher:
    """What asks servers, with the options of `asking`. Raises ConfigError, MissingExtra."""
    try:
        from dedupe.daemon.fetching import Fetcher
    except ImportError as error:
        raise MissingExtra("asking feeds", "feeds") from error
    return Fetcher(user_agent=_user_agent(given), allow=given["allow_address"])


def _user_agent(given: dict[str, Any]) -> str:
    if given["contact"] and not _CONTACT.fullmatch(given["contact"]):
        raise ConfigError(
            f"--contact {given['contact']!r}: write a URL, https://desk.example/bot, or an e-mail"
            " address"
        )
    contact = f" (+{given['contact']})" if given["contact"] else ""
    agent = given["user_agent"] or f"newsdedupe/{version('newsdedupe')}{contact}"
    if not (agent.isascii() and agent.isprintable()):
        raise ConfigError("--user-agent and --contact are printable ASCII")
    return str(agent)


def listed_in(file: str) -> str:
    """The name of a list of feeds: the same from wherever a command is run."""
    return os.path.abspath(file)


def poller_of(given: dict[str, Any], metrics: Metrics) -> Poller:
    """A poller on the queue of --index, with the options of `polling`.

    Raises UsageError, also where --feeds cannot be read.
    """
    from dedupe.cli.work import lasting
    from dedupe.daemon.listing import List
    from dedupe.daemon.members import Member
    from dedupe.daemon.poller import Poller, Polling
    from dedupe.daemon.schedule import Pace
    from dedupe.feeds.subscriptions import read_subscriptions
    from dedupe.queues.opening import open_queue

    least, most = (_HOUR * given[name] for name in ("interval_min", "interval_max"))
    if least > most:
        raise ConfigError("--interval-min is longer than --interval-max")
    file = given["feeds"]
    fetcher_of(given)  # what is wrong is told before anything begins
    if file is not None:
        try:
            read_subscriptions(file)
        except SourceUnreadable as error:
            raise UsageError(str(error)) from error
    url = lasting(given)
    return Poller(
        lambda: open_queue(url),
        lambda: fetcher_of(given),
        metrics,
        Polling(
            pace=Pace(least, most),
            per_host_delay=given["per_host_delay"],
            fetch_pages=given["fetch_pages"],
        ),
        member=Member("poller", own_name(given)).holder,
        user_agent=_user_agent(given),
        feeds=None if file is None else List(listed_in(file), lambda: read_subscriptions(file)),
    )
