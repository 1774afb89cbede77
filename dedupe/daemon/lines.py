"""Lines of output, to standard output or to the end of a file: never half of one."""

from __future__ import annotations

import os
import select
import signal
import threading
from pathlib import Path

from dedupe.errors import DedupeError, UsageError

_BLOCK = 1 << 16

# Held while lines go out, so that none is cut short when the process is ended.
writing = threading.Lock()


class OutputClosed(DedupeError):
    """Whoever read the output has closed its end."""

    exit_code = 128 + signal.SIGPIPE


class Lines:
    """Appends lines."""

    def __init__(self, path: str) -> None:
        """`-` is standard output. Raises UsageError where the file cannot be written."""
        self._path = path
        if path == "-":
            self._fd = os.dup(1)
            return
        # A pipe that is open for reading too would never break.
        mode = os.O_WRONLY if _is_special(path) else os.O_RDWR | os.O_CREAT | os.O_APPEND
        try:
            self._fd = os.open(path, mode | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise UsageError(f"{path}: cannot be written: {error.strerror}") from None

    def mend(self) -> bytes | None:
        """Cut off a torn last line, left by a process that was killed; gives the last whole one.

        None where there is none, or where this is no file. Only for whoever is alone with the file.
        """
        if self._path == "-" or _is_special(self._path):
            return None
        end = os.lseek(self._fd, 0, os.SEEK_END)
        whole = self._newline_before(end) + 1
        if whole < end:
            os.ftruncate(self._fd, whole)
        if not whole:
            return None
        start = self._newline_before(whole - 1) + 1
        return os.pread(self._fd, whole - 1 - start, start)

    def _newline_before(self, end: int) -> int:
        """Where the last newline before a place is; -1 where there is none."""
        while end > 0:
            start = max(0, end - _BLOCK)
            found = os.pread(self._fd, end - start, start).rfind(b"\n")
            if found >= 0:
                return start + found
            end = start
        return -1

    def write(self, lines: list[bytes]) -> None:
        """Append lines, without their newlines; they are with the system when it returns.

        Raises OutputClosed where nobody reads them any more, else DedupeError where they cannot be
        written.
        """
        rest = memoryview(b"".join(line + b"\n" for line in lines))
        with writing:
            try:
                while rest:
                    rest = rest[os.write(self._fd, rest) :]
            except BrokenPipeError:
                raise self._closed() from None
            except OSError as error:
                raise DedupeError(f"{self._name}: cannot be written: {error.strerror}") from None

    def check_read(self) -> None:
        """Raise OutputClosed where standard output is a pipe that nobody reads any more.

        A named pipe may be opened again by the next reader.
        """
        if self._path != "-":
            return
        watched = select.poll()
        watched.register(self._fd, 0)
        if any(events & (select.POLLERR | select.POLLHUP) for _, events in watched.poll(0)):
            raise self._closed()

    @property
    def _name(self) -> str:
        return "standard output" if self._path == "-" else self._path

    def _closed(self) -> OutputClosed:
        return OutputClosed(f"{self._name}: nobody reads it any more")

    def close(self) -> None:
        """Let go of it."""
        os.close(self._fd)


def check_writable(path: str) -> None:
    """Raise UsageError for a file that cannot be written. A pipe is not opened: that waits."""
    if path != "-" and not _is_special(path):
        Lines(path).close()


def _is_special(path: str) -> bool:
    """Whether something is there that is no file: a pipe, a terminal."""
    return Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir()
