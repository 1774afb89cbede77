"""Articles for the benchmark where no collection is at hand, recombined from examples/.

The long words of each story are spelt in its own alphabet: with the few words of the examples
alone all articles would tell one story.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

SEED = 42
PHRASE_WORDS = 4  # what stays together of an example
LONG_WORD = 7  # letters
RETOLD = 0.2  # of the articles retell one of the last REMEMBERED stories
REMEMBERED = 1_000
CHANGED = 0.2  # of the phrases of a retold story
LETTERS = "bcdfghjklmnprstvwz"


class Story(NamedTuple):
    """What versions of a story share."""

    phrases: list[str]
    alphabet: dict[int, str]


def invented(examples: Path, count: int, words: int) -> Iterator[dict[str, Any]]:
    """`count` articles of about `words` words: phrases of the English examples, drawn anew."""
    random = Random(SEED)
    pool = list(_phrases(examples))
    stories: list[Story] = []
    for i in range(count):
        if stories and random.random() < RETOLD:
            story = random.choice(stories)
            phrases = [random.choice(pool) if random.random() < CHANGED else p for p in story[0]]
        else:
            size = max(1, round(words * random.lognormvariate(0, 0.5) / PHRASE_WORDS))
            phrases = random.choices(pool, k=size)
            alphabet = dict(
                zip(map(ord, LETTERS), random.sample(LETTERS, len(LETTERS)), strict=True)
            )
            story = Story(phrases, alphabet)
            stories = [*stories[1 - REMEMBERED :], story]
        text = " ".join(_spelt(phrase, story.alphabet) for phrase in phrases)
        yield {"id": f"invented-{i}", "title": text[:60], "text": text}


def _spelt(phrase: str, alphabet: dict[int, str]) -> str:
    return " ".join(
        word.translate(alphabet) if len(word) > LONG_WORD else word for word in phrase.split()
    )


def _phrases(examples: Path) -> Iterator[str]:
    with open(examples, encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            words = record["text"].split() if record.get("lang") == "en" else []
            for start in range(0, len(words), PHRASE_WORDS):
                yield " ".join(words[start : start + PHRASE_WORDS])
