"""text-dedup's minhash command from file to file. From scripts/, in one process:

    python -m peers.text_dedup_pipeline INPUT.jsonl[.gz] OUTPUT.jsonl

The command itself writes the articles that are left; for the clusters it is asked for its
union-find (--debug), which knows only articles that met another: those alone are not written.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
import tempfile
from pathlib import Path

PERMUTATIONS = 128
THRESHOLD = 0.5
SHINGLE_WORDS = 5
BATCH = 10_000


def main(source: str, target: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # Read when it is imported. All that it caches goes with the folder.
        os.environ |= {"HF_HOME": folder, "HF_HUB_OFFLINE": "1", "TQDM_DISABLE": "1"}
        deduplicate(source, folder)
        with open(Path(folder, "kept", "uf.pkl"), "rb") as dump:
            clusters = pickle.load(dump)
    with open(target, "w", encoding="utf-8") as out:
        for id in list(clusters.parent):
            out.write(json.dumps({"id": id, "cluster": clusters.find(id)}) + "\n")


def deduplicate(source: str, folder: str) -> None:
    """Run the command on a JSONL file as its README does."""
    from text_dedup.minhash import main as minhash

    options = {
        "--path": "json",
        "--data_files": source,
        "--split": "train",
        "--cache_dir": str(Path(folder, "cache")),
        "--output": str(Path(folder, "kept")),
        "--column": "text",
        "--idx_column": "id",
        "--batch_size": str(BATCH),
        "--ngram": str(SHINGLE_WORDS),
        "--min_length": "0",
        "--num_perm": str(PERMUTATIONS),
        "--threshold": str(THRESHOLD),
        "--hash_func": "xxh3",
        "--num_proc": "1",
    }
    arguments = [part for option in options.items() for part in option]
    minhash(["--debug", *arguments], standalone_mode=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
