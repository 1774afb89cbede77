"""What articles say together, as the index keeps it: in how many a term is, which forms recur."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import xxhash
from msgspec import Struct
from numpy.typing import NDArray

from dedupe.errors import IndexDamaged
from dedupe.index.records import Record
from dedupe.shingles.skeletons import TITLE, WORDING
from dedupe.stories.entry import Entry, outlet_of
from dedupe.stories.recurring import FORMS, MARKS, Recurring, form_keys


class Tally(Struct, frozen=True, array_like=True):
    """Some articles together. Numbers little-endian."""

    articles: int
    terms: bytes  # uint32 each, ascending
    counts: bytes  # of each term, the articles that have it: uint16 each, or uint32
    forms: bytes  # uint64, three of each article that adds to what is known of its forms
    marks: bytes  # uint8, four of each of these

    def terms_counted(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """The terms and how many articles have them."""
        terms = np.frombuffer(self.terms, dtype=np.uint32)
        wide = len(self.counts) == 4 * len(terms)
        counts = np.frombuffer(self.counts, dtype=np.uint32 if wide else np.uint16)
        return terms, counts.astype(np.uint32)

    def forms_marked(self) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
        """The forms of n articles, (n, 3), and what they came with, (n, MARKS)."""
        forms = np.frombuffer(self.forms, dtype=np.uint64).reshape(-1, len(FORMS))
        return forms, np.frombuffer(self.marks, dtype=np.uint8).reshape(-1, MARKS)


def tally_of(records: Sequence[Record]) -> Tally:
    """What some articles say together."""
    terms = np.frombuffer(b"".join(record.terms for record in records), dtype=np.uint32)
    forms, marks = joined_forms(records)
    return _tally(len(records), *np.unique(terms, return_counts=True), forms, marks)


def joined_forms(records: Sequence[Record]) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """The forms of n articles, (n, 3), and what they come with, (n, MARKS)."""
    forms = np.frombuffer(b"".join(record.forms for record in records), dtype=np.uint64)
    marks = np.frombuffer(b"".join(record.form_marks for record in records), dtype=np.uint8)
    return forms.reshape(-1, len(FORMS)), marks.reshape(-1, MARKS)


def folded(tallies: Sequence[Tally]) -> Tally:
    """Several as one."""
    terms, counts = zip(*(tally.terms_counted() for tally in tallies), strict=True)
    distinct, which = np.unique(np.concatenate(terms), return_inverse=True)
    sums = np.bincount(which, np.concatenate(counts), len(distinct)).astype(np.uint32)
    forms, marks = (
        np.concatenate(column)
        for column in zip(*(tally.forms_marked() for tally in tallies), strict=True)
    )
    added = Recurring().note(forms, marks)
    articles = sum(tally.articles for tally in tallies)
    return _tally(articles, distinct, sums, forms[added], marks[added])


def _tally(
    articles: int,
    terms: NDArray[np.uint32],
    counts: NDArray[np.generic],
    forms: NDArray[np.uint64],
    marks: NDArray[np.uint8],
) -> Tally:
    used = forms.any(axis=1)
    narrow = not len(counts) or int(counts.max()) <= 0xFFFF
    return Tally(
        articles,
        terms.astype(np.uint32).tobytes(),
        counts.astype(np.uint16 if narrow else np.uint32).tobytes(),
        forms[used].tobytes(),
        marks[used].tobytes(),
    )


def forms_of(
    entry: Entry, digest: int, skeletons: NDArray[np.uint32]
) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """The forms of one article, (3,), and what they come with, (MARKS,)."""
    name = outlet_of(entry)
    outlet = xxhash.xxh3_64_intdigest(name.encode("utf-8", "surrogatepass")) if name else 0
    title = int(skeletons[TITLE])
    day = entry.published.toordinal() if entry.published else None
    # Entries without a date are of different days when their titles say so.
    marks = (digest, title, title if day is None else day, int(skeletons[WORDING]))
    return form_keys(outlet, skeletons), np.array([_byte(m) for m in marks], dtype=np.uint8)


def _byte(value: int) -> int:
    """1 to 255, spread evenly."""
    return (value * 0x9E3779B97F4A7C15 >> 32) % 255 + 1


def encode_tally(tally: Tally) -> bytes:
    """As the index stores it."""
    return msgspec.msgpack.encode(tally)


def decode_tally(stored: bytes) -> Tally:
    """A stored tally. Raises IndexDamaged for what is none."""
    try:
        tally = msgspec.msgpack.decode(stored, type=Tally)
        (terms, counts), (forms, marks) = tally.terms_counted(), tally.forms_marked()
    except (ValueError, RecursionError) as error:
        raise IndexDamaged(f"a tally of the index cannot be read: {error}") from error
    if len(terms) != len(counts) or len(forms) != len(marks):
        raise IndexDamaged("a tally of the index cannot be read: its parts differ in length")
    return tally
