"""How much of a hostile or broken input is held in memory before it is refused."""

from __future__ import annotations

MIB = 1 << 20

MAX_RECORD_BYTES = 32 * MIB  # one line, page, text file or CSV field
MAX_DOCUMENT_BYTES = 512 * MIB  # what must be parsed whole: JSON documents, feeds, piped Parquet

# News compresses 3 to 20 times. A stream is a bomb when it passes both bounds:
# repetitive honest text may pass the ratio, a large honest archive passes the size.
MAX_EXPANSION = 200  # decompressed bytes to compressed bytes
MIN_BOMB_BYTES = 1024 * MIB  # decompressed bytes below which the ratio is not looked at
