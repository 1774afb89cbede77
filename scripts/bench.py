"""How fast dedupe is, and how much memory it takes, next to its peers on the same texts.

    python scripts/bench.py                 everything
    python scripts/bench.py --only signing  signatures from raw text, one core
    python scripts/bench.py --only verifier a million pairs judged, one core
    python scripts/bench.py --only scan     whole runs from file to file
    python scripts/bench.py --only memory   what an article adds to the peak memory of a scan
    python scripts/bench.py --only startup  --help, and a scan of ten small files

Needs the extra `bench`. What counts is the ratio: the contestants take turns, round after round; a
ratio is taken within each round, and the tables show its median and its spread. The peers' code is
in scripts/peers. text-dedup pins an old rich and asks for Spark, which its MinHash does without:

    pip install --no-deps text-dedup==0.4.0

or, where it has an environment of its own, --text-dedup-python PATH.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

from peers.invented import invented
from rich.console import Console
from rich.table import Table

SCRIPTS = Path(__file__).resolve().parent
ROOT = SCRIPTS.parent
EXAMPLES = ROOT / "examples" / "stories.jsonl"
LONG = "allsides_12k.jsonl.gz"
SHORT = "rss2023_03.jsonl.gz"
INVENTED = {LONG: (12_000, 800), SHORT: (75_803, 30)}  # articles, words each
SIGNED = 4_000  # articles of a round of signing
BATCH = 256
FEW = 10

Rounds = dict[str, list["Cost"]]  # what each contestant took in each round; ratios are to the first


class Cost(NamedTuple):
    """What one run took."""

    wall: float  # seconds
    cpu: float  # seconds, user and system, on all cores
    peak: float = 0.0  # MiB; 0 is not measured


class Bench(NamedTuple):
    """The texts and the means of one run of the benchmark."""

    long: Path
    short: Path
    folder: Path  # for files that go with the run
    rounds: int
    text_dedup_python: str

    def run(self, *command: str) -> Cost:
        """Run a command to its end. Raises CalledProcessError where it fails."""
        env = {k: v for k, v in os.environ.items() if not k.startswith("DEDUPE_")}
        env["PYTHONPATH"] = f"{ROOT}{os.pathsep}{SCRIPTS}"
        start = time.perf_counter()
        with open(self.folder / "log", "w+b") as log:
            child = subprocess.Popen(command, cwd=self.folder, env=env, stdout=log, stderr=log)
            # Linux counts the peak of a child from this process's own size: keep this one small.
            _, status, usage = os.wait4(child.pid, 0)
            wall = time.perf_counter() - start
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode not in (0, 3):  # 3 is done, with records rejected
                log.seek(0)
                sys.stderr.buffer.write(log.read())
                raise subprocess.CalledProcessError(child.returncode, command)
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)

    def scan(self, *inputs: Path) -> Cost:
        """Run `dedupe scan` from file to file."""
        paths = map(str, inputs)
        return self.run(sys.executable, "-m", "dedupe", "scan", *paths, "-o", "stories.jsonl")

    def take_turns(self, contestants: dict[str, Callable[[], Cost]]) -> Rounds:
        """Run all of them once a round, so that whoever else uses the machine disturbs all."""
        rounds: Rounds = {name: [] for name in contestants}
        for number in range(self.rounds):
            for name, contestant in contestants.items():
                print(f"round {number + 1} of {self.rounds}: {name}", file=sys.stderr)
                rounds[name].append(contestant())
        return rounds


def scan(bench: Bench) -> Rounds:
    """Whole runs: from a JSONL file to a file of clusters."""
    contestants = {"dedupe scan": lambda: bench.scan(bench.long)}
    for module in ("rensa", "datasketch", "text_dedup"):
        python = bench.text_dedup_python if module == "text_dedup" else sys.executable
        if installed(module, python):
            pipeline = (python, "-m", f"peers.{module}_pipeline", str(bench.long), "peer.jsonl")
            contestants[f"{module} pipeline"] = lambda p=pipeline: bench.run(*p)
    return bench.take_turns(contestants)


def memory(bench: Bench) -> Rounds:
    """Scans of few and of many articles."""
    files = [file for whole in (bench.long, bench.short) for file in (first(bench, whole), whole)]
    return bench.take_turns({name_of(file): lambda f=file: bench.scan(f) for file in files})


def startup(bench: Bench) -> Rounds:
    """What a user waits for when there is little to do."""
    small = [bench.folder / f"small-{i}.jsonl" for i in range(FEW)]
    with open(EXAMPLES, encoding="utf-8") as lines:
        for path, line in zip(small, lines, strict=False):
            path.write_text(line, encoding="utf-8")
    contestants = {
        "python, doing nothing": lambda: bench.run(sys.executable, "-c", "pass"),
        "dedupe --help": lambda: bench.run(sys.executable, "-m", "dedupe", "--help"),
        "dedupe scan of ten files": lambda: bench.scan(*small),
    }
    rounds = bench.take_turns(contestants)
    # Peaks this low are the benchmark's own, see Bench.run.
    return {name: [cost._replace(peak=0.0) for cost in costs] for name, costs in rounds.items()}


def signing(bench: Bench) -> Rounds:
    """Signatures from raw text, in this process, on one core."""
    from peers import datasketch_pipeline as datasketch
    from peers import rensa_pipeline as rensa
    from peers.corpus import shingles

    from dedupe.fingerprint import Signer
    from dedupe.models import Article

    with gzip.open(bench.long) as lines:
        records = map(json.loads, islice(lines, SIGNED))
        articles = [Article(id=r["id"], title=r["title"], text=r["text"]) for r in records]
    texts = [article.text for article in articles]
    signer = Signer()
    signer.sign(articles[:BATCH])  # compiles, or loads what was compiled

    def sign() -> None:
        for start in range(0, len(articles), BATCH):
            signer.sign(articles[start : start + BATCH])

    contestants: dict[str, Callable[[], object]] = {
        "dedupe: two signatures and the vector": sign,
        "rensa RMinHash": lambda: exhaust(map(rensa.sign, texts)),
        "rensa RMinHash.from_token_sets": lambda: rensa.sign_batch(texts),
        "rensa CMinHash": lambda: exhaust(map(rensa.sign_circulant, texts)),
        "datasketch MinHash, xxhash": lambda: exhaust(datasketch.sign(texts)),
        "the word 5-grams alone, in Python": lambda: exhaust(map(shingles, texts)),
    }
    return bench.take_turns({name: lambda w=work: timed(w) for name, work in contestants.items()})


def verifier(bench: Bench) -> Rounds:
    """Judging the candidate pairs of a scan, in this process, on one core."""
    import numpy as np

    from dedupe.banding import candidates, empty_buckets, fill_band
    from dedupe.batch.scan import gather
    from dedupe.feeds import read_articles
    from dedupe.params import ScanParams
    from dedupe.similarity.features import pair_features
    from dedupe.stories.verifiers import learned

    contestants: dict[str, Callable[[], object]] = {}
    for file in (bench.long, bench.short):
        params = ScanParams(workers=1)
        articles = read_articles([str(file)], now=datetime.now(UTC), on_reject=lambda _: None)
        ranked = gather(islice(articles, 20_000), params)
        n, judge = len(ranked.entries), learned(ranked, params).judge
        buckets = empty_buckets(params.signature.bands, n)
        admitted = ranked.informative >= params.signature.informative_words
        for band in range(params.signature.bands):
            fill_band(buckets, band, ranked.keys[ranked.order, band], admitted)
        left, right, _ = candidates(0, n, *buckets, ranked.times(), params.window_hours, 64, 64)
        judged = judge(left, right).scores
        near = np.flatnonzero(judged > 0)  # looked at through all features and trees
        known = (ranked.compared, ranked.circumstances)
        a, b = left[near], right[near]
        name = name_of(file)
        contestants |= {
            f"{name}: all {len(left):,} candidate pairs": lambda j=judge, a=left, b=right: j(a, b),
            f"{name}: the {len(near):,} near ones": lambda j=judge, a=a, b=b: j(a, b),
            f"{name}: features of these alone": lambda k=known, a=a, b=b: pair_features(*k, a, b),
        }
    return bench.take_turns({name: lambda w=work: timed(w) for name, work in contestants.items()})


def timed(work: Callable[[], object]) -> Cost:
    """What a function takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def exhaust(results: Iterable[object]) -> None:
    """Compute everything, keep nothing."""
    for _ in results:
        pass


def installed(module: str, python: str) -> bool:
    """Whether an interpreter can import a module; says so where it cannot."""
    if python == sys.executable:
        found = find_spec(module) is not None
    else:
        found = subprocess.run([python, "-c", f"import {module}"], check=False).returncode == 0
    if not found:
        print(f"{module}: not installed", file=sys.stderr)
    return found


def name_of(path: Path) -> str:
    """The name of a collection, e.g. `allsides_12k`."""
    return path.name.removesuffix(".jsonl.gz")


def first(bench: Bench, whole: Path, count: int = FEW) -> Path:
    """A file of the first articles of another."""
    path = bench.folder / f"{name_of(whole)}, the first {count}.jsonl.gz"
    with gzip.open(whole) as lines, gzip.open(path, "wb", compresslevel=1) as out:
        out.writelines(islice(lines, count))
    return path


def invent(folder: Path, name: str) -> Path:
    """A collection of recombined examples in place of a real one."""
    print(f"{name} is not there: using texts recombined from examples/", file=sys.stderr)
    path = folder / f"invented-{name}"
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as out:
        for article in invented(EXAMPLES, *INVENTED[name]):
            out.write(json.dumps(article) + "\n")
    return path


def count_articles(path: Path) -> int:
    with gzip.open(path) as lines:
        return sum(1 for _ in lines)


def ratio(rounds: Rounds, name: str, column: int) -> str:
    """How many times what the first took a contestant took: median (least-most) of the rounds."""
    first = next(iter(rounds.values()))
    if rounds[name] is first:
        return "1"
    times = [
        theirs[column] / ours[column] for theirs, ours in zip(rounds[name], first, strict=True)
    ]
    return f"{median(times):.2f} ({min(times):.2f}-{max(times):.2f})"


def comparison(title: str, rounds: Rounds) -> Table:
    """Each contestant's medians, and its ratios to the first."""
    measured = sum(value > 0 for value in next(iter(rounds.values()))[0])
    units = ("wall s", "CPU s", "peak MiB")[:measured]
    table = Table("", *units, *(f"× {unit.split()[0]}" for unit in units), title=title)
    for name, costs in rounds.items():
        medians = [f"{median(column):,.2f}" for column in list(zip(*costs, strict=True))[:measured]]
        table.add_row(name, *medians, *(ratio(rounds, name, c) for c in range(measured)))
    return table


def per_article(rounds: Rounds, bench: Bench) -> Table:
    """How much every further article adds to the peak memory of a scan."""
    table = Table("", "articles", "peak MiB", f"of {FEW}", "KiB an article", title="memory")
    peaks = {name: median(cost.peak for cost in costs) for name, costs in rounds.items()}
    for whole in (bench.long, bench.short):
        peak, least = peaks[name_of(whole)], peaks[f"{name_of(whole)}, the first {FEW}"]
        count = count_articles(whole)
        each = (peak - least) * 1024 / count
        table.add_row(name_of(whole), f"{count:,}", f"{peak:.0f}", f"{least:.0f}", f"{each:.2f}")
    return table


# Signing and verifying come last: they make this process big, see Bench.run.
PARTS = {
    "scan": scan, "memory": memory, "startup": startup, "signing": signing, "verifier": verifier,
}  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    data = ROOT.parent / "shared" / "data"
    parser.add_argument("--data", type=Path, default=data, help=f"folder of {LONG} and {SHORT}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--articles", type=int, metavar="N", help="only the first N of each file")
    parser.add_argument("--only", choices=tuple(PARTS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every measurement here")
    parser.add_argument("--text-dedup-python", default=sys.executable, metavar="PATH")
    return parser.parse_args()


def prepared(options: argparse.Namespace, folder: Path) -> Bench:
    """The texts, found or invented, and a first scan, which may compile."""
    long, short = (
        options.data.resolve() / name if (options.data / name).exists() else invent(folder, name)
        for name in (LONG, SHORT)
    )
    bench = Bench(long, short, folder, options.rounds, options.text_dedup_python)
    if options.articles:
        long, short = (first(bench, file, options.articles) for file in (long, short))
        bench = bench._replace(long=long, short=short)
    bench.scan(first(bench, bench.long))
    return bench


def main() -> None:
    options = arguments()
    console = Console(width=120)
    measured: dict[str, Rounds] = {}
    with tempfile.TemporaryDirectory() as folder:
        bench = prepared(options, Path(folder))
        for part in [options.only] if options.only else PARTS:
            rounds = measured[part] = PARTS[part](bench)
            if part == "memory":
                console.print(per_article(rounds, bench))
            else:
                console.print(comparison(f"{part}, {name_of(bench.long)}", rounds))
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
