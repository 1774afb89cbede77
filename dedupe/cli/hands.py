"""`dedupe story …` and `dedupe remove`: what people decide about stories and articles."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from dedupe.cli.options import electing, index, option, quiet
from dedupe.errors import UsageError

if TYPE_CHECKING:
    from dedupe.deduper import Deduper


@click.group()
def story() -> None:
    """Put right what was decided about stories; it holds from then on.

    A STORY is named by its id, by one that it had before, or by an article in it.
    """


def hand(command: Any) -> Any:
    """What every command of the group takes."""
    for each in (quiet, electing, index):
        command = each(command)
    return command


@story.command()
@click.argument("story", metavar="STORY")
@click.argument("articles", nargs=-1, required=True, metavar="ARTICLE...")
@hand
def split(story: str, articles: tuple[str, ...], **given: Any) -> None:
    """Take articles out of a story, into one of their own. Prints the id of the new story.

    They are never put together with the rest again.
    """
    new = _done(given, lambda deduper, now: deduper.split(story, articles, now=now))
    click.echo(new)


@story.command()
@click.argument("stories", nargs=-1, required=True, metavar="STORY STORY...")
@hand
def merge(stories: tuple[str, ...], **given: Any) -> None:
    """Make one story of several. Prints its id; the other ids lead to it."""
    if len(stories) < 2:
        raise UsageError("name two stories or more that are to be one")
    click.echo(_done(given, lambda deduper, now: deduper.merge(*stories, now=now)))


@story.command()
@click.argument("article", metavar="ARTICLE")
@hand
def pin(article: str, **given: Any) -> None:
    """Make an article the canonical one of its story, whatever story that is."""
    _done(given, lambda deduper, now: deduper.pin(article, now=now))
    _say(given, f"{article} is canonical now, and in any story that it comes to be in")


@story.command()
@click.argument("article", metavar="ARTICLE")
@hand
def unpin(article: str, **given: Any) -> None:
    """Leave it to the election again whether an article is canonical."""
    _done(given, lambda deduper, now: deduper.unpin(article, now=now))
    _say(given, f"{article} is canonical only where it is elected")


@story.command()
@click.argument("article", metavar="ARTICLE")
@click.argument("others", nargs=-1, required=True, metavar="OTHER...")
@hand
def apart(article: str, others: tuple[str, ...], **given: Any) -> None:
    """Never have an article in one story with any of the others."""
    _done(given, lambda deduper, now: deduper.keep_apart([article], others, now=now))
    _say(given, f"{article} is in no story with {', '.join(others)}, now or later")


@click.command()
@click.argument("articles", nargs=-1, required=True, metavar="ARTICLE...")
@index
@option("--reason", required=True, metavar="TEXT", help="Why: it stays in the receipt.")
@option("--yes", "-y", is_flag=True, help="Do not ask.")
@electing
def remove(articles: tuple[str, ...], **given: Any) -> None:
    """Take articles down: text, signatures and evidence go for good, and nothing brings them back.

    Their stories elect anew. Prints a receipt for each, a JSON object without content: id, time
    and reason. An article with such an id is refused from then on.
    """
    import msgspec

    from dedupe.cli.opening import opened
    from dedupe.maintenance.listing import taken_down

    with opened(given) as deduper:
        unknown = _unknown(deduper, articles)
        if unknown:
            raise UsageError(
                f"there is no article {unknown[0]!r} in the index; nothing was removed"
            )
        if not given["yes"] and sys.stdin.isatty():
            _ask(articles)
        for article in dict.fromkeys(articles):
            receipt = deduper.remove(article, given["reason"], datetime.now(UTC))
            click.echo(msgspec.json.encode(taken_down(receipt)))


def _unknown(deduper: Deduper, articles: tuple[str, ...]) -> list[str]:
    """Which are not there, and were not taken down before: what is doubly done does no harm."""
    found = zip(articles, deduper.index.places(articles), strict=True)
    missing = [article for article, place in found if place is None]
    gone = {receipt.id for receipt in deduper.index.receipts()} if missing else set()
    return [article for article in missing if article not in gone]


def _ask(articles: tuple[str, ...]) -> None:
    what = articles[0] if len(articles) == 1 else f"{len(articles):,} articles"
    if not click.confirm(f"Take down {what} for good?", err=True):
        click.echo("dedupe: nothing was removed", err=True)
        sys.exit(1)


def _done(given: dict[str, Any], change: Callable[[Deduper, datetime], Any]) -> Any:
    from dedupe.cli.opening import opened

    with opened(given) as deduper:
        return change(deduper, datetime.now(UTC))


def _say(given: dict[str, Any], what: str) -> None:
    from dedupe.cli.terminal import harmless

    if not given["quiet"]:
        click.echo(harmless(what), err=True)
