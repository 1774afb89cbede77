"""The names that programs use; `docs/api.md` describes them.

Each is imported when it is first asked for, so that `import dedupe` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dedupe.attribution import find_credit
    from dedupe.banding import collision_probability, tune
    from dedupe.batch.comparison import Comparison, compare
    from dedupe.batch.scan import scan
    from dedupe.canonical import Candidate, elect
    from dedupe.deduper import Deduper, Evidence, StoryView
    from dedupe.errors import (
        ConfigError,
        DedupeError,
        FetchFailed,
        IndexDamaged,
        IndexFailure,
        IndexMismatch,
        IndexUnavailable,
        InputError,
        MissingExtra,
        RecordRejected,
        SourceUnreadable,
        UsageError,
    )
    from dedupe.feeds import read_articles
    from dedupe.fingerprint import Signer
    from dedupe.index.manifest import manifest_of
    from dedupe.index.opening import open_index
    from dedupe.models import Article, Credit, Decision, Level, Rejection, Relation
    from dedupe.overlap.novelty import novelty
    from dedupe.overlap.passages import shared_passages
    from dedupe.params import ScanParams, SignatureParams
    from dedupe.text.tokens import normalise, tokens
    from dedupe.text.urls import canonical_url

    __version__: str

__all__ = [
    "Article",
    "Candidate",
    "Comparison",
    "ConfigError",
    "Credit",
    "Decision",
    "DedupeError",
    "Deduper",
    "Evidence",
    "FetchFailed",
    "IndexDamaged",
    "IndexFailure",
    "IndexMismatch",
    "IndexUnavailable",
    "InputError",
    "Level",
    "MissingExtra",
    "RecordRejected",
    "Rejection",
    "Relation",
    "ScanParams",
    "SignatureParams",
    "Signer",
    "SourceUnreadable",
    "StoryView",
    "UsageError",
    "__version__",
    "canonical_url",
    "collision_probability",
    "compare",
    "elect",
    "find_credit",
    "manifest_of",
    "normalise",
    "novelty",
    "open_index",
    "read_articles",
    "scan",
    "shared_passages",
    "tokens",
    "tune",
]

_HOMES = {
    "Article": "dedupe.models",
    "Candidate": "dedupe.canonical",
    "Comparison": "dedupe.batch.comparison",
    "ConfigError": "dedupe.errors",
    "Credit": "dedupe.models",
    "Decision": "dedupe.models",
    "DedupeError": "dedupe.errors",
    "Deduper": "dedupe.deduper",
    "Evidence": "dedupe.deduper",
    "FetchFailed": "dedupe.errors",
    "IndexDamaged": "dedupe.errors",
    "IndexFailure": "dedupe.errors",
    "IndexMismatch": "dedupe.errors",
    "IndexUnavailable": "dedupe.errors",
    "InputError": "dedupe.errors",
    "Level": "dedupe.models",
    "MissingExtra": "dedupe.errors",
    "RecordRejected": "dedupe.errors",
    "Rejection": "dedupe.models",
    "Relation": "dedupe.models",
    "ScanParams": "dedupe.params",
    "SignatureParams": "dedupe.params",
    "Signer": "dedupe.fingerprint",
    "SourceUnreadable": "dedupe.errors",
    "StoryView": "dedupe.deduper",
    "UsageError": "dedupe.errors",
    "canonical_url": "dedupe.text.urls",
    "collision_probability": "dedupe.banding",
    "compare": "dedupe.batch.comparison",
    "elect": "dedupe.canonical",
    "find_credit": "dedupe.attribution",
    "manifest_of": "dedupe.index.manifest",
    "normalise": "dedupe.text.tokens",
    "novelty": "dedupe.overlap.novelty",
    "open_index": "dedupe.index.opening",
    "read_articles": "dedupe.feeds",
    "scan": "dedupe.batch.scan",
    "shared_passages": "dedupe.overlap.passages",
    "tokens": "dedupe.text.tokens",
    "tune": "dedupe.banding",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first used (PEP 562)."""
    if name == "__version__":
        value: Any = import_module("importlib.metadata").version("newsdedupe")
    elif name in _HOMES:
        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module 'dedupe' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
