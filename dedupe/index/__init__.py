"""The index of articles that were seen: one seam, kept in memory, in a file or by Redis."""
