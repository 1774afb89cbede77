"""The parameters of signatures and decisions, each declared once."""

from __future__ import annotations

from msgspec import Struct

from dedupe.models import Level

THRESHOLD = 0.14  # of the story score; high on the plateau of the sets, 0.12 to 0.145


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

    @property
    def bands(self) -> int:
        """Buckets that one article enters."""
        return self.story_bands + self.copy_bands


class ScanParams(Struct, frozen=True, kw_only=True):
    """How a scan decides."""

    level: Level = Level.STORY
    threshold: float = THRESHOLD  # of the story score, 0 to 1
    window_hours: float = 168.0  # all articles of a story lie so close together
    candidates: int = 64  # best candidates of an article that are verified
    bucket_depth: int = 64  # members of one bucket that are looked at
    election: tuple[str, ...] = ("agency", "linked", "earliest", "fullest", "ranked")
    sources: tuple[str, ...] = ()  # the user's ranking, best first
    workers: int = 0  # threads; 0 is one a core
    signature: SignatureParams = SignatureParams()
