"""Optional packages, imported when a format first needs them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from dedupe.errors import MissingExtra


def load(module: str, what: str, extra: str) -> Any:
    """Import `module`, or raise MissingExtra saying that `what` needs the extra `extra`."""
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtra(what, extra) from error
