"""The election of the canonical source, and the reason it gives."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dedupe.canonical import RULES, Candidate, elect

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        id=st.text(alphabet="abc", min_size=1, max_size=4),
        agency=st.booleans(),
        linked=st.booleans(),
        published=st.none() | st.sampled_from([NOON, NOON + timedelta(hours=1)]),
        words=st.integers(0, 3),
        source_rank=st.none() | st.integers(0, 2),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda candidate: candidate.id,
)


@pytest.mark.parametrize(
    ("winner", "other", "reason"),
    [
        (
            Candidate(id="b", agency=True),
            Candidate(id="a", linked=True, words=9),
            "agency's own article",
        ),
        (
            Candidate(id="b", linked=True),
            Candidate(id="a", published=NOON, words=9),
            "name it as their original",
        ),
        (Candidate(id="b", published=NOON), Candidate(id="a", words=9), "published first"),
        (
            Candidate(id="b", published=NOON),
            Candidate(id="a", published=NOON + timedelta(seconds=1), words=9),
            "published first",
        ),
        (Candidate(id="b", words=9), Candidate(id="a", words=8, source_rank=0), "most complete"),
        (Candidate(id="b", source_rank=1), Candidate(id="a", source_rank=2), "list of sources"),
        (Candidate(id="b", source_rank=7), Candidate(id="a"), "list of sources"),
        (Candidate(id="a"), Candidate(id="b"), "lowest id"),
    ],
)
def test_each_rule_decides_before_the_next_and_is_named(
    winner: Candidate, other: Candidate, reason: str
) -> None:
    election = elect([other, winner])
    assert election.id == winner.id
    assert reason in election.reason


def test_the_rule_that_tells_from_the_runner_up_is_the_one_named() -> None:
    members = [
        Candidate(id="a", agency=True, published=NOON + timedelta(hours=1)),
        Candidate(id="b", agency=True, published=NOON),
        Candidate(id="c", published=NOON - timedelta(hours=9)),
    ]
    assert (elect(members).id, elect(members).reason) == ("b", "published first")


def test_a_story_of_one_needs_no_rule() -> None:
    assert elect([Candidate(id="a", agency=True)]).reason == "the only version"


def test_the_rules_apply_in_the_order_given() -> None:
    members = [Candidate(id="agency", agency=True, words=1), Candidate(id="full", words=2)]
    assert elect(members, ["fullest", "agency"]).id == "full"
    assert elect(members, ["agency", "fullest"]).id == "agency"
    assert elect(members, []).reason.endswith("the lowest id")


@given(CANDIDATES, st.randoms(), st.permutations(RULES))
def test_the_order_of_the_members_decides_nothing(
    members: list[Candidate], random: object, rules: list[str]
) -> None:
    elected = elect(members, rules)
    random.shuffle(members)  # type: ignore[attr-defined]
    assert elect(members, rules) == elected
    assert elected.id in {member.id for member in members}


@given(CANDIDATES)
def test_an_article_that_loses_may_leave_without_changing_the_winner(
    members: list[Candidate],
) -> None:
    elected = elect(members).id
    for leaving in members:
        if leaving.id != elected:
            assert elect([member for member in members if member is not leaving]).id == elected


def test_an_unknown_rule_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="unknown rule 'newest'; the rules are agency, linked"):
        elect([Candidate(id="a")], ["agency", "newest"])


def test_an_election_without_members_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one member"):
        elect([])
