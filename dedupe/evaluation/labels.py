"""Read labels: the gold story of articles, labelled pairs, the decisions of an earlier scan."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from dedupe.errors import RecordRejected, SourceUnreadable, UsageError
from dedupe.evaluation.pairs import JUDGED, LabelledPair
from dedupe.feeds import MAX_RECORD_BYTES
from dedupe.feeds.charset import as_utf8
from dedupe.feeds.compressed import Source, shown
from dedupe.feeds.dates import EARLIEST
from dedupe.feeds.documents import read_json, read_jsonl
from dedupe.feeds.formats import format_of_bytes, format_of_name
from dedupe.feeds.lines import split_lines
from dedupe.feeds.records import Intake

_READERS = {"jsonl": read_jsonl, "json": read_json}  # of the formats that carry labels
_Line = TypeVar("_Line")


def read_gold(paths: Sequence[str], format: str | None = None) -> dict[str, str]:
    """The gold story of every article that has one: the field `cluster` of its record.

    Null, absent and empty mean not labelled. The same word in two files means the same story.
    Files of other formats than JSON and JSON Lines carry no labels. `format` overrules suffixes.

    Raises UsageError for what is no file (each is read once more, by the scan), for an empty one,
    a label without an id or that is no word, and for two labels of one article.
    """
    labels = _Labels()
    for path in paths:
        before = labels.records
        with _reading(path) as source:
            reader = _READERS.get(
                format or format_of_name(path) or format_of_bytes(source.head()) or ""
            )
            if reader is None:
                continue
            for _ in reader(source, labels):
                pass
        if labels.records == before:
            raise UsageError(f"{shown(path)}: is empty; give a file with labelled articles")
    return labels.gold


def read_pairs(path: str) -> list[LabelledPair]:
    """The pairs of a JSON Lines file: `id_a`, `id_b`, `label`, and `weight` where it has one.

    Raises UsageError for a file that cannot be read, is empty, or has a line that is no such pair.
    """
    pairs = []
    labels: dict[tuple[str, ...], str] = {}
    for where, line in _lines(path, _PairLine, "labelled pair (id_a, id_b, label)"):
        one, other = str(line.id_a), str(line.id_b)
        if one == other:
            raise UsageError(f"{where}: pairs the article {one!r} with itself")
        pair = tuple(sorted((one, other)))
        label = labels.setdefault(pair, line.label) if line.label in JUDGED else line.label
        if label != line.label:
            raise UsageError(
                f"{where}: {one!r} and {other!r} are judged {line.label!r} here"
                f" and {label!r} before"
            )
        weight = 1.0 if line.weight is None else line.weight
        pairs.append(LabelledPair(one, other, line.label, weight))
    return pairs


def read_decisions(path: str) -> dict[str, str]:
    """The cluster of each article, out of the JSON Lines that `dedupe scan` has written.

    Raises UsageError as `read_pairs` does.
    """
    expected = "decision (id, cluster_id); give JSON Lines of dedupe scan"
    return {line.id: line.cluster_id for _, line in _lines(path, _DecisionLine, expected)}


class _GoldLine(Struct):
    id: Any = None
    cluster: Any = None


class _PairLine(Struct):
    id_a: str | int
    id_b: str | int
    label: Annotated[str, Meta(min_length=1)]
    weight: Annotated[float, Meta(ge=0)] | None = None


class _DecisionLine(Struct):
    id: str
    cluster_id: str


class _Labels(Intake):
    """Takes the label of each record, where readers of formats expect its article to be taken.

    Broken records have no label here: the scan is the one to tell of them.
    """

    def __init__(self) -> None:
        super().__init__(now=EARLIEST, on_reject=lambda rejection: None)
        self.gold: dict[str, str] = {}
        self.records = 0
        self._decode_line = msgspec.json.Decoder(_GoldLine).decode

    def json(self, data: bytes, where: str) -> None:
        """Take the label in one JSON object."""
        try:
            line = self._decode_line(data)
        except (ValueError, RecursionError):
            try:
                self.fields(self._parse_leniently(data, where), where)
            except RecordRejected:
                self.records += 1
        else:
            self._take(line.id, line.cluster, where)

    def fields(self, fields: object, where: str) -> None:
        """Take the label in parsed values."""
        if isinstance(fields, Mapping):
            self._take(fields.get("id"), fields.get("cluster"), where)
        else:
            self.records += 1

    def _take(self, id: Any, cluster: Any, where: str) -> None:
        self.records += 1
        if cluster is None or cluster == "":
            return
        if not isinstance(cluster, str | int) or isinstance(cluster, bool):
            raise UsageError(f"{where}: cluster is neither a word nor a whole number")
        if not isinstance(id, str | int) or id == "":
            raise UsageError(f"{where}: has a cluster but no id; labels need ids")
        if self.gold.setdefault(str(id), str(cluster)) != str(cluster):
            raise UsageError(
                f"{where}: the article {str(id)!r} has the cluster {str(cluster)!r} here"
                f" and {self.gold[str(id)]!r} before"
            )


def _check(path: str) -> None:
    if path != "-" and not os.path.exists(path):
        raise UsageError(f"{shown(path)}: no such file")
    if not os.path.isfile(path):
        raise UsageError(
            f"{shown(path)}: is no file; labels are read in a pass of their own, so that folders"
            " and pipes will not do"
        )


@contextmanager
def _reading(path: str) -> Iterator[Source]:
    """A file to read whole: half the labels would measure something else."""
    _check(path)
    try:
        with Source.open(path) as source:
            yield source
    except SourceUnreadable as error:
        raise UsageError(str(error)) from error


def _lines(path: str, kind: type[_Line], expected: str) -> Iterator[tuple[str, _Line]]:
    """Yield (file:line, decoded line) of a JSON Lines file, plain or compressed."""
    decode = msgspec.json.Decoder(kind).decode
    empty = True
    with _reading(path) as source:
        for number, line in split_lines(as_utf8(source.chunks()), MAX_RECORD_BYTES):
            where = f"{source.name}:{number}"
            if line is None:
                raise UsageError(f"{where}: is no {expected}: the line is too long")
            if not line or line.isspace():
                continue
            try:
                decoded = decode(line)
            except (ValueError, RecursionError) as error:
                raise UsageError(f"{where}: is no {expected}: {error}") from error
            empty = False
            yield where, decoded
    if empty:
        raise UsageError(f"{shown(path)}: is empty; each line is to be a {expected}")
