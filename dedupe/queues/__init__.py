"""Articles that wait to be decided, what was decided, and the feeds: kept beside the index."""
