"""What holds for all members of a story: its name, its credit and its canonical article."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import xxhash

from dedupe.canonical import ONLY_VERSION, Candidate, elect
from dedupe.stories.entry import Entry
from dedupe.text.notices import KILLED
from dedupe.text.urls import canonical_url, url_host


class Story(NamedTuple):
    """What holds for all members of a cluster."""

    id: str
    canonical: str
    reason: str
    credit: str | None
    credited: int  # members that credit that agency
    size: int


def story_of(
    entries: Sequence[Entry], lengths: Sequence[int], ranks: dict[str, int], rules: Sequence[str]
) -> Story:
    """The story of some articles; `lengths` are their words, `ranks` the places of sources.

    The credit is the agency that most of them credit; it decides who may be canonical as its own.
    """
    if len(entries) == 1:
        alone = entries[0]
        credited = int(alone.agency is not None)
        return Story(
            story_id(e.id for e in entries), alone.id, ONLY_VERSION, alone.agency, credited, 1
        )
    agencies = Counter(e.agency for e in entries if e.agency is not None)
    credit, credited = min(agencies.items(), key=lambda a: (-a[1], a[0]), default=(None, 0))
    originals = {e.original for e in entries if e.original is not None}
    election = elect(
        [
            Candidate(
                id=e.id,
                agency=e.own and e.agency == credit,
                linked=bool(originals) and _is_named(e, originals),
                published=e.published,
                words=words,
                source_rank=ranks.get(e.source.casefold()) if e.source else None,
                killed=e.notice == KILLED,
            )
            for e, words in zip(entries, lengths, strict=True)
        ],
        rules,
    )
    size = len(entries)
    return Story(
        story_id(e.id for e in entries), election.id, election.reason, credit, credited, size
    )


def story_id(ids: Iterable[str]) -> str:
    """Named after one of its articles, given by their ids: one name while others come and go."""
    least = min(xxhash.xxh3_64_hexdigest(id.encode("utf-8", "surrogatepass")) for id in ids)
    return f"s{least}"


def _is_named(entry: Entry, originals: set[str]) -> bool:
    if entry.url is None:
        return False
    return canonical_url(entry.url) in originals or url_host(entry.url) in originals
