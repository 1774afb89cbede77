#!/usr/bin/env python
"""Measure what is promised of the development sets, as the tables of docs/quality.md.

scripts/measure_quality.py ../shared/data
scripts/measure_quality.py ../shared/data --model without-basil.npz --set basil
scripts/measure_quality.py ../shared/data --stream
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from dedupe.batch.collection import Ranked
from dedupe.evaluation.development import SETS, evaluate_set, promised
from dedupe.evaluation.streams import STREAMS, evaluate_stream
from dedupe.params import ScanParams
from dedupe.similarity.learned import LearnedVerifier
from dedupe.similarity.trees import load_model
from dedupe.similarity.verifier import Verifier

HAY_FOR, HAY = "fnc_train", "allsides_12k"  # stories, and what they are hidden among


def fitted(path: Path, ranked: Ranked, params: ScanParams) -> Verifier:
    """A verifier with the model of a file."""
    return LearnedVerifier(ranked.compared, ranked.circumstances, model=load_model(path))


def streams(folder: Path, names: Sequence[str], url: str) -> None:
    """Print a row for each set and order."""
    for name in names:
        for order in STREAMS[name]:
            found = evaluate_stream(folder, name, order, url)
            figures = ", ".join(
                f"{key} {value:.3f}" for key, value in promised(name, found).items()
            )
            print(f"| {name}, {order} | {figures}, largest {found.largest} |", flush=True)


def main() -> None:
    """Print a row for each set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where the labelled sets are")
    parser.add_argument("--set", action="append", choices=SETS, help="only this set")
    parser.add_argument("--model", type=Path, help="a model written by scripts/fit_verifier.py")
    parser.add_argument("--relations", action="store_true", help="the confusion matrices too")
    parser.add_argument("--stream", action="store_true", help="articles that come one by one")
    parser.add_argument("--index", default="memory:", help="where these are kept, a new index")
    given = parser.parse_args()
    if given.stream:
        streams(given.folder, given.set or STREAMS, given.index)
        return
    maker = partial(fitted, given.model) if given.model else None
    for name in given.set or SETS:
        found = evaluate_set(given.folder, name, maker)
        figures = ", ".join(f"{key} {value:.3f}" for key, value in promised(name, found).items())
        print(f"| {name} | {figures} |", flush=True)
        if name == HAY_FOR:
            among = promised(name, evaluate_set(given.folder, name, maker, hay=(HAY,)))
            print(f"| {name} among {HAY} | f1 {among['f1']:.3f}, ari {among['ari']:.3f} |")
        for file in found.pairs if given.relations else ():
            for label in file.labels:
                print("   ", file.file, label.label, label.pairs, label.relations, label.updates)


if __name__ == "__main__":
    main()
