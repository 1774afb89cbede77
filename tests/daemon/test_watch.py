"""Whether the store answers is known soon, and what waits there is counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from servers import fresh, running, until
from streams import clear_cut
from working import encoded, in_thread, queue_of, working

from dedupe.daemon.watch import Watch
from dedupe.index.opening import open_index
from dedupe.metrics import Metrics
from dedupe.queues.opening import open_queue


@contextmanager
def watching(url: str, metrics: Metrics) -> Iterator[Watch]:
    watch = Watch(partial(open_queue, url), partial(open_index, url), metrics, every=0.1)
    with in_thread(watch):
        yield watch


def test_a_store_that_is_paused_is_told_of_and_so_is_its_return(tmp_path: Path) -> None:
    with running(tmp_path) as server, watching(f"{fresh(server.url)}&patience=1", Metrics()) as it:
        assert it.unready() is not None
        until(lambda: it.unready() is None, "it answers")
        server.pause()
        try:
            until(lambda: "has not answered for" in str(it.unready()), "it is missed")
        finally:
            server.resume()
        until(lambda: it.unready() is None, "it answers again")
        server.kill()
        until(lambda: it.unready() is not None, "it is missed")
        server.start()
        until(lambda: it.unready() is None, "it answers again")


def test_what_waits_is_counted_and_no_id_and_no_address_is_a_label(url: str) -> None:
    metrics = Metrics()
    with queue_of(url) as queue:
        queue.put([*encoded(clear_cut()[:3]), b"bad"])
        queue.cursor("lines")
        with watching(url, metrics):
            until(lambda: b"dedupe_stream_lag 4.0" in metrics.exposition(), "four wait")
            with working(url) as worker:
                until(lambda: b"dedupe_stream_lag 0.0" in metrics.exposition(), "none waits")
                until(lambda: b"dedupe_dead_letters 1.0" in metrics.exposition(), "one is dead")
                told = len(queue.outputs("", 100))
                until(
                    lambda: (
                        f'output_lag{{reader="lines"}} {told}.0'.encode() in metrics.exposition()
                    ),
                    "the reader is behind",
                )
            shown = (metrics.exposition() + worker._metrics.exposition()).decode()
            watched = metrics.exposition()
            assert (b"dedupe_store_bytes 0.0" in watched) == url.startswith("sqlite")
    for stage in ("decode", "decide", "finish", "publish"):
        assert f'dedupe_stage_seconds_count{{stage="{stage}"}}' in shown
    assert 'dedupe_articles_total{relation="' in shown
    assert "dedupe_candidates_count 3.0" in shown
    for article in clear_cut()[:3]:
        assert article.id not in shown
        assert str(article.source) not in shown
