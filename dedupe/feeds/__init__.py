"""Articles in, decisions out: files, folders and standard input. Only this layer parses formats."""

from __future__ import annotations

from dedupe.feeds.formats import FORMATS, Format
from dedupe.feeds.limits import MAX_DOCUMENT_BYTES, MAX_RECORD_BYTES
from dedupe.feeds.passing import Passing, read_lines, read_passing, with_field
from dedupe.feeds.reading import read_articles, stored_bytes
from dedupe.feeds.records import Intake
from dedupe.feeds.writing import DecisionWriter, OutputFormat, RejectWriter, new_file, open_writer

__all__ = [
    "FORMATS",
    "MAX_DOCUMENT_BYTES",
    "MAX_RECORD_BYTES",
    "DecisionWriter",
    "Format",
    "Intake",
    "OutputFormat",
    "Passing",
    "RejectWriter",
    "new_file",
    "open_writer",
    "read_articles",
    "read_lines",
    "read_passing",
    "stored_bytes",
    "with_field",
]
