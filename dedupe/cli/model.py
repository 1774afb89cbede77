"""Which verifier judges: the one there is, its scores put straight where a model file says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from dedupe.batch.collection import Ranked
from dedupe.batch.scan import plane_verifier
from dedupe.cli.options import scan_params
from dedupe.errors import UsageError
from dedupe.params import ScanParams
from dedupe.similarity.plane import PlaneVerifier
from dedupe.similarity.recalibration import (
    Recalibrated,
    Recalibration,
    decode_model,
    raw_threshold,
)
from dedupe.similarity.verifier import Verifier


class Model(NamedTuple):
    """A verifier to be made, and the threshold that goes with it."""

    numbers: Recalibration | None

    def params(self, given: dict[str, Any], **others: Any) -> ScanParams:
        """The parameters of a scan with these options, the model's threshold if none is given."""
        if self.numbers is not None and given["threshold"] is None:
            given = {**given, "threshold": self.numbers.threshold}
        return scan_params(given, **others)

    def verifier(self, ranked: Ranked, params: ScanParams) -> Verifier:
        """The verifier of a scan."""
        if self.numbers is None:
            return plane_verifier(ranked, params)
        raw = replace(params, threshold=raw_threshold(params.threshold, self.numbers))
        return Recalibrated(plane_verifier(ranked, raw), self.numbers, params.threshold)


def load_model(path: str | None) -> Model:
    """The model of `--model`. Raises UsageError where the file cannot be read or does not fit."""
    if path is None:
        return Model(None)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    return Model(decode_model(data, path, PlaneVerifier.model))
