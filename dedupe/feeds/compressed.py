"""Where bytes come from: a file or a stream, plain or compressed, told by its first bytes."""

from __future__ import annotations

import os
import stat
import sys
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import BinaryIO, NamedTuple, Protocol, Self

from dedupe.errors import SourceUnreadable
from dedupe.feeds.charset import without_surrogates
from dedupe.feeds.extras import load
from dedupe.feeds.limits import MAX_EXPANSION, MIB, MIN_BOMB_BYTES

_BLOCK = 1 << 16  # bytes of one read


class _Decompressor(Protocol):
    """One member of a gzip file or one frame of a zstd file."""

    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class _Codec(NamedTuple):
    """A way of compressing files."""

    name: str
    magic: bytes  # the first bytes of every file
    step: int  # compressed bytes decoded at once, so that a bomb stays below about 130 MB
    start: Callable[[], Callable[[], _Decompressor]]  # gives the factory of members


def _gzip_members() -> Callable[[], _Decompressor]:
    return lambda: zlib.decompressobj(wbits=31)


def _zstd_frames() -> Callable[[], _Decompressor]:
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdDecompressor

        return ZstdDecompressor
    zstandard = load("zstandard", "reading .zst files", "zst")
    return lambda: zstandard.ZstdDecompressor().decompressobj()


_CODECS = (
    _Codec("gzip", b"\x1f\x8b", _BLOCK, _gzip_members),
    _Codec("zstd", b"\x28\xb5\x2f\xfd", 1 << 12, _zstd_frames),
)


def shown(path: str) -> str:
    """A path as it is put into records and messages: no control characters, no lone surrogates."""
    name = without_surrogates(path)
    return name if name.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in name)


class Source:
    """One file, or standard input, read once from start to end.

    Every failure to read is a SourceUnreadable whose reason is in plain words.
    """

    def __init__(self, stream: BinaryIO, name: str, on_bytes: Callable[[int], None] | None) -> None:
        self.name = name  # for `where`
        self.path: str | None = None  # set for a regular file
        self._stream = stream
        self._on_bytes = on_bytes
        self._owned = False  # whether the stream is closed with the source
        self._codec: _Codec | None = None
        self._taken = 0  # stored bytes read so far
        self._chunks = self._decoded()

    @classmethod
    def open(cls, path: str, on_bytes: Callable[[int], None] | None = None) -> Self:
        """Open a regular file or a named pipe."""
        try:
            mode = os.stat(path).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
                raise SourceUnreadable(shown(path), "is not a file but a device, socket or folder")
            stream = open(path, "rb", buffering=0)  # noqa: SIM115 (closed with the source)
            source = cls(stream, shown(path), on_bytes)
        except (OSError, ValueError) as error:
            raise SourceUnreadable(shown(path), reason_of(error)) from error
        source._owned = True
        source.path = path if stat.S_ISREG(mode) else None
        return source

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._owned:
            self._stream.close()

    def head(self) -> bytes:
        """The first decompressed bytes; they are not used up."""
        first = next(self._chunks, b"")
        self._chunks = chain([first], self._chunks)
        return first

    def is_plain(self) -> bool:
        """Whether this is an uncompressed file that a parser may open by its path."""
        self.head()
        return self.path is not None and self._codec is None

    def chunks(self) -> Iterator[bytes]:
        """Decompressed bytes in order; may be called once."""
        return iter(self._chunks)

    def document(self, limit: int) -> bytes:
        """All decompressed bytes; SourceUnreadable where they are more than `limit`."""
        pieces, size = [], 0
        for chunk in self._chunks:
            pieces.append(chunk)
            size += len(chunk)
            if size > limit:
                raise SourceUnreadable(self.name, f"is larger than {limit // MIB} MiB")
        return b"".join(pieces)

    def report(self, fraction: float) -> None:
        """Count stored bytes as read up to `fraction` of the file, where a parser read them."""
        if self.path is not None and self._on_bytes is not None:
            done = int(os.path.getsize(self.path) * fraction)
            if done > self._taken:
                self._on_bytes(done - self._taken)
                self._taken = done

    def _blocks(self) -> Iterator[bytes]:
        # read1 gives what a pipe holds now instead of waiting for a full block
        read = getattr(self._stream, "read1", self._stream.read)
        while True:
            try:
                block = read(_BLOCK)
            except (OSError, ValueError) as error:
                raise SourceUnreadable(self.name, reason_of(error)) from error
            if not block:
                return
            self._taken += len(block)
            if self._on_bytes is not None:
                self._on_bytes(len(block))
            yield block

    def _decoded(self) -> Iterator[bytes]:
        blocks = self._blocks()
        first = b""
        for block in blocks:
            first += block
            if len(first) >= 4:
                break
        blocks = chain([first] if first else [], blocks)
        self._codec = next((c for c in _CODECS if first.startswith(c.magic)), None)
        if self._codec is None:
            yield from blocks
        else:
            yield from _ahead(self._decompressed(blocks, self._codec))

    def _decompressed(self, blocks: Iterator[bytes], codec: _Codec) -> Iterator[bytes]:
        given = 0
        for out in self._members(blocks, codec):
            given += len(out)
            if given > MIN_BOMB_BYTES and given > MAX_EXPANSION * self._taken:
                raise self._damaged(codec, f"expands over {MAX_EXPANSION} times, as no text does")
            yield out

    def _members(self, blocks: Iterator[bytes], codec: _Codec) -> Iterator[bytes]:
        new_member = codec.start()
        member: _Decompressor | None = None
        for data in _slices(blocks, codec.step):
            while data:
                if member is None:
                    data = data.lstrip(b"\0")  # padding, as tapes and some writers leave it
                    if not data:
                        break
                    member = new_member()
                try:
                    out = member.decompress(data)
                except Exception as error:  # each library has an error class of its own
                    raise self._damaged(codec, "is damaged here") from error
                if out:
                    yield out
                data = member.unused_data if member.eof else b""
                if member.eof:
                    member = None
        if member is not None:
            raise self._damaged(codec, "stops in the middle")

    def _damaged(self, codec: _Codec, what: str) -> SourceUnreadable:
        reason = f"the {codec.name} data {what}; the rest of the file was not read"
        return SourceUnreadable(self.name, reason)


def _ahead(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same chunks, the next one made in a thread while the last is used."""
    thread = ThreadPoolExecutor(1)
    try:
        following = thread.submit(next, chunks, None)
        while (chunk := following.result()) is not None:
            following = thread.submit(next, chunks, None)
            yield chunk
    finally:  # no waiting: whoever collects garbage may be in the middle of starting a thread
        thread.shutdown(wait=False)


def _slices(blocks: Iterator[bytes], step: int) -> Iterator[bytes]:
    for block in blocks:
        for start in range(0, len(block), step):
            yield block[start : start + step]


def reason_of(error: Exception) -> str:
    """Why something cannot be read, in the operating system's words."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"cannot be read: {text}"
