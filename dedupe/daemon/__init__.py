"""From feeds to decisions, without end: pollers, workers, and what keeps them running."""
