"""What an article says that earlier ones do not: words that none of them has.

New words find new sentences about as well as more costly measures (Allan, Wade & Bolivar 2003,
"Retrieval and novelty detection at the sentence level").
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

NEW_SENTENCE = 0.5  # share of a sentence's weight from which it is new


class TokenNovelty(NamedTuple):
    """How new the sentences of an article are."""

    score: float  # 0 to 1, over the whole article
    sentences: tuple[float, ...]  # 0 to 1, of each


def token_novelty(
    sentences: Sequence[Sequence[Hashable]],
    earlier: AbstractSet[Hashable],
    weights: Sequence[Sequence[float]],
) -> TokenNovelty:
    """The share of the tokens' weight that is not among the tokens of `earlier`.

    `sentences` are tokens, `weights` how much each of them tells, 0 or more. What weighs nothing
    is not new.
    """
    shares = []
    new = total = 0.0
    for tokens, told in zip(sentences, weights, strict=True):
        whole = sum(told)
        fresh = sum(w for token, w in zip(tokens, told, strict=True) if token not in earlier)
        shares.append(fresh / whole if whole > 0.0 else 0.0)
        new, total = new + fresh, total + whole
    return TokenNovelty(min(1.0, new / total) if total > 0.0 else 0.0, tuple(shares))
