"""Names of workers: what a worker had when it was killed is found again under its name."""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable

from dedupe.errors import UsageError
from dedupe.queues.base import Queue

SECONDS = 15.0  # that a member counts as there after its last sign of life


class Member:
    """A process under a name that no other of its role may have."""

    def __init__(self, role: str, name: str) -> None:
        self._host = re.sub(r"[^\w.-]", "-", socket.gethostname(), flags=re.ASCII)
        self._role, self._name = role, name
        # Of all processes under this name on this machine, of which one runs at a time: what one
        # held when it was killed is its successor's at once.
        self.place = f"{name}@{self._host}"
        self.holder = f"{self.place}:{os.getpid()}"
        self._told = float("-inf")

    def claim(self, queue: Queue, clock: Callable[[], float]) -> str | None:
        """Take the name; why not, where another process may have it still.

        Raises UsageError where it is a process of this machine that runs.
        """
        others = [m for m in self._there(queue, clock()) if self._is_other(m)]
        for other in others:
            host, _, process = other.rpartition("@")[2].rpartition(":")
            if host != self._host:
                self.leave(queue, clock)
                return f"a {self._role} named {self._name} may still run on {host}"
            if _runs(int(process)):
                self.leave(queue, clock)
                raise UsageError(
                    f"a {self._role} named {self._name} runs on this machine, as process {process};"
                    " give this one a --name of its own"
                )
            queue.present(self._role, other, clock(), 0)  # it was killed
        return None

    def stay(self, queue: Queue, clock: Callable[[], float]) -> None:
        """Give a sign of life, if the last one was some time ago."""
        if time.monotonic() - self._told > SECONDS / 3:
            self._there(queue, clock())

    def leave(self, queue: Queue, clock: Callable[[], float]) -> None:
        """Give the name back."""
        queue.present(self._role, self.holder, clock(), 0)

    def _there(self, queue: Queue, now: float) -> list[str]:
        self._told = time.monotonic()
        return queue.present(self._role, self.holder, now, SECONDS)

    def _is_other(self, member: str) -> bool:
        return member != self.holder and member.rpartition("@")[0] == self._name


def died_here(member: str) -> bool:
    """Whether a member was a process of this machine that runs no more."""
    host, _, process = member.rpartition("@")[2].rpartition(":")
    here = re.sub(r"[^\w.-]", "-", socket.gethostname(), flags=re.ASCII)
    return host == here and process.isdecimal() and not _runs(int(process))


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
