"""Programs of the tests that are told by lines and answer by lines."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


class Program:
    """One that runs, as a test sees it."""

    def __init__(self, file: str, root: Path) -> None:
        """Run a file of the tests of a checkout."""
        paths = [str(root), str(root / "tests"), os.environ.get("PYTHONPATH", "")]
        self.process = subprocess.Popen(
            [sys.executable, file],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        )  # fmt: skip
        assert self.process.stdout is not None
        self.answers = self.process.stdout

    def tell(self, *words: object) -> None:
        """Have it do something."""
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        """What it answers; empty where it has ended."""
        return self.answers.readline().strip()

    def end(self) -> None:
        """Let it end, and wait for that."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()
        self.answers.close()
