"""Where tests find what is not in tests/."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("dedupe", deadline=None)  # the first example may compile a kernel
settings.load_profile("dedupe")

pytest_plugins = ["servers", "stores"]  # real Redis servers, and what they and files keep

ROOT = Path(__file__).resolve().parent.parent


def _shared(folder: str) -> Path:
    path = Path(os.environ.get("DEDUPE_SHARED", ROOT.parent / "shared")) / folder
    if not path.is_dir():
        pytest.skip(f"shared/{folder} is absent: put it beside the checkout or set DEDUPE_SHARED")
    return path


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def examples(root: Path) -> Path:
    """The invented stories that are part of the project."""
    return root / "examples"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The labelled collections; skips where they are absent."""
    return _shared("data")


@pytest.fixture(scope="session")
def shared_seeds() -> Path:
    """The two rewrites of one wire story; skips where they are absent."""
    return _shared("seeds")
