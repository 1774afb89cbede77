"""`dedupe clusters` and `dedupe show`: the stories of an index, for people and for programs."""

from __future__ import annotations

import sys
from typing import Any

import click

from dedupe.cli.options import Moment, index, jsonl_or_table, option

_SHOWN = 20  # stories of a table where no limit is given


@click.command()
@index
@option(
    "--min-size",
    type=click.IntRange(1),
    default=2,
    show_default=True,
    help="Leave out stories of fewer articles.",
)
@option("--since", type=Moment(), help="Leave out stories that ended before: a date, or 7d.")
@option("--until", type=Moment(), help="Leave out stories that began then or later.")
@option("--by", metavar="NAME", help="Only stories of which this source has an article.")
@option(
    "--sort",
    type=click.Choice(["size", "newest"]),
    default="size",
    show_default=True,
    help="What comes first: the largest stories, or those with the newest article.",
)
@option(
    "--limit", type=click.IntRange(1), help=f"So many at most. Default: all; in a table {_SHOWN}."
)
@jsonl_or_table
def clusters(**given: Any) -> None:
    """List the stories of an index.

    One line each: its articles, the canonical one and why, the agency credited, and its time.
    """
    import msgspec

    from dedupe.cli.opening import opened_index
    from dedupe.cli.rendering import show
    from dedupe.cli.story_tables import StoriesTable
    from dedupe.maintenance.listing import listed

    as_table = (given["to"] or ("table" if sys.stdout.isatty() else "jsonl")) == "table"
    with opened_index(given) as opened:
        page = listed(
            opened,
            min_size=given["min_size"],
            since=given["since"],
            until=given["until"],
            source=given["by"],
            order=given["sort"],
            limit=given["limit"] or (_SHOWN if as_table else None),
        )
    if as_table:
        show(StoriesTable(page))
        return
    encode = msgspec.json.Encoder().encode
    for story in page.stories:
        sys.stdout.buffer.write(encode(story) + b"\n")
    sys.stdout.flush()


@click.command("show")
@click.argument("id", metavar="ID")
@index
@option(
    "--evidence",
    metavar="OTHER",
    help="Take ID and OTHER for articles, and show the passages that they share.",
)
@option("--json", is_flag=True, help="Write it as one JSON object.")
def show_(id: str, **given: Any) -> None:
    """Show a story: by its own id, one that it had before, or that of an article in it.

    The canonical article stands on top, and why it is that; the others by time, each with its
    relation to the canonical one. Of an article that ID names, what changed from version to version
    follows.
    """
    from dedupe.cli.figures import write_json
    from dedupe.cli.opening import opened
    from dedupe.cli.rendering import show
    from dedupe.cli.story_tables import StoryTable, evidence_shown, versions_shown
    from dedupe.errors import UsageError

    with opened(given) as deduper:
        if given["evidence"] is not None:
            evidence = deduper.evidence(id, given["evidence"])
            if given["json"]:
                write_json(evidence, "-")
            else:
                show(*evidence_shown(evidence))
            return
        story = deduper.story(id)
        if story is None:
            raise UsageError(f"there is no story and no article {id!r} in the index")
        if given["json"]:
            write_json(story, "-")
        else:
            show(StoryTable(story, id), *versions_shown(story, id))
