"""Labelled pairs of the development sets: what the model of a pair is fitted on.

A model has to be sane where it has seen nothing, and the sets know more than many inputs do: so
each pair is shown again without its date, source and title, as two articles alone, in a smaller
window and in a larger one.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from dedupe.banding import candidates, empty_buckets, fill_band
from dedupe.batch.collection import Collection, Ranked
from dedupe.feeds import read_articles
from dedupe.fingerprint import Signer
from dedupe.models import Article
from dedupe.params import ScanParams
from dedupe.similarity.features import FEATURES, pair_features
from dedupe.similarity.learned import LEAST_COSINE
from dedupe.similarity.relations import COPY_RESEMBLANCE

NOW = datetime(2030, 1, 1, tzinfo=UTC)
SETS = (
    "rss2023_03", "allsides_12k", "reuters21578", "wirepairs", "clough_stevenson", "fnc_train",
    "basil",
)  # fmt: skip
HAY = "allsides_12k"  # that the pairs of other sets are also shown in
SAME = frozenset(
    "same copy rewrite same_event repeat update wire_copy_silver same_url cut light heavy".split()
)
OTHER = frozenset(
    "development topic template none boilerplate unrelated_sameday related_other short_template"
    " template_same_domain non".split()
)
MOST = 1500  # pairs of one SILVER label
# How much each group of pairs counts in all, whatever its number of pairs. Judged pairs are what
# real feeds are full of; basil's stories are the farthest apart in words.
TOTALS = {
    "rss2023_03 judged": 2300, "allsides_12k judged": 1400, "rss2023_03 silver": 1000,
    "reuters21578 silver": 1500, "wirepairs silver": 800, "clough_stevenson silver": 300,
    "fnc_train gold": 4000, "basil gold": 5000,
}  # fmt: skip
# Feed entries of ten days apart do not tell one story, however alike their words are: so many of
# such pairs, as if they were of the same days, are what one shared number or name looks like.
APART_IN, APART_HOURS, APART_PAIRS, APART_TOTAL = "rss2023_03", 240.0, 4000, 500
POPULATION = 0.25  # a judged pair stands for 1 to 10,000 pairs: its count is taken to this power
OTHER_SIGHTS = 0.56  # share of the weight for the pairs as seen otherwise, of which
ALL_HIDDEN = 4  # the sight without date, source and title counts as so many, and
IN_HAY = 5  # that in the larger window counts as so many: a crowd of others is what a feed is
HIDDEN = (
    ("hours",),
    ("one_source",),
    ("title", "title_found_least", "title_found_most"),
    ("hours", "one_source", "title", "title_found_least", "title_found_most"),
)


class Pairs(NamedTuple):
    """Labelled pairs of one set."""

    ids: list[tuple[str, str]]
    answers: list[int]  # 1 the same story, 0 not
    counts: list[float]  # pairs of the population that each stands for
    labels: list[str]
    groups: list[str]  # pairs of one group are held out together


class Examples(NamedTuple):
    """What a model is fitted on, a row for each pair and sight of it."""

    features: NDArray[np.float32]
    answers: NDArray[np.int8]
    weights: NDArray[np.float64]
    groups: NDArray[Any]
    sets: NDArray[Any]
    labels: NDArray[Any]
    counts: NDArray[np.float64]
    whole: NDArray[np.bool_]  # with all that is known, in the whole window


def lines(path: Path) -> list[dict[str, Any]]:
    """The records of a compressed JSON Lines file; none where there is no such file."""
    if not path.exists():
        return []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def read(folder: Path, name: str) -> dict[str, Article]:
    """The articles of a set by their ids."""
    path = str(folder / f"{name}.jsonl.gz")
    return {a.id: a for a in read_articles([path], now=NOW, on_reject=lambda _: None)}


def gathered(articles: list[Article]) -> Ranked:
    """The articles as a scan has them before it compares any."""
    params = ScanParams().signature
    signer, collection = Signer(params), Collection(params)
    for low in range(0, len(articles), 128):
        collection.note(articles[low : low + 128])
        collection.keep(signer.sign(articles[low : low + 128]))
    return collection.ranked()


def labelled(folder: Path, name: str, kind: str, rng: np.random.Generator) -> Pairs:
    """The judged or SILVER pairs of a set, at most MOST of one SILVER label."""
    found = Pairs([], [], [], [], [])
    by_label = defaultdict(list)
    suffix = ".judged.pairs.jsonl.gz" if kind == "judged" else ".pairs.jsonl.gz"
    for pair in lines(folder / (name + suffix)):
        by_label[pair["label"]].append(pair)
    for label in sorted(by_label):
        if label not in SAME | OTHER:
            continue
        pairs = by_label[label]
        if kind == "silver" and len(pairs) > MOST:
            pairs = [pairs[i] for i in sorted(rng.choice(len(pairs), MOST, replace=False))]
        for pair in pairs:
            found.ids.append((pair["id_a"], pair["id_b"]))
            found.answers.append(int(label in SAME))
            found.counts.append(float(pair.get("weight") or 1.0))
            found.labels.append(label)
    found.groups.extend(components(found.ids))
    return found


def components(ids: list[tuple[str, str]]) -> list[str]:
    """For each pair a name of all the pairs that it is connected with by shared articles."""
    places: dict[str, int] = {}
    for pair in ids:
        for id in pair:
            places.setdefault(id, len(places))
    if not ids:
        return []
    ends = np.array([[places[a], places[b]] for a, b in ids]).T
    graph = coo_matrix((np.ones(len(ids)), ends), shape=(len(places), len(places)))
    _, names = connected_components(graph, directed=False)
    return [str(names[places[a]]) for a, _ in ids]


def of_stories(ranked: Ranked, stories: dict[str, str], rng: np.random.Generator) -> Pairs:
    """Pairs within GOLD stories, and of others those that the buckets would bring together."""
    n = len(ranked.entries)
    left, right = met(ranked)
    ids = [entry.id for entry in ranked.entries]
    story = [stories[i] for i in ids]
    members = defaultdict(list)
    for i, name in enumerate(story):
        members[name].append(i)
    same = [(a, b) for group in members.values() for a in group for b in group if a < b]
    near = [(a, b) for a, b in zip(left.tolist(), right.tolist(), strict=True)]
    near = [(a, b) for a, b in near if story[a] != story[b]]
    far = [(a, b) for a, b in rng.integers(0, n, (1000, 2)).tolist() if story[a] != story[b]]
    found = Pairs([], [], [], [], [])
    for answer, pairs, most in ((1, same, 3000), (0, near, 4000), (0, far, 1000)):
        for at in sorted(rng.choice(len(pairs), min(most, len(pairs)), replace=False)):
            a, b = pairs[at]
            found.ids.append((ids[a], ids[b]))
            found.answers.append(answer)
            found.counts.append(1.0)
            found.labels.append("same story" if answer else "other story")
            found.groups.append(story[a])
    return found


def met(ranked: Ranked) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The pairs that share a bucket, whenever they appeared."""
    n, params = len(ranked.entries), ScanParams().signature
    buckets = empty_buckets(params.bands, n)
    for band in range(params.bands):
        fill_band(buckets, band, ranked.keys[ranked.order, band], ranked.informative >= 5)
    left, right, _ = candidates(0, n, *buckets, ranked.times(), 1e9, 64, 64)
    return left, right


def far_apart(ranked: Ranked, rng: np.random.Generator) -> NDArray[np.float32]:
    """The features of pairs that are too far apart in time, as if they were of the same days."""
    left, right = met(ranked)
    times = ranked.times()
    apart = np.flatnonzero(np.abs(times[left] - times[right]) > APART_HOURS)
    apart = np.sort(rng.choice(apart, min(50 * APART_PAIRS, len(apart)), replace=False))
    known = (ranked.compared, ranked.circumstances)
    features = pair_features(*known, left[apart], right[apart], least_cosine=2 * LEAST_COSINE)
    alike = features[:, FEATURES.index("cosine")] >= 2 * LEAST_COSINE
    alike &= features[:, FEATURES.index("resemblance")] < COPY_RESEMBLANCE  # nothing reprinted
    which = np.flatnonzero(alike)
    features = features[rng.choice(which, min(APART_PAIRS, len(which)), replace=False)]
    hours = rng.exponential(24.0, len(features)).clip(0.0, 160.0)
    features[:, FEATURES.index("hours")] = hours
    return features


def seen(ranked: Ranked, ids: list[tuple[str, str]]) -> NDArray[np.float32]:
    """The features of pairs within a collection."""
    place = {entry.id: i for i, entry in enumerate(ranked.entries)}
    at = np.array([(place[a], place[b]) for a, b in ids], dtype=np.int32)
    left, right = np.ascontiguousarray(at.T)
    return pair_features(ranked.compared, ranked.circumstances, left, right)


def weighted(pairs: Pairs, total: float) -> NDArray[np.float64]:
    """The weight of each pair in the fit."""
    weights = np.array(pairs.counts) ** POPULATION
    return weights * (total / weights.sum())


def sights(
    articles: dict[str, Article],
    ranked: Ranked,
    pairs: Pairs,
    hay: list[Article],
    rng: np.random.Generator,
) -> list[tuple[NDArray[np.int64], NDArray[np.float32], int]]:
    """The pairs under other sights: which, their features, how much the sight counts."""
    features = seen(ranked, pairs.ids)
    every = np.arange(len(pairs.ids))
    found = []
    for names in HIDDEN:
        hidden = features.copy()
        hidden[:, [FEATURES.index(name) for name in names]] = np.nan
        found.append((every, hidden, ALL_HIDDEN if len(names) > 3 else 1))
    some = np.sort(rng.choice(len(every), min(1500, len(every)), replace=False))
    alone = [seen(gathered([articles[i] for i in pairs.ids[k]]), [pairs.ids[k]]) for k in some]
    found.append((some, np.concatenate(alone), 1))
    window = sorted({i for ids in pairs.ids for i in ids})
    small = [articles[i] for i in window]
    found.append((every, seen(gathered(small), pairs.ids), 1))
    if strange := [article for article in hay if article.id not in articles]:
        found.append((every, seen(gathered(small + strange), pairs.ids), IN_HAY))
    return found


def examples(folder: Path, seed: int) -> Examples:
    """All pairs of all sets under all sights."""
    columns: list[list[Any]] = [[] for _ in Examples._fields]
    hay = list(read(folder, HAY).values())
    for name in SETS:
        rng = np.random.default_rng(seed)
        articles = read(folder, name)
        ranked = gathered(list(articles.values()))
        kinds = {kind: labelled(folder, name, kind, rng) for kind in ("judged", "silver")}
        if name in ("fnc_train", "basil"):
            stories = {r["id"]: r["cluster"] for r in lines(folder / f"{name}.jsonl.gz")}
            kinds["gold"] = of_stories(ranked, stories, rng)
        for kind, pairs in kinds.items():
            if not pairs.ids:
                continue
            weights = weighted(pairs, TOTALS[f"{name} {kind}"])
            shown = sights(articles, ranked, pairs, hay, rng)
            total = sum(counts for _, _, counts in shown)
            first = (np.arange(len(pairs.ids)), seen(ranked, pairs.ids), 0)
            for number, (which, features, counts) in enumerate((first, *shown)):
                share = OTHER_SIGHTS * counts / total if number else 1.0 - OTHER_SIGHTS
                scale = share * len(pairs.ids) / len(which)
                rows = (
                    features, np.array(pairs.answers)[which], weights[which] * scale,
                    np.array([f"{name} {g}" for g in pairs.groups])[which],
                    np.full(len(which), f"{name} {kind}"), np.array(pairs.labels)[which],
                    np.array(pairs.counts)[which], np.full(len(which), number == 0),
                )  # fmt: skip
                for column, values in zip(columns, rows, strict=True):
                    column.append(values)
            print(f"{name} {kind}: {len(pairs.ids):,} pairs", file=sys.stderr)
        if name == APART_IN:
            features = far_apart(ranked, rng)
            n = len(features)
            rows = (
                features, np.zeros(n, dtype=int), np.full(n, APART_TOTAL / n),
                np.array([f"{name} apart {k}" for k in range(n)]), np.full(n, f"{name} apart"),
                np.full(n, "far apart"), np.ones(n), np.zeros(n, dtype=bool),
            )  # fmt: skip
            for column, values in zip(columns, rows, strict=True):
                column.append(values)
    return Examples(*(np.concatenate(column) for column in columns))
