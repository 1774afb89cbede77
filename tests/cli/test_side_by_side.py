"""What `dedupe compare` calls things."""

from __future__ import annotations

from dedupe.cli.features import PLAIN
from dedupe.similarity.features import FEATURES


def test_every_feature_has_a_name_in_plain_words() -> None:
    assert tuple(PLAIN) == FEATURES
    assert len(set(PLAIN.values())) == len(PLAIN)
