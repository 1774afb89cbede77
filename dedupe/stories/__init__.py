"""What scan and stream both say of articles and stories: circumstances, series, verdicts."""
