"""Which verifier judges a scan: by name, out of the entry points `dedupe.verifiers`.

An entry point is a maker: called with the collection and the parameters it gives the verifier, with
the threshold, or one for the precision, that the parameters ask for. A maker that needs the texts,
as an embedding would, has a method `watch` as well, which passes the articles on as they are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.metadata import entry_points
from typing import Protocol

from msgspec.structs import replace

from dedupe.errors import UsageError
from dedupe.models import Article
from dedupe.params import Recalibration, ScanParams
from dedupe.similarity.apart import Apart
from dedupe.similarity.features import Circumstances, Compared
from dedupe.similarity.learned import LearnedVerifier
from dedupe.similarity.plane import PlaneVerifier
from dedupe.similarity.recalibration import Recalibrated, raw_threshold, rescored
from dedupe.similarity.trees import shipped_model
from dedupe.similarity.verifier import Verifier

GROUP = "dedupe.verifiers"


class Collected(Protocol):
    """Articles that pairs are made of, in columns."""

    @property
    def compared(self) -> Compared:
        """Their words."""
        ...

    @property
    def circumstances(self) -> Circumstances:
        """What is known of them besides."""
        ...


Maker = Callable[[Collected, ScanParams], Verifier]


def learned(collected: Collected, params: ScanParams) -> Verifier:
    """The default: the shipped model. Raises UsageError for a precision out of reach."""
    model = shipped_model()
    threshold = params.threshold
    if params.precision is not None:
        threshold = model.threshold_for(params.precision)
    return LearnedVerifier(collected.compared, collected.circumstances, threshold, model)


def plane(collected: Collected, params: ScanParams) -> Verifier:
    """A story similarity and a few rules, with nothing learned.

    Raises UsageError for a precision, which it cannot tell.
    """
    if params.precision is not None:
        raise UsageError("the verifier 'plane' cannot tell a precision; give a threshold")
    verifier = PlaneVerifier(collected.compared, collected.circumstances)
    if params.threshold is not None:
        verifier.threshold = params.threshold
    return verifier


def maker_of(params: ScanParams, maker: Maker | None = None) -> Maker:
    """What makes the verifier of a scan: the one that is given, else the one that is named.

    What it makes heeds the kinds of entry, and the recalibration in the parameters. Raises
    UsageError as `verifier_named` does; called, where the numbers are another verifier's.
    """
    return _Complete(maker or verifier_named(params.verifier))


class _Complete:
    def __init__(self, maker: Maker) -> None:
        self._maker = maker

    def __call__(self, collected: Collected, params: ScanParams) -> Verifier:
        if params.recalibration is None:
            made = self._maker(collected, params)
        else:
            made = _recalibrated(self._maker, collected, params, params.recalibration)
        for needed in ("threshold", "model", "judge", "explain"):
            if not hasattr(made, needed):
                raise UsageError(
                    f"{made!r}, made to judge pairs, is no verifier: it has no {needed}"
                )
        return Apart(made, collected.compared, collected.circumstances)

    def watch(self, articles: Iterable[Article]) -> Iterable[Article]:
        """Pass the articles on to a maker that wants to see them."""
        return watched(articles, self._maker)


def _recalibrated(
    maker: Maker, collected: Collected, params: ScanParams, numbers: Recalibration
) -> Verifier:
    if params.precision is None:
        raw = raw_threshold(params.threshold or numbers.threshold, numbers)
        params = replace(params, threshold=raw)
    inner = maker(collected, params)
    if numbers.model != inner.model:
        raise UsageError(
            f"the model file was fitted to the scores of the verifier {numbers.model!r}, and"
            f" this is {inner.model!r}; write it again: dedupe calibrate --refit"
        )
    threshold = float(rescored(inner.threshold, numbers.slope, numbers.intercept))
    return Recalibrated(inner, numbers, threshold)


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
    return maker


def watched(articles: Iterable[Article], maker: Maker) -> Iterable[Article]:
    """The articles, past a maker that wants to see them."""
    watch = getattr(maker, "watch", None)
    return watch(articles) if watch is not None else articles


BUILT_IN: dict[str, Maker] = {"learned": learned, "plane": plane}
