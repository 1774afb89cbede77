"""From decisions and what was kept of the articles to what the page says."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

from msgspec import Struct
from msgspec.structs import replace

from dedupe.models import Decision, Kind, Relation
from dedupe.report.spool import Spool, Spooled

TEXT_BUDGET = 40_000_000  # bytes of text that one page holds, before compression
CHUNK_BYTES = 500_000  # of text that the browser unpacks at a time
BINS = 20  # of the histogram of similarities
RELATIONS = tuple(relation.label for relation in sorted(Relation, reverse=True))

_WEB = re.compile(r"https?://[^\s\x00-\x1f]+", re.IGNORECASE)
_LANG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*")


class Member(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One article of a story."""

    id: str
    title: str
    relation: str  # to its nearest article
    similarity: float  # to the same, 0 to 1
    nearest: int  # the place of that article among the story's members
    update: bool = False
    source: str | None = None
    url: str | None = None  # only http and https: what a reader may be sent to
    time: int | None = None  # of publication: seconds since 1970, UTC
    lang: str | None = None  # a well-formed BCP 47 tag
    untitled: bool = False  # whether the title is only how the text begins
    cut: bool = False  # whether the page holds only the beginning of its text
    kind: str | None = None  # of entry, where it is no plain article: headline, series and others


class Linked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An entry that has to do with a story without being of it: a live blog, a roundup."""

    title: str
    kind: str
    source: str | None = None
    url: str | None = None  # only http and https
    time: int | None = None


class Story(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A story of two articles or more."""

    id: str
    members: tuple[Member, ...]  # the canonical article, then by similarity
    reason: str  # the rule that elected it
    credit: str | None = None
    credited: int = 0  # members that credit that agency
    linked: tuple[Linked, ...] = ()
    texts: int = 0  # so many members, from the first, have their text in the page
    chunk: int = 0  # where those texts are


class Report(Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    articles: int
    rejected: int  # records that could not be read
    grouped: int  # articles in stories of two or more
    relations: dict[str, int]  # articles in stories besides the canonical, by relation
    histogram: tuple[tuple[int, ...], ...]  # (BINS, relations): articles in stories by similarity
    stories: tuple[Story, ...]  # the largest first
    chunks: tuple[dict[str, tuple[int, ...]], ...]  # places of the texts in the page, by story
    left_out: int  # articles in stories whose texts did not fit

    @property
    def alone(self) -> int:
        """Articles that no other tells the story of."""
        return self.articles - self.grouped


def assemble(
    decisions: Sequence[Decision], spool: Spool, rejected: int = 0, budget: int = TEXT_BUDGET
) -> Report:
    """What there is to report. `decisions` and `spool` are in the same order.

    At most `budget` bytes of text go into the page, those of larger stories first.
    """
    clusters: dict[str, list[int]] = defaultdict(list)
    for place, decision in enumerate(decisions):
        if decision.cluster_size > 1:
            clusters[decision.cluster_id].append(place)
    linked = _links(decisions, spool)
    stories: list[Story] = []
    chunks: list[dict[str, tuple[int, ...]]] = []
    filled = 0
    for places in sorted(clusters.values(), key=lambda p: (-len(p), decisions[p[0]].cluster_id)):
        places.sort(key=lambda p: _place_in_story(decisions[p]))
        reach = list(accumulate(map(spool.text_bytes, places)))
        texts = bisect_right(reach, budget)
        if texts:
            size = reach[texts - 1]
            budget -= size
            if not chunks or filled + size > CHUNK_BYTES:
                chunks.append({})
                filled = 0
            filled += size
            chunks[-1][decisions[places[0]].cluster_id] = tuple(places[:texts])
        story = _story(decisions, places, spool, texts, max(0, len(chunks) - 1))
        stories.append(replace(story, linked=linked[story.members[0].id]))
    grouped = [decisions[place] for places in clusters.values() for place in places]
    return Report(
        articles=len(decisions),
        rejected=rejected,
        grouped=len(grouped),
        relations=dict(Counter(d.relation for d in grouped if not d.is_canonical)),
        histogram=_histogram(grouped),
        stories=tuple(stories),
        chunks=tuple(chunks),
        left_out=len(grouped) - sum(story.texts for story in stories),
    )


def _links(decisions: Sequence[Decision], spool: Spool) -> Mapping[str, tuple[Linked, ...]]:
    """What is linked to each story, given by its canonical article, the earliest first."""
    found: dict[str, list[Linked]] = defaultdict(list)
    for place, decision in enumerate(decisions):
        if decision.linked_id is not None:
            article = spool[place]
            entry = Linked(
                title=article.title or decision.id,
                kind=decision.kind,
                source=article.source,
                url=_web(article.url),
                time=article.time,
            )
            found[decision.linked_id].append(entry)
    ordered: dict[str, tuple[Linked, ...]] = defaultdict(tuple)
    for id, entries in found.items():
        ordered[id] = tuple(sorted(entries, key=lambda e: (e.time is None, e.time or 0, e.title)))
    return ordered


def _web(url: str | None) -> str | None:
    return url if url and _WEB.fullmatch(url) else None


def _place_in_story(decision: Decision) -> tuple[bool, float, str]:
    return not decision.is_canonical, -(decision.similarity or 0.0), decision.id


def _story(
    decisions: Sequence[Decision], places: Sequence[int], spool: Spool, texts: int, chunk: int
) -> Story:
    among = {decisions[place].id: i for i, place in enumerate(places)}
    first = decisions[places[0]]
    return Story(
        id=first.cluster_id,
        members=tuple(_member(decisions[place], spool[place], among) for place in places),
        reason=first.canonical_reason,
        credit=first.credit,
        credited=first.credit_count,
        texts=texts,
        chunk=chunk,
    )


def _member(decision: Decision, article: Spooled, among: dict[str, int]) -> Member:
    return Member(
        id=decision.id,
        title=article.title or decision.id,
        relation=decision.relation,
        similarity=decision.similarity or 0.0,
        nearest=among.get(decision.nearest_id or "", 0),
        update=decision.update,
        source=article.source,
        url=_web(article.url),
        time=article.time,
        lang=article.lang if article.lang and _LANG.fullmatch(article.lang) else None,
        untitled=article.untitled,
        cut=article.cut,
        kind=decision.kind if decision.kind != Kind.ARTICLE.label else None,
    )


def _histogram(decisions: Iterable[Decision]) -> tuple[tuple[int, ...], ...]:
    counts = [[0] * len(RELATIONS) for _ in range(BINS)]
    for decision in decisions:
        low = min(BINS - 1, int((decision.similarity or 0.0) * BINS))
        counts[low][RELATIONS.index(decision.relation)] += 1
    return tuple(map(tuple, counts))
