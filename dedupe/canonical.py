"""Electing the canonical source of a story: an ordered policy that says which rule decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

ONLY_VERSION = "the only version"
ONLY_STANDING = "the only version that was not killed"
RULES = ("agency", "linked", "earliest", "fullest", "ranked", "id")


class Candidate(Struct, frozen=True, kw_only=True):
    """What the election looks at in one member of a story."""

    id: str
    agency: bool = False  # it is the credited agency's own article
    linked: bool = False  # another member names it as its original (rel=canonical and the like)
    published: datetime | None = None
    words: int = 0  # of its text
    source_rank: int | None = None  # place in the user's list of sources, 0 is best
    killed: bool = False  # its source has killed it


class Election(Struct, frozen=True, kw_only=True):
    """Who is canonical, and the rule that told it from the runner-up."""

    id: str
    reason: str


_REASONS = {
    "agency": "the credited agency's own article",
    "linked": "other versions name it as their original",
    "earliest": "published first",
    "fullest": "the most complete text",
    "ranked": "its source stands highest in the list of sources",
    "id": "no rule tells the versions apart; the lowest id",
}


def elect(members: Sequence[Candidate], rules: Sequence[str] = RULES) -> Election:
    """Elect the canonical member by the first rule that leaves one.

    What was killed is out of it, unless everything was. Every rule keeps the members that do best
    by it; where it keeps all of them it decides nothing.
    The id is always the last rule. Raises ValueError for no members or an unknown rule.
    """
    if not members:
        raise ValueError("an election needs at least one member")
    if unknown := set(rules) - set(RULES):
        raise ValueError(f"unknown rule {sorted(unknown)[0]!r}; the rules are {', '.join(RULES)}")
    if len(members) == 1:
        return Election(id=members[0].id, reason=ONLY_VERSION)
    left = [m for m in members if not m.killed] or list(members)
    if len(left) == 1:
        return Election(id=left[0].id, reason=ONLY_STANDING)
    for rule in (*rules, "id"):
        kept = _best(left, rule)
        if len(kept) == 1:
            return Election(id=kept[0].id, reason=_REASONS[rule])
        left = kept
    return Election(id=left[0].id, reason=_REASONS["id"])


def _best(members: list[Candidate], rule: str) -> list[Candidate]:
    """The members that do best by one rule; all of them where it does not apply."""
    match rule:
        case "agency":
            return [m for m in members if m.agency] or members
        case "linked":
            return [m for m in members if m.linked] or members
        case "earliest":
            dates = [m.published for m in members if m.published is not None]
            return [m for m in members if m.published == min(dates)] if dates else members
        case "fullest":
            most = max(m.words for m in members)
            return [m for m in members if m.words == most]
        case "ranked":
            ranks = [m.source_rank for m in members if m.source_rank is not None]
            return [m for m in members if m.source_rank == min(ranks)] if ranks else members
        case _:
            least = min(m.id for m in members)
            return [m for m in members if m.id == least]
