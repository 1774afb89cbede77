"""Lines of an exported index, taken into another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from dedupe.deduper import Deduper
from dedupe.deduper.draft import Draft
from dedupe.deduper.filing import Filing
from dedupe.deduper.tallies import encode_tally, tally_of
from dedupe.errors import IndexUnavailable, RecordRejected, UsageError
from dedupe.index.base import Change, Cluster, Event, Filed, Hands, Index, Receipt
from dedupe.index.manifest import Manifest, check
from dedupe.index.records import Record
from dedupe.maintenance.lines import (
    FORMAT,
    ArticleLine,
    HandsLine,
    Header,
    Line,
    ReceiptLine,
    StoryLine,
)

BATCH = 256  # articles, or stories, that are stored at once
_ATTEMPTS = 20
_LEAST = Record.__struct_fields__.index("updated")  # fields without defaults, which came later
_NOWHERE = -1  # place of an article that is not in the index
_DECODE = msgspec.json.Decoder(Line).decode

Lines = Iterable[tuple[int, bytes | None]]


class Imported(Struct, frozen=True, kw_only=True):
    """What was taken in."""

    articles: int  # that are new
    known: int  # that were there before
    stories: int  # new, or with new members
    receipts: int


def read_header(lines: Lines, where: str) -> Manifest:
    """The manifest in the first line. Raises UsageError where the file is no exported index."""
    _, line = next(iter(lines), (0, b""))
    try:
        header = msgspec.json.decode(line or b"", type=Header)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{where}: is no index that dedupe index export has written") from error
    known = Record.__struct_fields__
    if (
        header.format != FORMAT
        or header.fields != known[: len(header.fields)]
        or len(header.fields) < _LEAST
    ):
        raise UsageError(
            f"{where}: was exported by another version of dedupe; export it anew with this one"
        )
    return header.manifest


class Importer:
    """Takes lines into an index. Taking the same ones in again changes nothing."""

    def __init__(
        self, deduper: Deduper, manifest: Manifest, reject: Callable[[RecordRejected], None]
    ) -> None:
        """Take the lines of an index that has this manifest.

        `reject` gets every line that cannot be used. Raises IndexMismatch where the parameters of
        the two differ.
        """
        own = deduper.index.manifest
        alike = msgspec.structs.replace(manifest, texts=own.texts, depth=own.depth)
        check(own, alike, "the index")
        self._deduper, self._index = deduper, deduper.index
        self._filing = Filing(own)
        self._reject = reject
        self._articles: list[tuple[str, ArticleLine]] = []
        self._stories: list[tuple[str, StoryLine]] = []
        self._counts: Counter[str] = Counter()

    def take(self, lines: Lines, where: str, progress: Callable[[int], None]) -> Imported:
        """Take all lines but the header; `progress` is told how many articles there were."""
        for number, line in lines:
            at = f"{where}:{number}"
            try:
                self._take(_DECODE(line or b""), at)
            except (ValueError, RecursionError) as error:
                told = "too long a line" if line is None else f"not a line of an export: {error}"
                self._reject(RecordRejected(at, told))
            progress(self._counts["articles"] + self._counts["known"])
        self._store()
        self._tell()
        return Imported(
            articles=self._counts["articles"],
            known=self._counts["known"],
            stories=self._counts["stories"],
            receipts=self._counts["receipts"],
        )

    def _take(self, line: Line, at: str) -> None:
        match line:
            case ArticleLine():
                self._articles.append((at, line))
                if len(self._articles) == BATCH:
                    self._store()
            case StoryLine():
                self._store()
                self._stories.append((at, line))
                if len(self._stories) == BATCH:
                    self._tell()
            case HandsLine():
                lay(self._index, line.pins, line.apart, line.together)
            case ReceiptLine():
                receive(self._deduper, Receipt(line.id, line.hours, line.reason))
                self._counts["receipts"] += 1
            case Header():
                pass

    # ---- articles --------------------------------------------------------------------------------

    def _store(self) -> None:
        """Store the articles that were read, and what they say together."""
        lines, self._articles = {line.id: (at, line) for at, line in self._articles}, []
        if not lines:
            return
        filed = [self._filed(line) for _, line in lines.values()]
        new = []
        for (at, line), each, found in zip(
            lines.values(), filed, self._index.add(filed, 1), strict=True
        ):
            if found.removed is not None or found.other:
                why = "was taken down" if found.removed else "the id has another text there"
                self._reject(RecordRejected(at, why, line.id))
                continue
            self._counts["known" if found.known else "articles"] += 1
            if not found.known and found.head < 0:  # copies count once
                new.append((each.slice, line.record))
        for slice in sorted({slice for slice, _ in new}):
            tell_together(self._index, slice, [record for s, record in new if s == slice])

    def _filed(self, line: ArticleLine) -> Filed:
        return self._filing.filed(line.record, line.article)

    # ---- stories ---------------------------------------------------------------------------------

    def _tell(self) -> None:
        """Link the stories that were read: at once where nothing stands against it."""
        lines, self._stories = self._stories, []
        if not lines:
            return
        ids = list(dict.fromkeys(id for _, line in lines for id in line.members))
        places = dict(zip(ids, self._index.places(ids), strict=True))
        plain: list[tuple[str, StoryLine]] = []
        others: list[tuple[str, StoryLine]] = []
        for at, line in lines:
            (plain if self._is_plain(line, places) else others).append((at, line))
        if plain and not self._link_plainly([line for _, line in plain], places):
            others = lines
        else:
            self._counts["stories"] += len(plain)
        for at, line in others:
            there = [place for id in line.members if (place := places[id]) is not None]
            if not there:
                self._reject(RecordRejected(at, "none of its articles is in the index", line.id))
            elif self._join(there):
                self._counts["stories"] += 1

    def _is_plain(self, line: StoryLine, places: dict[str, int | None]) -> bool:
        there = [place for id in line.members if (place := places[id]) is not None]
        return (
            len(there) == len(line.members) > 0
            and line.canonical in line.members
            and not any(self._index.memberships(there))
            and self._index.clusters([line.id]) == [None]
        )

    def _link_plainly(self, lines: Sequence[StoryLine], places: dict[str, int | None]) -> bool:
        clusters = [_cluster(line, places) for line in lines]
        merged = [(id, line.id) for line in lines for id in line.merged]
        taken = self._index.clusters([id for id, _ in merged]) if merged else []
        return self._index.link(
            Change(
                unlinked=tuple(place for cluster in clusters for place in cluster.members),
                hands=self._index.hands().version,
                clusters=tuple(clusters),
                redirects=tuple(m for m, there in zip(merged, taken, strict=True) if not there),
                events=tuple(Event("created", line.id, line.members) for line in lines),
            )
        )

    def _join(self, places: Sequence[int]) -> bool:
        """Put those that are in no story yet to the others; whether there are any."""
        window = self._deduper.window
        for _ in range(_ATTEMPTS):
            window.heeded.read()
            draft = window.draft(places, careful=True)
            loose = [place for place in places if draft.cluster_of(place) is None]
            if not loose:
                return False
            homes = Counter(c for place in places if (c := draft.cluster_of(place)) is not None)
            into = next((c for c, _ in homes.most_common() if self._fits(draft, c, loose)), None)
            if into is None:
                into = draft.found(loose.pop(0))
            for place in loose:
                draft.join(into, place)
            if self._index.link(draft.change(window.elect, window.heeded.hands, None)):
                return True
        raise IndexUnavailable("other processes keep changing the same stories; import it again")

    def _fits(self, draft: Draft, cluster: str, places: Sequence[int]) -> bool:
        first, last = draft.span(cluster)
        hours = [self._deduper.window.hours(place) for place in places]
        span = max(last, *hours) - min(first, *hours)
        if span > self._index.manifest.window_hours:
            return False
        return not self._deduper.window.heeded.apart(places, draft.members(cluster))


def _cluster(line: StoryLine, places: dict[str, int | None]) -> Cluster:
    members = tuple(place for id in line.members if (place := places[id]) is not None)
    return Cluster(
        line.id, 1, members, members[line.members.index(line.canonical)], line.canonical,
        line.reason, line.credit, line.credited, line.first, line.last,
    )  # fmt: skip


def tell_together(index: Index, slice: int, records: Sequence[Record]) -> None:
    """Add to the index what new articles of a slice say together."""
    index.tally(slice, encode_tally(tally_of(records)))


def lay(
    index: Index,
    pins: Sequence[str],
    apart: Sequence[tuple[tuple[str, ...], tuple[str, ...]]],
    together: Sequence[tuple[str, ...]],
) -> None:
    """Add to what people decided about the clusters of an index."""
    for _ in range(_ATTEMPTS):
        old = index.hands()
        new = Hands(
            old.version + 1,
            tuple(dict.fromkeys((*old.pins, *pins))),
            tuple(dict.fromkeys((*old.apart, *apart))),
            tuple(dict.fromkeys((*old.together, *together))),
        )
        if new == msgspec.structs.replace(old, version=new.version) or index.lay(new):
            return
    raise IndexUnavailable("other processes keep changing what people decided; try again")


def receive(deduper: Deduper, receipt: Receipt) -> None:
    """Keep a receipt; where the article is in the index, it goes now."""
    if deduper.index.places([receipt.id]) == [None]:
        deduper.index.remove(_NOWHERE, receipt, None)
        return
    moment = datetime.fromtimestamp(receipt.hours * 3600.0, UTC)
    deduper.remove(receipt.id, receipt.reason, moment)
