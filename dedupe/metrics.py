"""What is measured while a service runs, as Prometheus has it. Ids and addresses are no labels."""

from __future__ import annotations

from typing import Any

from dedupe.errors import MissingExtra

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_MINUTES = (1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_CANDIDATES = (0, 1, 2, 4, 8, 16, 32)


class Metrics:
    """The figures of one process, in a registry of their own. Raises MissingExtra."""

    def __init__(self) -> None:
        try:
            from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
        except ImportError as error:
            raise MissingExtra("counting for Prometheus", "daemon") from error
        self.registry = registry = CollectorRegistry()

        def made(kind: Any, name: str, what: str, *labels: str, **more: Any) -> Any:
            return kind(f"dedupe_{name}", what, labels, registry=registry, **more)

        self.articles = made(Counter, "articles", "Articles decided", "relation")
        self.refused = made(Counter, "refused", "Entries given up, by why", "why")
        self.stage = made(
            Histogram, "stage_seconds", "Time a batch takes in a stage", "stage", buckets=_SECONDS
        )
        self.candidates = made(
            Histogram, "candidates", "Candidates of an article", buckets=_CANDIDATES
        )
        self.capped = made(Gauge, "capped_bucket_entries", "Entries pushed out of full buckets")
        self.crowded = made(
            Counter, "capped_buckets", "Full buckets met by articles, which told of no copies there"
        )
        self.waiting = made(Gauge, "stream_lag", "Articles that nobody has taken yet")
        self.pending = made(Gauge, "stream_pending", "Articles taken and not finished")
        self.dead = made(Gauge, "dead_letters", "Articles given up and kept")
        self.behind = made(
            Gauge, "output_lag", "Messages from the first that a reader is not done with", "reader"
        )
        self.fetches = made(Counter, "fetches", "Requests for feeds and pages", "what", "status")
        self.fetch_seconds = made(
            Histogram, "fetch_seconds", "Time a request takes", "what", buckets=_SECONDS
        )
        self.feeds = made(Gauge, "feeds", "Feeds, by how they are", "health")
        self.items = made(Counter, "items", "Entries of feeds, by what became of them", "became")
        self.requests = made(
            Counter, "http_requests", "Requests answered", "method", "route", "status"
        )
        self.request_seconds = made(
            Histogram, "http_request_seconds", "Time until an answer is sent", "route",
            buckets=_SECONDS,
        )  # fmt: skip
        self.webhooks = made(Counter, "webhooks", "Messages sent to webhooks", "status")
        self.recluster_seconds = made(
            Histogram, "recluster_seconds", "Time it takes to make all stories anew",
            buckets=_MINUTES,
        )  # fmt: skip
        self.reclustered = made(Counter, "reclustered", "Stories changed when all were made anew")
        self.recluster_failures = made(
            Counter, "recluster_failures", "Times that stories could not be made anew"
        )
        self.memory = made(Gauge, "store_bytes", "Memory that Redis uses")

    def exposition(self) -> bytes:
        """All figures in Prometheus's text format."""
        from prometheus_client import generate_latest

        return bytes(generate_latest(self.registry))
