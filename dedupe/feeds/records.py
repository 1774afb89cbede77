"""One record to one article: what is accepted, what is repaired, what is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

import xxhash
from msgspec import Struct
from msgspec.json import Decoder

from dedupe.errors import MissingExtra, RecordRejected
from dedupe.feeds.charset import decode_record, without_surrogates
from dedupe.feeds.dates import EARLIEST, MAX_AHEAD, parse_date
from dedupe.feeds.extraction import extract_page
from dedupe.feeds.limits import MAX_RECORD_BYTES, MIB
from dedupe.models import Article, Rejection

STRING_FIELDS = ("text", "title", "url", "source", "lang", "author", "html", "status")
DATE_FIELDS = ("published", "updated", "first_seen")
FIELDS = ("id", *DATE_FIELDS, *STRING_FIELDS)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CHEAPLY_LARGE = MAX_RECORD_BYTES // 4  # characters that can take up to four bytes each


class Record(Struct, gc=False):
    """The fields of a record as they stand in the input; other fields are skipped."""

    id: str | int | None = None
    text: str | None = None
    title: str | None = None
    url: str | None = None
    source: str | None = None
    published: Any = None  # whatever it is: a date that is none is repaired, not refused
    lang: str | None = None
    author: str | None = None
    html: str | None = None
    updated: Any = None
    first_seen: Any = None
    status: str | None = None


class Intake:
    """Turns the records of one run into articles, and remembers which ids were used.

    A refused record goes to `on_reject`, a repaired one to `on_repair` as (where, what).
    Costs about 150 bytes for each article, kept to notice an id that comes again; with `remember`
    off nothing is kept, and every record is taken as it comes.
    """

    def __init__(
        self,
        *,
        now: datetime,
        on_reject: Callable[[Rejection], None],
        on_repair: Callable[[str, str], None] | None = None,
        remember: bool = True,
    ) -> None:
        self.repaired = on_repair or (lambda where, what: None)
        self._on_reject = on_reject
        self._latest = now + MAX_AHEAD
        self._first_use: dict[int, int] = {}  # hash of an id: hash of its text
        self._remember = remember
        self._decode = Decoder(Record).decode

    def move_to(self, now: datetime) -> None:
        """What is read from here on is read now; a stream may go on for weeks."""
        self._latest = now + MAX_AHEAD

    def reject(self, where: str, reason: str, id: str | None = None) -> None:
        """Report something that cannot be used."""
        self._on_reject(Rejection(where=where, reason=reason, id=id))

    def json(self, data: bytes, where: str) -> Article | None:
        """The article in one JSON object."""
        try:
            try:
                record = self._decode(data)
            except (ValueError, RecursionError):
                record = self._from_fields(self._parse_leniently(data, where), where)
            return self._admitted(record, where)
        except RecordRejected as rejected:
            self.reject(rejected.where, rejected.reason, rejected.id)
            return None

    def fields(self, fields: object, where: str) -> Article | None:
        """The article in named values, as a parser of another format gives them."""
        try:
            return self._admitted(self._from_fields(fields, where), where)
        except RecordRejected as rejected:
            self.reject(rejected.where, rejected.reason, rejected.id)
            return None

    def _parse_leniently(self, data: bytes, where: str) -> object:
        """JSON as it is found: in cp1252, with NaN, lone surrogates or raw control characters."""
        try:
            try:
                text, damaged = data.decode(), False
            except UnicodeDecodeError:
                text, damaged = decode_record(data), True
            value = json.loads(text.lstrip("\ufeff"), strict=False)
        except json.JSONDecodeError as error:
            raise RecordRejected(where, f"not valid JSON: {error.msg}") from error
        except UnicodeDecodeError as error:
            raise RecordRejected(where, "neither UTF-8 nor cp1252 text") from error
        except (ValueError, RecursionError) as error:
            raise RecordRejected(where, "not valid JSON: too deep or too large a value") from error
        if damaged:
            self.repaired(where, "not UTF-8")
        return value

    def _from_fields(self, fields: object, where: str) -> Record:
        if not isinstance(fields, Mapping):
            raise RecordRejected(where, f"not an object with fields but {_kind(fields)}")
        id = self._id_field(fields.get("id"), where)
        strings: dict[str, str] = {}
        for name in STRING_FIELDS:
            value = fields.get(name)
            if _is_absent(value):
                continue
            if not isinstance(value, str):
                raise RecordRejected(where, f"{name} is not a string but {_kind(value)}", id)
            strings[name] = self._clean(value, where)
        dates = {name: fields.get(name) for name in DATE_FIELDS}
        dates = {name: None if _is_absent(value) else value for name, value in dates.items()}
        return Record(id=id, **dates, **strings)

    def _id_field(self, value: object, where: str) -> str | None:
        if _is_absent(value):
            return None
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # a column of numbers with gaps in it comes as floats
        if isinstance(value, str):
            return self._clean(value, where)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        raise RecordRejected(where, f"id is not a string or number but {_kind(value)}")

    def _clean(self, value: str, where: str) -> str:
        clean = without_surrogates(value)
        if clean is not value and clean != value:
            self.repaired(where, "lone surrogate")
        return clean

    def _admitted(self, record: Record, where: str) -> Article | None:
        """The checked article, or None where it is one that came before."""
        id = None if record.id is None else str(record.id)
        text = record.text
        if text is None or not text or text.isspace():
            text = self._text_of_blank(record, where, id)
        if len(text) > _CHEAPLY_LARGE and len(text.encode()) > MAX_RECORD_BYTES:
            raise RecordRejected(where, f"text is longer than {MAX_RECORD_BYTES // MIB} MiB", id)
        moment = self._date("published", record.published, where)
        if id is None or not id or id.isspace():
            id = content_id(record.title, text, record.url, record.source, moment)
        elif not id.isprintable() and _CONTROL.search(id):
            raise RecordRejected(where, "id has control characters in it", id)
        moment = self._believed("published", moment, where)
        if self._remember and not self._is_first_use(id, text or record.title, where):
            return None
        return Article(
            id=id,
            text=text,
            title=record.title or None,
            url=record.url or None,
            source=record.source or None,
            published=moment,
            lang=record.lang or None,
            author=record.author or None,
            html=record.html or None,
            updated=self._moment("updated", record.updated, where),
            first_seen=self._moment("first_seen", record.first_seen, where),
            status=record.status or None,
        )

    def _text_of_blank(self, record: Record, where: str, id: str | None) -> str:
        """The text of the record's page; else empty, which is allowed under a headline."""
        reason = "no text"
        if record.html and not record.html.isspace():
            try:
                for name, value in extract_page(record.html, record.url).items():
                    if not getattr(record, name):
                        setattr(record, name, value)
            except MissingExtra as missing:
                reason = f"no text but html; {missing}"
        if record.text and not record.text.isspace():
            return record.text
        if not record.title or record.title.isspace():
            raise RecordRejected(where, reason, id)
        return ""

    def _moment(self, name: str, value: object, where: str) -> datetime | None:
        return self._believed(name, self._date(name, value, where), where)

    def _date(self, name: str, value: object, where: str) -> datetime | None:
        if value is None or value == "":
            return None
        try:
            return parse_date(value)
        except ValueError:
            self.repaired(where, f"{name} is not a date")
            return None

    def _believed(self, name: str, moment: datetime | None, where: str) -> datetime | None:
        if moment is None or EARLIEST <= moment <= self._latest:
            return moment
        self.repaired(where, f"{name} is not believable")
        return None

    def _is_first_use(self, id: str, content: str | None, where: str) -> bool:
        # The interpreter's own string hash: 64 bits, keyed, kept with the string.
        key, digest = hash(id), hash(content)
        known = self._first_use.get(key)
        if known is None:
            self._first_use[key] = digest
            return True
        if known != digest:
            raise RecordRejected(where, "id already used with a different text", id)
        self.repaired(where, "repeated id, same text")
        return False


def content_id(
    title: str | None, text: str, url: str | None, source: str | None, published: datetime | None
) -> str:
    """The id of an article that has none: `x` and 16 hex digits of XXH3 over what it says."""
    date = "" if published is None else published.isoformat()
    parts = (title or "", text, url or "", source or "", date)
    # 0xff stands in no UTF-8 text, so no two lists of parts give the same bytes.
    return "x" + xxhash.xxh3_64_hexdigest(b"\xff".join(part.encode() for part in parts))


def _is_absent(value: object) -> bool:
    return value is None or value != value  # only NaN differs from itself


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, Iterable):
        return "a list"
    return "null" if value is None else f"a {type(value).__name__}"
