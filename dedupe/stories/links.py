"""What candidate pairs say beyond stories: to which one a live blog belongs, which text is a stub.

A link is no merge: the entry stays a story of its own and names the story it has most to do with.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dedupe.models import SEVERAL, Kind
from dedupe.similarity.features import CONTAINMENT, COSINE, STRONGEST, pair_features
from dedupe.stories.verifiers import Collected

CLOSE = 0.25  # least closeness of an entry and the article that it is linked to
CLOSE_LONG = 0.14  # the same where both have LONG words, of which most are of other stories
LONG = 60
STUB_WORDS = 100  # a stub has fewer words
STUB_SHARE = 0.25  # of the words of the article that it is the beginning of, at most
STUB_CONTAINMENT = 0.85  # of its text is in that article


class Links(NamedTuple):
    """Entries that tell of several stories, each with an article that it has to do with."""

    entries: NDArray[np.int32]
    articles: NDArray[np.int32]
    closeness: NDArray[np.float32]  # cosine without the word that does most for it, 0 to 1

    @classmethod
    def joined(cls, parts: list[Links]) -> Links:
        """All that was found, part by part."""
        return cls(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def find_links(collected: Collected, left: NDArray[np.int32], right: NDArray[np.int32]) -> Links:
    """The links among candidate pairs."""
    several = np.isin(collected.circumstances.kinds, SEVERAL)
    one = several[left] != several[right]
    left, right = left[one], right[one]
    features = pair_features(collected.compared, collected.circumstances, left, right)
    closeness = features[:, COSINE] * (1.0 - features[:, STRONGEST])
    lengths = np.minimum(collected.compared.lengths[left], collected.compared.lengths[right])
    near = closeness >= np.where(lengths >= LONG, CLOSE_LONG, CLOSE)
    entries = np.where(several[left], left, right)[near]
    articles = np.where(several[left], right, left)[near]
    return Links(entries, articles, closeness[near])


def closest(
    links: Links, labels: NDArray[np.int64], together: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For each of n entries the article outside its cluster that it is linked to, or -1.

    `labels` are the clusters; `together` gives for each entry the first of its exact copies, which
    speaks for all of them.
    """
    outside = labels[links.entries] != labels[links.articles]
    entries, articles = links.entries[outside], links.articles[outside]
    order = np.lexsort((articles, -links.closeness[outside], entries))
    entries, articles = entries[order], articles[order]
    first = np.r_[True, entries[1:] != entries[:-1]][: len(entries)]
    found = np.full(len(labels), -1, dtype=np.int64)
    found[entries[first]] = articles[first]
    return found[together]


def find_stubs(
    collected: Collected, left: NDArray[np.int32], right: NDArray[np.int32]
) -> NDArray[np.int32]:
    """The articles of candidate pairs that are short and almost wholly in a much longer one."""
    lengths = collected.compared.lengths
    words, others = lengths[left], lengths[right]
    least = np.minimum(words, others)
    maybe = (least < STUB_WORDS) & (least <= STUB_SHARE * np.maximum(words, others))
    left, right, first = left[maybe], right[maybe], (words < others)[maybe]
    short, long = np.where(first, left, right), np.where(first, right, left)
    article = collected.circumstances.kinds[short] == Kind.ARTICLE
    short, long = short[article], long[article]
    features = pair_features(collected.compared, collected.circumstances, short, long)
    stubs: NDArray[np.int32] = short[features[:, CONTAINMENT] >= STUB_CONTAINMENT]
    return stubs
