"""Articles made ready for the index: signed, their circumstances noted, encoded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import floor
from typing import NamedTuple

import numpy as np
import xxhash
from msgspec.structs import replace

from dedupe.deduper.circumstances import entry_of_record
from dedupe.deduper.tallies import forms_of
from dedupe.fingerprint import Signer, bucket_keys
from dedupe.index.base import Filed
from dedupe.index.manifest import Manifest
from dedupe.index.records import Record, encode_article, encode_record
from dedupe.models import Article
from dedupe.similarity.features import mark
from dedupe.stories.entry import entry_of
from dedupe.text.notices import KILLED


class Ready(NamedTuple):
    """An article that can be filed."""

    record: Record
    filed: Filed


class Filing:
    """Makes articles ready, with the parameters of one index."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._signer = Signer(manifest.signature)

    def ready(self, articles: Sequence[Article], now: datetime | None) -> list[Ready]:
        """The articles, at least one, in their order; `now` is when they arrived."""
        prints = self._signer.sign(articles)
        keys = bucket_keys(prints, self._manifest.signature)
        mark(prints.zipfs, prints.kinds)
        lower = prints.copy.astype(np.uint16)
        bounds = prints.term_bounds.tolist()
        digests, lengths = prints.digests.tolist(), prints.lengths.tolist()
        informative = prints.informative.tolist()
        made = []
        for i, article in enumerate(articles):
            entry = entry_of(article)
            part = slice(bounds[i], bounds[i + 1])
            record = Record(
                id=article.id, title=article.title, url=entry.url, source=entry.source,
                published=entry.published, agency=entry.agency, own=entry.own,
                original=entry.original, kind=entry.kind, hours=_hours(article, now),
                content=_content(article, entry.notice), digest=digests[i], length=lengths[i],
                informative=informative[i], copy=lower[i].tobytes(),
                terms=prints.terms[part].tobytes(), tfs=prints.tfs[part].tobytes(),
                zipfs=prints.zipfs[part].tobytes(), marks=prints.kinds[part].tobytes(),
                skeletons=prints.skeletons[i].tobytes(), keys=keys[i].tobytes(),
                forms=b"", form_marks=b"", updated=article.updated, notice=entry.notice,
            )  # fmt: skip
            forms, marks = forms_of(entry_of_record(record), digests[i], prints.skeletons[i])
            record = replace(record, forms=forms.tobytes(), form_marks=marks.tobytes())
            made.append(Ready(record, self.filed(record, article)))
        return made

    def slice_of(self, moment: datetime, hours: float) -> int:
        """The time slice so many hours after a moment."""
        return floor((moment.timestamp() / 3600.0 + hours) / self._manifest.slice_hours)

    def filed(self, record: Record, article: Article | None) -> Filed:
        """A record as the index takes it, with the text where that is kept."""
        manifest = self._manifest
        hours, step = record.hours, manifest.slice_hours
        near = (
            floor((hours - manifest.window_hours) / step),
            floor((hours + manifest.window_hours) / step),
        )
        return Filed(
            id=record.id, content=record.content, digest=record.digest, hours=hours,
            slice=floor(hours / step), near=near,
            keys=np.frombuffer(record.keys, dtype=np.uint32),
            bucketed=record.informative >= manifest.signature.informative_words,
            record=encode_record(record),
            text=encode_article(article) if manifest.texts and article is not None else None,
        )  # fmt: skip


def _hours(article: Article, now: datetime | None) -> float:
    """Since 1970: as published, but not after it arrived; when it arrived, where it has no date."""
    given = (article.published, article.first_seen, now)
    moments = [m.timestamp() for m in given if m is not None]
    return max(0.0, min(moments, default=0.0) / 3600.0)


def _content(article: Article, notice: str) -> int:
    hashed = xxhash.xxh3_64()
    if notice == KILLED:  # perhaps by its status alone
        hashed.update(b"\x00killed\xff")
    for part in (article.title or "", article.text):
        hashed.update(part.encode("utf-8", "surrogatepass") + b"\xff")
    return hashed.intdigest()
