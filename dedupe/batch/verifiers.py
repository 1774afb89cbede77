"""Which verifier judges a scan: by name, out of the entry points `dedupe.verifiers`.

An entry point is a maker: called with the collection and the parameters it gives the verifier. A
maker that needs the texts, as an embedding would, has a method `watch` as well, which passes the
articles on as they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import entry_points

from dedupe.batch.collection import Ranked
from dedupe.errors import UsageError
from dedupe.models import Article
from dedupe.params import ScanParams
from dedupe.similarity.learned import THRESHOLD, LearnedVerifier
from dedupe.similarity.plane import PlaneVerifier
from dedupe.similarity.trees import load_model, shipped_model
from dedupe.similarity.verifier import Verifier

GROUP = "dedupe.verifiers"
Maker = Callable[[Ranked, ScanParams], Verifier]


def learned(ranked: Ranked, params: ScanParams) -> Verifier:
    """The default: the shipped model, or the one in the file that the parameters name.

    Raises UsageError for a file that holds no model, and for a precision out of reach.
    """
    model = load_model(params.model) if params.model else shipped_model()
    threshold = params.threshold or THRESHOLD
    if params.precision is not None:
        threshold = model.threshold_for(params.precision)
    return LearnedVerifier(ranked.compared, ranked.circumstances(), threshold, model)


def plane(ranked: Ranked, params: ScanParams) -> Verifier:
    """A story similarity and a few rules, with nothing learned.

    Raises UsageError for a precision or a model, neither of which it has.
    """
    if params.precision is not None or params.model is not None:
        raise UsageError("the verifier 'plane' has no model and no precision; give a threshold")
    verifier = PlaneVerifier(ranked.compared, ranked.circumstances())
    if params.threshold is not None:
        verifier.threshold = params.threshold
    return verifier


def verifier_named(name: str) -> Maker:
    """The maker of that name. Raises UsageError where no package offers it, or it fails to load."""
    if name in BUILT_IN:
        return BUILT_IN[name]
    offered = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in offered:
        known = ", ".join(sorted({*BUILT_IN, *offered}))
        raise UsageError(f"there is no verifier {name!r}; installed are {known}")
    try:
        maker = offered[name].load()
    except Exception as error:  # whatever another package's import ends in
        raise UsageError(f"the verifier {name!r} cannot be loaded: {error}") from error
    if not callable(maker):
        raise UsageError(f"the verifier {name!r} is no maker of verifiers but {maker!r}")
    return maker  # type: ignore[no-any-return]


def watched(articles: Iterable[Article], maker: Maker) -> Iterable[Article]:
    """The articles, past a maker that wants to see them."""
    watch = getattr(maker, "watch", None)
    return watch(articles) if watch is not None else articles


BUILT_IN: dict[str, Maker] = {"learned": learned, "plane": plane}
