"""The facade for articles that come one by one: looked up, decided and remembered in one call."""

from dedupe.deduper.linking import Outcome
from dedupe.deduper.stream import Deduper
from dedupe.deduper.views import Evidence, Member, StoryView
from dedupe.index.records import Version

__all__ = ["Deduper", "Evidence", "Member", "Outcome", "StoryView", "Version"]
