"""`dedupe feeds …`: which feeds are polled, and how they are."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.options import Duration, index_url, jsonl_or_table, option
from dedupe.cli.polling import asking, fetch_pages
from dedupe.cli.terminal import counted, harmless
from dedupe.errors import UsageError

if TYPE_CHECKING:
    from msgspec import Struct

    from dedupe.daemon.checking import Checked
    from dedupe.daemon.feedhealth import FeedHealth

_MINUTES = 60.0  # an hour has

list_file = option(
    "--feeds", metavar="FILE", help="Change this list of feeds too, so that they stay as they are."
)
urls = click.argument("urls", nargs=-1, required=True, metavar="URL...")


@click.group("feeds")
def feeds_group() -> None:
    """Look after the feeds that dedupe poll asks: they are kept beside the index."""


@feeds_group.command("list")
@index_url
@jsonl_or_table
def list_(**given: Any) -> None:
    """Say which feeds there are, what their articles come from, and where they are listed."""
    from dedupe.cli.feed_tables import feeds_shown

    found = _healths(given)
    names = ("url", "source", "listed", "now_at")
    _put_out(given, [{name: getattr(each, name) for name in names} for each in found],
             lambda: feeds_shown(found))  # fmt: skip


@feeds_group.command()
@index_url
@jsonl_or_table
def status(**given: Any) -> None:
    """Say how each feed is: its last success and change, how often it is asked, what is wrong.

    Of feeds that stay as they are the figures may be 15 minutes old.
    """
    from dedupe.cli.feed_tables import status_shown

    found = _healths(given)
    _put_out(given, found, lambda: status_shown(found, time.time()))


@feeds_group.command()
@urls
@asking
@jsonl_or_table
def check(urls: tuple[str, ...], **given: Any) -> None:
    """Ask and read feeds once and say what was found. Nothing is stored.

    Exits 0 where all can be polled, else 1.
    """
    from dedupe.cli.feed_tables import checks_shown

    found = asyncio.run(_checked(_addresses(urls), given))
    _put_out(given, found, lambda: checks_shown(found))
    sys.exit(0 if all(each.ok for each in found) else 1)


@feeds_group.command()
@urls
@index_url
@option("--outlet", metavar="NAME", help="What their articles come from. Default: the feed's host.")
@option("--every", type=Duration(), help="Ask them so often, whatever they publish: 10m, 1h.")
@fetch_pages
@list_file
@option("--unchecked", is_flag=True, help="Add them without asking them first.")
@asking
def add(urls: tuple[str, ...], **given: Any) -> None:
    """Add feeds, after asking each whether it is one. Those that are there stay as they are.

    A poller that runs asks them within half a minute. Exits 0 where all were added or were there,
    else 1.
    """
    from dedupe.cli.opening import opened_queue
    from dedupe.cli.polling import listed_in
    from dedupe.daemon.feedstate import encode
    from dedupe.daemon.listing import subscribed
    from dedupe.feeds.subscribing import add_feed
    from dedupe.feeds.subscriptions import Subscription, same_feed

    wanted = good = _addresses(urls)
    if not given["unchecked"]:
        found = asyncio.run(_checked(good, given))
        good = [each.url for each in found if each.ok]
        for each in found:
            if not each.ok:
                _say(f"{each.url}: not added: {each.error}")
    file, every, now = given["feeds"], given["every"], time.time()
    wishes = [
        Subscription(
            url=url,
            source=given["outlet"],
            interval_minutes=None if every is None else _MINUTES * every,
            fetch_pages=given["fetch_pages"] or None,
        )
        for url in good
    ]
    if file is not None:
        for wish in wishes:
            add_feed(file, wish)
    added = 0
    if wishes:  # else no index is made
        with opened_queue(given, new=True) as queue:
            there = {same_feed(feed.key) for feed in queue.feeds()}
            added = queue.subscribe({
                wish.url: encode(subscribed(wish, now, file and listed_in(file)))
                for wish in wishes
                if same_feed(wish.url) not in there
            })  # fmt: skip
    known = len(good) - added
    _say(f"{counted(added, 'feed')} added" + (f", {known:,} were there" if known else ""))
    sys.exit(0 if len(good) == len(wanted) else 1)


@feeds_group.command()
@urls
@index_url
@list_file
def remove(urls: tuple[str, ...], **given: Any) -> None:
    """Remove feeds, by the addresses that they were listed with. Their articles stay.

    One that is still in the list that a poller reads comes back with it; --feeds takes it out of
    there. Exits 0 where all were there, else 1.
    """
    from dedupe.cli.opening import opened_queue
    from dedupe.feeds.subscribing import remove_feed
    from dedupe.feeds.subscriptions import same_feed

    file, missing = given["feeds"], []
    with opened_queue(given) as queue:
        there = {same_feed(feed.key): feed.key for feed in queue.feeds()}
        for url in dict.fromkeys(urls):
            listed = file is not None and remove_feed(file, url)
            key = there.get(same_feed(url))
            if not (key and queue.unsubscribe([key])) and not listed:
                missing.append(url)
    for url in missing:
        _say(f"{url}: no such feed; dedupe feeds list shows those there are")
    _say(f"{counted(len(set(urls)) - len(missing), 'feed')} removed")
    sys.exit(1 if missing else 0)


def _addresses(urls: Sequence[str]) -> list[str]:
    """Each address once. Raises UsageError for what is none."""
    from dedupe.feeds.subscriptions import feed_url

    try:
        return [*dict.fromkeys(map(feed_url, urls))]
    except ValueError as error:
        raise UsageError(f"a feed's address is wrong: {error}") from error


def _say(line: str) -> None:
    click.echo(harmless(line), err=True)


def _healths(given: dict[str, Any]) -> list[FeedHealth]:
    from dedupe.cli.opening import opened_queue
    from dedupe.daemon.feedhealth import healths

    with opened_queue(given) as queue:
        return [*healths(queue.feeds(), time.time())]


async def _checked(urls: Sequence[str], given: dict[str, Any]) -> list[Checked]:
    from dedupe.cli.polling import fetcher_of
    from dedupe.daemon.checking import checked
    from dedupe.daemon.parsers import Parsers

    async with fetcher_of(given) as fetcher, Parsers() as parsers:
        return [each async for each in checked(urls, fetcher, parsers)]


def _put_out(given: dict[str, Any], rows: Sequence[Struct | dict[str, Any]], table: Any) -> None:
    import msgspec

    from dedupe.cli.rendering import show

    if (given["to"] or ("table" if sys.stdout.isatty() else "jsonl")) == "table":
        show(table())
        return
    for row in rows:
        sys.stdout.buffer.write(msgspec.json.encode(row) + b"\n")
    sys.stdout.buffer.flush()
