"""The parameters of signatures and decisions, each declared once."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from dedupe.models import Level


class BandParams(Struct, frozen=True, kw_only=True):
    """How a signature is cut into bands."""

    rows: int  # places of the signature in one band
    bands: int


class SignatureParams(Struct, frozen=True, kw_only=True):
    """What a signature is made with. Signatures of other parameters cannot be compared."""

    copy_permutations: int = 128
    copy_bands: int = 16
    copy_rows: int = 8
    story_permutations: int = 256
    story_bands: int = 128
    story_rows: int = 2
    shingle_size: int = 5  # words
    signature_lead: int = 250  # tokens, title first
    vector_lead: int = 400  # tokens, title first; at most 500
    informative_words: int = 5  # an article with fewer enters no bucket
    short_body: int = 25  # tokens; the title of a shorter body is part of its text
    seed: int = 1

    def __post_init__(self) -> None:
        """Raise ValueError for parameters that no signature can be made with."""
        for name in self.__struct_fields__:
            if getattr(self, name) < (0 if name == "seed" else 1):
                raise ValueError(f"{name} must be positive")
        if self.story_bands * self.story_rows > self.story_permutations:
            raise ValueError("story_bands times story_rows is more than story_permutations")
        if self.copy_bands * self.copy_rows > self.copy_permutations:
            raise ValueError("copy_bands times copy_rows is more than copy_permutations")
        if not self.signature_lead <= self.vector_lead <= 500:
            raise ValueError("signature_lead is at most vector_lead, and that at most 500")

    @property
    def bands(self) -> int:
        """Buckets that one article enters."""
        return self.story_bands + self.copy_bands


class Recalibration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the scores of a verifier are put straight: fitted to answers, kept in a model file."""

    version: int = 1  # of this record
    model: str  # the verifier to whose scores the numbers were fitted
    slope: Annotated[float, Meta(gt=0, le=1e6)]  # of the log-odds
    intercept: Annotated[float, Meta(ge=-1e6, le=1e6)]
    threshold: Annotated[float, Meta(gt=0, lt=1)]  # of the new scores, where none is given
    answers: Annotated[int, Meta(ge=0)]  # that they were fitted to


class ScanParams(Struct, frozen=True, kw_only=True):
    """How a scan decides."""

    level: Level = Level.STORY
    threshold: float | None = None  # of the verifier's score, 0 to 1; None is the verifier's own
    precision: float | None = None  # that the threshold is to have, in its stead
    verifier: str = "learned"  # dedupe.stories.verifiers
    recalibration: Recalibration | None = None  # of the verifier's scores
    window_hours: float = 168.0  # all articles of a story lie so close together
    candidates: int = 64  # best candidates of an article that are verified
    bucket_depth: int = 64  # members of one bucket that are looked at
    election: tuple[str, ...] = ("agency", "linked", "earliest", "fullest", "ranked")
    sources: tuple[str, ...] = ()  # the user's ranking, best first
    boilerplate: bool = False  # whether what a source repeats is learned, and ignored
    workers: int = 0  # threads; 0 is one a core
    signature: SignatureParams = SignatureParams()

    def __post_init__(self) -> None:
        """Raise ValueError for values that mean nothing; a level may be given as its word."""
        msgspec.structs.force_setattr(self, "level", Level(self.level))
        for name, share in (("threshold", self.threshold), ("precision", self.precision)):
            if share is not None and not 0.0 < share <= 1.0:
                raise ValueError(f"{name} lies above 0 and is at most 1")
        if self.threshold is not None and self.precision is not None:
            raise ValueError("threshold and precision name the same thing twice; give one")
        if not self.window_hours > 0.0:
            raise ValueError("window_hours must be above 0")
        if self.candidates < 1 or self.bucket_depth < 1 or self.workers < 0:
            raise ValueError("candidates and bucket_depth are at least 1, workers at least 0")
        lists: tuple[object, ...] = (self.sources, self.election)
        if any(isinstance(names, str) for names in lists):
            raise ValueError("sources and election are tuples of names")
