"""`dedupe work`: decides what the queue has, until it is stopped."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.add import no_texts
from dedupe.cli.daemon_options import begun, listen, listening, logging, name, own_name
from dedupe.cli.options import (
    Duration,
    Interval,
    all_of,
    index_level,
    index_url,
    index_window,
    online,
    option,
)
from dedupe.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from dedupe.daemon.part import Part
    from dedupe.metrics import Metrics

_HOUR = 3600.0

batch = option(
    "--batch",
    type=click.IntRange(1, 10_000),
    default=256,
    show_default=True,
    help="Articles that are decided at once, at most.",
)
takeover = option(
    "--takeover",
    type=Duration(),
    default="60s",
    show_default=True,
    help="After how long what another worker has not finished is taken over: 60s, 5m.",
)
keep = option(
    "--keep",
    type=Duration(),
    default="24h",
    show_default=True,
    help="How long articles and messages stay in the queue after they are done with: 24h, 7d.",
)
recluster = option(
    "--recluster",
    type=Interval(),
    default="1h",
    show_default=True,
    help="How often all stories are made anew, as a scan makes them, while nothing waits: 1h, 1d;"
    " off for never.",
)
output = option(
    "-o",
    "--output",
    metavar="FILE|-",
    help="Write decisions and events here, one JSON object a line; - is standard output.",
)
webhook = option(
    "--webhook",
    multiple=True,
    metavar="URL",
    help="Post decisions and events there; give it again for more.",
)
webhook_secret_file = option(
    "--webhook-secret-file",
    metavar="FILE",
    help="File with the secret that signs what is posted; or set DEDUPE_WEBHOOK_SECRET.",
)
working: Callable[[Any], Any] = all_of(
    index_url, index_level, index_window, no_texts, online, batch, takeover, keep, recluster,
    output, webhook, webhook_secret_file,
)  # fmt: skip


@click.command()
@working
@name
@listen()
@logging
def work(**given: Any) -> None:
    """Decide the articles that wait in the queue of an index, and go on as more come.

    Any number of workers may share a queue in Redis. Each article is decided once in effect: what a
    worker had when it was killed is decided by the next. Decisions and events go to the output
    stream of the queue, and from there to -o and --webhook.

    SIGTERM and SIGINT let it finish what it has begun; a second one ends it at once.

    Exits 0 when stopped, 1 when it failed, 2 when used wrongly.
    """
    begun(given)
    from dedupe.daemon.service import run
    from dedupe.metrics import Metrics

    metrics = Metrics()
    parts = workers(given, metrics)
    sys.exit(run(parts, listen=listening(given), metrics=metrics))


def workers(given: dict[str, Any], metrics: Metrics) -> list[Part]:
    """What decides, evens out, tells of it, and watches the store. Raises DedupeError."""
    from dedupe.cli.opening import open_deduper, opened_queue
    from dedupe.daemon.handles import Handles
    from dedupe.daemon.members import Member
    from dedupe.daemon.reclustering import Reclustering
    from dedupe.daemon.watch import Watch
    from dedupe.daemon.worker import Settings, Worker
    from dedupe.index.opening import open_index
    from dedupe.queues.opening import open_queue

    url, called = lasting(given), own_name(given)
    settings = Settings(called, given["batch"], given["takeover"] * _HOUR, given["keep"] * _HOUR)
    member = Member("worker", called)
    told = readers(given, metrics, member.place)
    # What is wrong is said before anything runs.
    deduper = open_deduper(given)
    deduper.index.close()
    with opened_queue(given) as opened:
        member.claim(opened, time.time)
    queue = partial(open_queue, url)
    handle = partial(open_index, url)
    parts: list[Part] = [
        Worker(queue, partial(open_deduper, given), metrics, settings),
        *told,
        Watch(queue, handle, metrics),
    ]
    if every := given["recluster"] * _HOUR:
        evens = Reclustering(
            url, deduper.params, Handles(queue, handle), metrics, holder=member.place, every=every
        )
        parts.insert(0, evens)  # what it is at is ended first
    return parts


def readers(given: dict[str, Any], metrics: Metrics, holder: str) -> list[Part]:
    """What tells of decisions and events: lines and webhooks."""
    from dedupe.daemon.readers import LineReader
    from dedupe.daemon.webhooks import WebhookReader, signature_with
    from dedupe.queues.opening import open_queue

    queue = partial(open_queue, given["index"])
    parts: list[Part] = []
    if given["output"]:
        parts.append(LineReader(given["output"], queue, holder))
    if given["webhook"]:
        signature = signature_with(_secret(given))
        for url in dict.fromkeys(given["webhook"]):
            parts.append(WebhookReader(url, signature, queue, holder, metrics))
    return parts


def _secret(given: dict[str, Any]) -> str:
    """What signs webhooks. Raises ConfigError where there is nothing."""
    if path := given["webhook_secret_file"]:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no text"
            raise ConfigError(f"{path}: cannot be read: {why}") from None
    if secret := os.environ.get("DEDUPE_WEBHOOK_SECRET"):
        return secret
    raise ConfigError(
        "webhooks are signed: give --webhook-secret-file, or set DEDUPE_WEBHOOK_SECRET"
    )


def lasting(given: dict[str, Any]) -> str:
    """The URL of an index that outlives the process. Raises UsageError."""
    url = str(given["index"])
    if url.startswith("memory:"):
        raise UsageError("a service needs an index that stays: sqlite:///FILE or redis://…")
    return url
