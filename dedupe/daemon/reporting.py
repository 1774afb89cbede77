"""What is logged and counted of feeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import structlog

from dedupe.daemon.feedstate import FeedState, Step
from dedupe.metrics import Metrics

log = structlog.get_logger()


def count(metrics: Metrics, health: Mapping[str, int]) -> None:
    """Say how many feeds are how."""
    for word in ("new", "ok", "broken", "failing", "gone"):
        metrics.feeds.labels(word).set(health.get(word, 0))


def tell(metrics: Metrics, key: str, before: FeedState, step: Step) -> None:
    """Say what asking a feed has come to."""
    state = step.state
    metrics.items.labels("known").inc(step.known)
    if state.url != before.url:
        log.info("feed moved", feed=key, to=state.url)
    if state.gone:
        log.warning("feed gone", feed=key, error=state.error)
    elif state.failures:
        log.warning(
            "feed fails", feed=key, error=state.error, failures=state.failures,
            again_in=round(state.interval),
        )  # fmt: skip
    elif before.failures:
        log.info("feed works again", feed=key)
    if step.fresh:
        became = Counter(entry.became for entry in step.fresh)
        for word, number in became.items():
            metrics.items.labels(word).inc(number)
        log.info("feed has news", feed=key, **became)
