"""Commands that are under way, as processes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any


def begun(*arguments: object, **settings: Any) -> subprocess.Popen[bytes]:
    """`dedupe …`, just begun, with pipes."""
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-m", "dedupe", *map(str, arguments)],
        **{"stdin": pipe, "stdout": pipe, "stderr": pipe, **settings},
    )
