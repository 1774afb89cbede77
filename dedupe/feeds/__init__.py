"""Articles in, decisions out: files, folders and standard input. Only this layer parses formats."""

from __future__ import annotations

from dedupe.feeds.formats import FORMATS, Format
from dedupe.feeds.limits import MAX_DOCUMENT_BYTES, MAX_RECORD_BYTES
from dedupe.feeds.reading import read_articles, stored_bytes
from dedupe.feeds.writing import DecisionWriter, OutputFormat, RejectWriter, new_file, open_writer

__all__ = [
    "FORMATS",
    "MAX_DOCUMENT_BYTES",
    "MAX_RECORD_BYTES",
    "DecisionWriter",
    "Format",
    "OutputFormat",
    "RejectWriter",
    "new_file",
    "open_writer",
    "read_articles",
    "stored_bytes",
]
