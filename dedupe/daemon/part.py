"""What a service runs: a poller, a worker, the senders of webhooks; each a part of it."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Part(Protocol):
    """One thing that runs until it is told to stop."""

    name: str  # in logs and on /readyz: poller, worker, webhooks

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then finish what was begun and return.

        What cannot be worked around is raised, and ends the service.
        """
        ...

    def reread(self) -> None:
        """Read again what may have changed on disk (SIGHUP)."""
        ...

    def unready(self) -> str | None:
        """Why it cannot do its work now, in plain words; None where it can."""
        ...

    def hung(self) -> str | None:
        """Why it must be started again, in plain words; None where it gets on."""
        return None
