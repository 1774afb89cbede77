"""The log: lines of text or of JSON on standard error, which nothing that is logged can forge."""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

Format = Literal["text", "json"]
LEVELS = ("debug", "info", "warning", "error")

_ACCOUNT = re.compile(r"(?<=://)[^/?#\s@]*@")  # user and password of a URL
_MOST = 20_000  # characters of one value


def configure(format: Format = "text", level: str = "info", to: TextIO | None = None) -> None:
    """Have structlog, and through it logging, write lines to standard error."""
    lines = _Lines(to or sys.stderr)
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _harmless,
            _json if format == "json" else _logfmt,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=lambda *args: lines,
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Others()], level=max(threshold, logging.WARNING), force=True)


class _Lines:
    """Whole lines, one at a time; where nobody reads them any more the work goes on."""

    def __init__(self, to: TextIO) -> None:
        self._to, self._lock = to, threading.Lock()

    def msg(self, line: str) -> None:
        with self._lock:
            try:
                self._to.write(line + "\n")
                self._to.flush()
            except (OSError, ValueError):
                pass

    debug = info = warning = error = critical = exception = msg


class _Others(logging.Handler):
    """What libraries log, in the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        exc = record.exc_info if record.exc_info and record.exc_info[0] else None
        level = min(record.levelno, logging.CRITICAL) // 10 * 10
        structlog.get_logger().log(
            level, record.getMessage(), logger=record.name, **({"exc_info": exc} if exc else {})
        )


def _harmless(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    return {_escaped(str(name)): _cleaned(value) for name, value in event.items()}


def _cleaned(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned(each) for each in value]
    if isinstance(value, dict):
        return {_escaped(str(name)): _cleaned(each) for name, each in value.items()}
    return _escaped(str(value))


def _escaped(text: str) -> str:
    r"""On one line, each character that does not print as \xNN, \uNNNN or \UNNNNNNNN."""
    text = _ACCOUNT.sub("…@", text[:_MOST])
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _code(c) for c in text)


def _code(character: str) -> str:
    number = ord(character)
    if character == "\n":
        return "\\n"
    wide = ("x", 2) if number < 0x100 else ("u", 4) if number < 0x10000 else ("U", 8)
    return f"\\{wide[0]}{number:0{wide[1]}x}"


def _json(logger: WrappedLogger, method: str, event: EventDict) -> str:
    return json.dumps(event)  # ASCII


_render = structlog.processors.LogfmtRenderer(
    key_order=["timestamp", "level", "event"], bool_as_flag=False
)


def _logfmt(logger: WrappedLogger, method: str, event: EventDict) -> str:
    spoken = {
        name: ", ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in event.items()
    }
    return str(_render(logger, method, spoken))
