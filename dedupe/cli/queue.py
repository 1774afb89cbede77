"""`dedupe queue …`: look after what waits to be decided, and what was given up."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.options import index_url, jsonl_or_table, option
from dedupe.errors import UsageError

if TYPE_CHECKING:
    from dedupe.queues.base import Dead, Queue

_MOST = 1_000  # dead that are read at once

every = option("--all", is_flag=True, help="All of them.")


@click.group("queue")
def queue_group() -> None:
    """Look after a queue: how much waits, what was given up, who reads what was decided."""


@queue_group.command()
@index_url
@jsonl_or_table
def status(**given: Any) -> None:
    """Say how much waits, and how far those who read what was decided are behind."""
    import msgspec

    from dedupe.cli.opening import opened_queue
    from dedupe.cli.queue_tables import backlog_shown
    from dedupe.cli.rendering import show

    with opened_queue(given) as queue:
        backlog = queue.backlog()
    if _as_lines(given):
        sys.stdout.buffer.write(msgspec.json.encode(backlog) + b"\n")
        sys.stdout.flush()
    else:
        show(*backlog_shown(backlog))


@queue_group.command()
@index_url
@jsonl_or_table
def dead(**given: Any) -> None:
    """List what was given up, with the reason; as JSONL also with the article as it came."""
    import msgspec

    from dedupe.cli.opening import opened_queue
    from dedupe.cli.queue_tables import dead_shown
    from dedupe.cli.rendering import show

    with opened_queue(given) as queue:
        if _as_lines(given):
            for each in _dead(queue):
                body = each.body.decode("utf-8", "replace")
                line = {**each._asdict(), "body": body}
                sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
            sys.stdout.flush()
        else:
            show(dead_shown(list(_dead(queue))))


@queue_group.command()
@click.argument("ids", nargs=-1, metavar="ID...")
@index_url
@every
def retry(ids: tuple[str, ...], **given: Any) -> None:
    """Put what was given up into the queue again, by the ids that dedupe queue dead shows."""
    from dedupe.cli.opening import opened_queue

    with opened_queue(given) as queue:
        chosen = _chosen(queue, ids, given["all"])
        done = sum(queue.revive(some) for some in _parts(chosen))
    _told(done, len(chosen), "put into the queue again")


@queue_group.command()
@click.argument("ids", nargs=-1, metavar="ID...")
@index_url
@every
def discard(ids: tuple[str, ...], **given: Any) -> None:
    """Delete what was given up, by the ids that dedupe queue dead shows."""
    from dedupe.cli.opening import opened_queue

    with opened_queue(given) as queue:
        chosen = _chosen(queue, ids, given["all"])
        done = sum(queue.discard(some) for some in _parts(chosen))
    _told(done, len(chosen), "deleted")


@queue_group.command()
@click.argument("reader")
@index_url
def forget(reader: str, **given: Any) -> None:
    """Let a reader go that does not come back: nothing is kept for it any more.

    READER is a name that dedupe queue status shows. One that does come back begins with the oldest
    message that is kept.
    """
    from dedupe.cli.opening import opened_queue

    with opened_queue(given) as queue:
        if reader not in queue.backlog().behind:
            raise UsageError(f"there is no reader {reader!r}; dedupe queue status names them")
        queue.forget(reader)
        queue.forget(f"undelivered:{reader}")


def _as_lines(given: dict[str, Any]) -> bool:
    return (given["to"] or ("table" if sys.stdout.isatty() else "jsonl")) == "jsonl"


def _dead(queue: Queue) -> Iterator[Dead]:
    after = ""
    while some := queue.dead(after, _MOST):
        yield from some
        after = some[-1].id


def _chosen(queue: Queue, ids: tuple[str, ...], every: bool) -> list[str]:
    if every == bool(ids):
        raise UsageError("name the ids that dedupe queue dead shows, or give --all")
    return [each.id for each in _dead(queue)] if every else list(dict.fromkeys(ids))


def _parts(ids: list[str]) -> Iterator[list[str]]:
    return (ids[at : at + _MOST] for at in range(0, len(ids), _MOST))


def _told(done: int, wanted: int, what: str) -> None:
    click.echo(f"{done:,} {what}", err=True)
    if done < wanted:
        raise UsageError(f"{wanted - done:,} of the ids are not among the dead")
