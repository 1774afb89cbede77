"""The command `dedupe`."""

from __future__ import annotations

from dedupe.cli.main import main

__all__ = ["main"]
